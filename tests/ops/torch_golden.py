#!/usr/bin/python3
"""Prints torch_golden.hpp: values and gradients by PyTorch (Debian's python3-torch), in double.

    tests/ops/torch_golden.py > tests/ops/torch_golden.hpp

Every case is a function of one or more tensors, at ordinary points and at each kink, pole and end that
docs/engine.md lists. The gradients are those of sum_i r_i y_i with r = 1, 1.25, 1.5, ...
"""
import itertools
import math

import torch
import torch.nn.functional as F

inf, nan = math.inf, math.nan
ordinary = [-2.5, -1.1, -0.3, 0.2, 0.9, 1.7, 3.0]
positive = [0.05, 0.4, 1.0, 2.7, 30.0]
inside = [-0.95, -0.5, 0.0, 0.3, 0.9]
cases = []


def case(name, f, *inputs):
    x = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in inputs]
    y = f(*x)
    r = (1 + 0.25 * torch.arange(y.numel(), dtype=torch.float64)).reshape(y.shape)
    g = torch.autograd.grad(y, x, r, allow_unused=True)
    cases.append((name, x, y, [torch.zeros_like(a) if b is None else b for a, b in zip(x, g)]))


def number(v):
    if math.isnan(v):
        return "none"
    return ("-" if v < 0 else "") + "inf" if math.isinf(v) else repr(v)


def tensor(t):
    shape = ", ".join(str(n) for n in t.shape)
    return "{{%s}, {%s}}" % (shape, ", ".join(number(v) for v in t.detach().flatten().tolist()))


# Elementary functions and activations: ordinary points, then ends.
one = {
    "exp": (torch.exp, ordinary, [-1000, 1000, inf, -inf, nan]),
    "log": (torch.log, positive, [0, -2, inf, nan]),
    "square": (torch.square, ordinary, [0]),
    "sqrt": (torch.sqrt, positive, [0, -1, inf]),
    "abs": (torch.abs, ordinary, [0.0, -0.0]),
    "sign": (torch.sign, ordinary, [0]),
    "reciprocal": (torch.reciprocal, ordinary, [0, inf]),
    "rsqrt": (torch.rsqrt, positive, [0, -1, inf]),
    "pow 3": (lambda x: x**3, ordinary, [0]),
    "pow 0": (lambda x: x**0, ordinary, [0, nan]),
    "pow 0.5": (lambda x: x**0.5, positive, [0, -1]),
    "pow -1": (lambda x: x**-1.0, ordinary, [0]),
    "expm1": (torch.expm1, ordinary, [-1000, 1000, 1e-12]),
    "log1p": (torch.log1p, positive, [-1, -2, 1e-12]),
    "sin": (torch.sin, ordinary, [0, inf]),
    "cos": (torch.cos, ordinary, [0, inf]),
    "tan": (torch.tan, ordinary, [0, inf]),
    "asin": (torch.asin, inside, [1, -1, 2]),
    "acos": (torch.acos, inside, [1, -1, 2]),
    "atan": (torch.atan, ordinary, [inf, -inf]),
    "sinh": (torch.sinh, ordinary, [1000, -1000]),
    "cosh": (torch.cosh, ordinary, [1000, -1000]),
    "tanh": (torch.tanh, ordinary, [1000, -1000, inf, -inf]),
    "erf": (torch.erf, ordinary, [1000, -1000]),
    "erfc": (torch.erfc, ordinary, [1000, -1000]),
    "clip -0.7 1.1": (lambda x: torch.clamp(x, -0.7, 1.1), ordinary, [-0.7, 1.1, inf]),
    "sigmoid": (torch.sigmoid, ordinary, [1000, -1000, inf, -inf]),
    "relu": (torch.relu, ordinary, [0.0, -0.0]),
    "leaky_relu 0.25": (lambda x: F.leaky_relu(x, 0.25), ordinary, [0]),
    "elu 0.5": (lambda x: F.elu(x, 0.5), ordinary, [0, 1000, -1000]),
    "selu": (F.selu, ordinary, [0, 1000, -1000]),
    "gelu": (F.gelu, ordinary, [0, 100, -100, -inf]),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), ordinary, [0, 100, -100]),
    "silu": (F.silu, ordinary, [0, 1000, -1000, -inf]),
    "softplus": (F.softplus, ordinary, [0, 1000, -1000]),
    "softsign": (F.softsign, ordinary, [0]),
    "hard_tanh": (F.hardtanh, ordinary, [-1, 1]),
    "log_sigmoid": (F.logsigmoid, ordinary, [0, 1000, -1000]),
    "mish": (F.mish, ordinary, [0, 100, -100, -inf]),
}
for name, (f, points, ends) in one.items():
    case(name, f, points + ends)

two = {
    "add": (torch.add, []),
    "subtract": (torch.sub, []),
    "multiply": (torch.mul, []),
    "divide": (torch.div, [(1, 0), (-1, 0), (0, 0)]),
    "maximum": (torch.maximum, [(2, 2), (nan, 1), (1, nan), (inf, inf)]),
    "minimum": (torch.minimum, [(2, 2), (nan, 1), (1, nan), (-inf, -inf)]),
    "pow": (torch.pow, [(0, 0), (0, 1), (0, 2), (0, 0.5), (-2, 3), (-2, 0.5), (3, 0), (0, -1)]),
    "where": (lambda a, b: torch.where(a > 0, a, b), [(1, nan)]),
}
pairs = [(0.5, 2.0), (1.5, -0.7), (2.5, 1.25), (0.3, 3.0)]
for name, (f, ends) in two.items():
    case(name, f, [float(a) for a, b in pairs + ends], [float(b) for a, b in pairs + ends])
case("add of a row", torch.add, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [10.0, 20.0])
case("multiply by a column", torch.mul, [[1.0, 2.0], [3.0, 4.0]], [[0.5], [-2.0]])

# Along an axis.
grid = [[0.3, -1.2, 2.0, 0.1], [1.5, 1.5, -0.4, 0.8], [-2.0, 0.0, 0.7, 3.1]]
case("softmax", lambda x: torch.softmax(x, 1), grid)
case("softmax axis 0", lambda x: torch.softmax(x, 0), grid)
case("log_softmax", lambda x: torch.log_softmax(x, 1), grid)
case("log_softmax axis 0", lambda x: torch.log_softmax(x, 0), grid)
case("softmax of -inf", lambda x: torch.softmax(x, 0), [1.0, -inf, 2.0])
case("logsumexp", lambda x: torch.logsumexp(x, 1), grid)
case("sum", lambda x: x.sum(1), grid)
case("mean", lambda x: x.mean(0), grid)
case("prod", lambda x: x.prod(1), grid)
case("prod of two zeros", lambda x: x.prod(0), [2.0, 0.0, 3.0, 0.0])
case("max", lambda x: x.amax(1), grid)
case("prod of one zero", lambda x: x.prod(0), [2.0, 0.0, 3.0])
case("min", lambda x: x.amin(1), grid)
case("var", lambda x: x.var(1, unbiased=False), grid)
case("var ddof 1", lambda x: x.var(1, unbiased=True), grid)
case("stddev", lambda x: x.std(1, unbiased=False), grid)
case("stddev of equals", lambda x: x.std(0, unbiased=False), [2.0, 2.0, 2.0])
case("norm 1", lambda x: torch.linalg.vector_norm(x, 1, 1), grid)
case("norm 2", lambda x: torch.linalg.vector_norm(x, 2, 1), grid)
case("norm 2 of zeros", lambda x: torch.linalg.vector_norm(x, 2, 0), [0.0, 0.0])
case("norm inf", lambda x: torch.linalg.vector_norm(x, inf, 1), grid)
case("norm inf of equals", lambda x: torch.linalg.vector_norm(x, inf, 0), [-2.0, 2.0, 1.0])
case("cumsum", lambda x: x.cumsum(1), grid)

# Linear algebra.
square = [[2.0, -1.0, 0.5], [0.3, 1.7, -0.2], [1.1, 0.4, 3.0]]
definite = [[4.0, 1.0, -0.5], [1.0, 3.0, 0.2], [-0.5, 0.2, 2.0]]
case("matmul", torch.matmul, square, grid)
case("inverse", torch.linalg.inv, square)
case("det", torch.linalg.det, square)
case("logdet", torch.logdet, square)
case("solve", torch.linalg.solve, square, [[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])
case("cholesky", torch.linalg.cholesky, definite)
case("einsum bij,bkj->ik", lambda a, b: torch.einsum("bij,bkj->ik", a, b), [square, definite], [definite, square])

# Convolution and pooling. Of windows of equal elements the one with a single greatest: PyTorch gives g to the first.
def waves(*shape):
    return (torch.sin(0.7 * torch.arange(math.prod(shape), dtype=torch.float64) ** 1.1).round(decimals=3)).reshape(shape).tolist()


for stride, padding, dilation, groups in itertools.product((1, 2, (3, 1)), (0, 1, (2, 0)), (1, (1, 2)), (1, 2)):
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    x, w = waves(2, 2, 4, 5), waves(2, 2 // groups, 3, 2)
    case("conv2d " + " ".join(str(v).replace(",", "") for v in how.values()),
         lambda x, w, b: F.conv2d(x, w, b, **how), x, w, [0.5, -1.5])
case("conv2d 1x1", F.conv2d, waves(2, 3, 2, 3), waves(4, 3, 1, 1))
case("conv2d of every channel", lambda x, w: F.conv2d(x, w, groups=3, padding=1), waves(1, 3, 3, 4), waves(6, 1, 3, 3))
case("max_pool2d", lambda x: F.max_pool2d(x, 2), waves(2, 2, 4, 5))
case("max_pool2d overlapping", lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 1)), waves(1, 2, 5, 4))
case("max_pool2d of NaN", lambda x: F.max_pool2d(x, 2), [[[[1.0, nan, 2.0, inf], [3.0, 4.0, -inf, 5.0]]]])
case("avg_pool2d", lambda x: F.avg_pool2d(x, 2), waves(2, 2, 4, 5))
case("avg_pool2d overlapping", lambda x: F.avg_pool2d(x, (3, 2), (2, 1), (1, 1)), waves(1, 2, 5, 4))

# Losses.
labels = torch.tensor([2, 0, 1])
weights = torch.tensor([0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
soft = [[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]]
CE = F.cross_entropy
case("cross_entropy", lambda z: CE(z, labels), grid)
case("cross_entropy sum", lambda z: CE(z, labels, reduction="sum"), grid)
case("cross_entropy none", lambda z: CE(z, labels, reduction="none"), grid)
case("cross_entropy weights", lambda z: CE(z, labels, weight=weights), grid)
case("cross_entropy smoothed", lambda z: CE(z, labels, label_smoothing=0.1), grid)
case("cross_entropy weights smoothed", lambda z: CE(z, labels, weight=weights, label_smoothing=0.1), grid)
case("cross_entropy ignore 0", lambda z: CE(z, labels, ignore_index=0), grid)
case("cross_entropy weights smoothed ignore 0",
     lambda z: CE(z, labels, weight=weights, label_smoothing=0.1, ignore_index=0), grid)
case("cross_entropy soft", CE, grid, soft)
case("cross_entropy soft weights smoothed", lambda z, t: CE(z, t, weight=weights, label_smoothing=0.1), grid, soft)
case("nll", lambda z: F.nll_loss(torch.log_softmax(z, 1), labels), grid)
points = [0.5, -1.0, 2.0, 3.0, -4.0, 0.0]
targets = [0.5, 1.0, 1.0, 1.0, 0.0, 0.25]
case("mse", F.mse_loss, points, targets)
case("mse sum", lambda p, t: F.mse_loss(p, t, reduction="sum"), points, targets)
case("mse none", lambda p, t: F.mse_loss(p, t, reduction="none"), points, targets)
case("l1", F.l1_loss, points, targets)
case("huber", F.huber_loss, points, targets)
case("huber 2 none", lambda p, t: F.huber_loss(p, t, delta=2.0, reduction="none"), points, targets)
case("huber at delta none", lambda p, t: F.huber_loss(p, t, delta=2.0, reduction="none"), [2.0, -1.0], [0.0, 1.0])
case("binary_cross_entropy", F.binary_cross_entropy_with_logits, points, targets)
case("kl_divergence", lambda q, p: F.kl_div(q, p, reduction="batchmean"), grid, soft)
case("hinge", lambda s, t: torch.relu(1 - s * t).mean(), points + [1.0], [1.0, -1.0] * 3 + [1.0])
case("cosine_similarity", F.cosine_similarity, grid, soft)

print("""#pragma once
// Written by torch_golden.py (PyTorch); do not edit.
// clang-format off

#include <cstddef>
#include <initializer_list>
#include <limits>

namespace torch_golden {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double none = std::numeric_limits<double>::quiet_NaN();

struct tensor {
  std::initializer_list<std::size_t> shape;
  std::initializer_list<double> values;
};
struct reference {
  const char* name;
  std::initializer_list<tensor> inputs;
  tensor value;
  std::initializer_list<tensor> gradients;
};

inline constexpr reference references[] = {""")
for name, x, y, g in cases:
    print('    {"%s",' % name)
    print("     {%s}," % ",\n      ".join(tensor(t) for t in x))
    print("     %s," % tensor(y))
    print("     {%s}}," % ",\n      ".join(tensor(t) for t in g))
print("};\n\n}  // namespace torch_golden")
