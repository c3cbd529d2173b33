"""A look inside a run between two steps: its tensors, and the graph of its loss, and nothing of it is changed."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ptlearn_tui import events
from ptlearn_tui.introspect import autograd
from ptlearn_tui.introspect.names import Named
from ptlearn_tui.introspect.storages import Storages
from ptlearn_tui.introspect.tensors import Wanted, cards

IMAGES = 8
"""Of the last batch that are looked at: shapes and the graph are those of the whole, and it takes no time."""

MOST = 64
"""Parameters that get a card."""


def look(net: nn.Module, images: Tensor, targets: Tensor) -> tuple[events.Tensors, events.Graph | None]:
    """Forward and backward of the first images of a batch, with a copy of `net` as it is now.

    Cards of what goes in, what each layer gives, the loss, and the parameters with the gradients that these images
    give them. `time` is left unset, `line` is 0.
    """
    devices = [images.device] if images.device.type == "cuda" else []
    with torch.random.fork_rng(devices):  # dropout draws; the run's own numbers must not change by that
        twin = copy.deepcopy(net).train()
        seen = {"images": images[:IMAGES], "targets": targets[:IMAGES]}
        for name, layer in twin.named_children():
            layer.register_forward_hook(_keep(seen, f"{name}()"))
        scores = twin(seen["images"])
        right = seen["targets"]
        # What a recipe adds to its loss, smoothing say, is its own affair; classes are integers.
        loss = F.mse_loss(scores, right) if right.is_floating_point() else F.cross_entropy(scores, right)
        seen |= {"scores": scores, "loss": loss}
        parameters = dict(list(twin.named_parameters())[:MOST])
        names = {id(weight): Named(name, None) for name, weight in parameters.items()}
        graph = autograd.graph("loss", loss, 0, autograd.Reader(name_of=lambda leaf: names.get(id(leaf))))
        loss.backward()  # type: ignore[no-untyped-call]
        wanted = [Wanted(name, value, 0) for name, value in {**seen, **parameters}.items()]
        return events.Tensors(line=0, items=cards(wanted, Storages())), graph


def _keep(seen: dict[str, Tensor], name: str) -> Any:
    """A forward hook that keeps what a layer gives."""

    def hook(_: nn.Module, __: object, output: object) -> None:
        if isinstance(output, Tensor):
            seen[name] = output

    return hook
