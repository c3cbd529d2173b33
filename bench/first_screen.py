"""How long until the first screen stands, against a bare Textual app that says hello: medians, in one run.

    python bench/first_screen.py [rounds]

Both are started in a pseudo-terminal of 80×24 that answers what a terminal answers; the clock stops when the text
has arrived. Rounds alternate, so that a busy machine is busy for both.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import sys
import tempfile
import time
from fcntl import ioctl
from pathlib import Path
from statistics import median
from termios import TIOCSWINSZ

HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello")
Hello().run()
"""

PROGRAM = str(Path(sys.executable).with_name("ptlearn-tui"))


def seconds_until(command: list[str], text: bytes, home: str) -> float:
    """From the start of the process to the arrival of `text` on its terminal."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PTLEARN_HOME": home}
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, environment)
    ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    try:
        while text not in seen:
            if not select.select([terminal], [], [], 30)[0]:
                raise SystemExit(f"nothing came from {command[0]}")
            seen += os.read(terminal, 1 << 16)
        return time.perf_counter() - began
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def main() -> None:
    """Print both medians and their ratio."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    with tempfile.TemporaryDirectory() as home:
        ours, bare = [], []
        for _ in range(rounds + 1):  # the first of each fills the page cache
            bare.append(seconds_until([sys.executable, "-c", HELLO], b"hello", home))
            ours.append(seconds_until([PROGRAM, "--lang", "en"], b"Projects", home))
    ours, bare = ours[1:], bare[1:]
    print(f"bare Textual app   {median(bare):.3f} s   (median of {rounds})")
    print(f"first screen       {median(ours):.3f} s")
    print(f"ratio              {median(ours) / median(bare):.2f}   (wanted: at most 1.30)")


if __name__ == "__main__":
    main()
