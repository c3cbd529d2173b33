"""A tensor's card: what it is, where it stands in memory, and a glance at its values, without copying it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from ptlearn_tui.events import Grad, Number, Tensor, Values
from ptlearn_tui.introspect.operators import words
from ptlearn_tui.introspect.values import aside, dtype_of, plain, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptlearn_tui.introspect.storages import Storages

SAMPLE = 4_096  # values that the statistics look at
SIDE, CELLS = 8, 64  # of the values that are shown: at most so many a dimension, and in all
NORM_LIMIT = 1 << 20  # values of a gradient up to which its norm is taken: 0.2 ms
GROUP = 16  # tensors of one list, dict or module that get a card


def card(
    name: str, tensor: torch.Tensor, line: int, storages: Storages, *, read: bool = True, had_grad: bool = False
) -> Tensor:
    """Describe one tensor, of any kind, as `name`, bound in `line`.

    Statistics are over the finite values, of all of them up to 4,096, of a strided sample beyond (`sampled`).
    `read`: False leaves values and statistics out (on a GPU reading waits for the device). `had_grad`: it has been
    seen with a gradient, so none now means that it was cleared. Raises nothing: what PyTorch can't say is None.
    """
    with aside():
        try:
            return _card(name, tensor, line, storages, read, had_grad)
        except Exception:  # a subclass, or a kind of tensor that PyTorch itself only half supports
            return _short(name, tensor, line)


def members(name: str, value: object) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors that a name leads to: itself, a module's parameters, the items of a list, tuple or dict.

    Bounded, and only exact built-in containers: iterating over anything else would run the learner's code.
    """
    if isinstance(value, torch.Tensor):
        yield name, value
        return
    items: Iterator[tuple[str, Any]] = iter(())
    if isinstance(value, torch.nn.Module):
        items = ((f"{name}.{inner}", parameter) for inner, parameter in value.named_parameters())
    elif type(value) in (list, tuple):
        items = ((f"{name}[{index}]", item) for index, item in enumerate(value[:SAMPLE]))  # type: ignore[index]
    elif type(value) is dict:
        items = ((f"{name}[{key!r}]", value[key]) for key in list(value)[:SAMPLE] if type(key) in (str, int))
    found = 0
    for inner, item in items:
        if isinstance(item, torch.Tensor):
            yield inner, item
            found += 1
            if found == GROUP:
                return


def _card(name: str, tensor: torch.Tensor, line: int, storages: Storages, read: bool, had_grad: bool) -> Tensor:
    grad_fn = tensor.grad_fn
    grad, why = _grad(tensor, read, had_grad)
    strided = tensor.layout is torch.strided and not tensor.is_nested
    statistics: dict[str, Any] = {}
    if read and tensor.device.type != "meta":
        statistics = _statistics(_dense(tensor))
    return Tensor(
        name=name,
        line=line,
        shape=shape_of(tensor),
        dtype=dtype_of(tensor),
        device=str(tensor.device),
        requires_grad=tensor.requires_grad,
        is_leaf=tensor.is_leaf,
        grad_fn=grad_fn.name() if grad_fn is not None else None,
        operator=words(grad_fn.name()) if grad_fn is not None else None,
        grad=grad,
        grad_why=why,
        stride=list(tensor.stride()) if strided else None,
        contiguous=tensor.is_contiguous() if strided else None,
        storage=storages.number(tensor),
        offset=int(tensor.storage_offset()) if strided else None,
        numel=tensor.numel(),
        **statistics,
    )


def _short(name: str, tensor: torch.Tensor, line: int) -> Tensor:
    """What can be said of any tensor."""

    def ask(attribute: str, otherwise: Any) -> Any:
        try:
            value = getattr(tensor, attribute)
            return value() if callable(value) else value
        except Exception:
            return otherwise

    return Tensor(
        name=name,
        line=line,
        shape=shape_of(tensor),
        dtype=dtype_of(tensor),
        device=str(ask("device", "")),
        requires_grad=bool(ask("requires_grad", False)),
        is_leaf=bool(ask("is_leaf", True)),
        grad_fn=None,
        numel=int(ask("numel", 0)),
    )


def _grad(tensor: torch.Tensor, read: bool, had_grad: bool) -> tuple[Grad | None, str | None]:
    """Its gradient, or why there is none. Asking a non-leaf for `.grad` would print PyTorch's warning."""
    if not tensor.requires_grad:
        return None, "requires_grad is False"
    if not tensor.is_leaf and not tensor.retains_grad:
        return None, "not a leaf"
    grad = tensor.grad
    if grad is None:
        return None, "cleared" if had_grad else "no backward yet"
    values, norm = None, None
    if read and plain(grad):
        values = _values(grad.detach())
        if grad.numel() <= NORM_LIMIT:
            norm = float(torch.linalg.vector_norm(grad.detach().to(_wide(grad))).item())
    return Grad(shape=shape_of(grad), dtype=dtype_of(grad), values=values, norm=norm), None


def _dense(tensor: torch.Tensor) -> torch.Tensor | None:
    """A strided tensor with its values, or None where reading them is not cheap or not ours to do."""
    tensor = tensor.detach()
    if tensor.layout is not torch.strided and tensor.numel() <= SAMPLE:
        tensor = tensor.to_dense()
    if not plain(tensor):
        return None
    return tensor.dequantize() if tensor.is_quantized else tensor


def sample(tensor: torch.Tensor) -> torch.Tensor:
    """A strided view of at most 4,096 values, spread over every dimension; the tensor itself if it is that small."""
    sizes = list(tensor.shape)
    while math.prod(sizes) > SAMPLE:
        widest = max(range(len(sizes)), key=sizes.__getitem__)
        sizes[widest] = max(1, min(sizes[widest] - 1, sizes[widest] * SAMPLE // math.prod(sizes)))
    # A step of ceil(size / wanted) takes at most `wanted` of them.
    return tensor[
        tuple(slice(None, None, max(1, -(-size // max(1, n)))) for size, n in zip(tensor.shape, sizes, strict=True))
    ]


def _wide(tensor: torch.Tensor) -> torch.dtype:
    return torch.complex128 if tensor.is_complex() else torch.float64


def _statistics(tensor: torch.Tensor | None) -> dict[str, Any]:
    if tensor is None:
        return {}
    part = sample(tensor).cpu()
    found: dict[str, Any] = {"sampled": part.numel() < tensor.numel(), "values": _values(tensor)}
    wide = part.to(_wide(part)).reshape(-1)
    found["nan"] = int(wide.isnan().sum())
    found["inf"] = int(wide.isinf().sum())
    if wide.is_complex():
        return found  # they have no order
    finite = wide[wide.isfinite()]
    if finite.numel():
        found["min"], found["max"] = _extremes(part, finite)
        found["mean"] = finite.mean().item()
    if finite.numel() > 1:
        found["std"] = finite.std().item()
    return found


def _extremes(part: torch.Tensor, finite: torch.Tensor) -> tuple[Number, Number]:
    if part.dtype is torch.int64:  # float64 has no room for the largest of them
        low, high = part.aminmax()
        return low.item(), high.item()
    low, high = finite.aminmax()
    return low.item(), high.item()


def _values(tensor: torch.Tensor) -> Values:
    """The first values: a number, a row, or the upper left corner of the first matrix."""
    if tensor.numel() == 0:
        return []
    corner = tensor[(0,) * max(0, tensor.dim() - 2)]
    corner = corner[(slice(0, SIDE),) * corner.dim()].cpu()
    if corner.is_complex():
        return _words(corner.tolist())
    if corner.is_floating_point():
        return corner.to(torch.float64).tolist()
    return corner.tolist()


def _words(values: Any) -> Values:
    return [_words(value) for value in values] if isinstance(values, list) else str(values)
