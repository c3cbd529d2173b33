"""What autograd refuses."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ptlearn_tui.introspect.known.known import SIZES, Known, Maybe, live, operand, shape, with_keyword
from ptlearn_tui.introspect.operators import words
from ptlearn_tui.introspect.scene import text

if TYPE_CHECKING:
    import re

    from ptlearn_tui.introspect.scene import Scene


def _loss(scene: Scene, found: re.Match[str]) -> Maybe:
    loss = operand(scene, "backward")
    return {"loss": loss, "loss_shape": shape(live(scene, loss))}


def _version(scene: Scene, found: re.Match[str]) -> Maybe:
    operator = found.groupdict().get("node")
    return {"operator": words(operator) if operator else None}


def _leaf(scene: Scene, found: re.Match[str]) -> Maybe:
    statement = scene.statement
    x = None
    match statement:
        case ast.AugAssign(target=ast.Subscript(value=base)) | ast.Assign(targets=[ast.Subscript(value=base)]):
            x = text(base)
        case ast.AugAssign(target=target):
            x = text(target)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=base))):
            x = text(base)
    line = text(statement) if isinstance(statement, ast.AugAssign | ast.Assign | ast.Expr) else None
    return {"x": x, "line": line}


def _backward(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"y": operand(scene, "backward")}


def _whole_numbers(scene: Scene, found: re.Match[str]) -> Maybe:
    call = with_keyword(scene.call("tensor", "zeros", "ones", "full", "arange", "zeros_like"), "dtype", "torch.float32")
    x = operand(scene, "requires_grad_")
    if isinstance(scene.statement, ast.Assign) and isinstance(scene.statement.targets[0], ast.Attribute):
        x = text(scene.statement.targets[0].value)
    return {"call": call} if call else {"x": x}


def _not_leaf(scene: Scene, found: re.Match[str]) -> Maybe:
    if isinstance(scene.statement, ast.Assign) and isinstance(scene.statement.targets[0], ast.Attribute):
        return {"x": text(scene.statement.targets[0].value)}
    return {"x": operand(scene, "requires_grad_")}


def _deepcopy(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"x": operand(scene)}


def _unused(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"call": with_keyword(scene.call("grad"), "allow_unused", "True")}


KNOWN = (
    Known(
        "needs-grad", (r"does not require grad(?: and does not have a grad_fn)?\s*$", r"does not have a grad_fn"), _loss
    ),
    Known(
        "backward-twice",
        (
            r"backward through the graph a second time",
            r"saved (?:intermediate )?(?:results|values|tensors?).*already been freed",
        ),
        _loss,
    ),
    Known(
        "inplace-version",
        (
            rf"modified by an inplace operation: \[[\w.]+ {SIZES.format('sizes')}\](?:, which is output \d+ of "
            r"(?P<node>\w+),)? is at version (?P<now>\d+); expected version (?P<then>\d+)",
            r"modified by an in-?place operation",
        ),
        _version,
    ),
    Known(
        "leaf-inplace",
        (r"leaf (?:variable|tensor) that requires grad (?:is being|has been|was) used in an in-?place",),
        _leaf,
    ),
    Known("scalar-only-backward", (r"grad can be implicitly created only for (?:scalar|real scalar) outputs",), _loss),
    Known(
        "backward-shape",
        (
            rf"mismatch in shape: grad_output\[\d+\] has a shape of {SIZES.format('given_sizes')} and "
            r"output\[\d+\] has a "
            rf"shape of {SIZES.format('y_sizes')}",
        ),
        _backward,
    ),
    Known("requires-grad-of-ints", (r"only tensors of floating point.* can require gradients",), _whole_numbers),
    Known("requires-grad-of-result", (r"only change requires_grad flags of leaf",), _not_leaf),
    Known("deepcopy-of-result", (r"support the deepcopy protocol",), _deepcopy),
    Known("grad-unused", (r"appears? to not have been used in the graph",), _unused),
    Known("inference-tensor", (r"inference tensors? (?:cannot be saved|outside inferencemode)",)),
)
