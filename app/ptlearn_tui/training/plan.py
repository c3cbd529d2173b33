"""What a training loop works on: a recipe's network and optimizer, pictures, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ptlearn_tui.training.ranks import Alone

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor, nn

    from ptlearn_tui.training import data


class Recipe(Protocol):
    """What `recipes/*.py` have in common."""

    net: nn.Module
    optimizer: torch.optim.Optimizer

    @property
    def schedule(self) -> torch.optim.lr_scheduler.LRScheduler | None:
        """Of the learning rate; None where it stays as it is."""
        ...

    def step(self, images: Tensor, targets: Tensor, mark: Callable[[str], None], /) -> Tensor:
        """Train on one batch; returns the loss, a scalar on the device. Calls `mark` after each phase."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A recipe that has more to keep than network, optimizer and schedule."""

    def state(self) -> dict[str, Any]:
        """Built-ins and tensors."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """What `state` gave."""
        ...


@dataclass(frozen=True)
class Plan:
    """What the loop works on."""

    recipe: Recipe
    net: nn.Module  # the recipe's own, not wrapped
    train: data.Batches
    test: data.Images | None  # None: nothing to score on
    classes: tuple[str, ...]
    epochs: int
    batch_size: int  # over all ranks
    seed: int
    device: torch.device
    ranks: Alone = Alone()  # noqa: RUF009  (it holds nothing)

    @property
    def steps_per_epoch(self) -> int:
        """The last batch may be smaller: every image is seen."""
        size = self.ranks.size
        return -(-(len(self.train) // size) // (self.batch_size // size))
