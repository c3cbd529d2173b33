"""Why a run failed, in one line for a person; the whole of it is in the run's log.txt."""

from __future__ import annotations

import errno
import traceback
from typing import TYPE_CHECKING

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs import folder as run_folder

if TYPE_CHECKING:
    from pathlib import Path

    from ptlearn_tui.training.loop import Loop


def explain(error: BaseException, folder: Path, loop: Loop | None) -> str:
    """What went wrong, and where there is a remedy, that too."""
    log = run_folder.log_file(folder)
    if isinstance(error, RequestError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return t(
            "the disk is full: {folder}; free some space, then: ptlearn-tui train --resume {id}",
            folder=folder,
            id=folder.name,
        )
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return t(
            "{folder} can't be written any more ({why}); make it writable, then: ptlearn-tui train --resume {id}",
            folder=folder,
            why=error.strerror,
            id=folder.name,
        )
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        fits = _batch_that_fits(error, loop) if loop else None
        if fits:
            return t("out of memory; --batch-size {n} fits ({log})", n=fits, log=log)
        return t("out of memory; try a smaller --batch-size ({log})", log=log)
    first = (str(error).splitlines() or [""])[0]
    return t("{kind}: {message} (whole: {log})", kind=type(error).__name__, message=first, log=log)


def _batch_that_fits(error: BaseException, loop: Loop) -> int | None:
    """The largest of a half, a quarter, … of the batch that a step can be made with; None where none is.

    Tried, not reckoned: what a step needs besides its pictures is PyTorch's own affair. The run has failed already, so
    what these steps do to its weights does no harm.
    """
    import torch

    from ptlearn_tui.training import data

    traceback.clear_frames(error.__traceback__)  # they hold the tensors that there was no room for
    plan = loop.plan
    if plan.ranks.size > 1:
        return None  # the others don't make the step
    loop.batch = None
    order = data.order(len(plan.train), plan.seed, 0)
    size = plan.batch_size // 2
    while size:
        plan.recipe.optimizer.zero_grad(set_to_none=True)
        if plan.device.type == "cuda":
            torch.cuda.empty_cache()
        try:
            images, targets = next(plan.train.epoch(order[:size], size))
            plan.recipe.step(images, targets, lambda _: None).item()
            return size
        except (RuntimeError, MemoryError) as again:
            if "out of memory" not in str(again).lower() and not isinstance(again, MemoryError):
                return None
            traceback.clear_frames(again.__traceback__)
        size //= 2
    return None
