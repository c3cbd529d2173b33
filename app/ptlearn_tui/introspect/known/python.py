"""Python's own errors, as they meet people who learn PyTorch."""

from __future__ import annotations

import ast
import builtins
import inspect
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import torch

from ptlearn_tui.introspect.attributes import attribute, follow, names
from ptlearn_tui.introspect.known.known import Known, Maybe, close, shape
from ptlearn_tui.introspect.scene import text
from ptlearn_tui.introspect.values import shape_of

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from ptlearn_tui.introspect.scene import Scene

IMPORTS = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "optim": "from torch import optim",
    "Tensor": "from torch import Tensor",
    "np": "import numpy as np",
    "plt": "import matplotlib.pyplot as plt",
    "pd": "import pandas as pd",
    "torchvision": "import torchvision",
    "transforms": "from torchvision import transforms",
    "datasets": "from torchvision import datasets",
    "DataLoader": "from torch.utils.data import DataLoader",
    "Dataset": "from torch.utils.data import Dataset",
    "TensorDataset": "from torch.utils.data import TensorDataset",
    "random_split": "from torch.utils.data import random_split",
    **{name: f"import {name}" for name in ("os", "math", "time", "random", "copy", "json", "sys")},
    "Path": "from pathlib import Path",
    "tqdm": "from tqdm import tqdm",
}
_PACKAGES = {
    "cv2": "opencv-python",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "skimage": "scikit-image",
}
_FULL_WIDTH = {
    **{chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)},
    "。": ".",
    "、": ",",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "【": "[",
    "】": "]",
    "\u3000": " ",
    "￥": "$",
    "—": "-",
    "–": "-",
}
_KEYWORDS = ("dtype", "device", "requires_grad", "size", "dim", "keepdim", "out", "layout", "pin_memory", "generator")


def _full_width(scene: Scene, found: re.Match[str]) -> Maybe | None:
    character = found["character"] or chr(int(found["code"], 16))
    line = getattr(scene.raised, "text", None) or ""
    plain = "".join(_FULL_WIDTH.get(one, one) for one in line.strip())
    half = _FULL_WIDTH.get(character)
    if half is None:
        return None
    return {"character": character, "half": half.strip() or None, "line": plain if len(plain) <= 60 else None}


def _undefined(scene: Scene, found: re.Match[str]) -> Maybe | None:
    statement = IMPORTS.get(found["name"])
    return {"statement": statement} if statement else None


def _unknown(scene: Scene, found: re.Match[str]) -> Maybe:
    known = {name for space in (*scene.namespaces, vars(builtins)) for name in space if not name.startswith("_")}
    return {"close": close(found["name"], known)}


def _whose(scene: Scene) -> Any:
    """The object that lacks the attribute."""
    held = getattr(scene.raised, "obj", None)
    return held if held is not None else scene.local("self")


def _of_tensor(scene: Scene, found: re.Match[str]) -> Maybe | None:
    return {} if isinstance(getattr(torch.Tensor, found["name"], None), type(torch.Tensor.view)) else None


def _attribute(scene: Scene, found: re.Match[str]) -> Maybe | None:
    """Of PyTorch's objects and modules; of a learner's network too."""
    value, name = _whose(scene), found["name"]
    torchs = isinstance(
        value, torch.Tensor | torch.nn.Module | torch.optim.Optimizer | torch.utils.data.DataLoader
    ) or (isinstance(value, ModuleType) and value.__name__.partition(".")[0] in ("torch", "torchvision"))
    if not torchs:
        return None
    known = names(value)
    other = close(name, known if name.startswith("_") else {one for one in known if not one.startswith("_")})
    kind = value.__name__ if isinstance(value, ModuleType) else type(value).__name__
    return {"name": name, "close": other, "kind": kind, "x": _before(scene, name)} if other else None


def _before(scene: Scene, name: str) -> str | None:
    """What stands before ``.name``."""
    for node in ast.walk(scene.statement) if scene.statement is not None else ():
        if isinstance(node, ast.Attribute) and node.attr == name:
            return text(node.value)
    return None


def _tuple(scene: Scene, found: re.Match[str]) -> Maybe | None:
    name = found["name"]
    if not (hasattr(torch.Tensor, name) or hasattr(torch.nn.Module, name)):
        return None
    value: Any = getattr(scene.raised, "obj", None)
    return {"x": _before(scene, name), "length": str(len(value)) if type(value) in (tuple, list) else None}


def _no_grad(scene: Scene, found: re.Match[str]) -> Maybe | None:
    """``.grad`` is None on the line."""
    for node in ast.walk(scene.statement) if scene.statement is not None else ():
        if isinstance(node, ast.Attribute) and node.attr == "grad":
            return {"x": text(node.value)}
    return None


def _returned(scene: Scene, found: re.Match[str]) -> Maybe | None:
    name = found["name"]
    return {"x": _before(scene, name)} if hasattr(torch.Tensor, name) or hasattr(torch.nn.Module, name) else None


def _number(scene: Scene, found: re.Match[str]) -> Maybe | None:
    name = found["name"]
    return {"x": (_before(scene, name) or "").removesuffix(".item()") or None} if hasattr(torch.Tensor, name) else None


def _method(scene: Scene, found: re.Match[str]) -> Maybe:
    """``x.size[0]``, ``loss.mean.backward()``: the method without its call."""
    for node in ast.walk(scene.statement) if scene.statement is not None else ():
        match node:
            case ast.Subscript(value=ast.Attribute() as method, slice=index):
                return {"method": text(method), "fixed": f"{ast.unparse(method)}()[{ast.unparse(index)}]"}
            case ast.Attribute(value=ast.Attribute() as method, attr=name) if name == found.groupdict().get("name"):
                return {"method": text(method), "fixed": f"{ast.unparse(method)}().{name}"}
            case ast.For(iter=ast.Attribute() as method) | ast.Call(args=[ast.Attribute() as method]):
                return {"method": text(method), "fixed": f"{ast.unparse(method)}()"}
    return {}


def _called(scene: Scene, found: re.Match[str]) -> Maybe:
    call = next((node for node in _calls(scene) if not isinstance(node.func, ast.Call)), None)
    x = text(call.func) if call is not None else None
    inside = ", ".join(ast.unparse(part) for part in call.args) if call is not None else ""
    return {"x": x, "fixed": f"{x}[{inside}]" if x and inside else x}


def _calls(scene: Scene) -> Iterator[ast.Call]:
    for node in ast.walk(scene.statement) if scene.statement is not None else ():
        if isinstance(node, ast.Call):
            yield node


def _keyword(scene: Scene, found: re.Match[str]) -> Maybe | None:
    wrong = found["keyword"]
    for call in _calls(scene):
        if wrong not in [word.arg for word in call.keywords]:
            continue
        other = close(wrong, _takes(scene, call.func)) or {"learning_rate": "lr"}.get(wrong)
        value = next(ast.unparse(word.value) for word in call.keywords if word.arg == wrong)
        return {"close": other, "value": value, "function": text(call.func)} if other else None
    return None


def _takes(scene: Scene, function: ast.expr) -> set[str]:
    """The names that a function of Python's has for its arguments; the usual ones where C code does not say."""
    said = text(function) or ""
    values = follow(scene.namespaces, said.split("."))
    value = values[-1] if len(values) == said.count(".") + 1 else None
    if isinstance(value, type):
        value = attribute(value, "__init__")
    value = inspect.unwrap(value) if isinstance(value, FunctionType) else value
    if not isinstance(value, FunctionType):
        return set(_KEYWORDS)
    code = value.__code__
    return {*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]} - {"self"}


def _unpack(scene: Scene, found: re.Match[str]) -> Maybe | None:
    """Of a tensor or its shape: only these are ours to tell of."""
    match scene.statement:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
            owner = value.value if isinstance(value, ast.Attribute) and value.attr == "shape" else value
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "size":
                owner = value.func.value
            tensor = next((one.value for one in scene.tensors if one.name == text(owner)), None)
            if tensor is None:
                return None
            size = len(shape_of(tensor)) if owner is not value else (shape_of(tensor) or [0])[0]
            given = [*map(ast.unparse, targets)][:size] + ["_"] * (size - len(targets))
            facts: Maybe = {"x": text(owner), "x_shape": shape(tensor), "names": str(len(targets)), "count": str(size)}
            return facts | {"value": text(value), "targets": ", ".join(given) if size < 7 else None}
    return None


def _package(scene: Scene, found: re.Match[str]) -> Maybe | None:
    module = found["module"].partition(".")[0]
    if module.lower() in ("pytorch", "tourch", "troch"):
        return {"module": module, "meant": "torch"}
    return {"module": module, "package": _PACKAGES.get(module, module)}


def _count(scene: Scene, found: re.Match[str]) -> Maybe | None:
    match scene.statement:
        case ast.For(target=target, iter=number):
            return {"number": text(number), "target": text(target)}
    return None


_NONE = (
    r"'NoneType' object (?:has no attribute '(?P<name>\w+)'|is not (?:subscriptable|iterable|callable))",
    r"unsupported operand type\(s\) for .*'NoneType'|must be tensor, not NoneType|bad operand type for "
    r"unary .*'NoneType'",
)

KNOWN = (
    Known(
        "full-width",
        (r"invalid (?:non-printable )?character (?:'(?P<character>[^'])' ?)?\(?U\+(?P<code>[0-9A-F]{4})",),
        _full_width,
        (SyntaxError,),
    ),
    Known("not-imported", (r"name '(?P<name>\w+)' is not defined",), _undefined, (NameError,)),
    Known("name-unknown", (r"name '(?P<name>\w+)' is not defined",), _unknown, (NameError,)),
    Known(
        "no-super-init",
        (
            r"'(?P<net>\w+)' object has no attribute '_(?:parameters|buffers|modules|forward_hooks|"
            r"forward_pre_hooks|backward_hooks|backward_pre_hooks|non_persistent_buffers_set)'",
        ),
        None,
        (AttributeError,),
    ),
    Known("method-of-tensor", (r"module 'torch' has no attribute '(?P<name>\w+)'",), _of_tensor, (AttributeError,)),
    Known(
        "tuple-has-no-attribute",
        (r"'(?P<kind>tuple|list)' object has no attribute '(?P<name>\w+)'",),
        _tuple,
        (AttributeError,),
    ),
    Known("grad-is-none", _NONE, _no_grad, (AttributeError, TypeError)),
    Known("none-returned", (r"'NoneType' object has no attribute '(?P<name>\w+)'",), _returned, (AttributeError,)),
    Known(
        "number-has-no-attribute",
        (r"'(?P<kind>float|int|bool)' object has no attribute '(?P<name>\w+)'",),
        _number,
        (AttributeError,),
    ),
    Known(
        "method-not-called",
        (
            r"'(?:builtin_function_or_method|method)' object (?:has no attribute '(?P<name>\w+)'|is not "
            r"(?:subscriptable|iterable))",
        ),
        lambda scene, found: None if scene.within("torch.optim") else _method(scene, found),
        (AttributeError, TypeError),
    ),
    Known(
        "not-callable",
        (r"'(?P<kind>Tensor|torch\.Size|Parameter|torch\.dtype)' object is not callable",),
        _called,
        (TypeError,),
    ),
    Known("attribute-close", (r"has no attribute '(?P<name>\w+)'",), _attribute, (AttributeError,)),
    Known(
        "keyword-close",
        (
            r"unexpected keyword argument '(?P<keyword>\w+)'|'(?P<other>\w+)' is an invalid keyword",
            r"invalid combination of arguments - got \([^)]*\b(?P<keyword>\w+)=",  # before 2.14
        ),
        _keyword,
        (TypeError,),
    ),
    Known("unpack-count", (r"(?:too many|not enough) values to unpack",), _unpack, (ValueError,)),
    Known("not-installed", (r"no module named '(?P<module>[\w.]+)'",), _package, (ModuleNotFoundError,)),
    Known("number-not-iterable", (r"'int' object is not iterable",), _count, (TypeError,)),
)
