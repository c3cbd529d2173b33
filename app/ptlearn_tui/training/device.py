"""Which device a run computes on, with how many threads, and from which seed."""

from __future__ import annotations

import os
import random

import torch

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

MOST_THREADS = 8
"""A network as small as LeNet gains nothing from more, and on a shared machine the others do."""


def choose(asked: str, ranks: int = 1, rank: int = 0) -> torch.device:
    """The device for "auto", "cpu", "cuda", "cuda:N" or "mps".

    "auto": the GPU with most free memory, else the CPU. With several ranks on this machine, each has a GPU of its own:
    the first for rank 0, and so on.

    Raises `RequestError` for a device that this machine, or this torch, does not have.
    """
    if ranks > 1:
        return _one_of_several(asked, ranks, rank)
    if asked in ("auto", "cuda") and torch.cuda.is_available():
        return torch.device("cuda", _roomiest())
    if asked == "auto":
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(asked)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise RequestError(
            t(
                "{device} is not there: torch sees {n} CUDA devices; see: ptlearn-tui doctor",
                device=asked,
                n=count,
            )
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise RequestError(t("{device} is not there: this torch has no Metal; see: ptlearn-tui doctor", device=asked))
    return device


def check(asked: str, ranks: int, *, half: bool) -> None:
    """Raises `RequestError` where `choose` does, and where `half` precision (float16) is asked of no CUDA device."""
    if choose(asked, ranks).type != "cuda" and half:
        raise RequestError(t("--precision float16 needs a CUDA device; bfloat16 and float32 work everywhere"))


def _one_of_several(asked: str, ranks: int, rank: int) -> torch.device:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "cpu" or (asked == "auto" and count < ranks):
        return torch.device("cpu")
    if asked not in ("auto", "cuda"):
        raise RequestError(t("several processes train on cpu or on cuda, one GPU each, not on {device}", device=asked))
    if count < ranks:
        raise RequestError(t("--nproc {n} needs as many GPUs; torch sees {count}", n=ranks, count=count))
    return torch.device("cuda", rank)


def _roomiest() -> int:
    """The CUDA device with most free memory.

    Asks the driver, not the device: a context on each would cost 500 MB.
    """

    def used(index: int) -> float:
        try:
            return torch.cuda.device_memory_used(index) / torch.cuda.get_device_properties(index).total_memory
        except Exception:  # no NVML, or a torch before 2.5: all count as equal, and the first is taken
            return 0.0

    return min(range(torch.cuda.device_count()), key=used)


def threads(ranks: int = 1) -> int:
    """CPU threads for each process of a run: one core is left to the screen, or both would be slower."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min((cores - 1) // ranks, MOST_THREADS))


def seed_all(seed: int) -> None:
    """Everything random begins here: the weights, and what a recipe draws."""
    torch.manual_seed(seed)  # every device's
    random.seed(seed)


def wait(device: torch.device) -> None:
    """Until the device has done all it was given: a GPU works behind Python's back, a stopwatch must not."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
