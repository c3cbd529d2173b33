"""How long a learner waits for a kernel, beside what it is made of: `python bench/kernel.py [ROUNDS]`.

Prints medians. The machine's noise is in all of them alike: rely on the ratios.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from ptlearn_tui.events import Done, Stdout
from ptlearn_tui.kernel.client import Kernel, Server

if TYPE_CHECKING:
    from collections.abc import Callable


def seconds(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def plain_import() -> None:
    subprocess.run([sys.executable, "-c", "import torch, torch._dynamo"], check=True)


def run(kernel: Kernel, source: str = "1") -> Done:
    *_, done = kernel.run(0, source)
    assert isinstance(done, Done)
    return done


def first_kernel() -> None:
    server = Server()
    server.start()
    assert run(server.kernel()).ok
    server.close()


def further_kernel(server: Server) -> float:
    began = time.perf_counter()
    kernel = server.kernel()
    assert run(kernel).ok
    took = time.perf_counter() - began
    kernel.kill()
    return took


def interrupt(server: Server, deed: str) -> float:
    """From the interrupt to the end of the next cell."""
    kernel = server.kernel()
    began = 0.0
    for event in kernel.run(0, f"print('started')\n{deed}"):
        if isinstance(event, Stdout):
            time.sleep(0.05)  # until it is in the midst of it
            began = time.perf_counter()
            kernel.interrupt()
    assert run(kernel).ok
    took = time.perf_counter() - began
    kernel.kill()
    return took


def kill(server: Server, deed: str) -> float:
    """From the kill to the end of a first cell in a fresh kernel."""
    kernel = server.kernel()
    began = 0.0
    for event in kernel.run(0, f"print('started')\n{deed}"):
        if isinstance(event, Stdout):
            time.sleep(0.05)
            began = time.perf_counter()
            kernel.kill()
    fresh = server.kernel()
    assert run(fresh).ok
    took = time.perf_counter() - began
    fresh.kill()
    return took


def main(rounds: int) -> None:
    rows: list[tuple[str, float]] = []
    pairs = [(seconds(plain_import), seconds(first_kernel)) for _ in range(rounds)]  # side by side
    rows.append(("python -c 'import torch, torch._dynamo'", statistics.median(pair[0] for pair in pairs)))
    rows.append(("first kernel, one cell run", statistics.median(pair[1] for pair in pairs)))

    server = Server()
    server.start()
    server.wait()

    def median(name: str, measure: Callable[[], float]) -> None:
        rows.append((name, statistics.median(measure() for _ in range(5 * rounds))))

    median("a further kernel, one cell run", lambda: further_kernel(server))
    for deed in ("while True: pass", "import time; time.sleep(100)"):
        median(f"interrupt of `{deed}` to next cell done", lambda deed=deed: interrupt(server, deed))  # type: ignore[misc]
    for deed in ("sum(range(10**12))", "x = b'1' * 2**30; sum(range(10**12))"):
        median(f"kill of `{deed}` to first cell done", lambda deed=deed: kill(server, deed))  # type: ignore[misc]

    kernel = server.kernel(rate=float("inf"))
    prints = "for i in range(10**6): print(i)"
    median("one cell that does nothing", lambda: seconds(lambda: run(kernel)))
    rows.append(("10^6 prints", statistics.median(seconds(lambda: run(kernel, prints)) for _ in range(rounds))))
    kernel.kill()
    command = [sys.executable, "-c", prints]
    null = (seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) for _ in range(rounds))
    rows.append(("10^6 prints of a script to /dev/null", statistics.median(null)))
    server.close()

    for name, value in rows:
        sys.stdout.write(f"{value * 1000:10.1f} ms  {name}\n")
    sys.stdout.write(f"first kernel / plain import: {rows[1][1] / rows[0][1]:.2f}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
