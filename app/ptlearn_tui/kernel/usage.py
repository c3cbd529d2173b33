"""What a process takes of this machine, from /proc; nothing for one that is gone."""

from __future__ import annotations

import os
from pathlib import Path


def memory(pid: int) -> int:
    """Bytes that it has resident, pages that it shares included."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def cpu(pid: int) -> float:
    """Seconds of processor time that it took, with those of its children that have ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # After the name, which may hold anything: utime, stime, cutime, cstime are fields 14 to 17 of proc(5).
    return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / os.sysconf("SC_CLK_TCK")
