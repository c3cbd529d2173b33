"""Checkpoints: all that is needed to go on as if nothing had happened, in a file that is whole or absent."""

from __future__ import annotations

import io
import pickle
import random
from typing import TYPE_CHECKING, Any

import torch

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.launch import CHECKPOINT

if TYPE_CHECKING:
    from pathlib import Path

LAST, BEST = CHECKPOINT, "checkpoints/best.pt"
"""Where the run stands, and where it was best on the test set: paths in the run's folder."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state`, built-ins and tensors only, so that `torch.load(weights_only=True)` reads it.

    Raises `OSError`.

    Into memory first: `torch.save` that is killed midway leaves a file that nobody can read.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    path.parent.mkdir(exist_ok=True, mode=0o700)
    run_folder.write_whole(path, buffer.getvalue())


def load(path: Path) -> dict[str, Any]:
    """Read what `save` wrote, on the CPU. Raises `RequestError` for a file that can't be read."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise RequestError(t("{file} can't be read as a checkpoint: {why}", file=path, why=error)) from error
    return state


def random_state(device: torch.device) -> dict[str, Any]:
    """Every generator that a recipe may draw from."""
    state: dict[str, Any] = {"torch": torch.get_rng_state(), "python": random.getstate()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    """Put the generators where they were."""
    torch.set_rng_state(state["torch"])
    random.setstate(state["python"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
