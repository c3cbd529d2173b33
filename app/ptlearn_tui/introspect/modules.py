"""A module as a tree of layers: what each is, what it holds, and what it did in the forward pass that was looked at."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from torch import nn

from ptlearn_tui.events import Activation, Layer, Modules
from ptlearn_tui.introspect.fits import broken
from ptlearn_tui.introspect.reading import Reader
from ptlearn_tui.introspect.statistics import statistics
from ptlearn_tui.introspect.values import aside

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from ptlearn_tui.introspect.forward import Call, Pass

LAYERS = 300  # of one module that are told
WALKED = 5_000  # that are counted
SAID = 60  # characters that a layer says of itself


def describe(name: str, module: nn.Module, line: int, passed: Pass | None = None, **fields: Any) -> Modules:
    """The tree of `module`, called `name`; with `passed`, what its layers did. `fields`: of the event."""
    reader = Reader()
    found = list(islice(_walk(module), WALKED))
    held = _held(found)
    calls = passed.calls if passed is not None else {}
    with aside():
        pieces = {id: reader.add(call.values) for id, call in calls.items() if call.values is not None}
        reader.read()
        places: dict[int, str] = {}
        layers = []
        for (path, depth, layer), numbers in zip(found[:LAYERS], held, strict=False):
            call = calls.get(id(layer))
            values = reader[pieces[id(layer)]] if id(layer) in pieces else None
            layers.append(
                Layer(
                    path=path,
                    kind=type(layer).__name__,
                    depth=depth,
                    said=_said(layer),
                    own=sum(_size(each) for each in _own(layer)),
                    parameters=sum(map(_size, numbers.values())),
                    frozen=bool(numbers) and not any(each.requires_grad for each in numbers.values()),
                    training=layer.training,
                    same_as=places.get(id(layer)),
                    **_did(call, values, counted=passed is not None and passed.counted),
                )
            )
            places.setdefault(id(layer), path)
    why = None
    if passed is not None and passed.failed is not None:
        why = broken(passed, [(path, layer) for path, _, layer in found])
    return Modules(
        name=name,
        line=line,
        layers=layers,
        left_out=len(found) - len(layers),
        bytes=sum(_size(each) * each.element_size() for each in held[0].values()),
        called=passed is not None,
        broken=why,
        **fields,
    )


def _walk(module: nn.Module) -> Iterator[tuple[str, int, nn.Module]]:
    """Path, depth and layer, depth first; a layer in two places comes twice, a ring is not gone round."""
    stack: list[tuple[str, int, nn.Module, tuple[int, ...]]] = [("", 0, module, ())]
    while stack:
        path, depth, layer, above = stack.pop()
        yield path, depth, layer
        inside = (*above, id(layer))
        below = [
            (f"{path}.{key}" if path else key, depth + 1, child, inside)
            for key, child in layer._modules.items()
            if child is not None and id(child) not in inside
        ]
        stack += reversed(below)


def _own(layer: nn.Module) -> list[nn.Parameter]:
    return [each for each in layer._parameters.values() if each is not None]


def _held(found: list[tuple[str, int, nn.Module]]) -> list[dict[int, nn.Parameter]]:
    """For each of a walk's layers its parameters and those of the layers inside, each once."""
    held: list[dict[int, nn.Parameter]] = [{id(each): each for each in _own(layer)} for _, _, layer in found]
    above: list[int] = []  # where the layers around stand, by their depth
    for index, (_, depth, _) in enumerate(found):
        for around in above[:depth]:
            held[around].update(held[index])
        above[depth:] = [index]
    return held


def _did(call: Call | None, values: torch.Tensor | None, *, counted: bool) -> dict[str, Any]:
    if call is None:
        return {}
    return {
        "inputs": call.inputs,
        "outputs": call.outputs,
        "dtype": call.dtype,
        "calls": call.times,
        "flops": call.flops if counted else None,
        "activation": _activation(call, values) if values is not None and values.numel() else None,
    }


def _size(parameter: torch.Tensor) -> int:
    """0 where a lazy layer does not know yet."""
    return 0 if isinstance(parameter, nn.parameter.UninitializedParameter) else parameter.numel()


def _said(layer: nn.Module) -> str:
    """``5, 5, stride=2``: of PyTorch's own layers, since asking a learner's would run their code."""
    if not type(layer).__module__.startswith("torch.nn."):
        return ""
    said = layer.extra_repr()
    return said if len(said) <= SAID and "\n" not in said else ""


def _activation(call: Call, values: torch.Tensor) -> Activation:
    found = statistics(values)
    shown = {key: found[key] for key in ("mean", "std", "min", "max", "nan", "inf", "histogram") if key in found}
    return Activation(zeros=int((values == 0).sum()) / values.numel(), sampled=call.sampled, **shown)
