"""How good a network is on images that it has not been trained on, and what it gets most surely wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from ptlearn_tui import events

if TYPE_CHECKING:
    from ptlearn_tui.training.data import Images
    from ptlearn_tui.training.ranks import Alone

BATCH = 1000
"""Images at a time: no gradients are kept, so there is room for many."""

PICTURES = 12
"""Mistakes that are shown at most."""


@torch.inference_mode()
def evaluate(
    net: nn.Module, images: Images, classes: tuple[str, ...], epoch: int, ranks: Alone, most: int | None = None
) -> tuple[events.Eval, events.Sample]:
    """Score `net` on all `images`, each rank on its part, in evaluation mode; it is in training mode afterwards.

    `most`: on the first so many only. `time` is left unset.
    """
    count = min(len(images), most or len(images))
    ranks.align(net)
    net.eval()
    losses, guesses, chances, targets = [], [], [], []
    places = torch.arange(ranks.rank, count, ranks.size)
    for part in torch.split(places, BATCH):
        inputs, right = images.batch(part)
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
            pixels=images.pixels(int(places[place])),
            colour=images.colour,
            target=classes[int(target[place])],
            prediction=classes[int(guess[place])],
            probability=round(float(chance[place]), 4),
        )
        for place in surest
    ]
    parts = ranks.gather((float(torch.stack(losses).sum()), len(wrong), pictures))
    mistakes = sum(count for _, count, _ in parts)
    surest_of_all = sorted((p for _, _, some in parts for p in some), key=lambda p: -p.probability)[:PICTURES]
    score = events.Eval(
        epoch=epoch,
        split="test",
        loss=sum(loss for loss, _, _ in parts) / count,
        accuracy=(count - mistakes) / count,
    )
    return score, events.Sample(epoch=epoch, wrong=mistakes, of=count, pictures=surest_of_all)
