"""What tensors are found in: a module, a list, a tuple, a dict; and what a layer's own dimensions are called."""

from __future__ import annotations

import sys
from itertools import islice
from types import ModuleType, NoneType
from typing import TYPE_CHECKING, Any

import torch

from ptlearn_tui.events import Group

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 16  # tensors of one list, dict or module that get a card
LOOKED_AT = 4_096  # items of a container, or parameters of a module, that are looked at

# Most variables of most programs. Asking this first is ten times as fast as looking into each.
ALONE = frozenset({NoneType, bool, int, float, complex, str, bytes, type, ModuleType})

# By exact class, so that nobody's subclass is told wrongly; "out, in, rows, columns".
_DIMS: dict[type, list[str]] = {
    torch.nn.Linear: ["out", "in"],
    torch.nn.Conv1d: ["out", "in", "k"],
    torch.nn.Conv2d: ["out", "in", "kh", "kw"],
    torch.nn.Conv3d: ["out", "in", "kd", "kh", "kw"],
    torch.nn.Embedding: ["number", "size"],
}


def members(name: str, value: object, looked_at: int = LOOKED_AT) -> Iterator[tuple[str, Any]]:
    """The tensors and arrays that a name leads to: itself, a module's parameters, the items of a list, tuple or dict.

    At most 16, among the first `looked_at` items; and only of exact built-in containers, since iterating over anything
    else would run the learner's code.
    """
    if _is_one(value):
        yield name, value
    else:
        yield from islice(_inside(name, value, looked_at), MOST)


def is_array(value: object) -> bool:
    """Whether it is a NumPy array, and no subclass; without importing NumPy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is getattr(numpy, "ndarray", None)


def _is_one(value: object) -> bool:
    return type(value) not in ALONE and (isinstance(value, torch.Tensor) or is_array(value))


def _inside(name: str, value: object, looked_at: int = LOOKED_AT) -> Iterator[tuple[str, Any]]:
    if isinstance(value, torch.nn.Module):
        for inner, parameter in value.named_parameters():
            yield f"{name}.{inner}", parameter
    elif type(value) in (list, tuple):
        for index, item in enumerate(value[:looked_at]):  # type: ignore[index]
            if _is_one(item):
                yield f"{name}[{index}]", item
    elif type(value) is dict:
        for key in [key for key in islice(value, looked_at) if type(key) in (str, int)]:
            if _is_one(value[key]):
                yield f"{name}[{key!r}]", value[key]


class Groups:
    """Describes each container once, however many of its tensors have a card."""

    def __init__(self) -> None:
        self._known: dict[int, Group | None] = {}

    def of(self, name: str, root: object) -> Group | None:
        """The group of a tensor called `name`, found in `root`."""
        if root is None:
            return None
        if id(root) not in self._known:
            try:
                self._known[id(root)] = _describe(name.partition(".")[0].partition("[")[0], root)
            except Exception:  # parameters that have no size yet
                self._known[id(root)] = None
        return self._known[id(root)]


def _describe(name: str, root: object) -> Group:
    tensors = [item for _, item in islice(_inside(name, root), LOOKED_AT) if isinstance(item, torch.Tensor)]
    return Group(
        name=name,
        kind=type(root).__name__,
        tensors=len(tensors),
        numel=sum(each.numel() for each in tensors),
        bytes=sum(each.numel() * each.element_size() for each in tensors),
    )


def dims(name: str, root: object) -> list[str]:
    """The names of a layer's own weight's dimensions: `net.fc1.weight` of a Linear is out, in. Empty if not known."""
    if not isinstance(root, torch.nn.Module):
        return []
    *path, last = name.split(".")[1:]
    layer: Any = root
    for step in path:
        layer = layer.__dict__.get("_modules", {}).get(step)
        if layer is None:
            return []
    names = _DIMS.get(type(layer))
    if names is None:
        return []
    if last == "weight":
        grouped = getattr(layer, "groups", 1) != 1
        return [f"{each}/groups" if each == "in" and grouped else each for each in names]
    return names[:1] if last == "bias" else []
