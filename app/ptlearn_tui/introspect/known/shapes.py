"""Sizes that do not fit: products, broadcasting, views, joining."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ptlearn_tui.introspect.known.known import (
    SIZES,
    Known,
    Maybe,
    arguments,
    live,
    operand,
    pair,
    shape,
    sizes,
)
from ptlearn_tui.introspect.scene import text
from ptlearn_tui.introspect.values import shape_of

if TYPE_CHECKING:
    import re

    import torch

    from ptlearn_tui.introspect.scene import Scene


def _matmul(scene: Scene, found: re.Match[str]) -> Maybe:
    left, right = int(found["a_size"]), int(found["b_size"])

    def meet(a: torch.Tensor, b: torch.Tensor) -> bool:
        return bool(a.dim() and b.dim()) and a.shape[-1] == left and b.shape[-min(b.dim(), 2)] == right

    both = pair(scene.tensors, meet)
    if both is None:
        return {}
    a, b = both
    facts: Maybe = {"a": a.name, "b": b.name, "a_shape": shape(a.value), "b_shape": shape(b.value)}
    if a.value.dim() > 2 and shape_of(b.value) == [*shape_of(a.value)[:-2], left]:
        facts["vectors"] = f"{a.name} @ {b.name}[..., None]"
    elif b.value.dim() > 1 and b.value.shape[-1] == left:
        facts["turned"] = f"{a.name} @ {b.name}.{'T' if b.value.dim() == 2 else 'mT'}"
    elif a.value.dim() == 2 and a.value.shape[0] == right:
        facts["turned"] = f"{a.name}.T @ {b.name}"
    return facts


def _meets(a: list[int], b: list[int]) -> bool:
    """Whether two shapes broadcast."""
    return all(one == other or 1 in (one, other) for one, other in zip(reversed(a), reversed(b), strict=False))


def _broadcast(scene: Scene, found: re.Match[str]) -> Maybe:
    left, right = int(found["a_size"]), int(found["b_size"])

    def clash(a: torch.Tensor, b: torch.Tensor) -> bool:
        return (left, right) in zip(reversed(shape_of(a)), reversed(shape_of(b)), strict=False)

    both = pair(scene.tensors, clash)
    if both is None:
        return {}
    a, b = both
    facts: Maybe = {"a": a.name, "b": b.name, "a_shape": shape(a.value), "b_shape": shape(b.value)}
    for one, other in ((b, a), (a, b)):
        sizes_, others = shape_of(one.value), shape_of(other.value)
        if len(sizes_) == 1 and len(others) == 2 and sizes_[0] == others[0]:
            return facts | {"column": f"{one.name}[:, None]", "flat": one.name}
        if len(sizes_) == 2 and _meets(sizes_[::-1], others):
            return facts | {"turned": f"{one.name}.T", "flat": one.name}
    return facts


def _normalize(scene: Scene, found: re.Match[str]) -> Maybe | None:
    """`transforms.Normalize` has means for three channels, and the picture has one."""
    if not scene.within("torchvision.transforms"):
        return None
    return {"has": str((sizes(found["a_sizes"]) or [0])[0]), "wants": str((sizes(found["all_sizes"]) or [0])[0])}


def _inplace_broadcast(scene: Scene, found: re.Match[str]) -> Maybe:
    if isinstance(scene.statement, ast.AugAssign):
        target, value = text(scene.statement.target), text(scene.statement.value)
        operator = type(scene.statement.op)
        signs = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
        if target and value and operator in signs:
            return {"a": target, "apart": f"{target} = {target} {signs[operator]} {value}"}
    return {"a": operand(scene)}


def _reshape(scene: Scene, found: re.Match[str]) -> Maybe:
    numel, wanted = int(found["numel"]), sizes(found["sizes"])
    x = operand(scene, "view", "reshape", "unflatten")
    facts: Maybe = {"x": x}
    tensor = live(scene, x)
    if tensor is not None:
        facts["x_shape"] = shape(tensor)
    if -1 not in wanted:
        product = 1
        for size in wanted:
            product *= size
        facts["product"] = str(product)
    if wanted and wanted[0] > 0 and numel % wanted[0] == 0:
        facts["rows"] = str(wanted[0])
    elif wanted and wanted[-1] > 0 and numel % wanted[-1] == 0:
        facts["columns"] = str(wanted[-1])
    elif tensor is not None and tensor.dim() > 1:
        facts["batch"] = str(tensor.shape[0])
    return facts


def _view(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"x": operand(scene, "view"), "sizes": arguments(scene.call("view"))}


def _joined(scene: Scene) -> str | None:
    call = scene.call("cat", "concat", "concatenate", "stack", "hstack", "vstack")
    return text(call.args[0]) if call is not None and call.args else None


def _cat(scene: Scene, found: re.Match[str]) -> Maybe:
    facts: Maybe = {"list": _joined(scene)}
    shapes = [shape_of(named.value) for named in scene.tensors]
    if len(shapes) > 1 and len({len(one) for one in shapes}) == 1:
        for dim in range(len(shapes[0])):
            if len({(*one[:dim], *one[dim + 1 :]) for one in shapes}) == 1:
                facts["fits"] = str(dim)
                break
    return facts


def _cat_dims(scene: Scene, found: re.Match[str]) -> Maybe:
    smallest = min(scene.tensors, key=lambda named: named.value.dim(), default=None)
    return {"x": smallest.name} if smallest is not None and len(scene.tensors) > 1 else {}


def _stack(scene: Scene, found: re.Match[str]) -> Maybe | None:
    return None if scene.within("torch.utils.data") else {"list": _joined(scene)}


def _expand(scene: Scene, found: re.Match[str]) -> Maybe:
    x = operand(scene, "expand", "broadcast_to")
    return {"x": x, "one": ":, " * int(found["dim"]) + ":1", "sizes": arguments(scene.call("expand", "broadcast_to"))}


def _permute(scene: Scene, found: re.Match[str]) -> Maybe:
    x = operand(scene, "permute")
    tensor = live(scene, x)
    dims = tensor.dim() if tensor is not None else 0
    order = [dims - 1, *range(dims - 1)] if dims > 1 else []
    return {"x": x, "dims": str(dims) if dims else None, "order": ", ".join(map(str, order)) or None}


def _t(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"x": operand(scene, "t")}


def _einsum(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("einsum")
    match call.args if call is not None else []:
        case [ast.Constant(value=str(equation)), *_]:
            return {"equation": equation}
    return {}


KNOWN = (
    Known(
        "matmul-shapes",
        (
            r"shapes? cannot be multiplied \((?P<rows>\d+)x(?P<a_size>\d+) and (?P<b_size>\d+)x(?P<columns>\d+)\)",
            r"size mismatch, m1: \[(?P<rows>\d+) x (?P<a_size>\d+)\], m2: \[(?P<b_size>\d+) x (?P<columns>\d+)\]",
            r"size mismatch, got input \(\d+\), (?:mat|matrix) \(\d+x(?P<a_size>\d+)\), vec \((?P<b_size>\d+)\)",
            r"first two dimensions of batch2 tensor to be: \[\d+, (?P<a_size>\d+)\] but got: \[\d+, "
            r"(?P<b_size>\d+)\]",
            r"inconsistent tensor size, expected tensor \[(?P<a_size>\d+)\] and src \[(?P<b_size>\d+)\]",
            r"1D tensors expected.*same size.*?(?P<a_size>\d+).*?(?P<b_size>\d+)",
        ),
        _matmul,
    ),
    Known(
        "matrix-wanted",
        (
            r"\b(?:mat1|mat2|self|batch1|batch2|input) must be a (?:2-?D |3-?D )?(?:matrix|tensor)\b",
            r"matrix and vector expected|vector \+ matrix @ vector expected|2D tensors expected",
        ),
    ),
    Known(
        "normalize-channels",
        (
            rf"output with shape {SIZES.format('a_sizes')} doesn't match the broadcast shape "
            rf"{SIZES.format('all_sizes')}",
        ),
        _normalize,
    ),
    Known(
        "inplace-broadcast",
        (
            rf"output with shape {SIZES.format('a_sizes')} doesn't match the broadcast shape "
            rf"{SIZES.format('all_sizes')}",
        ),
        _inplace_broadcast,
    ),
    Known(
        "broadcast",
        (
            r"size of tensor a \((?P<a_size>\d+)\) must match the size of tensor b \((?P<b_size>\d+)\)",
            r"shape mismatch: objects cannot be broadcast to a single shape|are not broadcast(?:able| compatible)",
        ),
        _broadcast,
    ),
    Known(
        "reshape-size",
        (rf"shape '?{SIZES.format('sizes').replace('d, ', 'd, -')}'? is invalid for input of size (?P<numel>\d+)",),
        _reshape,
    ),
    Known("view-stride", (r"view size is not compatible with input tensor's size and stride",), _view),
    Known(
        "cat-sizes",
        (
            r"sizes of tensors must match except in dimension (?P<dim>\d+)\.? "
            r"(?:Expected size (?P<a_size>\d+) but got size (?P<b_size>\d+)|Got (?P<a_old>\d+) and (?P<b_old>\d+))?",
        ),
        _cat,
    ),
    Known(
        "cat-dims",
        (r"tensors must have same number of dimensions:? got (?P<a_dims>\d+) and (?P<b_dims>\d+)",),
        _cat_dims,
    ),
    Known(
        "stack-sizes",
        (
            rf"stack expects each tensor to be equal size, but got {SIZES.format('a_sizes')} at entry \d+ and "
            rf"{SIZES.format('b_sizes')} at entry (?P<entry>\d+)",
        ),
        _stack,
    ),
    Known(
        "expand-sizes",
        (
            r"expanded size of the tensor \((?P<new>\d+)\) must match the existing size \((?P<old>\d+)\) at "
            r"non-singleton "
            r"dimension (?P<dim>\d+)",
        ),
        _expand,
    ),
    Known(
        "permute-dims",
        (
            r"does not match the length of the desired ordering of dimensions|number of dims don't match in permute|"
            r"permute.*duplicate dims|repeated dim in permute",
        ),
        _permute,
    ),
    Known("t-dims", (r"t\(\) expects a tensor with <= 2 dimensions, but self is (?P<dims>\d+)D",), _t),
    Known(
        "einsum",
        (
            r"einsum\(\).*subscript (?P<letter>\w) has size (?P<b_size>\d+).*previously seen size (?P<a_size>\d+)",
            r"einsum\(\).*number of subscripts in the equation \((?P<letters>\d+)\).*number of dimensions "
            r"\((?P<dims>\d+)\)",
            r"\beinsum\(\)",
        ),
        _einsum,
    ),
    Known("ragged-list", (r"expected sequence of length (?P<length>\d+) at dim (?P<dim>\d+) \(got (?P<got>\d+)\)",)),
)
