"""What marks and noticing cost: the same code as a plain script, as a cell, and as a cell of a real kernel.

    python bench/marks.py [--repeats 7] [--device cpu] [part of a name]

CPU times, or on another device the time until it has done all; they run in turns, and the ratios are medians over the
pairs. `cell`: all of a cell in this process,
compiling it and the cards of its tensors too, over the script. `kernel`: the loop of a cell of a real kernel, which has
the sending of all it tells in it, over the same loop in the same kernel with nobody looking. Aims: at most 1.05 for
training with steps of 100 µs or more, 1.08 for tiny steps, 1.3 for loops of pure Python.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any, NamedTuple

import torch

from ptlearn_tui.events import Event, Stdout, encode
from ptlearn_tui.kernel.client import Kernel, Server
from ptlearn_tui.kernel.execute import execute


class Case(NamedTuple):
    """A cell: what it prepares, and the loop that is measured."""

    name: str
    setup: str
    loop: str


STEPS = """
for step in range({steps}):
    optimizer.zero_grad()
    outputs = net(inputs)
    loss = torch.nn.functional.mse_loss(outputs, targets)
    loss.backward()
    optimizer.step()
"""

DATA = """
net.to(device)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
inputs, targets = torch.randn(16, 32, device=device), torch.randn(16, 1, device=device)
"""

MLP = "net = torch.nn.Sequential(torch.nn.Linear(32, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))" + DATA

FORWARD = (
    """
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
"""
    + DATA
)

LINEAR = "net = torch.nn.Linear(32, 1)" + DATA

SQUARE = """
for step in range(10_000):
    loss = x * x
    loss.backward()
"""

RATES = """
for step in range(5_000):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(net(inputs), targets)
    loss.backward()
    optimizer.step()
    schedule.step()
"""

LOOP = """
total = 0
for i in range(2_000_000):
    total += i
"""

COUNT = """
def count(n):
    total, i = 0, 0
    while i < n:
        i += 1
        if i % 3:
            total += i
    return total
"""

NESTED = """
total = 0
for i in range(2_000):
    for j in range(500):
        total += j
"""

FIBONACCI = """
def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)
"""

CASES = [
    Case("training, an MLP", MLP, STEPS.format(steps=5_000)),
    Case("training, forward in the cell", FORWARD, STEPS.format(steps=5_000)),
    Case("training, a rate that changes", MLP + "schedule = torch.optim.lr_scheduler.StepLR(optimizer, 9)", RATES),
    Case("10,000 tiny steps, a linear layer", LINEAR, STEPS.format(steps=10_000)),
    Case("10,000 tiny steps, x * x", "x = torch.tensor(2.0, device=device, requires_grad=True)", SQUARE),
    Case("pure Python, for", "", LOOP),
    Case("pure Python, while in a function", COUNT, "total = count(2_000_000)"),
    Case("pure Python, nested", "", NESTED),
    Case("pure Python, recursive calls", FIBONACCI, "total = fibonacci(27)"),
]


BEGIN = """
import time, torch
torch.set_num_threads(1)
device = {device!r}
def now():
    if device == "cpu":
        return time.process_time()
    torch.accelerator.synchronize()
    return time.perf_counter()
"""


def namespace(device: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(BEGIN.format(device=device), names)
    return names


ALONE = """
import sys, torch
from ptlearn_tui.introspect import training
torch.Tensor.backward, torch.autograd.backward = training._original_method, training._original_function
steps = sys.modules["torch.optim.optimizer"]._global_optimizer_post_hooks
held = dict(steps)
steps.clear()
exec(compile({source!r}, "<alone>", "exec"), globals())
steps.update(held)
"""


def source(case: Case) -> str:
    """The cell; it takes the time of its loop."""
    return f"{case.setup}\nbegan = now()\n{case.loop.strip()}\ntook = now() - began\nprint(took)\n"


def plain(case: Case, device: str) -> tuple[float, float]:
    """Seconds of the script, and of its loop."""
    names = namespace(device) | {"print": lambda _: None}
    began = names["now"]()
    exec(compile(source(case), "<plain>", "exec"), names)
    return names["now"]() - began, names["took"]


def marked(case: Case, device: str) -> tuple[float, int]:
    """Seconds of the cell, and the bytes of what it told."""
    sent = 0

    def emit(*events: Event) -> None:
        nonlocal sent
        for event in events:
            sent += len(encode(event))

    names = namespace(device) | {"print": lambda _: None}
    now = names["now"]
    began = now()
    execute(0, source(case), names, emit)
    return now() - began, sent


def in_kernel(kernel: Kernel, case: Case, *, alone: bool = False) -> float:
    """Seconds of the loop, by the cell itself; `alone`: with PyTorch as it is, and no marks in the text."""
    text = ALONE.format(source=source(case)) if alone else source(case)
    return float("".join(event.text for event in kernel.run(0, text) if isinstance(event, Stdout)))


def main(repeats: int, device: str, part: str) -> None:
    server = Server()
    server.start()
    kernel = server.kernel()
    list(kernel.run(0, BEGIN.format(device=device)))
    torch.set_num_threads(1)
    print(f"{'':36}{'script':>10}{'a step':>10}{'cell':>8}{'kernel':>8}{'told':>10}")
    for case in CASES:
        if part not in case.name:
            continue
        plain(case, device), marked(case, device), in_kernel(kernel, case), in_kernel(kernel, case, alone=True)  # warm
        cell, sent, by_kernel, script = [], 0, [], []
        for _ in range(repeats):
            whole, loop = plain(case, device)
            ours, sent = marked(case, device)
            cell.append(ours / whole)
            script.append(loop)
            by_kernel.append(in_kernel(kernel, case) / in_kernel(kernel, case, alone=True))
        took = statistics.median(script)
        steps = 10_000 if "10_000" in case.loop or "10000" in case.loop else 5_000
        step = f"{took / steps * 1e6:8.0f}µs" if "step" in case.loop else ""
        ratios = f"{statistics.median(cell):8.2f}{statistics.median(by_kernel):8.2f}"
        print(f"{case.name:36}{took * 1e3:8.0f}ms{step:>10}{ratios}{sent / 1000:7.0f} kB", flush=True)
    kernel.kill()
    server.close()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--repeats", type=int, default=7)
    options.add_argument("--device", default="cpu")
    options.add_argument("part", nargs="?", default="")
    given = options.parse_args()
    main(given.repeats, given.device, given.part)
