"""Cells that loop, crash, flood and forge, one after the other in one dashboard: it stays whole, and the next runs."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from terminal import PROGRAM, Terminal, all_gone, family

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENTER, TAB, SHIFT_TAB, CTRL_C, CTRL_L, CTRL_R, F7 = "\r", "\t", "\x1b[Z", "\x03", "\x0c", "\x12", "\x1b[18~"
TABS = "1 Output  2 Tensors  3 Graph  4 Plot"
TOASTS = ("it does not obey", "a fresh kernel", "nothing runs")

RAN, FAILED, INTERRUPTED, DIED = "ran in", "failed after", "interrupted after", "the kernel died"


@dataclass(frozen=True)
class Hostile:
    """A cell, how it is ended, and what is to be seen of it then."""

    name: str
    source: str
    state: str  # what its title says at the end (a regular expression)
    shown: tuple[str, ...] = ()  # what its title and output say, too
    stop: str = ""  # "" (it ends by itself), "ctrl+c", or "K" (ctrl+c has no effect)
    tainted: bool = False  # its kernel, if it lives, can run but little: a fresh one follows


ROWS = (
    Hostile("an endless loop", "while True: pass", INTERRUPTED, stop="ctrl+c"),
    Hostile(
        "a loop that catches everything",
        "while True:\n    try:\n        while True: pass\n    except: pass",
        DIED,
        stop="K",
    ),
    Hostile("a long sleep", "import time; time.sleep(1e6)", INTERRUPTED, stop="ctrl+c"),
    Hostile("C code that looks at no signal", "sum(range(10**12))", DIED, stop="K"),
    Hostile(
        "a regular expression that explodes",
        "import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')",
        INTERRUPTED,
        stop="ctrl+c",
    ),
    Hostile(
        "a large product",
        "import torch\na = torch.ones(4_000, 4_000)\nprint((a @ a)[0, 0].item())",
        RAN,
        ("4000.0",),
    ),
    Hostile("more memory than there is", "import torch\ntorch.zeros(10**15)", FAILED, ("RuntimeError",)),
    Hostile(
        "memory that grows to a limit",
        "import resource\n"
        "used = int(open('/proc/self/status').read().split('VmData:')[1].split()[0]) * 1024\n"
        "before = resource.getrlimit(resource.RLIMIT_DATA)\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (used + (1 << 29), before[1]))\n"
        "held = []\n"
        "try:\n"
        "    while True: held.append(bytearray(1 << 20))\n"
        "finally:\n"
        "    held.clear()\n"
        "    resource.setrlimit(resource.RLIMIT_DATA, before)",
        FAILED,
        ("MemoryError",),
    ),
    Hostile("os._exit", "import os; os._exit(3)", DIED, ("exit 3",)),
    Hostile("sys.exit", "import sys; sys.exit()", FAILED, ("SystemExit",)),
    Hostile("a raised KeyboardInterrupt", "raise KeyboardInterrupt", INTERRUPTED),
    Hostile("a null pointer", "import ctypes; ctypes.string_at(0)", DIED, ("SIGSEGV",)),
    Hostile("kill -9 of itself", "import os; os.kill(os.getpid(), 9)", DIED, ("SIGKILL",)),
    Hostile("a million lines", "for i in range(10**6): print('line', i)", RAN, ("more lines",)),
    Hostile("one line of 50 MB", "print('x' * 50_000_000)\nprint('after it')", RAN, ("after it",)),
    Hostile(
        "a million steps of a progress bar and strings that never end",
        "for i in range(10**6): print(i, end='\\r')\nprint('\\x1bP' * 100_000)\nprint('end of it')",
        RAN,
        ("end of it",),
    ),
    Hostile("20 MB without a line end, in pieces", "for i in range(20): print('y' * 10**6, end='')", RAN, ("yyyy",)),
    Hostile(
        "escape sequences at descriptor 1",
        'import os\nos.write(1, b"\\x1b[2J\\x1bc\\x1b[31m\\x1b]0;title\\x07\\x1b[?1049lred\\x9b2J\\n")',
        RAN,
        ("red",),
    ),
    Hostile(
        "escape sequences of a program",
        "import os\nos.system(\"echo begin; printf '\\\\033[2J\\\\033[1;1Hforged'; printf '\\\\033[2J' > /dev/tty\")",
        RAN,
        ("begin", "forged"),
    ),
    Hostile(
        "a thread that prints after the cell",
        "import threading\n"
        "def late():\n"
        "    for i in range(3): print('late', i)\n"
        "gate = threading.Timer(0.05, late)\n"
        "gate.start()\n"
        "print('the cell is done')",
        RAN,
        ("the cell is done",),
    ),
    Hostile(
        "a fork",
        "import os\npid = os.fork()\nprint('parent' if pid else 'child')\nif pid: os.waitpid(pid, 0)",
        RAN,
        ("parent", "child"),
    ),
    Hostile("deep recursion", "def deeper(n):\n    return deeper(n + 1)\ndeeper(0)", FAILED, ("RecursionError",)),
    Hostile("no __builtins__", "del __builtins__\nprint('gone')", RAN),
    Hostile("cleared builtins", "import builtins; builtins.__dict__.clear()", f"({RAN}|{FAILED}|{DIED})", tainted=True),
    Hostile("a closed descriptor 1", "import os; os.close(1)\nos.close(2)", RAN),
    Hostile(
        "ignored interrupts",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        DIED,
        stop="K",
    ),
    Hostile(
        "markup",
        "mark = '[bold]%s 100% [/bold] [red]'\nprint(mark, '[/]', '%d')\nraise ValueError('[link=x]%(a)s[/x] $accent')",
        FAILED,
        ("[bold]%s 100% [/bold] [red] [/] %d", "[link=x]%(a)s[/x] $accent"),
    ),
    Hostile(
        "Chinese and emoji",
        "张量 = '你好，世界 🎉'\nprint(张量 * 20)\nraise ValueError('出错了 💥 ' + 张量)",
        FAILED,
        ("你好，世界", "出错了"),
    ),
    Hostile("5,000 lines", "\n".join(f"v{n} = {n}" for n in range(5_000)), RAN),
)


class Learner:
    """At the keyboard of one dashboard, on the Start page: two cells."""

    def __init__(self, home: Path) -> None:
        self.screen = Terminal("--lang", "en", rows=40, PTLEARN_HOME=str(home))
        self.runs = 0
        self.screen.wait("Projects (MNIST / CIFAR-10)")
        self.screen.press(ENTER)
        self.screen.wait("▌ In")
        self.screen.wait("kernel ready")

    @property
    def focused(self) -> str:
        """The title of the cell that has the keys: its number, or nothing."""
        found = re.search(r"^▌ In( \d+)?", self.screen.text, re.M)
        return found[0] if found else ""

    @property
    def said(self) -> str:
        """The screen without the cells' own lines, which are numbered."""
        return "\n".join(line for line in self.screen.lines if not re.match(r"[▌▏].\s*\d+  ", line))

    def colours(self) -> list[str]:
        """Of every place on the screen, its background."""
        window, buffer = self.screen.screen, self.screen.screen.buffer
        return [buffer[y][x].bg for y in range(window.lines) for x in range(window.columns)]

    def run(self, source: str) -> None:
        """Write it into the focused cell, in place of what is there, and start it."""
        self.screen.press("e")
        self.screen.wait("ctrl+r run")
        before = self.colours()
        self.screen.press(F7)
        self.screen.wait(
            lambda: sum(was != now for was, now in zip(before, self.colours(), strict=True)) > 3, "the selection"
        )
        self.screen.press(f"\x1b[200~{source}\x1b[201~", CTRL_R)
        self.runs += 1
        self.screen.wait(f"▌ In {self.runs} ")

    def to_the_other(self, key: str) -> None:
        """From one cell to the other."""
        before = self.focused
        self.screen.press(key)
        self.screen.wait(lambda: self.focused not in ("", before), "the other cell")

    def look_at_panel(self) -> None:
        """The screen answers: a panel opens and closes."""
        self.screen.press("2")
        self.screen.wait(TABS)
        self.screen.press("2")
        self.screen.wait(lambda: TABS not in self.screen.text, "the panel closed")

    def quiet(self) -> None:
        """Whole frames only: nothing more is written, for longer than any pause between two."""
        count = -1
        while count != len(self.screen.raw):
            count = len(self.screen.raw)
            self.screen.read(0.4)

    def ended(self, state: str) -> None:
        """The focused cell's title says so."""
        self.screen.wait(lambda: re.search(rf"^▌ In {self.runs} .* {state}", self.screen.text, re.M), state)
        self.screen.wait(lambda: "kernel busy" not in self.screen.text, "an idle kernel")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A learner who has ticked one item."""
    folder = tmp_path_factory.mktemp("hostile") / "home"
    command(folder, "plan", "tick", "autograd")
    return folder


@pytest.fixture(scope="module")
def learner(home: Path) -> Iterator[Learner]:
    """One dashboard for all cells."""
    one = Learner(home)
    yield one
    one.screen.close()


def command(home: Path, *arguments: str) -> str:
    return subprocess.run(
        [PROGRAM, "--home", str(home), *arguments], capture_output=True, text=True, timeout=300, check=True
    ).stdout


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_dashboard_stays_whole_and_the_next_cell_runs(learner: Learner, row: Hostile) -> None:
    screen, written = learner.screen, len(learner.screen.raw)
    learner.run(row.source)
    if row.stop:
        screen.wait("kernel busy")
    learner.look_at_panel()
    if row.stop:
        screen.press(CTRL_C)
    if row.stop == "K":
        screen.wait("K kills the kernel")
        learner.look_at_panel()
        screen.press("K")
    learner.ended(row.state)
    for text in row.shown:
        screen.wait(lambda text=text: text in learner.said, text)

    learner.to_the_other(TAB)
    number = 7 + ROWS.index(row)
    learner.run(f"print('alive', 6 * {number})")
    screen.wait(f"alive {6 * number}")
    learner.ended(RAN)
    learner.to_the_other(SHIFT_TAB)

    # Nothing that a cell wrote has come to the terminal, and all on it is where it belongs: drawn anew, it is the same.
    assert not re.search(rb"\x1bc|\x1b\[2J|\x1b\]0;|\x1b\[\?1049l|\x9b2J", screen.raw[written:])
    screen.wait(lambda: not any(toast in screen.text for toast in TOASTS), "no toast")
    learner.quiet()
    assert "Train a small network" in screen.lines[0]
    assert screen.lines[0].replace(" ", "").endswith("L中文")
    assert screen.lines[-1].endswith("? keys")
    before = screen.text
    screen.screen.reset()
    screen.press(CTRL_L)
    screen.wait(lambda: screen.text == before, f"the same again:\n{before}")
    if row.tainted:
        screen.press("K")
        screen.wait("Kill the kernel?")
        screen.press("y")
        screen.wait("a fresh kernel")


def test_after_all_of_them_the_tick_is_there_and_no_process_is_left(learner: Learner, home: Path) -> None:
    processes = family(learner.screen.pid)
    learner.screen.press("q")
    learner.screen.wait("[x] Autograd")
    learner.screen.press("q")
    assert learner.screen.ended() == 0
    learner.screen.wait(lambda: all_gone(processes), "the end of every process")
    items = json.loads(command(home, "plan", "--json"))["items"]
    assert [item["id"] for item in items if item["done"]] == ["autograd"]
