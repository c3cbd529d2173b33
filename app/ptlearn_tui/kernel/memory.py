"""The limit on this kernel's memory: set when it starts, told of when a cell has met it.

RLIMIT_DATA counts what is reserved for writing, touched or not, so the shared pages of torch's are in what a fresh
kernel has. It counts private mappings only, and only while they may be written (`is_data_mapping` in Linux's mm/): not
the addresses that CUDA reserves, far more than there is memory (PROT_NONE until used), nor memory that is allocated
pinned, which the driver maps shared. What is pinned afterwards (cudaHostRegister) counts since it was allocated.
"""

from __future__ import annotations

import resource
from pathlib import Path

ROOM = 32 * 2**20  # bytes for a cell whatever is held (`del tensors` is a cell too), and for us to tell of its error

_more = 0  # bytes that cells may use; 0: no limit
_before = 0  # bytes that there were without any
_spare = (-1, -1)  # what `make_room` sets: ready, because it is set when there is no memory to make it


def limit(more: int) -> None:
    """Let this process, and each that it starts, have `more` bytes than it has now; then it is MemoryError."""
    global _more, _before
    _before = _data()
    _more = more if _before and _set(_before + more) else 0


def before_cell() -> None:
    """The limit as it was said, but for a little room where so much is held that nothing could be done about it."""
    if _more:
        _set(max(_before + _more, _data() + ROOM))


def make_room() -> None:
    """The cell has raised something, perhaps for want of memory: what we do about it takes some. Makes no objects."""
    if _more:
        resource.setrlimit(resource.RLIMIT_DATA, _spare)


def met(raised: BaseException) -> dict[str, str] | None:
    """If it says that there was no memory: the limit, and what is held."""
    if not _more or not (isinstance(raised, MemoryError) or _is_torchs(raised)):
        return None
    return {"limit": _size(_more), "held": _size(max(0, _data() - _before))}


def _is_torchs(raised: BaseException) -> bool:
    """It has no class for it: its allocator's message has to say it."""
    return type(raised) is RuntimeError and "can't allocate memory" in str(raised)


def _set(size: int) -> bool:
    """Whether there is a limit now."""
    global _spare
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = hard if hard != resource.RLIM_INFINITY else size + ROOM
        resource.setrlimit(resource.RLIMIT_DATA, (min(size, most), hard))
        _spare = min(size + ROOM, most), hard
    except (OSError, ValueError, OverflowError):  # a system that does not set it
        return False
    return True


def _data() -> int:
    """Bytes that RLIMIT_DATA counts; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData:"))
    except (OSError, StopIteration):
        return 0


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
