"""Correct, common training scripts, in which there is no trap; and cells that each walk into one, with a near miss."""

# ruff: noqa: E501  # cells

from __future__ import annotations

_HEAD = """\
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
x, y = torch.randn(64, 4), torch.randint(0, 3, (64,))
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))
"""


def loop(optimizer: str = "torch.optim.SGD(net.parameters(), lr=0.1)", before: str = "", after: str = "") -> str:
    """The loop that everybody writes."""
    inside = "".join(f"    {line}\n" for line in after.splitlines())
    return (
        f"{_HEAD}opt = {optimizer}\n{before}\nfor step in range(30):\n    opt.zero_grad()\n"
        f"    loss = F.cross_entropy(net(x), y)\n    loss.backward()\n{inside}    opt.step()\n"
    )


CORRECT = {
    "SGD": loop(),
    "Adam": loop("torch.optim.Adam(net.parameters())"),
    "AdamW": loop("torch.optim.AdamW(net.parameters(), lr=1e-3)"),
    "clipping": loop(after="nn.utils.clip_grad_norm_(net.parameters(), 1.0)"),
    "a scheduler": loop(before="schedule = torch.optim.lr_scheduler.StepLR(opt, 5)") + "    schedule.step()\n",
    "zeros": loop().replace("zero_grad()", "zero_grad(set_to_none=False)"),
    "net.zero_grad": loop().replace("opt.zero_grad()", "net.zero_grad()"),
    "zero_grad last": loop().replace("    opt.zero_grad()\n", "") + "    opt.zero_grad()\n",
    "accumulation": _HEAD
    + """
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(40):
    loss = F.cross_entropy(net(x), y) / 4
    loss.backward()
    if (step + 1) % 4 == 0:
        opt.step()
        opt.zero_grad()
""",
    "a GAN": _HEAD
    + """
G, D = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 4)), nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 1))
og, od = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
bce = nn.BCEWithLogitsLoss()
for step in range(20):
    with torch.no_grad():
        fake = G(torch.randn(64, 2))
    od.zero_grad()
    d_loss = bce(D(x), torch.ones(64, 1)) + bce(D(fake), torch.zeros(64, 1))
    d_loss.backward()
    od.step()
    og.zero_grad()
    g_loss = bce(D(G(torch.randn(64, 2))), torch.ones(64, 1))
    g_loss.backward()
    og.step()
""",
    "an LSTM": _HEAD
    + """
rnn, head = nn.LSTM(4, 8, batch_first=True), nn.Linear(8, 3)
opt = torch.optim.Adam([*rnn.parameters(), *head.parameters()])
for step in range(10):
    out, (h, c) = rnn(x.view(8, 8, 4))
    loss = F.cross_entropy(head(out).flatten(0, 1), y)
    opt.zero_grad(); loss.backward(); opt.step()
""",
    "hidden.detach": _HEAD
    + """
rnn, head, hidden = nn.GRU(4, 8), nn.Linear(8, 1), None
opt = torch.optim.SGD([*rnn.parameters(), *head.parameters()], lr=0.01)
for chunk in torch.randn(12, 5, 2, 4):
    out, hidden = rnn(chunk, hidden)
    hidden = hidden.detach()
    loss = 0
    for each in out:
        loss += head(each).pow(2).mean()
    opt.zero_grad(); loss.backward(); opt.step()
""",
    "GradScaler": _HEAD
    + """
opt = torch.optim.SGD(net.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", enabled=False)
for step in range(10):
    opt.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = F.cross_entropy(net(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    scaler.step(opt)
    scaler.update()
""",
    "LBFGS": _HEAD
    + """
net = nn.Linear(4, 3)
opt = torch.optim.LBFGS(net.parameters(), max_iter=4)
def closure():
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    return loss
for step in range(5):
    opt.step(closure)
""",
    "transfer": _HEAD
    + """
for p in net[0].parameters():
    p.requires_grad = False
opt = torch.optim.SGD(net[3].parameters(), lr=0.1)
for step in range(10):
    opt.zero_grad(); loss = F.cross_entropy(net(x), y); loss.backward(); opt.step()
""",
    "EMA": loop(before="import copy\naverage = copy.deepcopy(net)")
    + """    with torch.no_grad():
        for a, p in zip(average.parameters(), net.parameters()):
            a.mul_(0.9).add_(p, alpha=0.1)
""",
    "validation": _HEAD
    + """
from torch.utils.data import DataLoader, TensorDataset
train, test = DataLoader(TensorDataset(x, y), 16, shuffle=True), DataLoader(TensorDataset(x, y), 16)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(4):
    net.train()
    total = 0
    for a, b in train:
        opt.zero_grad()
        loss = F.cross_entropy(net(a), b)
        loss.backward()
        opt.step()
        total += loss.item() * len(a)
    net.eval()
    correct = 0
    with torch.no_grad():
        for a, b in test:
            correct += (net(a).argmax(1) == b).sum().item()
""",
    "inference_mode": loop()
    + """
@torch.inference_mode()
def accuracy(data):
    net.eval()
    return (net(data).argmax(1) == y).float().mean().item()
accuracy(x)
""",
    "regression": _HEAD
    + """
net, target = nn.Linear(4, 1), torch.randn(64, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.01)
losses = []
for step in range(20):
    opt.zero_grad()
    loss = ((net(x) - target) ** 2).mean()
    loss.backward()
    opt.step()
    losses.append(loss.detach())
""",
    "multi-label": _HEAD
    + """
opt = torch.optim.Adam(net.parameters())
for step in range(10):
    opt.zero_grad()
    loss = F.binary_cross_entropy(torch.sigmoid(net(x)), torch.randint(0, 2, (64, 3)).float())
    loss.backward(); opt.step()
""",
    "an autoencoder": _HEAD
    + """
coder = nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 4), nn.Sigmoid())
opt = torch.optim.Adam(coder.parameters())
for step in range(10):
    loss = F.mse_loss(coder(x), x)
    opt.zero_grad(); loss.backward(); opt.step()
""",
    "two losses": _HEAD
    + """
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(10):
    opt.zero_grad()
    out = net(x)
    loss = F.cross_entropy(out, y)
    loss += 0.01 * sum(p.pow(2).sum() for p in net.parameters())
    loss.backward()
    opt.step()
""",
    "torch.func": _HEAD
    + """
net = nn.Linear(4, 3)
params = {k: v.detach() for k, v in net.named_parameters()}
def f(params):
    return F.cross_entropy(torch.func.functional_call(net, params, (x,)), y)
for step in range(10):
    grads = torch.func.grad(f)(params)
    params = {k: v - 0.1 * grads[k] for k, v in params.items()}
""",
    "checkpoint": _HEAD
    + """
from torch.utils.checkpoint import checkpoint
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(10):
    opt.zero_grad()
    loss = F.cross_entropy(checkpoint(net, x, use_reentrant=False), y)
    loss.backward(); opt.step()
""",
    "by hand": """
import torch
w = torch.zeros(4, 1, requires_grad=True)
x, y = torch.randn(32, 4), torch.randn(32, 1)
for step in range(30):
    loss = ((x @ w - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
        w.grad.zero_()
""",
    "grad = None": loop().replace("opt.zero_grad()", "for p in net.parameters(): p.grad = None"),
}

_OPT = _HEAD + "opt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
_LOSS = "    loss = F.cross_entropy(net(x), y)\n"
_FOR = "for step in range(12):\n"
_STEP = "    opt.zero_grad(); loss.backward(); opt.step()\n"
_EVAL = "with torch.no_grad():\n    correct = (net(x).argmax(1) == y).sum()\n"

# code -> a cell that walks into it, and one that nearly does
TRAPS = {
    "no-zero-grad": (
        _OPT + _FOR + _LOSS + "    loss.backward(); opt.step()\n",
        _OPT + _FOR + _LOSS + "    loss.backward(); opt.step()\n    for p in net.parameters(): p.grad.zero_()\n",
    ),
    "zero-grad-before-step": (
        _OPT + _FOR + _LOSS + "    loss.backward(); opt.zero_grad(); opt.step()\n",
        _OPT + _FOR + _LOSS + "    loss.backward(); opt.step(); opt.zero_grad()\n",
    ),
    "step-before-backward": (
        _OPT + _FOR + _LOSS + "    opt.zero_grad(); opt.step(); loss.backward()\n",
        _OPT + "opt.step()\n" + _FOR + _LOSS + _STEP,
    ),
    "softmax-before-cross-entropy": (
        _OPT + _FOR + "    loss = F.cross_entropy(F.softmax(net(x), 1), y)\n" + _STEP,
        _OPT + _FOR + "    loss = F.nll_loss(F.log_softmax(net(x), 1), y)\n" + _STEP,
    ),
    "log-softmax-before-cross-entropy": (
        _OPT + _FOR + "    loss = F.cross_entropy(F.log_softmax(net(x), 1), y)\n" + _STEP,
        _OPT + _FOR + "    loss = -(F.log_softmax(net(x), 1) * F.one_hot(y, 3)).sum(1).mean()\n" + _STEP,
    ),
    "relu-before-cross-entropy": (
        _OPT + _FOR + "    loss = F.cross_entropy(torch.relu(net(x)), y)\n" + _STEP,
        _OPT + _FOR + "    loss = F.cross_entropy(F.leaky_relu(net(x)), y)\n" + _STEP,
    ),
    "sigmoid-before-cross-entropy": (
        _OPT + _FOR + "    loss = F.cross_entropy(net(x).sigmoid(), y)\n" + _STEP,
        _OPT + _FOR + "    loss = F.binary_cross_entropy(net(x).sigmoid(), F.one_hot(y, 3).float())\n" + _STEP,
    ),
    "loss-broadcast": (
        _HEAD + "net = nn.Linear(4, 1)\nloss = ((net(x) - y) ** 2).mean()\nloss.backward()\n",
        _HEAD + "net = nn.Linear(4, 1)\nloss = ((net(x).squeeze(1) - y) ** 2).mean()\nloss.backward()\n",
    ),
    "nan-loss": (
        _OPT + _FOR + "    loss = F.cross_entropy(net(x), y) + (0.0 if step < 5 else float('nan'))\n" + _STEP,
        _OPT + _FOR + "    loss = F.cross_entropy(net(x), y) + 1e30\n" + _STEP,
    ),
    "nan-gradient": (
        "x = torch.zeros(3, requires_grad=True)\nloss = (torch.sqrt(x) * 0).sum()\nloss.backward()\n",
        "x = torch.zeros(3, requires_grad=True)\nloss = torch.sqrt(x + 1e-8).sum()\nloss.backward()\n",
    ),
    "parameters-not-in-optimizer": (
        _HEAD + "opt = torch.optim.SGD(net[3].parameters(), lr=0.1)\n" + _FOR + _LOSS + _STEP,
        _HEAD
        + "opt = torch.optim.SGD(net[3].parameters(), lr=0.1)\nother = torch.optim.SGD(net[0].parameters(), lr=0.1)\n"
        + _FOR
        + _LOSS
        + _STEP
        + "other.step()\n",
    ),
    "modules-in-list": (
        _HEAD + "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.layers = [nn.Linear(4, 4), nn.Linear(4, 4)]\nnet = Net()\n",
        _HEAD + "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)\n        self.layers = [self.a, self.b]\nnet = Net()\n",
    ),
    "eval-forgotten": (_HEAD + _EVAL, _HEAD + "net.eval()\n" + _EVAL),
    "train-forgotten": (
        _OPT + "for epoch in range(3):\n    for i in range(2):\n        loss = F.cross_entropy(net(x), y)\n"
        "        opt.zero_grad(); loss.backward(); opt.step()\n    net.eval()\n",
        _OPT
        + "for epoch in range(3):\n    net.train()\n    for i in range(2):\n        loss = F.cross_entropy(net(x), y)\n"
        "        opt.zero_grad(); loss.backward(); opt.step()\n    net.eval()\n",
    ),
    "loss-keeps-graph": (
        _OPT + "total = 0\n" + _FOR + _LOSS + _STEP + "    total += loss\n",
        _OPT + "total = 0\n" + _FOR + _LOSS + _STEP + "    total += loss.detach()\n",
    ),
    "no-grad-forgotten": (
        _HEAD + "correct = 0\nfor a in x:\n    out = net(a)\n    correct += int(out.argmax() == 1)\n",
        _HEAD
        + "correct = 0\nfor a in x:\n    with torch.no_grad():\n        out = net(a)\n    total = out.argmax()\n".replace(
            "net(a)", "net.eval()(a)"
        ),
    ),
    "rate-too-high": (
        "w = torch.ones(3, requires_grad=True)\nopt = torch.optim.SGD([w], lr=1.2)\nfor i in range(15):\n"
        "    loss = (w ** 2).sum()\n    opt.zero_grad(); loss.backward(); opt.step()\n",
        "w = torch.ones(3, requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.9)\nfor i in range(15):\n"
        "    loss = (w ** 2).sum()\n    opt.zero_grad(); loss.backward(); opt.step()\n",
    ),
    "float64-sneaks-in": (
        _HEAD
        + "import numpy as np\nt = torch.from_numpy(np.zeros((64, 3)))\nloss = ((net(x) - t) ** 2).mean()\nloss.backward()\n",
        _HEAD + "net.double()\nloss = net(x.double()).pow(2).mean()\nloss.backward()\n",
    ),
    "data-attribute": (
        "w = torch.ones(3, requires_grad=True)\nw.data.mul_(2)\n",
        "w = torch.ones(3, requires_grad=True)\nw.detach()\nv = torch.ones(3)\nv.data.mul_(2)\n",
    ),
    "guessing": (
        _HEAD + "w = torch.zeros(64, 3, requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.0)\nfor i in range(220):\n"
        "    loss = F.cross_entropy(w, y)\n    opt.zero_grad(); loss.backward(); opt.step()\n",
        _HEAD + "w = torch.zeros(64, 3, requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.0)\nfor i in range(150):\n"
        "    loss = F.cross_entropy(w, y)\n    opt.zero_grad(); loss.backward(); opt.step()\n",
    ),
    "unshuffled-labels": (
        _OPT
        + "from torch.utils.data import DataLoader, TensorDataset\nloader = DataLoader(TensorDataset(x, y.sort()[0]), 4)\n"
        "for a, b in loader:\n    loss = F.cross_entropy(net(a), b)\n" + _STEP,
        _OPT
        + "from torch.utils.data import DataLoader, TensorDataset\nloader = DataLoader(TensorDataset(x, y.sort()[0]), 4, shuffle=True)\n"
        "for a, b in loader:\n    loss = F.cross_entropy(net(a), b)\n" + _STEP,
    ),
}
