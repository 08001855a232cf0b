#!/usr/bin/python3
"""Prints torch_golden.hpp: layers' values and gradients by PyTorch (Debian's python3-torch), in double.

    tests/nn/torch_golden.py > tests/nn/torch_golden.hpp

Weight matrices are written as this library has them, (n_in, n_out): PyTorch's transposed. The gradients are those of
sum_i r_i y_i over all results y, one after the other, with r = 1, -1.25, 1.5, -1.75, ...
"""
import torch
from torch import nn

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
references = []


def turned(name, t):
    """A parameter in the library's layout."""
    return t.T if t.dim() == 2 and "embedding" not in name else t


def reference(name, given, run, module=None, buffers=()):
    """given: tensors by name; run: of them, results by name; the module's parameters are given, too."""
    given = {k: v.clone().requires_grad_(v.is_floating_point()) for k, v in given.items()}
    weights = dict(module.named_parameters()) if module is not None else {}
    before = {k: turned(name, v.detach().clone()) for k, v in weights.items()}
    results = run(**given)
    start, total = 0, 0
    for y in results.values():
        r = torch.arange(start, start + y.numel())
        r = ((1 + 0.25 * r) * (1 - 2 * (r % 2))).reshape(y.shape)
        total = total + (r * y).sum()
        start += y.numel()
    leaves = {k: v for k, v in {**given, **weights}.items() if v.is_floating_point()}
    gradients = torch.autograd.grad(total, list(leaves.values()))
    gradients = {k: turned(name, g) if k in weights else g for k, g in zip(leaves, gradients)}
    after = {k: v.clone() for k, v in module.named_buffers() if k in buffers} if module is not None else {}
    references.append((name, {**given, **before}, {**results, **after}, gradients))


def randomize(module):
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.randn(p.shape) * 0.7)
    return module


def names_without_layer(module):
    """weight_ih_l0 is weight_ih."""
    module.named_parameters = lambda: [(k.replace("_l0", ""), p) for k, p in nn.Module.named_parameters(module)]
    return module


x = torch.randn(4, 3)

stack = randomize(nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 2))).eval()
reference("linear stack", {"x": x}, lambda x: {"y": stack(x)}, stack)

statistics = ("running_mean", "running_var", "num_batches_tracked")
norm = randomize(nn.BatchNorm1d(3, eps=1e-3, momentum=0.3))
reference("batch_norm step 1", {"x": x}, lambda x: {"y": norm(x)}, norm, statistics)
reference("batch_norm step 2", {"x": torch.randn(6, 3) * 2 + 1}, lambda x: {"y": norm(x)}, norm, statistics)
norm.eval()
reference("batch_norm evaluated", {"x": x}, lambda x: {"y": norm(x)}, norm, statistics)
norm = randomize(nn.BatchNorm2d(2, momentum=None))
reference("batch_norm images 1", {"x": torch.randn(3, 2, 2, 3)}, lambda x: {"y": norm(x)}, norm, statistics)
reference("batch_norm images 2", {"x": torch.randn(1, 2, 2, 3) - 1}, lambda x: {"y": norm(x)}, norm, statistics)
norm.eval()
reference("batch_norm images evaluated", {"x": torch.randn(2, 2, 1, 2)}, lambda x: {"y": norm(x)}, norm, statistics)

norm = randomize(nn.LayerNorm(3))
reference("layer_norm", {"x": x}, lambda x: {"y": norm(x)}, norm)
plane = nn.LayerNorm((3, 2), eps=1e-2)
with torch.no_grad():
    for p in plane.parameters():
        p.copy_(torch.randn(p.shape))
plane.named_parameters = lambda: []
reference("layer_norm of planes", {"x": torch.randn(2, 2, 3, 2), "weight": plane.weight.detach(), "bias": plane.bias.detach()},
          lambda x, weight, bias: {"y": nn.functional.layer_norm(x, (3, 2), weight, bias, 1e-2)})

table = randomize(nn.Embedding(5, 3))
reference("embedding", {}, lambda: {"y": table(torch.tensor([3, 0, 3, 4]))}, table)
reference("embedding of sequences", {}, lambda: {"y": table(torch.tensor([[1, 4, 1], [2, 2, 2]]))}, table)

cells = {"rnn": (nn.RNNCell, nn.RNN), "lstm": (nn.LSTMCell, nn.LSTM), "gru": (nn.GRUCell, nn.GRU)}
for kind, (Cell, Sequence) in cells.items():
    state = {"h": torch.randn(4, 2), "c": torch.randn(4, 2)} if kind == "lstm" else {"h": torch.randn(4, 2)}

    def step(x, h, c=None):
        if c is None:
            return {"h": cell(x, h)}
        return dict(zip(("h", "c"), cell(x, (h, c))))

    def sequence(x, h, c=None):
        start = h[None] if c is None else (h[None], c[None])
        y, last = layer(x, start)
        return {"y": y, "h": last[0]} if c is None else {"y": y, "h": last[0][0], "c": last[1][0]}

    cell = randomize(Cell(3, 2))
    reference(kind + "_cell", {"x": x, **state}, step, cell)
    layer = names_without_layer(randomize(Sequence(3, 2, batch_first=True)))
    reference(kind, {"x": torch.randn(4, 5, 3), **state}, sequence, layer)
    # Two layers of several sizes, from zeros.
    layers = randomize(Sequence(3, 4, batch_first=True)), randomize(Sequence(4, 2, batch_first=True))
    two = nn.ModuleList(layers)
    two.named_parameters = lambda: [(k.replace("_l0", ""), p) for k, p in nn.Module.named_parameters(two)]
    reference(kind + ", two layers", {"x": torch.randn(2, 3, 3)},
              lambda x: {"y": layers[1](layers[0](x)[0])[0]}, two)

images = torch.randn(2, 4, 5, 5)
layer = randomize(nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2))
reference("conv2d", {"x": images}, lambda x: {"y": layer(x)}, layer)
unbiased = randomize(nn.Conv2d(4, 2, 3, bias=False))
reference("conv2d without a bias", {"x": images}, lambda x: {"y": unbiased(x)}, unbiased)
net = randomize(nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(3, 2, 2),
                              nn.AvgPool2d((1, 2), stride=1), nn.Flatten(), nn.Linear(2, 3)))
reference("convolutional net", {"x": torch.randn(2, 2, 4, 6)}, lambda x: {"y": net(x)}, net)


def tensor(name, t):
    shape = ", ".join(str(n) for n in t.shape)
    return '{"%s", {%s}, {%s}}' % (name, shape, ", ".join(repr(float(v)) for v in t.detach().flatten()))


print("""#pragma once
// Written by torch_golden.py (PyTorch); do not edit.
// clang-format off

#include <cstddef>
#include <initializer_list>

namespace torch_golden {

struct tensor {
  const char* name;
  std::initializer_list<std::size_t> shape;
  std::initializer_list<double> values;
};
struct reference {
  const char* name;
  std::initializer_list<tensor> given;
  std::initializer_list<tensor> results;
  std::initializer_list<tensor> gradients;
};

inline constexpr reference references[] = {""")
for name, *parts in references:
    print('    {"%s",' % name)
    print(",\n".join("     {%s}" % ",\n      ".join(tensor(k, t) for k, t in part.items()) for part in parts) + "},")
print("};\n\n}  // namespace torch_golden")
