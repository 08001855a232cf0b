#!/usr/bin/python3
"""Prints lbfgs_golden.hpp: minima found by SciPy's L-BFGS-B (Debian's python3-scipy).

    tests/optim/lbfgs_golden.py > tests/optim/lbfgs_golden.hpp

Rosenbrock's function from (-1.2, 1), in 2 and 10 dimensions; and the least squares of y = a e^(-b t) + c.
"""
import pathlib
import subprocess

import numpy as np
from scipy.optimize import minimize

T = np.arange(12) / 4
Y = 2.5 * np.exp(-1.3 * T) + 0.5 + 0.05 * np.array([1, -2, 1, 0, 2, -1, -1, 1, 0, -2, 1, 0])


def rosenbrock(x):
    head, tail = x[:-1], x[1:]
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * head * (tail - head**2) - 2 * (1 - head)
    gradient[1:] += 200 * (tail - head**2)
    return (100 * (tail - head**2) ** 2 + (1 - head) ** 2).sum(), gradient


def decay(p):
    e = np.exp(-p[1] * T)
    r = p[0] * e + p[2] - Y
    return (r * r).sum(), 2 * np.array([(r * e).sum(), (-r * p[0] * T * e).sum(), r.sum()])


CASES = [
    ("rosenbrock_2", rosenbrock, [-1.2, 1.0]),
    ("rosenbrock_10", rosenbrock, [-1.2, 1.0] * 5),
    ("decay", decay, [1.0, 1.0, 0.0]),
]

say = []
say.append("#pragma once\n// Written by lbfgs_golden.py (SciPy); do not edit.\n\n#include <vector>\n")
say.append("namespace lbfgs_golden {\n\nstruct minimum { std::vector<double> start, end; double loss; int iterations, evaluations; };\n")
for name, function, start in CASES:
    options = dict(maxcor=10, gtol=1e-8, ftol=0, maxiter=1000)
    found = minimize(function, np.array(start), jac=True, method="L-BFGS-B", options=options)
    end = ", ".join(repr(float(x)) for x in found.x)
    say.append(f"inline const minimum {name}{{{{{', '.join(map(repr, start))}}}, {{{end}}}, {float(found.fun)!r}, {found.nit}, {found.nfev}}};")
say.append(f"\ninline const std::vector<double> t{{{', '.join(map(repr, T.tolist()))}}};")
say.append(f"inline const std::vector<double> y{{{', '.join(map(repr, Y.tolist()))}}};")
say.append("\n}  // namespace lbfgs_golden")
here = pathlib.Path(__file__).resolve().with_suffix(".hpp")
form = ["clang-format", f"--assume-filename={here}"]
print(subprocess.run(form, input="\n".join(say), text=True, capture_output=True, check=True).stdout)
