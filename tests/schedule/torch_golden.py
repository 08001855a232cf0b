#!/usr/bin/python3
"""Prints torch_golden.hpp: rates by torch.optim.lr_scheduler (Debian's python3-torch).

    tests/schedule/torch_golden.py > tests/schedule/torch_golden.hpp
"""
import math
import pathlib
import subprocess
import warnings

import torch
from torch.optim import lr_scheduler as by

warnings.filterwarnings("ignore")
LOSSES = [1 + math.cos(t / 3) * math.exp(-t / 20) for t in range(60)]


def optimizer(rate):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)


def rates(rate, make, steps):
    o = optimizer(rate)
    schedule = make(o)
    for _ in range(steps):
        yield o.param_groups[0]["lr"]
        o.step()
        schedule.step()


def plateau(rate, **options):
    o = optimizer(rate)
    schedule = by.ReduceLROnPlateau(o, eps=0, **options)
    for loss in LOSSES:
        schedule.step(loss)
        yield o.param_groups[0]["lr"]


CASES = {
    "linear": rates(0.5, lambda o: by.LinearLR(o, 1.0, 0.1, 20), 25),
    "exponential": rates(0.2, lambda o: by.ExponentialLR(o, 0.9), 20),
    "step": rates(0.4, lambda o: by.StepLR(o, 7, 0.3), 30),
    "cosine": rates(0.3, lambda o: by.CosineAnnealingLR(o, 20, 0.01), 21),
    "inverse": rates(0.3, lambda o: by.LambdaLR(o, lambda t: 1 / (1 + 0.2 * t)), 20),
    "warm": rates(0.3, lambda o: by.SequentialLR(o, [by.LinearLR(o, 0.1, 1.0, 5), by.CosineAnnealingLR(o, 20)], [5]), 25),
    "joined": rates(0.3, lambda o: by.SequentialLR(
        o, [by.ConstantLR(o, 1.0, 0), by.ExponentialLR(o, 0.5), by.StepLR(o, 3, 0.1)], [4, 10]), 20),
    "plateau": plateau(0.1, factor=0.5, patience=3),
    "plateau_cooled": plateau(0.1, factor=0.3, patience=2, threshold=0.05, cooldown=4, min_lr=1e-3),
    "plateau_maximized": plateau(0.1, mode="max", factor=0.7, patience=4, threshold=0.01, cooldown=1),
}

say = ["#pragma once\n// Written by torch_golden.py (PyTorch); do not edit.\n\n#include <vector>\n", "namespace torch_golden {\n"]
say.append(f"inline const std::vector<double> losses{{{', '.join(map(repr, LOSSES))}}};")
for name, values in CASES.items():
    say.append(f"inline const std::vector<double> {name}{{{', '.join(map(repr, values))}}};")
say.append("\n}  // namespace torch_golden")
here = pathlib.Path(__file__).resolve().with_suffix(".hpp")
form = ["clang-format", f"--assume-filename={here}"]
print(subprocess.run(form, input="\n".join(say), text=True, capture_output=True, check=True).stdout)
