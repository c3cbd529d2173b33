"""Cells that loop, crash, flood and forge: the table that the tests and `bench/hostile.py` go through."""

from __future__ import annotations

from dataclasses import dataclass

MEMORY = 2 * 10**9  # bytes for cells (PTLEARN_MEMORY): two of the large matrices, and soon reached by what grows

RAN, FAILED, INTERRUPTED, DIED = "ran in", "failed after", "interrupted after", "the kernel died"


@dataclass(frozen=True)
class Hostile:
    """A cell, how it is ended, and what is to be seen of it then."""

    name: str
    source: str
    state: str  # what its title says at the end (a regular expression)
    shown: tuple[str, ...] = ()  # what its title and output say, too
    stop: str = ""  # "" (it ends by itself), "ctrl+c", or "K" (ctrl+c has no effect, or not soon)
    sign: str = ""  # what it prints when it is in the midst of it; "" where it is at once
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
        "a large product",  # where there are many cores it may be done before anybody stops it
        "import torch\na = torch.ones(12_000, 12_000)\nprint('now')\nprint((a @ a)[0, 0].item())",
        f"({DIED}|{INTERRUPTED}|{RAN})",
        stop="K",
        sign="now",
    ),
    Hostile(
        "more memory than there is",
        "import torch\ntorch.zeros(10**15)",
        FAILED,
        ("RuntimeError", "may use 2.0 GB of memory"),
    ),
    Hostile(
        "memory that grows to the limit",
        "held = []\nwhile True: held.append(bytearray(1 << 20))",
        FAILED,
        ("MemoryError", "may use 2.0 GB of memory"),
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
        "threading.Timer(0.5, late).start()\n"
        "print('the cell is done')",
        RAN,
        ("the cell is done", "late 2"),
    ),
    Hostile(
        "a fork",
        "import os\npid = os.fork()\nprint('parent' if pid else 'child')\nif pid: os.waitpid(pid, 0)",
        RAN,
        ("parent", "child"),
    ),
    Hostile(
        "a fork bomb",
        "import os, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "kernel = os.getpid()\n"
        "for _ in range(4): os.fork()  # sixteen, and then each child is no sooner there than its own child is\n"
        "if os.getpid() == kernel: print('sixteen')\n"
        "while os.getpid() != kernel:\n"
        "    if os.fork(): os._exit(0)\n"
        "while True: time.sleep(1)",
        DIED,
        ("sixteen",),
        stop="K",
        sign="sixteen",
    ),
    Hostile(
        "a child with a session of its own",
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    print('on its own')\n"
        "    while True: time.sleep(1)\n"
        "sum(range(10**12))",
        DIED,
        ("on its own",),
        stop="K",
        sign="on its own",
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
        "from ptlearn_tui import track\n"
        "track(**{'[bold]%s[/x]': 1.0, '[red]%(a)d': 2.0})\n"
        "type('[link=x]%d[/]', (), {})\n"
        "mark = '[bold]%s 100% [/bold] [red]'\n"
        "print(mark, '[/]', '%d')\n"
        "raise ValueError('[link=x]%(a)s[/x] $accent')",
        FAILED,
        ("[link=x]%d[/]", "[bold]%s 100% [/bold] [red] [/] %d", "[link=x]%(a)s[/x] $accent"),
    ),
    Hostile(
        "Chinese and emoji",
        "from ptlearn_tui import track\n"
        "张量 = '你好，世界 🎉'\n"
        "track(**{'损失 🎉': 1.0})\n"
        "print(张量 * 20)\n"
        "raise ValueError('出错了 💥 ' + 张量)",
        FAILED,
        ("你好，世界", "出错了"),
    ),
    Hostile("5,000 lines", "\n".join(f"v{n} = {n}" for n in range(5_000)), RAN),
)
