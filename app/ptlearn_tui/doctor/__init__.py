"""What this machine has, what is wrong with it, and the command that mends it.

Standard library only, apart from NVML: it has to work where everything else is missing or broken. torch is never
imported into this process; what is installed is read from its files, and tried in a process of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.doctor import gpus, imports, machine, python, pytorch, storage, terminal
from ptlearn_tui.doctor.gpus import Device, device_words, devices
from ptlearn_tui.doctor.pytorch import torch_version
from ptlearn_tui.doctor.report import Check, Report, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Check",
    "Device",
    "Report",
    "Status",
    "checks",
    "device_words",
    "devices",
    "examine",
    "torch_version",
]


def checks(data: str | None = None, *, imported: bool = True) -> Iterator[Check]:
    """Every check, as soon as it is made. `data` is the folder that --data named.

    The last one imports torch in another process, which takes seconds; `imported=False` leaves it out.
    """
    yield from python.checks()
    packages = list(pytorch.checks())
    yield from packages
    graphics = list(gpus.checks())
    yield from graphics
    yield from machine.checks()
    yield from terminal.checks()
    yield from storage.checks(data)
    # Where the files already say that it can't work, their message is the better one.
    if imported and all(check.status != "bad" for check in packages):
        driver_fits = any(check.name == "driver" and check.status == "ok" for check in graphics)
        gpu_seen = any(check.name == "gpu" and "uuid" in check.facts for check in graphics)
        yield imports.check(gpu=driver_fits and gpu_seen)


def examine(data: str | None = None, *, imported: bool = True) -> Report:
    """All of it at once; see `checks`."""
    return Report(tuple(checks(data, imported=imported)))
