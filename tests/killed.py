"""A command that dies by SIGKILL in the midst of its work on the store."""

from __future__ import annotations

import subprocess
import sys

# SQLite says which statement it is about to begin.
_SCRIPT = """
import os, signal, sqlite3, sys
connect, wanted, times = sqlite3.connect, sys.argv[1], int(sys.argv[2])

def begins(statement):
    global times
    times -= statement.startswith(wanted)
    if times == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def traced(*words, **options):
    connection = connect(*words, **options)
    connection.set_trace_callback(begins)
    return connection

sqlite3.connect = traced
from ptlearn_tui.cli import main
sys.exit(main(sys.argv[3:]))
"""


def kill_at(statement: str, *words: str, times: int = 1) -> int:
    """Run a command, and kill it before it begins such a statement for that time; its exit status, as Python says it.

    Any statement does where it is empty. A command that begins fewer ends as it would.
    """
    command = [sys.executable, "-c", _SCRIPT, statement, str(times), *words]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
