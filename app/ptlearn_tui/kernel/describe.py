"""More about a variable than its card shows: a slice, exact statistics, what a node of its graph has saved."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import msgspec
import torch

from ptlearn_tui.introspect import exact
from ptlearn_tui.introspect.arrays import array_view
from ptlearn_tui.introspect.attributes import MISSING, attribute
from ptlearn_tui.introspect.autograd import walk
from ptlearn_tui.introspect.groups import is_array
from ptlearn_tui.introspect.tensors import Wanted, cards
from ptlearn_tui.introspect.values import aside, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptlearn_tui.events import Tensor
    from ptlearn_tui.introspect.storages import Storages
    from ptlearn_tui.kernel.requests import Describe

# `net.0.weight`, `pairs[0]`, `batch['image']`: as cards are named.
_STEP = re.compile(r"\.(?P<attribute>\w+)|\[(?P<key>-?\d+|'[^']*'|\"[^\"]*\")\]|(?P<name>\A[^\W\d]\w*)")


class NothingThere(Exception):
    """There is nothing to describe. The message says why."""


def describe(request: Describe, namespace: Mapping[str, Any], storages: Storages) -> Tensor:
    """The card that was asked for. Raises `NothingThere`. No line of the learner's code runs for it."""
    tensor, name = _tensor(_find(request.name, namespace), request.name), request.name
    if request.node is not None and request.saved is not None:
        tensor = _saved(tensor, request.node, request.saved)
        name = request.saved
    if request.index:
        tensor = _slice(tensor, request.index)
        name += f"[{', '.join(map(str, request.index))}]"
    (told,) = cards([Wanted(name, tensor, 0)], storages, full=True)
    return _exactly(told, tensor) if request.exact else told


def _find(dotted: str, namespace: Mapping[str, Any]) -> object:
    value: Any = MISSING
    at = 0
    while at < len(dotted):
        step = _STEP.match(dotted, at)
        if step is None:
            raise NothingThere(f"{dotted} is no plain name")
        if step["name"]:
            value = namespace.get(step["name"], MISSING)
        elif step["attribute"] == "grad" and isinstance(value, torch.Tensor):
            value = value.grad if value.is_leaf or value.retains_grad else None  # a non-leaf would warn
        elif step["attribute"]:
            value = attribute(value, step["attribute"])
        else:
            value = _item(value, ast.literal_eval(step["key"]))
        if value is MISSING:
            raise NothingThere(f"{dotted[: step.end()]} is not there any more")
        at = step.end()
    return value


def _item(value: object, key: int | str) -> object:
    """Of exact built-in containers only: any other would run the learner's code."""
    try:
        return value[key] if type(value) in (list, tuple, dict) else MISSING  # type: ignore[index]
    except (LookupError, TypeError):
        return MISSING


def _tensor(value: object, name: str) -> Any:
    """A tensor, or an array."""
    if not isinstance(value, torch.Tensor) and not is_array(value):
        raise NothingThere(f"{name} is {'None' if value is None else type(value).__name__}, not a tensor")
    return value


def _saved(root: torch.Tensor, node: int, name: str) -> Any:
    """What a node (numbered as its `Graph` numbers them) keeps for its backward."""
    if root.grad_fn is None:
        raise NothingThere("it has no graph")
    nodes = walk(root.grad_fn).nodes
    if not 0 <= node < len(nodes):
        raise NothingThere(f"its graph has no node {node}")
    short, _, index = name.removesuffix("]").partition("[")
    try:
        raw = getattr(nodes[node], f"_raw_saved_{short}")
        raw = raw[int(index)] if index else raw
        if getattr(raw, "unpack_hook", None) is not None:
            raise NothingThere(f"{name} is packed by a hook of yours")
        found = getattr(nodes[node], f"_saved_{short}")
    except AttributeError as error:
        raise NothingThere(f"{nodes[node].name()} saves no {name}") from error
    except RuntimeError as error:
        raise NothingThere(f"{name} is freed: backward() has run") from error
    return _tensor(found[int(index)] if index else found, name)


def _slice(tensor: Any, index: Sequence[int]) -> Any:
    shape = tuple(tensor.shape)
    if len(index) > len(shape) or any(not -size <= at < size for at, size in zip(index, shape, strict=False)):
        raise NothingThere(f"{tuple(index)} is outside of {shape}")
    with aside():
        return tensor[(*index, ...)]  # an array's number, too, stays an array


def _exactly(told: Tensor, value: Any) -> Tensor:
    """The card with statistics of every value, where the sample's are not that already."""
    if not told.sampled:
        return told
    tensor = array_view(value) if is_array(value) else value
    with aside():
        if tensor is None or not plain(tensor) or tensor.is_complex():
            return told
        try:
            whole = tensor.dequantize() if tensor.is_quantized else tensor
            found = exact.statistics(whole)
            counts = exact.histogram(whole, found)
        except ValueError as error:
            raise NothingThere(str(error)) from error
    return msgspec.structs.replace(told, sampled=False, histogram=counts, **found._asdict())
