"""One training step for pictures in classes: the five moves of `mnist`, with what makes them faster or steadier.

Half precision: on a GPU matrix products in 16 bits are several times as fast. `autocast` runs those operations in
them and keeps the others, and the weights, in 32. bfloat16 has the range of float32; float16 has not, and small
gradients would vanish: so the loss is multiplied by a big number before backward, and the gradients divided by it
before the update (Micikevicius et al., "Mixed Precision Training", 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptlearn_tui.training.options import Options

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Classifier:
    """A network, what it is trained with, and one step of the training."""

    def __init__(
        self,
        net: nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler | None,
        options: Options,
        device: torch.device,
    ) -> None:
        """`options.precision` is one of `DTYPES`."""
        self.net = net
        self.optimizer = optimizer
        self.schedule = schedule
        self.scaler = torch.amp.GradScaler(device.type, enabled=options.precision == "float16")
        self._options = options
        self._device = device

    def step(self, images: Tensor, targets: Tensor, mark: Callable[[str], None]) -> Tensor:
        """Train on one batch; returns the loss. `mark` is a stopwatch's button.

        images: (batch, channels, height, width), standardised; targets: (batch,), the right classes.
        """
        options = self._options
        self.optimizer.zero_grad()
        dtype = DTYPES[options.precision]
        with torch.autocast(self._device.type, dtype, enabled=dtype != torch.float32):
            scores = self.net(images)
            # Smoothed: the target is 1 - s for the right class and s spread over all, so that the network gains
            # nothing by being surer than it can know.
            loss = F.cross_entropy(scores, targets, label_smoothing=options.label_smoothing)
        mark("forward")

        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        mark("backward")

        if options.clip:  # one bad batch can't throw the weights far
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.net.parameters(), options.clip)
        self.scaler.step(self.optimizer)  # left out where a float16 gradient has overflowed
        self.scaler.update()
        if self.schedule is not None:
            self.schedule.step()
        mark("update")
        return loss.detach()

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps beside network, optimizer and schedule."""
        return {"scaler": self.scaler.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """What `state` gave."""
        self.scaler.load_state_dict(state["scaler"])
