"""Modules of one's own, what is loaded into them, and optimizers."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import torch

from ptlearn_tui.introspect.known.known import (
    SIZES,
    TORCHS,
    Known,
    Maybe,
    close,
    first_argument,
    live,
    operand,
    sizes,
)
from ptlearn_tui.introspect.scene import shape_text, text

if TYPE_CHECKING:
    from ptlearn_tui.introspect.scene import Scene


def _keys(scene: Scene, found: re.Match[str]) -> Maybe:
    message = found.string
    net = scene.receiver("load_state_dict")
    missing, unexpected = (
        re.findall(r'"([^"]+)"', part[0])
        if (part := re.search(rf"{word} key\(s\) in state_dict:[^\n]*", message))
        else []
        for word in ("Missing", "Unexpected")
    )
    facts: Maybe = {
        "net": net,
        "missing": missing[0] if missing else None,
        "state": first_argument(scene.call("load_state_dict")),
    }
    facts["unexpected"] = unexpected[0] if unexpected else None
    for wanted in missing[:1]:
        for other in unexpected:
            if other.endswith(f".{wanted}"):
                facts["prefix"] = other.removesuffix(wanted)
    return facts


def _sizes(scene: Scene, found: re.Match[str]) -> Maybe:
    file, model = sizes(found["file"]), sizes(found["model"])
    facts: Maybe = {"net": scene.receiver("load_state_dict"), "state": first_argument(scene.call("load_state_dict"))}
    return facts | {"file_shape": shape_text(file), "model_shape": shape_text(model)}


def _forward(scene: Scene, found: re.Match[str]) -> Maybe:
    module = scene.local("self")
    if not isinstance(module, torch.nn.Module):
        return {}
    own = [name for name in vars(type(module)) if not name.startswith("__")]
    return {"net": type(module).__name__, "close": close("forward", own)}


def _arguments(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call()
    return {"call": text(call.func) if call is not None else None}


def _not_module(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("Sequential")
    layers = text(call.args[0]) if call is not None and len(call.args) == 1 else None
    return {"layers": layers if found["kind"] in ("list", "tuple", "torch.nn.ModuleList") else None}


def _optimizer(scene: Scene, found: re.Match[str]) -> Maybe | None:
    if not scene.within("torch.optim"):
        return None
    call = next((call for call in _calls(scene.statement) if call.args or call.keywords), None)
    given = text(call.args[0]) if call is not None and call.args else None
    facts: Maybe = {"optimizer": text(call.func) if call is not None else None}
    rest = ", ".join(ast.unparse(word) for word in call.keywords) if call is not None else ""
    facts["rest"] = f", {rest}" if rest else None
    value = live(scene, given)
    if value is not None:
        return facts | {"tensor": given}
    net = (given or "").removesuffix("()").removesuffix(".parameters")
    return facts | {"net": net if re.fullmatch(r"[\w.]+", net) else None}


def _calls(statement: ast.stmt | None) -> list[ast.Call]:
    return [node for node in ast.walk(statement) if isinstance(node, ast.Call)] if statement is not None else []


def _non_leaf(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"x": operand(scene)}


_REGISTRIES = (
    r"parameters|buffers|modules|(?:forward|backward)_(?:pre_)?hooks|non_persistent_buffers_set|is_full_backward_hook"
)


KNOWN = (
    Known("state-dict-keys", (r"loading state_dict for (?P<class_name>\w+):.*(?:missing|unexpected) key",), _keys),
    Known(
        "state-dict-sizes",
        (
            r"loading state_dict for (?P<class_name>\w+):.*size mismatch for (?P<key>[\w.]+): copying a param "
            r"with shape "
            rf"{SIZES.format('file')} from checkpoint, the shape in current model is {SIZES.format('model')}",
        ),
        _sizes,
    ),
    Known("state-dict-wanted", (r"expected state_dict to be dict-like",), _keys),
    Known(
        "no-super-init",
        (
            r"cannot assign (?P<what>\w+) before Module\.__init__\(\) call",
            rf"'(?P<net>\w+)' object has no attribute '_(?:{_REGISTRIES})'",
        ),
        None,
        (AttributeError,),
    ),
    Known("forward-missing", (r"is missing the required .?forward.? function",), _forward),
    Known(
        "forward-arguments",
        (
            r"forward\(\) missing \d+ required positional arguments?: (?P<missing>'\w+')",
            r"forward\(\) takes (?P<takes>\d+) positional arguments? but (?P<given>\d+) (?:was|were) given",
        ),
        _arguments,
    ),
    Known("not-a-module", (r"(?P<kind>[\w.]+) is not a Module subclass",), _not_module),
    Known("optimizer-empty", (r"optimizer got an empty parameter list",), _optimizer),
    Known("optimizer-non-leaf", (r"can'?t optimize a non-leaf tensor",), _non_leaf),
    Known(
        "optimizer-not-parameters",
        (
            r"params argument given to the optimizer should be.*but got (?P<kind>[\w.]+)",
            r"optimizer can only optimize tensors, but one of the params is (?P<kind>[\w.]+)",
            r"'(?P<kind>\w+)' object is not iterable",
        ),
        _optimizer,
        TORCHS,
    ),
)
