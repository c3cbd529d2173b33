"""`E`: an editor in the same terminal, on the file at the line; and the dashboard again, with what it wrote."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from terminal import Terminal

NOTES = """# Small

## First

Before.

```python
a = 6 * 7
a
```

Below.
"""

# It says where it was opened and how the terminal is, waits for a line as people type it, and saves.
EDITOR = """#!{python}
import sys, termios
line, name = sys.argv[1:]
flags = termios.tcgetattr(0)[3]
try:
    print("\\r\\n--- editor", line, "cooked" if flags & termios.ECHO and flags & termios.ICANON else "raw", flush=True)
    typed = input("say: ")
except KeyboardInterrupt:
    typed = input("interrupted; say: ")
text = open(name, encoding="utf-8").read()
open(name, "w", encoding="utf-8").write(text.replace("Below.", typed))
"""


def test_the_editor_has_the_terminal_and_gives_it_back(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    notes, editor = tmp_path / "small.md", tmp_path / "editor"
    notes.write_text(NOTES, "utf-8")
    editor.write_text(EDITOR.format(python=sys.executable), "utf-8")
    editor.chmod(0o700)

    screen = terminal("--lang", "en", "open", str(notes), EDITOR=str(editor), VISUAL="")
    screen.wait("Pages")
    screen.press("\r")
    screen.wait("Before.")
    screen.press("r")
    screen.wait("Run code of small.md?")
    screen.press("y")
    screen.wait("▌    42")

    screen.press("E")
    screen.wait("--- editor +8 cooked")
    screen.press("\x03")  # the editor's own affair: the dashboard behind it lives on
    screen.wait("interrupted; say:")
    screen.press("q and E are letters here\r")
    screen.wait("q and E are letters here")
    screen.wait("Before.")
    screen.wait("▌    42")  # what the cell made is still there
    assert notes.read_text("utf-8") == NOTES.replace("Below.", "q and E are letters here")

    screen.press("q", "q")
    assert screen.ended() == 0
