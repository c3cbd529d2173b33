"""The notes' "small training loop": the five moves of training on made-up data, as the notes write it.

Pictures and targets are random numbers, new ones each time, so there is nothing to learn: the loss wanders
around 1 (the targets' own spread) and does not fall. It shows the mechanics. What the notes call an epoch is
one step here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator  # noqa: TC003

import torch
from torch import Tensor, nn

from ptlearn_tui.training.options import Options  # noqa: TC001
from ptlearn_tui.training.recipes.mnist import Net


class Noise:
    """Data that is made up for each batch: standard normal pictures and targets. An epoch is one batch."""

    resumable = True

    def __init__(self, batch_size: int, device: torch.device) -> None:
        self.batch_size = batch_size
        self.device = device

    def __len__(self) -> int:
        return self.batch_size

    def epoch(self, order: Tensor, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """One batch: (batch, 1, 32, 32) and (batch, 10). Which ones are asked for makes no difference."""
        inputs = torch.randn(len(order), 1, 32, 32)  # batch_size = 1, one channel, a 32×32 picture
        targets = torch.randn(len(order), 10)
        yield inputs.to(self.device), targets.to(self.device)


class Recipe:
    """The notes' network, loss and optimizer."""

    def __init__(self, options: Options, steps: int, device: torch.device) -> None:
        self.net: nn.Module = Net().to(device)
        self.criterion = nn.MSELoss()  # the mean of (output - target)², over all ten numbers
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=options.lr)
        self.schedule = None  # the rate stays as it is

    def step(self, inputs: Tensor, targets: Tensor, mark: Callable[[str], None]) -> Tensor:
        """One turn of the notes' loop; returns the loss."""
        self.optimizer.zero_grad()  # 1  forget the last gradients

        outputs = self.net(inputs)  # 2  forward
        loss: Tensor = self.criterion(outputs, targets)  # 3  the loss
        mark("forward")

        loss.backward()  # type: ignore[no-untyped-call]  # 4  backward
        mark("backward")

        self.optimizer.step()  # 5  update: weight -= lr * weight.grad
        mark("update")
        return loss.detach()
