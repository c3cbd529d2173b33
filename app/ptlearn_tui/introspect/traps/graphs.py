"""Traps that a loss and the graph behind it show. Only shapes are read of a node: nothing that it keeps is unpacked."""

from __future__ import annotations

from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ptlearn_tui.introspect.autograd import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptlearn_tui.introspect.traps.records import NameOf, Say, Where

NEAR = 60  # nodes from the loss that are looked at
_VIEWS = ("View", "Reshape", "Squeeze", "Transpose", "Permute", "TBackward", "UnsafeView", "ToCopy", "Alias")
_FIRST = {
    "SoftmaxBackward0": "softmax-before-cross-entropy",
    "LogSoftmaxBackward0": "log-softmax-before-cross-entropy",
    "ReluBackward0": "relu-before-cross-entropy",
    "SigmoidBackward0": "sigmoid-before-cross-entropy",
}
_POWERS = ("PowBackward0", "AbsBackward0", "MulBackward0")


def look(root: torch.Tensor, where: Where, say: Say) -> int:
    """Tell what the graph shows; the number of classes of its cross-entropy, 0 if there is none."""
    if root.grad_fn is None:
        return 0
    classes = 0
    for node in walk(root.grad_fn, NEAR).nodes:
        kind = node.name()
        if kind.startswith("NllLoss"):
            classes = _cross_entropy(node, where, say) or classes
        elif kind in ("MeanBackward0", "SumBackward0"):
            _broadcast(node, where, say)
    return classes


def _cross_entropy(node: Any, where: Where, say: Say) -> int:
    last = _before(node)
    if last is None or last.name() != "LogSoftmaxBackward0":
        return 0
    shape = _shape(last)
    before = _before(last)
    code = _FIRST.get(before.name()) if before is not None else None
    if code is not None:
        say(code, where, {})
    return shape[1] if shape is not None and len(shape) >= 2 else 0


def _broadcast(node: Any, where: Where, say: Say) -> None:
    """``((output - target) ** 2).mean()`` where (N, 1) met (N,)."""
    power = _input(node)
    if power is None or power.name() not in _POWERS:
        return
    minus = _input(power)
    if minus is None or minus.name() not in ("SubBackward0", "RsubBackward1"):
        return
    inputs = [(function, number) for function, number in minus.next_functions if function is not None]
    shape = _shape(minus)
    if len(inputs) != 1 or shape is None or len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2:
        return
    output, number = inputs[0]
    given = _shape(output, number)
    if output.name().startswith(("Unsqueeze", "Slice", "Index", "Expand")) or given is None:
        return  # meant so
    size = shape[0]
    if given == [size, 1]:
        say("loss-broadcast", where, {"output": f"({size}, 1)", "target": f"({size},)", "all": f"({size}, {size})"})
    elif given == [size]:
        say("loss-broadcast", where, {"output": f"({size},)", "target": f"({size}, 1)", "all": f"({size}, {size})"})


def _input(node: Any) -> Any:
    return next((function for function, _ in node.next_functions if function is not None), None)


def _before(node: Any) -> Any:
    """Its input, beyond views."""
    found = _input(node)
    for _ in range(8):
        if found is None or not found.name().startswith(_VIEWS):
            break
        found = _input(found)
    return found


def _shape(node: Any, output: int = 0) -> list[int] | None:
    try:
        return [int(size) for size in node._input_metadata[output].shape]
    except (AttributeError, IndexError, RuntimeError, TypeError):
        return None


def look_at_numbers(loss: torch.Tensor | None, call: int, where: Where, say: Say) -> bool:
    """Whether the loss is a number; tell if it is not."""
    if loss is None or loss.is_meta or not loss.is_floating_point():
        return True
    value = float(loss.detach())
    if isfinite(value):
        return True
    say("nan-loss", where, {"value": str(value), "step": str(call)})
    return False


def look_at_gradients(
    leaves: Iterable[torch.Tensor], call: int, where: Where, name_of: NameOf, say: Say, most: int = 64
) -> None:
    """Tell of the first gradient, from the loss backwards, that is no number."""
    asked = [leaf for leaf in islice(leaves, most) if _readable(leaf.grad)]
    grads = [leaf.grad.detach() for leaf in asked if leaf.grad is not None]
    if not grads or isfinite(sum(torch.stack([norm.float() for norm in torch._foreach_norm(grads)]).tolist())):
        return  # one look at all: each by itself costs ten times as much
    for leaf, grad in zip(asked, grads, strict=True):
        if not bool(torch.isfinite(grad).all()):
            facts = {"step": str(call)}
            name = name_of(leaf)
            if name:
                facts["name"] = name
            say("nan-gradient", where, facts)
            return


def _readable(grad: torch.Tensor | None) -> bool:
    return grad is not None and not grad.is_sparse and not grad.is_meta and grad.is_floating_point()


def look_at_types(root: torch.Tensor, leaves: list[torch.Tensor], where: Where, say: Say) -> None:
    """A loss of float64 from parameters of float32: something of float64 has come in between."""
    if root.dtype is not torch.float64 or torch.get_default_dtype() is torch.float64:
        return
    if any(leaf.dtype is torch.float32 and isinstance(leaf, nn.Parameter) for leaf in leaves):
        say("float64-sneaks-in", where, {})
