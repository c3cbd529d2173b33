"""CIFAR-10 with a residual network: ResNet-18, as papers train it. For a GPU; on two CPU cores an epoch takes an hour.

A network of 18 layers should do at least as well as one of 8: ten of its layers need only pass on what they get. Yet
deep networks did worse, on the training pictures too, because passing on is hard to learn. A residual block adds what
it has computed to what came in: to pass on, its convolutions need only say 0, and gradients find the short way back
through the sum (He, Zhang, Ren and Sun, "Deep Residual Learning", 2016).

The first layer is not ResNet's own 7×7 with stride 2 and pooling: of 32×32 that would leave 8×8.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ptlearn_tui.training.data import Prepare
from ptlearn_tui.training.options import Options  # noqa: TC001
from ptlearn_tui.training.step import Classifier

# Cutout hides a square of 8×8: a dog must be known by its ears too when its nose is hidden.
PREPARE = Prepare(shift=4, flip=True, cutout=8)

MEMORY_FORMAT = torch.channels_last


class Block(nn.Module):
    """Two convolutions beside a straight way. Halves the picture's sides where `stride` is 2."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.straight: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:  # a sum needs equal shapes: 1×1 convolutions make them so
            self.straight = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return F.relu(y + self.straight(x))


class Net(nn.Module):
    """ResNet-18 for 32×32: 11.2 million numbers. In: (batch, 3, 32, 32), out: (batch, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(64)
        self.stage1 = nn.Sequential(Block(64, 64, 1), Block(64, 64, 1))  # 32×32
        self.stage2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))  # 16×16
        self.stage3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))  # 8×8
        self.stage4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))  # 4×4
        self.decide = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.conv(x)))
        x = self.stage4(self.stage3(self.stage2(self.stage1(x))))
        return self.decide(x.mean((2, 3)))  # type: ignore[no-any-return]


class Recipe(Classifier):
    """The network and what it is trained with."""

    def __init__(self, options: Options, steps: int, device: torch.device) -> None:
        net = Net().to(device, memory_format=MEMORY_FORMAT)  # type: ignore[call-overload]
        # Plain SGD with momentum: slower at first than Adam, and better in the end on pictures. Decay pulls at the
        # convolutions' weights alone: a normalisation's scale that shrinks only makes the rate grow.
        decayed = [weight for weight in net.parameters() if weight.ndim > 1]
        others = [weight for weight in net.parameters() if weight.ndim == 1]
        groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
        fused = device.type in ("cpu", "cuda")
        optimizer = torch.optim.SGD(groups, lr=options.lr, momentum=0.9, nesterov=True, fused=fused)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, options.lr, total_steps=steps, pct_start=0.2, cycle_momentum=False
        )
        super().__init__(net, optimizer, schedule, options, device)
