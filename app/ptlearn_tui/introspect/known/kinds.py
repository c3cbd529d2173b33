"""Dtypes, devices, NumPy and Python values where tensors are wanted, and the other way round; memory."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import torch

from ptlearn_tui.introspect.known.known import (
    Known,
    Maybe,
    arguments,
    dtype_named,
    first,
    live,
    operand,
    pair,
    with_keyword,
)
from ptlearn_tui.introspect.scene import Named, text
from ptlearn_tui.introspect.values import dtype_of

if TYPE_CHECKING:
    import re

    from ptlearn_tui.introspect.scene import Scene


def _whole(tensor: torch.Tensor) -> bool:
    return not (tensor.is_floating_point() or tensor.is_complex())


def _dtypes(scene: Scene, found: re.Match[str]) -> Maybe:
    """The odd one is what is not float32; beside a layer, what it was given."""
    said = found.groupdict()
    dtypes = [dtype_named(said.get(key)) for key in ("a_dtype", "b_dtype")]
    facts: Maybe = {"a_dtype": dtypes[0], "b_dtype": dtypes[1]}
    weight = next(iter(vars(scene.layer.value)["_parameters"].values()), None) if scene.layer else None
    if scene.layer is not None and weight is not None:
        given = scene.given
        facts |= {"x": scene.name_of(given) if given is not None else None, "wants": dtype_of(weight)}
        return facts | {"has": dtype_of(given) if given is not None else None, "layer": scene.layer.name}
    both = pair(scene.tensors, lambda a, b: a.dtype != b.dtype)
    if both is None:
        return facts
    odd, other = both if both[0].value.dtype != torch.float32 else (both[1], both[0])
    return facts | {"x": odd.name, "has": dtype_of(odd.value), "wants": dtype_of(other.value)}


def _long(scene: Scene, found: re.Match[str]) -> Maybe:
    for local in ("target", "index", "indices", "input"):
        value = scene.local(local)
        if isinstance(value, torch.Tensor) and value.dtype != torch.int64:
            return {"x": scene.name_of(value), "has": dtype_of(value)}
    x = first(reversed(scene.tensors), lambda tensor: not _whole(tensor))
    return {"x": x.name, "has": dtype_of(x.value)} if x else {}


def _float(scene: Scene, found: re.Match[str]) -> Maybe:
    x = first(scene.tensors, _whole)
    return {"x": x.name, "has": dtype_of(x.value)} if x else {}


def _inplace_dtype(scene: Scene, found: re.Match[str]) -> Maybe:
    facts: Maybe = {key: dtype_named(found[key]) for key in ("result", "has")}
    signs = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
    match scene.statement:
        case ast.AugAssign(target=target, op=operator, value=value) if type(operator) in signs:
            x = text(target)
            facts |= {"x": x, "apart": f"{x} = {x} {signs[type(operator)]} {text(value)}"}
    return facts


def _minus(scene: Scene, found: re.Match[str]) -> Maybe:
    x = first(scene.tensors, lambda tensor: tensor.dtype == torch.bool)
    return {"x": x.name if x else None}


def _dtype_name(scene: Scene, found: re.Match[str]) -> Maybe:
    """``dtype="float32"``, ``dtype=np.float32``, ``.to("float32")``: the same with torch's own."""
    call = scene.call()
    given = [word.value for word in call.keywords if word.arg == "dtype"] if call is not None else []
    if call is not None and not given and call.args:
        given = call.args[:1]
    name = None
    match given:
        case [ast.Constant(value=str(said))]:
            name = said
        case [ast.Attribute(attr=said)]:
            name = said
    name = (name or "").removeprefix("torch.").rstrip("_")
    if not isinstance(getattr(torch, name, None), torch.dtype):
        return {}
    fixed = text(call) if call is not None else None
    if call is not None and given is not call.args and any(word.arg == "dtype" for word in call.keywords):
        fixed = with_keyword(call, "dtype", f"torch.{name}")
    elif fixed is not None:
        fixed = fixed.replace(ast.unparse(given[0]), f"torch.{name}", 1)
    return {"name": name, "call": fixed}


def _devices(scene: Scene, found: re.Match[str]) -> Maybe:
    """Two on the line that differ, or a layer and what it was given; the one on the CPU is to move."""
    both = pair(scene.tensors, lambda a, b: a.device != b.device)
    if both is None and scene.layer is not None and scene.given is not None:
        weight = next(iter(vars(scene.layer.value)["_parameters"].values()), None)
        if weight is not None and weight.device != scene.given.device:
            both = Named(scene.name_of(scene.given) or "", scene.given), Named(scene.layer.name, weight)
    if both is None:
        return {}
    x, other = both if both[0].value.device.type == "cpu" else (both[1], both[0])
    facts: Maybe = {"x": x.name, "x_device": str(x.value.device)}
    return facts | {"other": other.name, "device": str(other.value.device)}


def _numpy(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"x": operand(scene, "numpy")}


def _item(scene: Scene, found: re.Match[str]) -> Maybe | None:
    if scene.call("tensor", "array", "FloatTensor") is not None:  # a list of tensors: another error
        return None
    x = operand(scene, "item")
    tensor = live(scene, x)
    return {"x": x, "numel": str(tensor.numel()) if tensor is not None else None}


def _tensor_list(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("tensor", "array", "FloatTensor")
    return {"list": text(call.args[0]) if call is not None and call.args else None}


def _truth(scene: Scene, found: re.Match[str]) -> Maybe:
    match scene.statement:
        case ast.If(test=ast.expr() as test) | ast.While(test=ast.expr() as test) | ast.Assert(test=ast.expr() as test):
            said = text(test)
            return {"test": said if isinstance(test, ast.Name | ast.Attribute | ast.Call) else f"({said})"}
    return {}


def _loss_class(scene: Scene, found: re.Match[str]) -> Maybe | None:
    """``nn.MSELoss(output, target)``: the tensors went where the options go."""
    for frame in scene.below:
        made = frame.f_locals.get("self")
        if frame.f_code.co_name == "__init__" and isinstance(made, torch.nn.Module):
            call = scene.call(type(made).__name__)
            whole = f"{ast.unparse(call.func)}()({arguments(call)})" if call is not None else None
            return {"loss": type(made).__name__, "call": whole}
    return None


def _argument(scene: Scene) -> str | None:
    call = scene.call()
    return text(call.args[0]) if call is not None and call.args else None


def _tuple(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"x": _argument(scene)}


def _no_tensor(scene: Scene, found: re.Match[str]) -> Maybe | None:
    return {"x": _argument(scene)}


def _list(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("cat", "stack", "hstack", "vstack", "concat")
    return {"function": text(call.func) if call is not None else None, "all": arguments(call)}


def _bytes(scene: Scene, found: re.Match[str]) -> Maybe:
    said = found.groupdict().get("bytes")
    return {"size": f"{int(said) / 1e9:,.1f} GB" if said else None}


KNOWN = (
    Known("loss-arguments", (r"boolean value of tensor with (?:more than one|no) value",), _loss_class),
    Known("bool-of-many", (r"(?:boolean|bool) value of tensor with (?:more than one|no) value",), _truth),
    Known(
        "list-of-tensors",
        (r"only one element tensors can be converted to python scalars",),
        lambda scene, found: _tensor_list(scene, found) if scene.call("tensor", "array", "FloatTensor") else None,
    ),
    Known(
        "item-of-many",
        (
            r"a tensor with (?P<numel>\d+) elements cannot be converted to scalar",
            r"only (?:one element|integer) tensors (?:of a single element )?can be converted to",
        ),
        _item,
    ),
    Known("device-by-name", (r"device type at start of device string: (?P<name>[\w:-]+)",)),
    Known(
        "dtype-by-name",
        (
            r"argument 'dtype'.* must be torch\.dtype, not (?P<kind>\w+)",
            r"invalid combination of arguments - got \([^)]*\bdtype=(?:str|type)\b",  # before 2.14
            r"invalid device string: '(?P<name>(?:u?int|float|bfloat|complex|double|long|half|bool)\w*)'",
        ),
        _dtype_name,
    ),
    Known("device-by-name", (r"invalid device string: '(?P<name>[^']*)'",)),
    Known(
        "device-mismatch",
        (
            r"expected all tensors to be on the same device",
            r"tensor on (?:device )?(?P<x_device>[\w:]+) is not on the expected device (?P<device>[\w:]+)",
            r"input type \(torch\.(?P<device>cuda)\.\w+\) and (?:weight|bias) type \(torch\.\w+Tensor\)",
            r"input type \(torch\.\w+Tensor\) and (?:weight|bias) type \(torch\.(?P<device>cuda)\.\w+\)",
            r"expected object of (?:device type|backend) (?P<device>\w+) but got (?:device type|backend) "
            r"(?P<x_device>\w+)",
            r"indices should be either on cpu or on the same device",
            r"input and parameter tensors are not at the same device",
        ),
        _devices,
    ),
    Known(
        "cuda-missing",
        (
            r"torch not compiled with cuda enabled",
            r"found no nvidia driver|no cuda gpus are available|no cuda-capable device",
            r"cuda driver version is insufficient|driver on your system is too old|cannot initialize cuda",
        ),
    ),
    Known("cuda-assert", (r"cuda error: device-side assert triggered",)),
    Known("out-of-memory", (r"tried to allocate (?P<size>[\d.]+ \w+)", r"\w"), None, (torch.cuda.OutOfMemoryError,)),
    Known(
        "out-of-memory",
        (
            r"(?:cuda|mps|hip|xpu)(?: backend)? out of memory(?:.*?tried to allocate (?P<size>[\d.]+ \w+))?",
            r"CUDA error: out of memory",
        ),
        None,
        (RuntimeError,),
    ),
    Known(
        "too-much-memory",
        (
            r"can't allocate memory: you tried to allocate (?P<bytes>\d+) bytes",
            r"not enough memory: you tried to allocate (?P<bytes>\d+) bytes",
        ),
        _bytes,
    ),
    Known("too-much-memory", (r"",), None, (MemoryError,)),
    Known(
        "long-wanted",
        (
            r"expected (?:scalar type|target dtype to be|object of scalar type|dtype) (?:long|int64|int32/int64)\b",
            r"tensors used as indices must be long",
            r"'ind(?:ices|ex)' to have one of the following scalar types: long|expected tensor for argument "
            r".*indices.* long",
            r"one_hot is only applicable to index tensor",
            r"expected dtype (?:int64|int32/int64) for index",
            r"\"nll_loss\w*\" not implemented for '?(?:float|double|half|int|bool)",
        ),
        _long,
    ),
    Known(
        "dtype-mismatch",
        (
            r"(?:to have|must have) (?:the )?same dtype, but (?:got|found):? (?P<a_dtype>\w+) (?:and|!=) "
            r"(?P<b_dtype>\w+)",
            r"expected .* to have (?:the )?same dtype|must have (?:the )?same dtype",
            r"input type \((?P<a_dtype>[\w. ]+)\) and (?:weight|bias) type \((?P<b_dtype>[\w. ]+)\) should be the "
            r"same",
            r"expected (?:object of )?scalar type (?P<b_dtype>\w+) but (?:found|got scalar type) (?P<a_dtype>\w+)",
            r"found dtype (?P<a_dtype>\w+) but expected (?P<b_dtype>\w+)",
        ),
        _dtypes,
    ),
    Known(
        "float-wanted",
        (
            r"could not infer output dtype\. input dtype must be either a floating point",
            r"only supports? floating.?point|can only calculate the mean of floating types",
            r"not implemented for '(?:long|int|short|char|byte|bool)'",
            r"expected (?:a )?floating.?point (?:type|dtype|tensor)|input must be (?:a )?floating",
        ),
        _float,
    ),
    Known(
        "inplace-dtype",
        (r"result type (?P<result>\w+) can'?t be cast to the desired output type (?P<has>\w+)",),
        _inplace_dtype,
    ),
    Known("minus-of-bools", (r"(?:subtraction|negation), the `-` operator",), _minus),
    Known("numpy-requires-grad", (r"can't call numpy\(\) on (?:tensor|variable) that requires grad",), _numpy),
    Known("numpy-on-gpu", (r"can'?t convert (?P<device>[\w:]+) (?:device type )?tensor to numpy",), _numpy),
    Known("tuple-for-tensor", (r"must be tensor, not tuple",), _tuple),
    Known(
        "tensors-in-a-list",
        (
            r"must be (?:a )?(?:tuple|list|sequence) of tensors, not tensor",
            r"^(?:cat|concat)\(\) received an invalid combination of arguments - got \(tensor, tensor",  # before 2.14
        ),
        _list,
    ),
    Known(
        "tensor-wanted",
        (r"must be tensor, not (?P<kind>(?:numpy\.)?(?:ndarray|list|int|float|str|bool))\b",),
        _no_tensor,
    ),
    Known(
        "not-numbers",
        (
            r"could not infer dtype of (?P<kind>[\w.]+)",
            r"invalid data type '(?P<kind>\w+)'|too many dimensions '(?P<word>\w+)'",
            r"can't convert np\.ndarray of type numpy\.(?P<kind>object_|str_\w*)",
        ),
    ),
)
