#!/usr/bin/python3
"""Prints adam_golden.hpp: 100 steps of Adam and AdamW by PyTorch (Debian's python3-torch), in double.

    tests/optim/adam_golden.py > tests/optim/adam_golden.hpp

Minimises sum |X w - y|^3 from w = (0, 0, 0), the rate of step t = 0, 1, ... falling linearly.
"""
import torch

STEPS = 100
X = torch.tensor([[1.0, 2.0, -1.0], [0.5, -1.0, 2.0], [3.0, 0.25, 1.0], [-1.0, 1.5, 0.5]], dtype=torch.float64)
Y = torch.tensor([[1.0], [-2.0], [0.5], [3.0]], dtype=torch.float64)
CASES = [  # name, decoupled, beta1, beta2, epsilon, weight decay
    ("defaults", False, 0.9, 0.999, 1e-8, 0.0),
    ("decay in the gradient", False, 0.9, 0.999, 1e-8, 0.3),
    ("decoupled decay", True, 0.9, 0.999, 1e-8, 0.3),
    ("other betas, large epsilon", False, 0.5, 0.9, 0.1, 0.0),
    ("no mean", False, 0.0, 0.99, 1e-8, 0.01),
]


def trajectory(decoupled, beta1, beta2, epsilon, decay):
    w = torch.zeros((3, 1), dtype=torch.float64, requires_grad=True)
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    optimizer = kind([w], betas=(beta1, beta2), eps=epsilon, weight_decay=decay)
    for t in range(STEPS):
        optimizer.zero_grad()
        (torch.abs(X @ w - Y) ** 3).sum().backward()
        optimizer.param_groups[0]["lr"] = 0.1 - (0.1 - 0.001) * t / STEPS
        optimizer.step()
        if (t + 1) % 20 == 0 or t < 2:
            yield t + 1, w.detach().flatten().tolist()


print("#pragma once")
print("// Written by adam_golden.py (PyTorch); do not edit.")
print()
print("#include <vector>")
print()
print("namespace adam_golden {")
print()
print("struct point {")
print("  int step;")
print("  double w[3];")
print("};")
print("struct trajectory {")
print("  const char* name;")
print("  bool decoupled;")
print("  double beta1, beta2, epsilon, weight_decay;")
print("  std::vector<point> points;")
print("};")
print()
print("inline const std::vector<trajectory> trajectories = {")
for name, decoupled, *options in CASES:
    print(f'    {{"{name}",\n     {str(decoupled).lower()},')
    for option in options:
        print(f"     {option!r},")
    points = [f"{{{t}, {{{', '.join(map(repr, w))}}}}}" for t, w in trajectory(decoupled, *options)]
    print("     {" + ",\n      ".join(points) + "}},")
print("};")
print()
print("}  // namespace adam_golden")
