"""What seeing costs: every cell of the course as a plain script runs it, and in a real kernel with all it tells.

    python bench/course.py [repeats] [page …]

A page at a time, its cells in order, plain and kernel in turns, each in a process that is forked fresh with torch in
it. The kernel's time is from the request to the arrival of Done: everything that the panels show has come by then.
Medians over the repeats. Aim, for every cell: at most 1.2 times its bare time and 20 ms.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import torch
import torch._dynamo
import torch.optim
import torchvision  # noqa: F401  # as in the kernel

from ptlearn_tui.course.page import read_page
from ptlearn_tui.course.plan import load_plan
from ptlearn_tui.events import Done
from ptlearn_tui.kernel.client import Server

if TYPE_CHECKING:
    from ptlearn_tui.course.page import Cell

TIMES, PLUS = 1.2, 0.020


def plain(cells: list[Cell]) -> list[float]:
    """Seconds of each, as a script runs it."""
    here, there = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_run, args=(cells, there))
    process.start()
    times: list[float] = here.recv()
    process.join()
    return times


def _run(cells: list[Cell], answer: Any) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    times = []
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for cell in cells:
            began = time.perf_counter()
            try:
                exec(compile(cell.source, "cell", "exec"), namespace)
            except Exception as raised:
                raised.__traceback__ = None
            times.append(time.perf_counter() - began)
    answer.send(times)


def told(server: Server, cells: list[Cell]) -> list[float]:
    """The same in a kernel."""
    kernel = server.kernel()
    list(kernel.run(0, "pass"))
    times = []
    for cell in cells:
        began = time.perf_counter()
        for event in kernel.run(cell.index + 1, cell.source):
            if isinstance(event, Done):
                times.append(time.perf_counter() - began)
    kernel.kill()
    return times


def main() -> None:
    """A line for each cell, those first that come nearest to the aim."""
    arguments = sys.argv[1:]
    repeats = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else 5
    torch.ones(2, requires_grad=True).sum()  # as warm as the server
    server = Server()
    server.start()
    server.wait()
    rows: list[tuple[float, str]] = []
    try:
        for page in (page for item in load_plan("en").items for page in item.pages):
            cells = [cell for cell in read_page(page.path).cells if not cell.run]
            if not cells or (arguments and page.key not in arguments):
                continue
            pairs = [(plain(cells), told(server, cells)) for _ in range(repeats)]
            for at, cell in enumerate(cells):
                bare = statistics.median(pair[0][at] for pair in pairs)
                kernel = statistics.median(pair[1][at] for pair in pairs)
                share = kernel / (TIMES * bare + PLUS)
                words = f"{page.key:32} cell {cell.index + 1:2}  {1e3 * bare:8.1f} ms {1e3 * kernel:8.1f} ms"
                rows.append((share, f"{words}  {share:5.2f} of the aim"))
    finally:
        server.close()
    rows.sort(reverse=True)
    print(f"{'':41} {'plain':>11} {'kernel':>11}")
    print("\n".join(row for _, row in rows))
    over = sum(share > 1 for share, _ in rows)
    print(f"{len(rows)} cells, {over} over the aim of {TIMES} × plain + {1e3 * PLUS:.0f} ms")


if __name__ == "__main__":
    main()
