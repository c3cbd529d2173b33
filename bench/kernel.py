"""How long a learner waits for a kernel, beside what is wanted: `python bench/kernel.py [ROUNDS]`.

Prints medians. What is compared is measured side by side, since the machine's noise is in both alike; on a shared one
rely on the ratios.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from ptlearn_tui.doctor.machine import memory
from ptlearn_tui.events import Done, Stdout
from ptlearn_tui.kernel.client import Kernel, Server

if TYPE_CHECKING:
    from collections.abc import Callable

HELD = min(8 * 10**9, memory().available // 2)  # bytes
PRINTS = "for i in range(10**6): print(i)"
STUBBORN = "while True:\n    try:\n        while True: pass\n    except: pass"
C_CODE = "sum(range(10**12))"
BOMB = """import os, time
kernel = os.getpid()
for _ in range(4): os.fork()
while os.getpid() != kernel:
    if os.fork(): os._exit(0)
while True: time.sleep(1)"""


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


def stopped(kernel: Kernel, deed: str, stop: Callable[[], None], midst: float = 0.05) -> float:
    """Run a cell and stop it `midst` seconds after it has begun; when that was."""
    began = 0.0
    for event in kernel.run(0, f"print('started')\n{deed}"):
        if isinstance(event, Stdout) and not began:
            time.sleep(midst)
            began = time.perf_counter()
            stop()
    return began


def interrupt(server: Server, deed: str) -> float:
    """From the interrupt to the end of the next cell."""
    kernel = server.kernel()
    began = stopped(kernel, deed, kernel.interrupt)
    assert run(kernel).ok
    took = time.perf_counter() - began
    kernel.kill()
    return took


def kill(server: Server, deed: str, before: str = "", midst: float = 0.05) -> float:
    """From the kill to the end of a first cell in a fresh kernel: as a learner sees it, after the old one's Done."""
    kernel = server.kernel()
    assert run(kernel, before).ok
    began = stopped(kernel, deed, kernel.kill, midst)
    fresh = server.kernel()
    assert run(fresh).ok
    took = time.perf_counter() - began
    fresh.kill()
    return took


def prints(server: Server, rate: float) -> float:
    kernel = server.kernel(rate=rate)
    run(kernel)
    took = seconds(lambda: run(kernel, PRINTS))
    kernel.kill()
    return took


def script_to_null() -> float:
    """A script's prints alone, as it times them itself."""
    timed = (
        f"import sys, time\nbegan = time.perf_counter()\n{PRINTS}\nsys.stderr.write(str(time.perf_counter() - began))"
    )
    script = subprocess.run(
        [sys.executable, "-c", timed], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    return float(script.stderr)


def main(rounds: int) -> None:
    rows: list[tuple[str, str, str]] = []  # what, value, aim

    def median(name: str, aim: float, measure: Callable[[], float], times: int = 5 * rounds) -> None:
        value = statistics.median(measure() for _ in range(times))
        rows.append((name, f"{value * 1000:.0f} ms", f"{aim * 1000:.0f} ms"))

    def ratio(name: str, aim: float, ours: Callable[[], float], theirs: Callable[[], float]) -> None:
        pairs = [(theirs(), ours()) for _ in range(rounds)]
        plain, value = (statistics.median(each) for each in zip(*pairs, strict=True))
        rows.append((f"{name} ({value:.2f} s, {plain:.2f} s)", f"{value / plain:.2f} ×", f"{aim:.2f} ×"))

    ratio(
        "first kernel, one cell run / python -c 'import torch, torch._dynamo'",
        1.3,
        lambda: seconds(first_kernel),
        lambda: seconds(plain_import),
    )
    server = Server()
    server.start()
    server.wait()
    median("a second kernel, one cell run", 0.15, lambda: further_kernel(server))
    for name, deed in {"while True: pass": "while True: pass", "time.sleep": "import time; time.sleep(100)"}.items():
        median(f"interrupt of {name} to the next cell done", 0.1, lambda deed=deed: interrupt(server, deed))  # type: ignore[misc]
    for name, deed in {"except: pass in a loop": STUBBORN, "C code": C_CODE}.items():
        median(f"kill of {name} to a first cell done", 0.5, lambda deed=deed: kill(server, deed))  # type: ignore[misc]
    held = f"held = b'1' * {HELD}"
    median(f"kill of a kernel that holds {HELD / 1e9:.0f} GB", 0.5, lambda: kill(server, C_CODE, held), rounds)
    median("kill of a fork bomb, sixteen wide", 0.5, lambda: kill(server, BOMB, midst=0.5), rounds)
    ratio("10^6 prints / the same > /dev/null", 3.0, lambda: prints(server, math.inf), script_to_null)
    ratio("10^6 prints at a screen's rate / the same", 3.0, lambda: prints(server, 1e6), script_to_null)
    server.close()

    width = max(len(name) for name, *_ in rows)
    for name, shown, aim in rows:
        print(f"{name:{width}} {shown:>10}   wanted: at most {aim}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
