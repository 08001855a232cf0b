#!/usr/bin/env python3
"""Prints shape_golden.hpp: what NumPy makes of the calls in it.

    tests/ops/shape_golden.py | clang-format --style=file:.clang-format > tests/ops/shape_golden.hpp

Shape operations are given 0, 1, 2, ... in the shape named, so that a result shows which element went where;
reductions ((7919 i + 13) mod 101 - 50) / 16, which has zeros, ties and both signs.
"""
import random

import numpy as np

draw = random.Random(1)


def braces(values):
    return "{" + ", ".join(str(v) for v in values) + "}"


def numbers(shape):
    return np.arange(int(np.prod(shape))).reshape(shape)


def samples(shape):
    return ((7919 * numbers(shape) + 13) % 101 - 50) / 16


def case(call, shape, result, text):
    result = np.asarray(result)
    values = braces(text(v) for v in result.ravel().tolist())
    name = call.replace("x, ", "", 1)
    return f'{{"{name}", {braces(shape)}, [](const V& x) {{ return {call}; }}, {braces(result.shape)}, {values}}},'


def a_range(size):
    """A random range: as C++ writes it, and as NumPy does."""
    if size > 0 and draw.random() < 0.2:
        index = draw.randrange(-size, size)
        return f"at({index})", index
    if draw.random() < 0.15:
        return "all", slice(None)
    given = {}
    for name in ("start", "stop"):
        if draw.random() < 0.7:
            given[name] = draw.choice([draw.randint(-size - 2, size + 2), draw.randint(-99, 99)])
    if draw.random() < 0.7:
        given["step"] = draw.choice([-7, -3, -2, -1, -1, 1, 2, 3, 7])
    if list(given) in (["start", "stop"], ["start", "stop", "step"]):
        text = braces(given.values())
    else:
        text = braces(f".{name} = {value}" for name, value in given.items())
    return text, slice(given.get("start"), given.get("stop"), given.get("step"))


def slices():
    for _ in range(300):
        shape = [draw.choice([0, 1, 2, 3, 4, 5, 5, 6, 7]) for _ in range(draw.choice([1, 1, 2, 2, 3, 4]))]
        while np.prod(shape) > 60:
            shape[draw.randrange(len(shape))] = 1
        ranges = [a_range(size) for size in shape[: draw.randint(1, len(shape))]]
        call = f"slice(x, {braces(text for text, _ in ranges)})"
        yield call, shape, numbers(shape)[tuple(r for _, r in ranges)]
    for extreme in ("PTRDIFF_MAX", "PTRDIFF_MIN"):
        step = 2**63 - 1 if extreme == "PTRDIFF_MAX" else -(2**63)
        yield f"slice(x, {{{{.step = {extreme}}}}})", [5], numbers([5])[::step]
        yield f"slice(x, {{{{.start = {extreme}}}}})", [5], numbers([5])[step:]
        yield f"slice(x, {{{{.stop = {extreme}, .step = -1}}}})", [5], numbers([5])[:step:-1]


SHAPES = [[5], [2, 3], [4, 1], [2, 3, 4], [0, 3]]


def moves():
    for shape in SHAPES:
        x = numbers(shape)
        for axis in draw.sample(range(-len(shape), len(shape)), len(shape)):
            size = shape[axis]
            for shift in (0, 1, -2, -3 * size - 2, 100):
                yield f"roll(x, {shift}, {axis})", shape, np.roll(x, shift, axis)
            for count in (0, 1, 3):
                yield f"repeat(x, {count}, {axis})", shape, np.repeat(x, count, axis)
            yield f"flip(x, {{{axis}}})", shape, np.flip(x, axis)
            if size > 0:
                indices = [draw.randrange(-size, size) for _ in range(draw.randint(1, 6))]
                yield f"take(x, {braces(indices)}, {axis})", shape, np.take(x, indices, axis)
        for _ in range(4):
            widths = [(draw.randint(0, 2), draw.randint(0, 2)) for _ in shape]
            yield f"pad(x, {braces(map(braces, widths))}, -1)", shape, np.pad(x, widths, constant_values=-1)
            counts = [draw.randint(0 if draw.random() < 0.1 else 1, 3) for _ in range(draw.randint(0, 4))]
            yield f"tile(x, {braces(counts)})", shape, np.tile(x, counts)
        if len(shape) > 1:
            for k in (-2, -1, 0, 3):
                yield f"tril(x, {k})", shape, np.tril(x, k)
                yield f"triu(x, {k})", shape, np.triu(x, k)
                a, b = draw.sample(range(len(shape)), 2)
                b -= draw.choice([0, len(shape)])
                yield f"diagonal(x, {k}, {a}, {b})", shape, np.diagonal(x, k, a, b)


REDUCED = [([7], [0]), ([3, 4], [0]), ([3, 4], [-1]), ([2, 3, 4], [1]), ([2, 3, 4], [0, 2]), ([2, 3, 4], [2, 1, 0])]


def reductions():
    for shape, axes in REDUCED:
        x = samples(shape)
        over = tuple(axes)
        for keep in (False, True):
            options = f"{braces(axes)}, {{.keep_dims = true}}" if keep else braces(axes)
            yield f"prod(x, {options})", shape, np.prod(x, over, keepdims=keep)
            yield f"max(x, {options})", shape, np.max(x, over, keepdims=keep)
            yield f"min(x, {options})", shape, np.min(x, over, keepdims=keep)
            for order, name in ((1, "1"), (2, "2"), (np.inf, "inf")):
                flat = np.moveaxis(x, over, range(len(over))).reshape(-1, *np.delete(shape, over))
                norm = np.linalg.norm(flat, order, 0)
                if keep:
                    norm = np.expand_dims(norm, over)
                yield f"norm(x, {name}, {options})", shape, norm
            for ddof in (0, 1):
                options = f"{braces(axes)}, {{.ddof = {ddof}, .keep_dims = {str(keep).lower()}}}"
                yield f"var(x, {options})", shape, np.var(x, over, ddof=ddof, keepdims=keep)
                yield f"stddev(x, {options})", shape, np.std(x, over, ddof=ddof, keepdims=keep)
        for axis in axes:
            yield f"cumsum(x, {axis})", shape, np.cumsum(x, axis)
            yield f"chosen(argmax(x, {axis}))", shape, np.argmax(x, axis).ravel()
            yield f"chosen(argmin(x, {axis}))", shape, np.argmin(x, axis).ravel()


print(
    """#pragma once
// Written by shape_golden.py (NumPy); do not edit.

// clang-format off

#include <cstddef>
#include <initializer_list>
#include <limits>
#include <vector>

#include <xtape/ops/reduce.hpp>
#include <xtape/ops/shape.hpp>

namespace golden {

using namespace xtape;
using V = variable<double>;

struct call {
  const char* name;
  std::initializer_list<std::size_t> from;
  V (*f)(const V&);
  std::initializer_list<std::size_t> to;
  std::initializer_list<double> values;
};

inline constexpr double inf = std::numeric_limits<double>::infinity();

// Indices as a variable.
inline V chosen(const std::vector<int>& indices) {
  array<double> result = empty<double>({indices.size()});
  std::copy(indices.begin(), indices.end(), result.begin());
  return result;
}
"""
)
for name, cases, text in (
    ("slices", slices(), str),
    ("moves", moves(), str),
    ("reductions", reductions(), repr),
):
    print(f"inline constexpr call {name}[] = {{")
    for call, shape, result in cases:
        print(case(call, shape, result, text))
    print("};\n")
print("}  // namespace golden")
