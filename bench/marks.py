"""What the marks cost: each cell runs plain and through `execute`, in turns; CPU times, medians and their ratio.

    python bench/marks.py [repeats]

Aims: at most 1.05 for a training loop with 100 µs steps, at most 1.3 for loops of pure Python.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

import torch

from ptlearn_tui.events import Event, encode
from ptlearn_tui.kernel.execute import execute

TRAINING = """
net = torch.nn.Sequential(torch.nn.Linear(32, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
inputs, targets = torch.randn(16, 32), torch.randn(16, 1)
for step in range(5_000):
    optimizer.zero_grad()
    outputs = net(inputs)
    loss = torch.nn.functional.mse_loss(outputs, targets)
    loss.backward()
    optimizer.step()
"""

LOOP = """
total = 0
for i in range(2_000_000):
    total += i
"""

LOOP_IN_FUNCTION = """
def count(n):
    total, i = 0, 0
    while i < n:
        i += 1
        if i % 3:
            total += i
    return total
total = count(2_000_000)
"""

NESTED = """
total = 0
for i in range(2_000):
    for j in range(500):
        total += j
"""

CALLS = """
def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)
total = fibonacci(25)
"""

TINY = """
x = torch.tensor(2.0, requires_grad=True)
for step in range(10_000):
    loss = x * x
    loss.backward()
"""

MODULE = """
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(32, 32)
        self.second = torch.nn.Linear(32, 1)
    def forward(self, x):
        x = self.first(x)
        x = torch.relu(x)
        x = self.second(x)
        return x
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
inputs, targets = torch.randn(16, 32), torch.randn(16, 1)
for step in range(5_000):
    optimizer.zero_grad()
    outputs = net(inputs)
    loss = torch.nn.functional.mse_loss(outputs, targets)
    loss.backward()
    optimizer.step()
"""

CELLS = {
    "training, some 100 µs a step": TRAINING,
    "training, forward in the cell": MODULE,
    "10,000 tiny backward steps": TINY,
    "pure Python, for": LOOP,
    "pure Python, while in a function": LOOP_IN_FUNCTION,
    "pure Python, nested": NESTED,
    "pure Python, recursive calls": CALLS,
}


def namespace() -> dict[str, Any]:
    return {"__name__": "__main__", "torch": torch}


def plain(source: str) -> float:
    began = time.process_time()
    exec(compile(source, "<plain>", "exec"), namespace())
    return time.process_time() - began


def marked(source: str) -> tuple[float, int]:
    sent = 0

    def emit(*events: Event) -> None:
        nonlocal sent
        for event in events:
            encode(event)
        sent += len(events)

    began = time.process_time()
    execute(0, source, namespace(), emit)
    return time.process_time() - began, sent


def main(repeats: int) -> None:
    torch.set_num_threads(1)
    sys.stdout.write(f"{'':36}{'plain':>10}{'marked':>10}{'ratio':>8}{'events':>8}\n")
    for name, source in CELLS.items():
        plain(source), marked(source)  # warm
        pairs = [(plain(source), *marked(source)) for _ in range(repeats)]
        before, after = (statistics.median(pair[index] for pair in pairs) for index in (0, 1))
        sys.stdout.write(f"{name:36}{before * 1e3:8.0f}ms{after * 1e3:8.0f}ms{after / before:8.2f}{pairs[-1][2]:8}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
