"""The PyTorch half of docs/from_pytorch.md. Its other half, xtape.cpp, prints the same lines: output.txt, which
this program wrote with PyTorch 1.13:

    python3 pytorch.py > output.txt
"""
import os
import tempfile

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.set_default_dtype(torch.float64)


def show(what, values):
    """A line: numbers to five digits."""
    numbers = torch.as_tensor(values, dtype=torch.float64).detach().reshape(-1).tolist()
    print(what + ":", " ".join("%.5f" % (n + 0.0) for n in numbers))


def ramp(*shape):
    """Numbers from -1 to 1."""
    size = 1
    for n in shape:
        size *= n
    return torch.linspace(-1, 1, size).reshape(shape)


def fill(model):
    """The same weights on both sides, whatever was drawn: linear layers' are transposed here."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(ramp(*reversed(p.shape)).T if p.dim() == 2 else ramp(*p.shape))


def values():
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    y = (x * 2 + 1).mean(dim=1)
    first = y[0].item()
    show("values", y)
    show("first", first)


def gradient():
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    loss = (w * w).sum()
    loss.backward()
    g = w.grad
    w.grad = None
    show("gradient", g)


def again():
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    show("twice", w.grad)


def without():
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    with torch.no_grad():
        y = w * w
    held = (w * w).detach()
    show("without", y + held)


def update():
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    (w * w).sum().backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    show("update", w)


def intermediate():
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    h = torch.tanh(w)
    h.retain_grad()
    (h * h).sum().backward()
    show("intermediate", h.grad)


def second_derivative():
    x = torch.tensor(0.5, requires_grad=True)
    y = torch.tanh(x)
    slope, = torch.autograd.grad(y, x, create_graph=True)
    curvature, = torch.autograd.grad(slope, x)
    show("curvature", curvature)


def functional():
    w = torch.tensor([1.0, 2.0, 3.0])
    v = torch.tensor([1.0, 0.0, -1.0])
    f = lambda w: (w ** 3).sum()
    af = torch.autograd.functional
    h = af.hessian(f, w)
    _, hv = af.hvp(f, w, v)
    j = af.jacobian(torch.tanh, w)
    show("hessian", h)
    show("hvp", hv)
    show("jacobian", j)


def gradcheck():
    x = ramp(2, 3).requires_grad_()
    good = torch.autograd.gradcheck(torch.tanh, x)
    show("gradcheck", float(good))


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


def custom():
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    Cube.apply(w).sum().backward()
    show("custom", w.grad)


class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.first = nn.Linear(n, n)
        self.second = nn.Linear(n, n)

    def forward(self, x):
        return x + self.second(torch.relu(self.first(x)))


def module():
    model = Block(3)
    fill(model)
    y = model(ramp(2, 3))
    names = ""
    for name, p in model.named_parameters():
        names += name + " "
    print(names)
    show("block", y)


def sequential():
    model = nn.Sequential(
        nn.Linear(4, 5), nn.Tanh(),
        nn.Linear(5, 3))
    fill(model)
    y = model(ramp(2, 4))
    numbers = sum(p.numel() for p in model.parameters())
    show("sequential", y)
    show("numbers", numbers)


def initializers():
    layer = nn.Linear(784, 256)
    nn.init.kaiming_normal_(layer.weight,
                            nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    show("biases", layer.bias.abs().sum())


def losses():
    logits, labels = ramp(2, 3), torch.tensor([0, 2])
    targets = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    a = F.cross_entropy(logits, labels)
    b = F.cross_entropy(logits, labels,
                        reduction="sum", label_smoothing=0.1)
    c = F.binary_cross_entropy_with_logits(logits, targets)
    d = F.mse_loss(logits, targets)
    e = F.huber_loss(logits, targets, delta=0.5)
    show("losses", [a, b, c, d, e])


def training():
    model = nn.Sequential(
        nn.Linear(4, 8), nn.Tanh(),
        nn.Linear(8, 3))
    fill(model)
    x = ramp(6, 4)
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(
        optimizer, 0.9)
    for epoch in range(20):
        loss = F.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    show("training", F.cross_entropy(model(x), labels))


def groups():
    body, head = nn.Linear(4, 8), nn.Linear(8, 3)
    fill(body), fill(head)
    optimizer = torch.optim.AdamW(
        body.parameters(), lr=0.01, weight_decay=0.1)
    optimizer.add_param_group(
        {"params": head.parameters(), "lr": 0.001})
    both = [*body.parameters(), *head.parameters()]
    x = ramp(6, 4)
    head(torch.tanh(body(x))).square().sum().backward()
    norm = nn.utils.clip_grad_norm_(both, 1.0)
    optimizer.step()
    show("norm", norm)
    show("groups", head(torch.tanh(body(x))).sum())


def modes():
    model = nn.Sequential(
        nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(0.5))
    fill(model)
    x = ramp(6, 4)
    model.train()
    model(x)
    model.eval()
    with torch.no_grad():
        y = model(x)
    show("evaluation", y[0])


def sequences():
    layer = nn.LSTM(3, 5, batch_first=True)
    fill(layer)
    x = ramp(2, 4, 3)
    y, (h, c) = layer(x)
    show("lstm", y[0, 3])
    show("cells", c[0, 0])


def images():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3))
    fill(model)
    x = ramp(2, 1, 8, 8)
    y = model(x)
    show("images", y)


def words():
    table = nn.Embedding(10, 4)
    y = table(torch.tensor([[1, 2, 3], [4, 5, 6]]))
    show("embedding", y.shape)


def data():
    samples = TensorDataset(ramp(10, 3), torch.arange(10) % 2)
    train, test = random_split(samples, [8, 2])
    batches = DataLoader(train, batch_size=4, shuffle=True)
    seen = 0
    for x, labels in batches:
        seen += len(labels)
    show("batches", [len(batches), seen, len(test)])


def weights():
    model, other = nn.Linear(4, 3), nn.Linear(4, 3)
    fill(model)
    torch.save(model.state_dict(), "model.pt")
    other.load_state_dict(torch.load("model.pt"))
    show("weights", other(ramp(1, 4)))


def checkpoint():
    model = nn.Linear(4, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    epoch = 7
    torch.save({"model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "epoch": epoch}, "last.pt")
    state = torch.load("last.pt")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    epoch = state["epoch"]
    show("epoch", epoch)


def reproducible():
    torch.manual_seed(42)
    torch.set_num_threads(1)
    x = torch.randn(2, 3)
    show("drawn", x.shape)


os.chdir(tempfile.mkdtemp())
values()
gradient()
again()
without()
update()
intermediate()
second_derivative()
functional()
gradcheck()
custom()
module()
sequential()
initializers()
losses()
training()
groups()
modes()
sequences()
images()
words()
data()
weights()
checkpoint()
reproducible()
