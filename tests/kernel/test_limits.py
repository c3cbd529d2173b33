"""How much memory cells may use: what is decided, and what a cell that meets it is told."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.errors import RequestError
from ptlearn_tui.events import Done, Error, Stdout
from ptlearn_tui.kernel.limits import memory_asked_for, memory_for_cells, most_of

if TYPE_CHECKING:
    from ptlearn_tui.kernel.client import Kernel, Server

GB = 10**9
PROGRAM = str(Path(sys.executable).with_name("ptlearn-tui"))


@pytest.mark.parametrize(
    ("text", "size"),
    [("8GB", 8 * GB), ("512MB", 512 * 10**6), ("1.5 gib", 1_500_000_000), ("2g", 2 * GB), ("250000000", 250_000_000)],
)
def test_the_variable_says_how_much(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTLEARN_MEMORY", text)
    assert memory_for_cells() == size


@pytest.mark.parametrize("text", ["eight", "8GBs", "-1GB", "1e9", "0", "10MB", "9999999TB", "٨GB"])
def test_a_variable_that_says_nothing_of_use_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTLEARN_MEMORY", text)
    with pytest.raises(RequestError, match="PTLEARN_MEMORY="):
        memory_asked_for()


@pytest.mark.parametrize("command", [[], ["run", "autograd/scalar"]])
def test_a_wrong_variable_is_one_line_at_the_start(command: list[str]) -> None:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "PTLEARN_MEMORY": "much", "TERM": "xterm-256color"}
    ended = subprocess.run(
        [PROGRAM, "--lang", "en", *command],
        stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environ, check=False, text=True,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert ended.returncode == 2
    assert ended.stderr == ("ptlearn-tui: PTLEARN_MEMORY=much: a size is wanted, 512MB or 8GB, and at least 100MB\n")


@pytest.mark.parametrize(
    ("available", "size"),
    [
        (0, 100 * 10**6),
        (1 * GB, 500 * 10**6),  # half of little
        (4_321_000_000, 3_300_000_000),  # a gigabyte stays, and it is said in two figures
        (24 * GB, 21 * GB),  # a tenth stays
        (2_000 * GB, 1_900 * GB),  # 16 GB and the rest of the rounding
    ],
)
def test_most_of_what_is_there_is_for_cells(available: int, size: int) -> None:
    assert most_of(available) == size


def ended(kernel: Kernel, source: str) -> tuple[Done, Error | None, str]:
    events = list(kernel.run(0, source))
    assert isinstance(events[-1], Done)
    error = next((event for event in events if isinstance(event, Error)), None)
    return events[-1], error, "".join(event.text for event in events if isinstance(event, Stdout))


@pytest.mark.parametrize(
    "growth",
    [
        "while True: held.append(bytearray(1 << 20))",  # large pieces: a little is left at the end
        "while True: held.append([0] * 50)",  # small ones: nothing is
        "import torch\nwhile True: held.append(torch.ones(1 << 20))",
    ],
)
def test_who_meets_the_limit_is_told_of_it_and_can_go_on(server: Server, growth: str) -> None:
    kernel = server.kernel(memory=300 * 10**6)
    _, error, _ = ended(kernel, f"held = []\n{growth}")
    assert error is not None
    assert error.kind in ("MemoryError", "RuntimeError")
    assert error.explanation is not None
    assert error.explanation.startswith("the cells of this kernel may use 300 MB of memory, and hold ")
    assert "PTLEARN_MEMORY" in error.explanation
    assert ended(kernel, "print(len(held) > 1)")[2] == "True\n"  # with all of it held
    assert ended(kernel, "del held")[0].ok
    assert ended(kernel, "more = bytearray(150_000_000)")[0].ok
    again = ended(kernel, "more = bytearray(400_000_000)")[1]
    assert again is not None
    assert again.kind == "MemoryError"
    kernel.kill()


def test_a_kernel_says_what_it_uses(server: Server) -> None:
    kernel = server.kernel(memory=300 * 10**6)
    assert kernel.limit == 300 * 10**6
    before = kernel.memory(), kernel.cpu()
    ended(kernel, "import time\nkept = b'1' * 100_000_000\nuntil = time.process_time() + 0.2\n"
          "while time.process_time() < until: pass")  # fmt: skip
    assert kernel.memory() > before[0] + 50_000_000
    spent = kernel.cpu()
    assert spent > before[1] + 0.1
    ended(
        kernel, "import subprocess\nsubprocess.run(['sh', '-c', 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'])"
    )
    assert kernel.cpu() > spent + 0.02, "its children count"
    kernel.kill()
    assert (kernel.memory(), kernel.cpu()) == (0, 0.0)
