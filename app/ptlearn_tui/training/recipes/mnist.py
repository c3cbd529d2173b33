"""MNIST: read handwritten digits with the network of the notes.

60,000 grey pictures of 28×28 pixels to learn from, 10,000 others to be judged by, ten classes. Guessing is
right once in ten times; this recipe is right 99 times in a hundred after two looks at every picture.

Read it from top to bottom: a network, what it is trained with, and one training step. Around it the training
loop only does the book-keeping: it cuts shuffled pictures into batches, calls `step` for each, and writes
down the losses.
"""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ptlearn_tui.training.data import Prepare
from ptlearn_tui.training.options import Options  # noqa: TC001

# Two background pixels on each side make 32×32 of the 28×28.
PREPARE = Prepare(border=2)


class Net(nn.Module):
    """LeNet, as the notes build it: two convolutions find strokes, three linear layers decide.

    In: (batch, 1, 32, 32), out: (batch, 10), a score for each digit. The 28×28 pictures come with a border of
    two background pixels on each side, as LeNet had it; without it, 16*5*5 below would not fit ("64x256 and
    400x120").
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)  # 1 grey channel in, 6 maps out, windows of 5×5: 6·25 weights and 6 biases
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)  # most of the network's 61,706 numbers are here
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # (batch, 1, 32, 32) → (batch, 6, 28, 28) → (batch, 6, 14, 14)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # → (batch, 16, 10, 10) → (batch, 16, 5, 5)
        x = x.flatten(1)  # → (batch, 400); the notes' view(-1, num_flat_features(x)) does the same
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)  # no softmax: cross_entropy below has it inside, where it is exact
        return x  # noqa: RET504


class Recipe:
    """The network and what it is trained with."""

    def __init__(self, options: Options, steps: int, device: torch.device) -> None:
        """`steps` is how many there will be in all: the rate's way up and down is laid out over them."""
        self.net: nn.Module = Net().to(device)
        self.options = options

        # AdamW gives each weight a step of its own size, from how big and how steady its gradient has been,
        # and pulls weights gently towards zero. Fused: one pass over all weights instead of a dozen, the same
        # result.
        fused = device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=options.lr, weight_decay=0.01, fused=fused)

        # One cycle: the rate climbs to `lr` during the first 30 % of the steps, then falls to nearly nothing.
        # Starting low keeps the first steps from throwing the weights about; ending low lets them settle.
        # With a constant rate two epochs on the bundled sample end at 92-95 %, with one cycle at 96-97 %.
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, max_lr=options.lr, total_steps=steps)

    def step(self, images: Tensor, targets: Tensor, mark: Callable[[str], None]) -> Tensor:
        """One training step in its five moves; returns the loss. `mark` is a stopwatch's button.

        images: (batch, 1, 32, 32), standardised; targets: (batch,), the right digits.
        """
        # 1  Forget the last step's gradients: backward adds to what is there.
        self.optimizer.zero_grad()

        # 2  Forward: what does the network say?
        scores = self.net(images)

        # 3  Loss: how wrong is it? The mean of -log(probability it gives to the right digit).
        #    A network that guesses gives each a tenth: -log(0.1) = 2.30, where every curve begins.
        loss = F.cross_entropy(scores, targets, label_smoothing=self.options.label_smoothing)
        mark("forward")

        # 4  Backward: for each weight, which way does the loss go if the weight grows a little? Fills
        # weight.grad.
        loss.backward()  # type: ignore[no-untyped-call]
        mark("backward")

        # A gradient that is longer than --clip is cut to that length; by default none is.
        if self.options.clip:
            nn.utils.clip_grad_norm_(self.net.parameters(), self.options.clip)

        # 5  Update: move every weight a little against its gradient; then take the next rate of the cycle.
        self.optimizer.step()
        self.schedule.step()
        mark("update")

        # Without the graph that led to it, which would keep this step's memory. No .item() here: on a GPU it
        # would wait until everything before it is computed; the loop fetches the losses together, a few times
        # a second.
        return loss.detach()
