"""How good a network is on images that it has not been trained on, and what it gets most surely wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from ptlearn_tui import events

if TYPE_CHECKING:
    from ptlearn_tui.training.data import Images

BATCH = 1000
"""Images at a time: no gradients are kept, so there is room for many."""

PICTURES = 12
"""Mistakes that are shown at most."""


@torch.inference_mode()
def evaluate(net: nn.Module, images: Images, classes: tuple[str, ...], epoch: int) -> tuple[events.Eval, events.Sample]:
    """Score `net` on all `images`, in evaluation mode; it is back in training mode afterwards.

    `time` is left unset.
    """
    net.eval()
    losses, guesses, chances, targets = [], [], [], []
    for start in range(0, len(images), BATCH):
        inputs, right = images.batch(torch.arange(start, min(start + BATCH, len(images))))
        scores = net(inputs)
        losses.append(F.cross_entropy(scores, right, reduction="sum"))
        chance, guess = scores.softmax(1).nan_to_num().max(1)  # a network that has diverged says NaN
        guesses.append(guess)
        chances.append(chance)
        targets.append(right)
    net.train()
    guess, chance, target = torch.cat(guesses), torch.cat(chances), torch.cat(targets)
    wrong = (guess != target).nonzero().flatten()
    surest = wrong[chance[wrong].argsort(descending=True)][:PICTURES].tolist()
    pictures = [
        events.Picture(
            pixels=images.pixels(place),
            target=classes[int(target[place])],
            prediction=classes[int(guess[place])],
            probability=round(float(chance[place]), 4),
        )
        for place in surest
    ]
    score = events.Eval(
        epoch=epoch,
        split="test",
        loss=float(torch.stack(losses).sum()) / len(images),
        accuracy=1 - len(wrong) / len(images),
    )
    return score, events.Sample(epoch=epoch, wrong=len(wrong), pictures=pictures)
