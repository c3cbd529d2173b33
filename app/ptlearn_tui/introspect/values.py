"""What a value is, in a line: kind, shape, operator and a short text, never running the learner's own methods."""

from __future__ import annotations

import math
from contextlib import contextmanager
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ptlearn_tui.introspect.operators import words

if TYPE_CHECKING:
    from collections.abc import Iterator

CONSTANT_LIMIT = 4_096  # values that are compared to say that a tensor is constant: some 10 µs
REPR_LIMIT = 4_000  # characters of a repr
ITEMS = 1_000  # of a container that are written out; fewer would cut what plain Python shows
SHORT = 200  # characters of a value beside a line; a column shows less of it

_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    dict: ("{", "}"),
}


class Shown(NamedTuple):
    """The fields that a `Line` shows of a value."""

    kind: str
    shape: list[int] | None = None
    dtype: str | None = None
    operator: str | None = None
    text: str = ""


@contextmanager
def aside() -> Iterator[None]:
    """Look at tensors without leaving a trace: no graph, and none of the learner's ``__torch_function__``."""
    with torch.no_grad(), torch._C.DisableTorchFunctionSubclass():
        yield


def plain(tensor: torch.Tensor) -> bool:
    """Whether its values can be read here without running a subclass's code, a mode, or polluting a profile."""
    return (
        type(tensor).__torch_dispatch__ is torch.Tensor.__torch_dispatch__
        and tensor.layout is torch.strided
        and tensor.device.type != "meta"
        and not tensor.is_nested
        and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)
        and not torch._C._len_torch_dispatch_stack()
        and not torch._C._autograd._profiler_enabled()
    )


def number_text(value: complex) -> str:
    """A number in few characters: ``27.0``, ``0.33333``, ``1e-08``, ``True``."""
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)[:SHORT]
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e7:
        return f"{value:.1f}"
    text = f"{value:.5g}"
    return text if "." in text or "e" in text else f"{value:.1f}"


def shape_of(tensor: torch.Tensor) -> list[int]:
    """Its sizes; -1 where a size is not one number (nested tensors). Raises nothing."""
    try:
        return [size if isinstance(size, int) else -1 for size in tensor.shape]
    except RuntimeError:  # a nested tensor with ragged sizes has no shape to ask for
        return [-1] * tensor.dim()


def dtype_of(tensor: torch.Tensor) -> str:
    """``float32``, without ``torch.``."""
    return str(tensor.dtype).removeprefix("torch.")


def constant_text(tensor: torch.Tensor) -> str:
    """The value of a tensor that holds one value only, once or everywhere; empty for any other."""
    if not 0 < tensor.numel() <= CONSTANT_LIMIT or not plain(tensor):
        return ""
    flat = tensor.detach()
    if tensor.is_quantized:
        flat = flat.dequantize()
    first = flat[(0,) * flat.dim()]
    if flat.numel() > 1 and not bool((flat == first).all()):
        return ""
    return number_text(first.item())


def show(value: object, *, read: bool = True) -> Shown:
    """Describe any value. `read`: tensors' values may be read (on a GPU that waits for the device)."""
    if isinstance(value, torch.Tensor):
        return _show_tensor(value, read)
    if isinstance(value, bool | int | float | complex):
        return Shown("number", dtype=type(value).__name__, text=number_text(value))
    if isinstance(value, torch.nn.Module):
        return Shown("module", text=_module_text(value))
    return Shown("other", text=_other_text(value))


def _show_tensor(tensor: torch.Tensor, read: bool) -> Shown:
    try:
        with aside():
            grad_fn = tensor.grad_fn
            operator = words(grad_fn.name()) if grad_fn is not None else "leaf" if tensor.requires_grad else None
            text = constant_text(tensor) if read else ""
            return Shown("tensor", shape_of(tensor), dtype_of(tensor), operator, text)
    except Exception:  # a subclass, or a kind of tensor that PyTorch itself only half supports
        return Shown("tensor", text=type(tensor).__name__)


def _module_text(module: torch.nn.Module) -> str:
    name = type(module).__name__
    try:
        count = sum(parameter.numel() for parameter in module.parameters())
    except Exception:  # lazy parameters have no size yet
        return name
    return f"{name} {count:,}" if count else name


def _other_text(value: object) -> str:
    kind = type(value)
    if value is None:
        return "None"
    if kind is str:
        return _clip(repr(value))
    if kind in (list, tuple, dict, set, frozenset, torch.Size):
        items: Any = value
        if kind in (tuple, torch.Size) and len(items) <= 6 and all(type(item) in (int, float, bool) for item in items):
            return f"({', '.join(map(number_text, items))}{',' if len(items) == 1 else ''})"
        return "1 item" if len(items) == 1 else f"{len(items)} items"
    if isinstance(value, torch.dtype | torch.device):
        return str(value)
    if isinstance(value, type | ModuleType) or callable(value):
        return ""  # what a def, a class or an import bound says nothing beside its own line
    return kind.__name__


def _clip(text: str) -> str:
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"


def tensor_repr(tensor: torch.Tensor) -> str:
    """PyTorch's own repr; of a tensor with many dimensions, that of its leading slice, and its shape.

    PyTorch prints up to 6 entries of each dimension: 6⁸ numbers, 35 s, for an 8-dimensional one.
    """
    leading = 0
    if torch.nn.parameter.is_lazy(tensor):  # of a LazyModule that has not run: it has no size to ask for
        return repr(tensor)
    if tensor.layout is torch.strided and not tensor.is_nested and tensor.numel() > 1_000:
        while tensor.dim() - leading > 3:
            leading += 1
    if not leading:
        return repr(tensor)
    with torch.no_grad():
        inner = repr(tensor.detach()[(slice(0, 1),) * leading])
    return f"{inner}\n… the first of shape {tuple(tensor.shape)}"


def bounded_repr(value: object, limit: int = REPR_LIMIT) -> str:
    """``repr(value)`` in bounded time for tensors, strings and containers, cut at `limit` characters with a ``…``.

    Raises what a ``__repr__`` of the learner's own class raises.
    """
    text = _repr(value, 8)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _repr(value: Any, depth: int) -> str:
    kind = type(value)
    if isinstance(value, torch.Tensor):
        return tensor_repr(value)
    if kind in (str, bytes) and len(value) > REPR_LIMIT:
        return repr(value[:REPR_LIMIT])
    if kind not in _BRACKETS or not value or not depth:
        return repr(value)
    if kind is dict:
        parts = [f"{_repr(key, depth - 1)}: {_repr(item, depth - 1)}" for key, item in islice(value.items(), ITEMS)]
    else:
        parts = [_repr(item, depth - 1) for item in islice(value, ITEMS)]
    left, right = _BRACKETS[kind]
    if len(value) > ITEMS:
        parts.append("…")
    elif kind is tuple and len(value) == 1:
        right = "," + right
    return f"{left}{', '.join(parts)}{right}"
