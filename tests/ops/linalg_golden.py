#!/usr/bin/env python3
"""Prints linalg_golden.hpp: linear algebra in NumPy, on small fixed arrays.

    tests/ops/linalg_golden.py > tests/ops/linalg_golden.hpp
"""
import numpy as np

random = np.random.RandomState(7)


def draw(*shape):
    return np.round(random.uniform(-2, 2, shape), 3)


def positive(*shape):
    x = draw(*shape)
    return x @ np.swapaxes(x, -1, -2) + 0.5 * np.eye(shape[-1])


def text(x):
    x = np.asarray(x, dtype=float)
    values = ", ".join(repr(float(v)) for v in x.ravel())
    return f"{{{{{', '.join(str(n) for n in x.shape)}}}, {{{values}}}}}"


cases = []


def case(operation, f, *inputs):
    cases.append((operation, inputs, f(*inputs)))


for a, b in [((3, 4), (4, 2)), ((4,), (4,)), ((4,), (4, 3)), ((3, 4), (4,)), ((2, 3, 4), (4,)),
             ((4,), (2, 4, 3)), ((2, 3, 4), (4, 2)), ((3, 4), (2, 4, 2)), ((2, 1, 3, 4), (3, 4, 2)),
             ((2, 3, 2, 3), (2, 1, 3, 2)), ((1, 1), (1, 1)), ((20, 30), (30, 10))]:
    case("matmul", np.matmul, draw(*a), draw(*b))
case("dot", np.dot, draw(7), draw(7))
case("outer", np.outer, draw(3), draw(4))
for shape in [(1, 1), (3, 3), (6, 6), (2, 3, 3), (2, 2, 4, 4)]:
    case("inverse", np.linalg.inv, draw(*shape))
    case("det", np.linalg.det, draw(*shape))
    case("logdet", lambda x: np.linalg.slogdet(x)[1], positive(*shape))
    case("cholesky", np.linalg.cholesky, positive(*shape))
for a, b in [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (2, 3)), ((2, 3, 3), (2, 3, 2)),
             ((3, 3), (2, 3, 2)), ((2, 1, 4, 4), (1, 3, 4, 2)), ((6, 6), (6, 5))]:
    case("solve", np.linalg.solve, draw(*a), draw(*b))
for shape in [(3, 3), (3, 5), (3, 3, 2)]:
    case("trace", np.trace, draw(*shape))
for subscripts, *shapes in [
    ("ij->ji", (2, 3)), ("ba", (2, 3)), ("ii", (4, 4)), ("ii->i", (3, 3)), ("iij->j", (3, 3, 2)),
    ("...ii->...", (2, 3, 3)), ("i...->...", (3, 2, 2)), ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)), ("ij,jk->ki", (2, 3), (3, 4)), ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)),
    ("bij,bjk", (2, 3, 4), (2, 4, 2)), ("i,j->ij", (3,), (4,)), ("i,i", (5,), (5,)),
    ("ijk,kjl->il", (2, 3, 4), (4, 3, 2)), ("abc,dcb->da", (2, 3, 4), (2, 4, 3)),
    ("ijk,l->jl", (2, 3, 4), (2,)), ("iij,jkk->ik", (2, 2, 3), (3, 2, 2)),
    ("...ij,...jk", (3, 1, 2, 3), (2, 3, 2)), ("...i,...i->...", (2, 3, 4), (4,)),
    ("Zb,ba", (2, 3), (3, 4)),
]:
    inputs = [draw(*shape) for shape in shapes]
    case("einsum " + subscripts, lambda *x: np.einsum(subscripts, *x), *inputs)

print("#pragma once")
print("// Written by linalg_golden.py (NumPy); do not edit.")
print()
print("#include <cstddef>")
print("#include <initializer_list>")
print()
print("namespace golden {")
print()
print("struct tensor {")
print("  std::initializer_list<std::size_t> shape;")
print("  std::initializer_list<double> values;")
print("};")
print("struct sample {")
print('  const char* operation;  // with its subscripts, if it is "einsum"')
print("  std::initializer_list<tensor> inputs;")
print("  tensor output;")
print("};")
print()
print("// clang-format off")
print("inline constexpr sample samples[] = {")
for operation, inputs, output in cases:
    print(f'    {{"{operation}",')
    print("     {" + ",\n      ".join(text(x) for x in inputs) + "},")
    print(f"     {text(output)}}},")
print("};")
print("// clang-format on")
print()
print("}  // namespace golden")
