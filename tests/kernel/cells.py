"""Runs cells as a kernel does, and the programs that several tests run."""

from __future__ import annotations

from typing import Any, TypeVar

import torch

from ptlearn_tui.events import Done, Event, Line, Points
from ptlearn_tui.kernel.execute import execute

E = TypeVar("E", bound=Event)


class Cells:
    """Runs cells in one namespace, as a kernel does."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"__name__": "__main__", "torch": torch}
        self.count = 0
        self.events: list[Event] = []

    def run(self, source: str) -> list[Event]:
        self.events = []
        execute(self.count, source, self.namespace, self._heard)
        self.count += 1
        assert [isinstance(event, Done) for event in self.events].count(True) == 1
        assert isinstance(self.events[-1], Done)
        return self.events

    def _heard(self, *events: Event) -> None:
        """As a client hears them."""
        for event in events:
            self.events += event.metrics() if isinstance(event, Points) else [event]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def lines(self) -> dict[int, str]:
        """What stands beside each line at the end, as the screen draws it."""
        return {line.line: drawn(line) for line in self.of(Line)}

    def done(self) -> Done:
        return self.of(Done)[0]


def drawn(line: Line) -> str:
    shape = str(tuple(line.shape)) if line.shape is not None else ""
    what = line.text if line.shape in ([], None) or line.operator is None else line.operator
    return f"{shape} {what}".strip()


# The notes' four Python blocks.

CREATE = """\
# unintialized data
x = torch.empty(5, 3)

# random data 均匀分布 [0, 1】
x = torch.rand(5, 3)

# random data 正态随机分布
x = torch.randn(5, 3)

x = torch.zeros(5, 3, dtype=torch.long)

x = torch.tensor([5.5, 3])

# new_* methods take in sizes
x = x.new_ones(5, 3, dtype=torch.double)
# override dtype!
x = torch.randn_like(x, dtype=torch.float)
"""

VIEW = """\
# torch.view( , )
x = torch.randn(4, 4)
y = x.view(16) # 16 * 1
z = x.view(-1, 8) # 2 * 8
"""

BACKWARD = """\
x = torch.ones(2, 2, requires_grad=True)
y = x + 2
print(y.grad_fn)

# 对于最后生成的是标量：
z = y * 3 * 3
out = z.mean()
out.backward()
x.grad # (dout)/dx

# 对于生产是多维向量：
x = torch.tensor([2.0, 3.0], requires_grad=True)
y = x * 2 * 2
v = torch.tensor([1.0, 0.5])
y.backward(v) # 相当于定义了一个新的loss = v_T * y
x.grad # (dloss)/dx

# stop autograd 切断后面所有的节点图 下面这个k就没有backward
x = torch.tensor([2., 2.], requires_grad=True)
with torch.no_grad():
    y = x * 2
    # y.sum().backward() 这个就会报错 因为required_grad=False

x.sum().backward()
x.grad
"""

NETWORK = """\

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16*5*5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def num_flat_features(self, x):
        size = x.size()[1:]  # 除 batch 外所有维度
        num_features = 1
        for s in size:
            num_features *= s
        return num_features

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, self.num_flat_features(x))  # 展平
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return x


net = Net()
criterion = nn.MSELoss()
optimizer = optim.SGD(net.parameters(), lr=0.01)

for epoch in range(5):  # 跑5个epoch
    inputs = torch.randn(1, 1, 32, 32)
    targets = torch.randn(1, 10)  # 随机目标，形状 (1,10)
    optimizer.zero_grad()
    outputs = net(inputs)
    loss = criterion(outputs, targets)
    loss.backward()
    optimizer.step()
    print(f"Epoch {epoch+1}, Loss: {loss.item():.4f}")
"""

# Every kind of statement that a mark could upset.
CONTROL = '''
log = []
def f(n):
    """Doc."""
    for i in range(n):
        if i == 1:
            continue
        for j in range(3):
            if j == 2:
                break
            log.append((i, j))
        else:
            log.append("never")
        if i == 4:
            break
    else:
        log.append("for else")
    while n:
        n -= 1
        if n == 3:
            continue
    else:
        log.append("while else")
    while True:
        n += 1
        if n > 2:
            break
    else:
        log.append("never")
    try:
        for k in (1, 2):
            try:
                if k == 2:
                    raise ValueError(k)
            finally:
                log.append(("finally", k))
    except ValueError as error:
        log.append(repr(error))
    with open_it() as it:
        log.append(it)
    def gen():
        got = yield 1
        log.append(got)
        for m in range(2):
            yield m
        return "end"
    g = gen()
    next(g); log.append(g.send("sent"))
    log.append([*g])
    a, (b, *c) = 1, (2, 3, 4)
    d = e = []
    d += [5]
    x: int = 6
    log.append((a, b, c, d is e, x))
    match {"k": [1, 2]}:
        case {"k": [p, *q]} if p:
            log.append((p, q))
    total = 0
    def add(v):
        nonlocal total
        for _ in range(2):
            total += v
        return total
    log.append(add(3))
    return f.__doc__ if n else None
import contextlib
@contextlib.contextmanager
def open_it():
    yield "it"
for z in range(5):
    if z == 3:
        break
else:
    log.append("never")
for z in range(2):
    for y in ():
        pass
    else:
        continue
    log.append("never")
log.append((f(3), f(6), z))
class C:
    for member in ("u", "v"):
        locals()[member] = member
    value = [member for member in "ab"]
log.append((C.u, C.v, C.value))
'''
