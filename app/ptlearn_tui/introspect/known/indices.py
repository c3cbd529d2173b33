"""Indices, masks and dimensions that are not there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ptlearn_tui.introspect.known.known import (
    SIZES,
    Known,
    Maybe,
    first,
    live,
    operand,
    shape,
)
from ptlearn_tui.introspect.scene import text

if TYPE_CHECKING:
    import re

    from ptlearn_tui.introspect.scene import Scene


def _index(scene: Scene, found: re.Match[str]) -> Maybe:
    dim, size = int(found["dim"]), int(found["size"])
    x = first(scene.tensors, lambda tensor: tensor.dim() > dim and tensor.shape[dim] == size)
    before = ":, " * dim
    facts: Maybe = {"x": x.name if x else None, "most": str(size - 1), "least": str(-size)}
    return facts | {"last": f"{before}{size - 1}", "end": f"{before}-1"}


def _subscript(scene: Scene) -> ast.Subscript | None:
    nodes: Any = ast.walk(scene.statement) if scene.statement is not None else ()
    return next((node for node in nodes if isinstance(node, ast.Subscript)), None)


def _indices(scene: Scene, found: re.Match[str]) -> Maybe:
    node, dims = _subscript(scene), int(found["dims"])
    if node is None or not isinstance(node.slice, ast.Tuple):
        return {}
    x, given = text(node.value), node.slice.elts
    some = ", ".join(ast.unparse(index) for index in given[:dims])
    return {"x": x, "given": str(len(given)), "some": some or None}


def _zero_dim(scene: Scene, found: re.Match[str]) -> Maybe:
    x = first(scene.tensors, lambda tensor: tensor.dim() == 0)
    return {"x": x.name if x else None}


def _mask(scene: Scene, found: re.Match[str]) -> Maybe:
    node = _subscript(scene)
    return {"x": text(node.value) if node else None, "mask": text(node.slice) if node else None}


def _assigned(scene: Scene, found: re.Match[str]) -> Maybe | None:
    """`expand` says the same words: it is an assignment where the statement is one."""
    match scene.statement:
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            return {"target": text(target), "value": text(value), "place_sizes": found["place_sizes"]}
    return {} if "indexing result" in found[0] else None


_ALONG = ("sum", "mean", "softmax", "log_softmax", "argmax", "argmin", "max", "min", "size", "std", "squeeze", "cumsum")


def _dim(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call(*_ALONG)
    method = call.func.attr if call is not None and isinstance(call.func, ast.Attribute) else None
    call = call or scene.call("transpose", "unsqueeze", "flatten", "movedim", "cat", "stack")
    before = text(call.func.value) if call is not None and isinstance(call.func, ast.Attribute) else None
    x = before if live(scene, before) is not None else operand(scene)
    tensor = live(scene, x)
    facts: Maybe = {"x": x, "x_shape": shape(tensor)}
    if before is not None and before == x and method is not None:
        facts["call"] = f"{x}.{method}(-1)"
    return facts


KNOWN = (
    Known(
        "index-out-of-range",
        (r"index (?P<index>-?\d+) is out of (?:bounds|range) for dimension (?P<dim>\d+) with size (?P<size>\d+)",),
        _index,
    ),
    Known("too-many-indices", (r"too many indices for (?:a )?tensor of dimension (?P<dims>\d+)",), _indices),
    Known("zero-dim", (r"invalid index of a 0-dim tensor|\b0-d(?:im)? tensor",), _zero_dim),
    Known(
        "mask-shape",
        (
            rf"shape of the mask {SIZES.format('mask_sizes')} at index \d+ does not match the shape of the indexed "
            r"tensor "
            rf"{SIZES.format('x_sizes')}",
        ),
        _mask,
    ),
    Known(
        "assign-shape",
        (
            rf"value tensor of shape {SIZES.format('value_sizes')} cannot be broadcast to indexing result of shape "
            rf"{SIZES.format('place_sizes')}",
            rf"expanded size of the tensor.*Target sizes: {SIZES.format('place_sizes')}.*Tensor sizes: "
            rf"{SIZES.format('value_sizes')}",
        ),
        _assigned,
    ),
    Known(
        "dim-out-of-range",
        (
            r"Dimension out of range \(expected to be in range of \[(?P<low>-?\d+), (?P<high>-?\d+)\], but got "
            r"(?P<dim>-?\d+)\)",
            r"dimension specified as (?P<dim>-?\d+) but tensor has no dimensions",
        ),
        _dim,
    ),
)
