"""What PyTorch warns of and goes on."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ptlearn_tui.introspect.known.known import Known, Maybe, operand, with_keyword
from ptlearn_tui.introspect.known.networks import LOSS_SIZES, losses
from ptlearn_tui.introspect.scene import text

if TYPE_CHECKING:
    import re

    from ptlearn_tui.introspect.scene import Scene


def _grad(scene: Scene, found: re.Match[str]) -> Maybe:
    for node in ast.walk(scene.statement) if scene.statement is not None else ():
        if isinstance(node, ast.Attribute) and node.attr == "grad":
            return {"y": text(node.value)}
    return {}


def _copied(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("tensor")
    x = text(call.args[0]) if call is not None and call.args else None
    return {"x": x if call is None or not call.args or isinstance(call.args[0], ast.Name | ast.Attribute) else f"({x})"}


def _softmax(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("softmax", "log_softmax", "softmin", "Softmax", "LogSoftmax", "Softmin")
    return {"call": with_keyword(call, "dim", "1")}


def _reversed(scene: Scene, found: re.Match[str]) -> Maybe:
    for node in ast.walk(scene.statement) if scene.statement is not None else ():
        if isinstance(node, ast.Attribute) and node.attr == "T":
            return {"x": text(node.value)}
    return {"x": operand(scene)}


def _workers(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"call": with_keyword(scene.call("DataLoader"), "num_workers", found["most"])}


def _arrays(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("tensor", "as_tensor", "FloatTensor")
    return {"list": text(call.args[0]) if call is not None and call.args else None}


def _scalar(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("float", "int", "complex")
    return {"x": text(call.args[0]) if call is not None and call.args else None}


def _read_only(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("from_numpy", "as_tensor")
    return {"array": text(call.args[0]) if call is not None and call.args else None}


def _rnn(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"call": with_keyword(scene.call("LSTM", "GRU", "RNN"), "num_layers", "2")}


_ANY = (Warning,)

KNOWN = (
    Known("grad-of-non-leaf", (r"\.grad attribute of a tensor that is not a leaf",), _grad, _ANY),
    Known("mse-broadcast", (LOSS_SIZES, r"using a target size .* different to the input size"), losses, _ANY),
    Known("scheduler-before-optimizer", (r"lr_scheduler\.step\(\)`? before `?optimizer\.step\(\)",), None, _ANY),
    Known("tensor-of-tensor", (r"to copy construct from a tensor",), _copied, _ANY),
    Known("softmax-dim", (r"implicit dimension choice for (?P<function>\w+)",), _softmax, _ANY),
    Known("t-of-many-dims", (r"use of `?x\.T`? on tensors of dimension other than 2",), _reversed, _ANY),
    Known(
        "too-many-workers",
        (
            r"will create (?P<workers>\d+) worker processes.*suggested max number of worker in current system is "
            r"(?P<most>\d+)",
        ),
        _workers,
        _ANY,
    ),
    Known("list-of-arrays", (r"creating a tensor from a list of numpy\.ndarrays is extremely slow",), _arrays, _ANY),
    Known("read-only-array", (r"numpy array is not writ(?:e)?able",), _read_only, _ANY),
    Known("number-with-graph", (r"converting a tensor with requires_grad=True to a scalar",), _scalar, _ANY),
    Known("rnn-dropout", (r"dropout option adds dropout after all but last recurrent layer",), _rnn, _ANY),
)
