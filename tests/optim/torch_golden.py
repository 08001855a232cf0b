#!/usr/bin/python3
"""Prints torch_golden.hpp: 100 steps of each optimizer by PyTorch (Debian's python3-torch), in double.

    tests/optim/torch_golden.py > tests/optim/torch_golden.hpp

Minimises sum |X w - y|^3 from w = (0, 0, 0), with rates from torch.optim.lr_scheduler.
"""
import pathlib
import subprocess

import torch
from torch.optim import lr_scheduler as by

STEPS = 100
X = torch.tensor([[1.0, 2.0, -1.0], [0.5, -1.0, 2.0], [3.0, 0.25, 1.0], [-1.0, 1.5, 0.5]], dtype=torch.float64)
Y = torch.tensor([[1.0], [-2.0], [0.5], [3.0]], dtype=torch.float64)

# name: of the rate r, PyTorch's scheduler, the same as a schedule
SCHEDULES = {
    "constant": (lambda o: by.LambdaLR(o, lambda t: 1.0), "constant({r})"),
    "linear": (lambda o: by.LinearLR(o, 1.0, 0.1, 80), "linear_decay({r}, {r} * 0.1, 80)"),
    "exponential": (lambda o: by.ExponentialLR(o, 0.97), "exponential_decay({r}, {r} * std::pow(0.97, 100), 100)"),
    "step": (lambda o: by.StepLR(o, 30, 0.5), "step_decay({r}, 0.5, 30)"),
    "cosine": (lambda o: by.CosineAnnealingLR(o, 100, 1e-5), "cosine_decay({r}, 1e-5, 100)"),
    "inverse": (lambda o: by.LambdaLR(o, lambda t: 1 / (1 + 0.05 * t)), "inverse_time_decay({r}, 0.05)"),
    "warm": (
        lambda o: by.SequentialLR(o, [by.LinearLR(o, 0.1, 1.0, 10), by.CosineAnnealingLR(o, 90)], [10]),
        "warm_up({r} * 0.1, 10, xtape::schedule::cosine_decay({r}, 0, 90))",
    ),
}
OURS = {"lr": "learning_rate", "eps": "epsilon"}  # other names are the same
CASES = {  # optimizer: PyTorch's class, and its cases: schedule, options in the order of ours
    "sgd": (torch.optim.SGD, [
        ("constant", dict(lr=0.004)),
        ("linear", dict(lr=0.004, weight_decay=0.3)),
        ("exponential", dict(lr=0.004, momentum=0.9)),
        ("cosine", dict(lr=0.003, momentum=0.9, weight_decay=0.3)),
        ("constant", dict(lr=0.003, momentum=0.8, nesterov=True)),
        ("warm", dict(lr=0.003, momentum=0.9, weight_decay=0.2, nesterov=True)),
    ]),
    "adam": (torch.optim.Adam, [
        ("linear", dict(lr=0.1)),
        ("step", dict(lr=0.1, weight_decay=0.3)),
        ("exponential", dict(lr=0.1, beta1=0.5, beta2=0.9, eps=0.1)),
        ("cosine", dict(lr=0.1, beta1=0.0, beta2=0.99, weight_decay=0.01)),
    ]),
    "adamw": (torch.optim.AdamW, [
        ("warm", dict(lr=0.1)),
        ("linear", dict(lr=0.1, beta1=0.8, weight_decay=0.3)),
    ]),
    "rmsprop": (torch.optim.RMSprop, [
        ("constant", dict(lr=0.01)),
        ("step", dict(lr=0.02, alpha=0.9, eps=1e-3, weight_decay=0.3)),
        ("linear", dict(lr=0.01, alpha=0.95, momentum=0.9)),
        ("inverse", dict(lr=0.02, alpha=0.9, centered=True)),
        ("exponential", dict(lr=0.01, momentum=0.8, weight_decay=0.1, centered=True)),
    ]),
    "adagrad": (torch.optim.Adagrad, [
        ("constant", dict(lr=0.5)),
        ("inverse", dict(lr=0.5, eps=0.01, weight_decay=0.3)),
    ]),
}


def trajectory(kind, schedule, options):
    w = torch.zeros((3, 1), dtype=torch.float64, requires_grad=True)
    options = dict(options)
    if kind in (torch.optim.Adam, torch.optim.AdamW):
        options["betas"] = options.pop("beta1", 0.9), options.pop("beta2", 0.999)
    optimizer = kind([w], **options)
    rate = SCHEDULES[schedule][0](optimizer)
    for t in range(1, STEPS + 1):
        optimizer.zero_grad()
        (torch.abs(X @ w - Y) ** 3).sum().backward()
        optimizer.step()
        rate.step()
        if t % 20 == 0 or t <= 3:
            yield t, w.detach().flatten().tolist()


lines = []
say = lines.append
say("#pragma once")
say("// Written by torch_golden.py (PyTorch); do not edit.")
say("")
say("#include <xtape/optim/optim.hpp>")
say("#include <xtape/schedule/schedule.hpp>")
say("")
say("#include <cmath>")
say("#include <functional>")
say("#include <vector>")
say("")
say("namespace torch_golden {")
say("")
say("struct point { int step; double w[3]; };")
say("template <class Options>")
say("struct trajectory { Options options; std::function<double(double)> rate; std::vector<point> points; };")
for name, (kind, cases) in CASES.items():
    say("")
    say(f"inline const std::vector<trajectory<xtape::optim::{name}_options>> {name} = {{")
    for schedule, options in cases:
        ours = ", ".join(f".{OURS.get(key, key)} = {str(value).lower()}" for key, value in options.items())
        rate = SCHEDULES[schedule][1].format(r=options["lr"])
        points = ", ".join(f"{{{t}, {{{', '.join(map(repr, w))}}}}}" for t, w in trajectory(kind, schedule, options))
        say(f"{{{{{ours}}}, xtape::schedule::{rate}, {{{points}}}}},")
    say("};")
say("")
say("}  // namespace torch_golden")
here = pathlib.Path(__file__).resolve().with_suffix(".hpp")
form = ["clang-format", f"--assume-filename={here}"]
print(subprocess.run(form, input="\n".join(lines), text=True, capture_output=True, check=True).stdout)
