"""Fashion-MNIST: ten kinds of clothes, in pictures of MNIST's size, and a good deal harder.

The pictures were made so that whatever runs on MNIST runs on them unchanged (Xiao, Rasul and Vollgraf, 2017). A
linear model is right 84 times in a hundred, LeNet 90 times. What is hard is telling a shirt from a T-shirt, a
pullover or a coat: look at the surest mistakes after each epoch, some of them would be yours.

Two things are new compared to `mnist`: pairs of 3×3 convolutions see as far as one of 5×5, with fewer weights and one
more ReLU between them; and dropout keeps the big linear layer from learning the training pictures by heart.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ptlearn_tui.training.data import Prepare
from ptlearn_tui.training.options import Options  # noqa: TC001
from ptlearn_tui.training.step import Classifier

# A shoe that points left is as good as one that points right; a 3 that is mirrored would not be a 3.
PREPARE = Prepare(shift=1, flip=True)

MEMORY_FORMAT = torch.channels_last


def pair(channels_in: int, channels_out: int) -> nn.Sequential:
    """Two 3×3 convolutions, each normalised, then the strongest answer of every 2×2 places."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels_out, channels_out, 3, stride=2, padding=1, bias=False),  # instead of pooling: half as big
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class Net(nn.Module):
    """In: (batch, 1, 28, 28), out: (batch, 10), a score for each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.edges = pair(1, 16)
        self.cloth = pair(16, 32)
        self.drop = nn.Dropout(0.2)
        self.hidden = nn.Linear(32 * 7 * 7, 128)
        self.decide = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.edges(x)  # (batch, 1, 28, 28) → (batch, 16, 14, 14)
        x = self.cloth(x)  # → (batch, 32, 7, 7)
        x = self.drop(x.flatten(1))  # → (batch, 1568); in training one in five is set to 0, the rest grow by 1/0.8
        x = torch.relu(self.hidden(x))
        return self.decide(x)  # type: ignore[no-any-return]


class Recipe(Classifier):
    """The network and what it is trained with."""

    def __init__(self, options: Options, steps: int, device: torch.device) -> None:
        net = Net().to(device, memory_format=MEMORY_FORMAT)  # type: ignore[call-overload]
        fused = device.type in ("cpu", "cuda")
        optimizer = torch.optim.AdamW(net.parameters(), lr=options.lr, weight_decay=0.02, fused=fused)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.lr, total_steps=steps)
        super().__init__(net, optimizer, schedule, options, device)
