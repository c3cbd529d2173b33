"""CIFAR-10 to 94 % in seconds of a big GPU: what those who hold the record do. Slow on a CPU.

After Keller Jordan, "94 % on CIFAR-10 in 3.29 seconds on a single GPU" (2024), whose numbers are used here. On top of
what `cifar10-resnet` does:

- the first layer is not learnt: it is computed from the pictures, so that what comes out of it is uncorrelated;
- every other layer begins by passing on its input (a Dirac kernel), without a residual block's second way;
- normalisation has a bias but no scale, and the biases learn 64 times as fast as the weights;
- the weights follow a slow copy of themselves (Lookahead), which averages out the noise of a high rate;
- when it is judged, the network looks at six views of each picture and takes the mean of what it says.
"""

from __future__ import annotations

import copy
from collections.abc import Callable  # noqa: TC003
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ptlearn_tui.training.data import Prepare
from ptlearn_tui.training.options import Options  # noqa: TC001
from ptlearn_tui.training.step import Classifier

PREPARE = Prepare(shift=2, flip=True)

MEMORY_FORMAT = torch.channels_last

BIAS = 64  # times the weights' rate
EVERY, DECAY = 5, 0.95  # Lookahead: steps between two meetings with the slow copy, and what it keeps of itself a step


class Block(nn.Module):
    """Two convolutions with GELU; the picture's sides are halved between them."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out, momentum=0.4, eps=1e-12)  # few steps: the means must follow fast
        self.norm2 = nn.BatchNorm2d(channels_out, momentum=0.4, eps=1e-12)
        for conv in (self.conv1, self.conv2):
            nn.init.dirac_(conv.weight[: conv.in_channels])  # the other maps begin at random
        for norm in (self.norm1, self.norm2):
            norm.weight.requires_grad = False

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        return F.gelu(self.norm2(self.conv2(x)))


class Net(nn.Module):
    """In: (batch, 3, 32, 32), out: (batch, 10), a score for each class."""

    def __init__(self) -> None:
        super().__init__()
        self.white = nn.Conv2d(3, 24, 2)  # 24 = 2 · 3·2·2: all directions that a patch can vary in, and back
        self.white.weight.requires_grad = False
        self.blocks = nn.Sequential(Block(24, 64), Block(64, 256), Block(256, 256))  # 31×31 → 15 → 7 → 3
        self.decide = nn.Linear(256, 10, bias=False)

    def whiten(self, images: Tensor) -> None:
        """Compute the first layer from standardised pictures: what comes out is uncorrelated, and all of spread 1."""
        patches = F.unfold(images.float(), 2).transpose(1, 2).flatten(0, 1)  # (patches, 12)
        values, directions = torch.linalg.eigh(patches.T.cov())
        filters = (directions / (values + 5e-4).sqrt()).T.view(-1, 3, 2, 2).flip(0)
        with torch.no_grad():
            self.white.weight.copy_(torch.cat([filters, -filters]))
            self.white.bias.zero_()  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return self.scores(x)
        # As it is and moved by a pixel each way, straight and mirrored.
        padded = F.pad(x, (1,) * 4, mode="reflect")
        moved = [padded[:, :, :-2, :-2], padded[:, :, 2:, 2:]]
        views = [(x, 0.25), (x.flip(3), 0.25), *((v, 0.125) for m in moved for v in (m, m.flip(3)))]
        return torch.stack([weight * self.scores(view) for view, weight in views]).sum(0)

    def scores(self, x: Tensor) -> Tensor:
        """Of one view."""
        x = self.blocks(F.gelu(self.white(x)))
        x = F.max_pool2d(x, 3).flatten(1)
        return self.decide(x) / 9  # type: ignore[no-any-return]  # softer scores: a step turns them less


class Recipe(Classifier):
    """The network and what it is trained with."""

    def __init__(self, options: Options, steps: int, device: torch.device) -> None:
        net = Net().to(device, memory_format=MEMORY_FORMAT)  # type: ignore[call-overload]
        self.slow, self.steps, self.done = copy.deepcopy(net), steps, 0
        weights = [weight for weight in net.parameters() if weight.requires_grad and weight.ndim > 1]
        biases = [weight for weight in net.parameters() if weight.requires_grad and weight.ndim == 1]
        decay = 0.002  # of all, a step: SGD's own is multiplied by the rate
        groups = [
            {"params": weights, "lr": options.lr, "weight_decay": decay / options.lr},
            {"params": biases, "lr": BIAS * options.lr, "weight_decay": decay / (BIAS * options.lr)},
        ]
        optimizer = torch.optim.SGD(groups, lr=options.lr, momentum=0.85, nesterov=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self.rate)
        super().__init__(net, optimizer, schedule, options, device)

    def rate(self, step: int) -> float:
        """A triangle: from 0.2 up to 1 in the first quarter, then down to 0.07."""
        top = max(1, round(0.23 * self.steps))
        return 0.2 + 0.8 * step / top if step < top else 1 - 0.93 * (step - top) / max(1, self.steps - top)

    def look(self, images: Tensor) -> None:
        """Before the first step: the first training pictures, standardised."""
        self.net.whiten(images)  # type: ignore[operator]
        self.slow.load_state_dict(self.net.state_dict())

    def step(self, images: Tensor, targets: Tensor, mark: Callable[[str], None]) -> Tensor:
        """One step, and every fifth a meeting of the weights with their slow copy."""
        loss = super().step(images, targets, mark)
        self.done += 1
        if self.done % EVERY == 0 or self.done == self.steps:
            kept = 1.0 if self.done == self.steps else DECAY**EVERY * (self.done / self.steps) ** 3
            with torch.no_grad():
                pairs = zip(self.slow.state_dict().values(), self.net.state_dict().values(), strict=True)
                for slow, fast in pairs:
                    if fast.is_floating_point():
                        slow.lerp_(fast, 1 - kept)
                        fast.copy_(slow)
        return loss

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps beside network, optimizer and schedule."""
        return {**super().state(), "slow": self.slow.state_dict(), "done": self.done}

    def restore(self, state: dict[str, Any]) -> None:
        """What `state` gave."""
        super().restore(state)
        self.slow.load_state_dict(state["slow"])
        self.done = state["done"]
