"""Cores and memory, as far as this process may use them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ptlearn_tui.doctor.report import Check, gigabytes
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path("/")
LITTLE = 2 * 2**30
"""Bytes: importing torch takes some 0.4 GB, training MNIST some 1.3 GB."""
SHARED = 256 * 2**20
"""Bytes: a batch of 64 CIFAR images is 0.8 MB, and each DataLoader worker holds several."""


@dataclass(frozen=True)
class Memory:
    """Bytes of main memory, after the limits of a container."""

    total: int
    available: int
    limited: bool  # a cgroup allows less than the machine has


def cores(root: Path = ROOT) -> int:
    """How many cores this process may keep busy: its affinity, and the cgroup's quota rounded up."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cpu_quota(root)
    return max(1, min(allowed, -int(-quota // 1))) if quota is not None else allowed


def memory(root: Path = ROOT) -> Memory:
    """Main memory, or the cgroup's limit where that is less; available is what every cgroup above us still gives."""
    total, available = _physical()
    tightest = total
    for path in _cgroup_files(root, "memory.max", "memory", "memory.limit_in_bytes"):
        limit = _number(path)
        if limit is not None and limit < total:
            tightest = min(tightest, limit)
            available = min(available, max(0, limit - _in_use(path)))
    return Memory(tightest, available, limited=tightest < total)


def _in_use(limit: Path) -> int:
    """Bytes that the cgroup of that limit uses, without the file cache that it would give back."""
    used = _number(limit.with_name("memory.current")) or _number(limit.with_name("memory.usage_in_bytes")) or 0
    try:
        lines = limit.with_name("memory.stat").read_text().splitlines()
    except OSError:
        return used
    stat = dict(line.split() for line in lines)
    cache = stat.get("total_inactive_file") or stat.get("inactive_file") or "0"  # cgroup 1 counts those below apart
    return max(0, used - int(cache))


def _physical() -> tuple[int, int]:
    try:
        import psutil
    except ImportError:  # the doctor names it as missing; the system knows the total too
        page = os.sysconf("SC_PAGE_SIZE")
        return os.sysconf("SC_PHYS_PAGES") * page, os.sysconf("SC_AVPHYS_PAGES") * page
    state = psutil.virtual_memory()
    return state.total, state.available


def _cgroup_files(root: Path, second: str, controller: str, first: str) -> Iterator[Path]:
    """A limit's files from our own cgroup up to the root: `second` of cgroup 2, `first` below a v1 controller."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, below = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controllers if controllers else "")
        folder = top / below.lstrip("/")
        # Inside a container the path may be the host's, and its files may stand at the mount itself.
        for place in {folder, *folder.parents, top}:
            if place == top or top in place.parents:
                path = place / (first if controllers else second)
                if path.exists():
                    yield path


def _number(path: Path) -> int | None:
    """The number in a cgroup file, or None for "max" and for a file that can't be read."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _cpu_quota(root: Path) -> float | None:
    """Cores' worth of time that the tightest cgroup allows, or None."""
    quotas = []
    for path in _cgroup_files(root, "cpu.max", "cpu", "cpu.cfs_quota_us"):
        try:
            if path.name == "cpu.max":
                quota, period = map(int, path.read_text().split())  # "200000 100000"; "max 100000" has no number
            else:
                quota, period = int(path.read_text()), int(path.with_name("cpu.cfs_period_us").read_text())
        except (OSError, ValueError):
            continue
        if quota > 0:  # -1 in cgroup 1: no limit
            quotas.append(quota / period)
    return min(quotas, default=None)


def owner(pid: int) -> str | None:
    """The user a process belongs to, or None where it can't be seen."""
    try:
        import pwd

        return pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name
    except (ImportError, OSError, KeyError):
        return None


def in_container() -> bool:
    """Docker and Podman leave these marks."""
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()


def install_driver() -> str | None:
    """The command that installs NVIDIA's driver on this distribution."""
    commands = {
        "ubuntu-drivers": "sudo ubuntu-drivers install",
        "dnf": "sudo dnf install akmod-nvidia",
        "pacman": "sudo pacman -S nvidia",
        "apt-get": "sudo apt-get install nvidia-driver",
    }
    return next((command for program, command in commands.items() if shutil.which(program)), None)


def checks() -> Iterator[Check]:
    """Cores, memory, and the shared memory that DataLoader workers need."""
    count = cores()
    text = t("{n} core", n=count) if count == 1 else t("{n} cores", n=count)
    whole = os.cpu_count() or count
    if whole > count:
        text = t("{n} of {whole} cores", n=count, whole=whole)
    yield Check("cpu", "ok", text, facts={"cores": count, "machine": whole})

    have = memory()
    text = t("{free} of {memory} free", free=gigabytes(have.available), memory=gigabytes(have.total))
    if have.limited:
        text += ", " + t("limited by the container")
    facts = {"total": have.total, "available": have.available, "limited": have.limited}
    little = have.available < LITTLE
    yield Check("memory", "warn" if little else "ok", text, "ps aux --sort=-rss | head" if little else None, facts)

    yield from _shared()


def _shared() -> Iterator[Check]:
    """Docker gives 64 MB, and a DataLoader worker that runs out of it dies of a bus error."""
    try:
        total = shutil.disk_usage("/dev/shm").total
    except OSError:
        return
    if total < SHARED:
        wrong = t("/dev/shm has {size} MB: DataLoader workers may die of a bus error", size=total // 2**20)
        command = "docker run --shm-size=1g …" if in_container() else "sudo mount -o remount,size=1g /dev/shm"
        yield Check("shared memory", "warn", wrong, command, {"total": total})
