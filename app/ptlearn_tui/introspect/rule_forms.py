"""How a derivative rule is written down: a line of text, and the same as code.

The code is the rule as backward() uses it: from the gradient g of the result y to those of the inputs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

Gradients = tuple[torch.Tensor, ...]


class Rule(NamedTuple):
    """A line of the table. `backward(g, y, *inputs)` gives what goes to each input, for the gradient g of y."""

    left: str
    terms: tuple[str, ...]  # one for each edge of the node; a single one stands for all
    backward: Callable[..., Gradients]
    numbers: dict[str, str]  # symbol -> what the node has saved under that name


def to(gradient: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Summed over what broadcasting has repeated."""
    return gradient.sum_to_size(like.shape)


def each(left: str, terms: str, factors: Callable[..., Any], **numbers: str) -> Rule:
    """Element by element: each input's gradient is y's, times a factor."""

    def backward(g: torch.Tensor, y: torch.Tensor, *inputs: Any) -> Gradients:
        found = factors(y, *inputs)
        found = found if isinstance(found, tuple) else (found,)
        return tuple(to(g * factor, at) for factor, at in zip(found, inputs, strict=False))

    return Rule(left, tuple(terms.split("; ")), backward, numbers)


def whole(left: str, terms: str, backward: Callable[..., Any], **numbers: str) -> Rule:
    """Any other."""

    def several(g: torch.Tensor, y: torch.Tensor, *inputs: Any) -> Gradients:
        found = backward(g, y, *inputs)
        return found if isinstance(found, tuple) else (found,)

    return Rule(left, tuple(terms.split("; ")), several, numbers)


def moved(word: str, move: Callable[..., Any], **numbers: str) -> Rule:
    """Values that only change their place, or are left out: the gradient goes back the way they came."""

    def backward(g: torch.Tensor, y: torch.Tensor, a: torch.Tensor, *how: Any) -> Gradients:
        origin = move(torch.arange(a.numel(), device=a.device).reshape(a.shape), *how)
        back = torch.zeros(a.numel(), dtype=g.dtype, device=g.device)
        return (back.index_add(0, origin.reshape(-1), g.reshape(-1)).reshape(a.shape),)

    return Rule(f"d({word} a)", (f"{word} da",), backward, numbers)


def apart(y: torch.Tensor, like: torch.Tensor, dim: int | None, keepdim: bool = False) -> torch.Tensor:
    """What was reduced over `dim`, as large as its input again."""
    return (y if dim is None or keepdim else y.unsqueeze(dim)).expand(like.shape)


def extreme(g: torch.Tensor, y: torch.Tensor, a: torch.Tensor, dim: int | None = None) -> torch.Tensor:
    """To the largest (or smallest) only; equal ones share."""
    hit = (a == apart(y, a, dim)).to(g.dtype)
    return apart(g, a, dim) * hit / (hit.sum() if dim is None else hit.sum(dim, keepdim=True))


def picked(g: torch.Tensor, y: torch.Tensor, a: torch.Tensor, dim: int) -> torch.Tensor:
    return torch.zeros_like(a).scatter(dim, a.argmax(dim, keepdim=True), g.unsqueeze(dim))


def picked_least(g: torch.Tensor, y: torch.Tensor, a: torch.Tensor, dim: int) -> torch.Tensor:
    return picked(g, y, -a, dim)


def more(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """1 where a is larger, a half where both are equal: they share."""
    return (1.0 + (a - b).sign()) / 2


def one_hot(a: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.one_hot(target, a.shape[1]).to(a.dtype)


def cut(g: torch.Tensor, y: torch.Tensor, parts: Any, dim: int = 0) -> Gradients:
    return torch.split(g, [part.shape[dim] for part in parts], dim)


def normed(g: torch.Tensor, a: torch.Tensor, weight: torch.Tensor, dims: list[int], eps: float) -> Gradients:
    """Layer and batch norm, over `dims`: to the input, to the weight, to the bias."""
    kept = [dim for dim in range(a.dim()) if dim in dims]
    deviation = (a.var(kept, correction=0, keepdim=True) + eps).sqrt()
    z = (a - a.mean(kept, keepdim=True)) / deviation
    h = g * weight
    return (
        (h - h.mean(kept, keepdim=True) - z * (h * z).mean(kept, keepdim=True)) / deviation,
        to(g * z, weight),
        to(g, weight),
    )


def convolved(g: torch.Tensor, y: torch.Tensor, a: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> Gradients:
    """Stride 1, no padding: each value of g was made from a window of a."""
    size = (w.shape[2], w.shape[3])
    windows = torch.nn.functional.unfold(a, size)
    g = g.flatten(2)
    rows = w.flatten(1).T @ g
    return (
        torch.nn.functional.fold(rows, (a.shape[2], a.shape[3]), size),
        (g @ windows.mT).sum(0).reshape(w.shape),
        g.sum((0, 2)),
    )


def pooled(g: torch.Tensor, y: torch.Tensor, a: torch.Tensor, size: int) -> torch.Tensor:
    """Windows of `size`, side by side."""
    return g.repeat_interleave(size, -1).repeat_interleave(size, -2) / size**2


def largest(g: torch.Tensor, y: torch.Tensor, a: torch.Tensor, size: int) -> torch.Tensor:
    whole = y.repeat_interleave(size, -1).repeat_interleave(size, -2)
    return g.repeat_interleave(size, -1).repeat_interleave(size, -2) * (a == whole)


def phi(a: torch.Tensor) -> torch.Tensor:
    """The normal distribution's integral."""
    return (1 + torch.erf(a / math.sqrt(2))) / 2


def after(g: torch.Tensor, dim: int) -> torch.Tensor:
    """Each entry's own and all that follow."""
    return g.flip(dim).cumsum(dim).flip(dim)


ROOT_PI = math.sqrt(math.pi)
