#!/usr/bin/env python3
"""Prints sgd_golden.hpp: 100 steps of gradient descent on a least-squares problem, in NumPy.

    tests/optim/sgd_golden.py > tests/optim/sgd_golden.hpp

Minimises 1/2 |X w - y|^2 from w = (0, 0, 0). The update is PyTorch's:
    g = X' (X w - y) + weight_decay * w
    v = momentum * v + g
    w = w - rate * v
with the rate of step t = 0, 1, ... given by a schedule.
"""
import numpy as np

STEPS = 100
X = np.array([[1.0, 2.0, -1.0], [0.5, -1.0, 2.0], [3.0, 0.25, 1.0], [-1.0, 1.5, 0.5]])
Y = np.array([1.0, -2.0, 0.5, 3.0])


def constant(t):
    return 0.02


def linear(t):
    return 0.05 - (0.05 - 0.001) * t / STEPS


def exponential(t):
    return 0.05 * ((0.001 / 0.05) ** (1 / STEPS)) ** t


CASES = [  # name, momentum, weight decay, rate
    ("plain", 0.0, 0.0, constant),
    ("decay", 0.0, 0.3, constant),
    ("momentum", 0.9, 0.0, constant),
    ("momentum and decay", 0.9, 0.3, constant),
    ("momentum, decay, linear rate", 0.5, 0.1, linear),
    ("momentum, exponential rate", 0.9, 0.0, exponential),
]


def trajectory(momentum, weight_decay, rate):
    w, v = np.zeros(3), np.zeros(3)
    for t in range(STEPS):
        g = X.T @ (X @ w - Y) + weight_decay * w
        v = momentum * v + g
        w = w - rate(t) * v
        if (t + 1) % 20 == 0 or t < 2:
            yield t + 1, w


print("#pragma once")
print("// Written by sgd_golden.py (NumPy); do not edit.")
print()
print("#include <vector>")
print()
print("namespace golden {")
print()
print("struct point {")
print("  int step;")
print("  double w[3];")
print("};")
print("struct trajectory {")
print("  const char* name;")
print("  double momentum, weight_decay;")
print("  std::vector<point> points;")
print("};")
print()
print("inline const std::vector<trajectory> trajectories = {")
for name, momentum, weight_decay, rate in CASES:
    print(f'    {{"{name}",')
    print(f"     {momentum!r},")
    print(f"     {weight_decay!r},")
    points = [
        f"{{{t}, {{{', '.join(repr(float(x)) for x in w)}}}}}"
        for t, w in trajectory(momentum, weight_decay, rate)
    ]
    print("     {" + ",\n      ".join(points) + "}},")
print("};")
print()
print("}  // namespace golden")
