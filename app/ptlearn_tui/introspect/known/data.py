"""Files, checkpoints, data sets and loaders."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

from ptlearn_tui.introspect.known.known import SIZES, TORCHS, Known, Maybe, close, with_keyword
from ptlearn_tui.introspect.scene import text

if TYPE_CHECKING:
    from ptlearn_tui.introspect.scene import Scene

_MOST_FILES = 2_000  # of a folder that are looked at for a name that is close


def _file(scene: Scene, found: re.Match[str]) -> Maybe:
    path = Path(str(getattr(scene.raised, "filename", None) or found.groupdict().get("path") or ""))
    facts: Maybe = {"path": str(path), "folder": str(path.parent.absolute())}
    if not path.parent.is_dir():
        return facts | {"no_folder": str(path.parent)}
    beside = [entry.name for _, entry in zip(range(_MOST_FILES), path.parent.iterdir(), strict=False)]
    other = close(path.name, beside)
    return facts | {"close": str(path.with_name(other)) if other else None}


def _load(scene: Scene, found: re.Match[str]) -> Maybe | None:
    if not scene.within("torch.serialization", "torch._weights_only_unpickler"):
        return None
    call = scene.call("load")
    return {"path": text(call.args[0]) if call is not None and call.args else None}


def _weights_only(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("load")
    facts: Maybe = {"path": text(call.args[0]) if call is not None and call.args else None}
    kind = re.search(r"(?:GLOBAL|Unsupported (?:global|class)):? ([\w.]+)", found.string)
    return facts | {"kind": kind[1] if kind else None, "call": with_keyword(call, "weights_only", "False")}


def _load_cpu(scene: Scene, found: re.Match[str]) -> Maybe:
    return {"call": with_keyword(scene.call("load"), "map_location", "'cpu'")}


def _collate(scene: Scene, found: re.Match[str]) -> Maybe | None:
    return {} if scene.within("torch.utils.data") else None


def _class_name(scene: Scene, found: re.Match[str]) -> Maybe | None:
    """The data set of the learner's, that Python has asked for its length."""
    return {} if scene.within("torch.utils.data") else None


def _item(scene: Scene, found: re.Match[str]) -> Maybe:
    data = scene.local("self")
    return {"dataset": type(data).__name__ if data is not None else None}


def _download(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call()
    return {"call": with_keyword(call, "download", "True")}


def _loader(scene: Scene, found: re.Match[str]) -> Maybe:
    statement = scene.statement
    for node in ast.walk(statement) if statement is not None else ():
        match node:
            case ast.Subscript(value=value) | ast.Call(func=ast.Name("next"), args=[value, *_]):
                return {"loader": text(value)}
    return {}


KNOWN = (
    Known("file-not-found", (r"no such file or directory: '?(?P<path>[^']*)'?",), _file, (FileNotFoundError,)),
    Known(
        "load-broken",
        (
            r"failed finding central directory|PytorchStreamReader failed|invalid load key|ran out of input|pop "
            r"from empty|"
            r"unexpected EOF|persistent id instruction|unsupported operand|invalid magic number|storage has wrong "
            r"byte size|file might be corrupted|^$",
        ),
        _load,
        (UnpicklingError, EOFError, *TORCHS),
    ),
    Known(
        "load-weights-only",
        (r"weights.?only (?:load|unpickler)|weights_only=True",),
        _weights_only,
        (UnpicklingError, *TORCHS),
    ),
    Known("load-on-cpu", (r"deserialize object on a (?:cuda|gpu|mps) device",), _load_cpu),
    Known(
        "dataloader-collate",
        (
            rf"each (?:tensor|element).* equal size(?:, but got {SIZES.format('a_sizes')} at entry \d+ and "
            rf"{SIZES.format('b_sizes')})?",
        ),
        _collate,
    ),
    Known("collate-kind", (r"batch must contain tensors.*found <class '(?P<kind>[\w.]+)'>",)),
    Known("dataset-no-len", (r"object of type '(?P<dataset>\w+)' has no len\(\)",), _class_name),
    Known(
        "dataset-no-getitem",
        (r"subclasses of dataset should implement __getitem__|'(?P<dataset>\w+)' object is not subscriptable",),
        lambda scene, found: _item(scene, found) if scene.within("torch.utils.data") else None,
    ),
    Known("dataset-empty", (r"num_samples should be a positive integer value, but got num_samples=0",)),
    Known("dataset-not-found", (r"dataset not found.*download=True",), _download),
    Known("loader-by-index", (r"'DataLoader' object is not (?:subscriptable|an iterator)",), _loader),
    Known("to-tensor-twice", (r"pic should be PIL Image or ndarray\. got <class 'torch\.Tensor'>",)),
    Known(
        "transform-order",
        (r"(?:img|tensor) should be (?:a )?(?:torch )?tensor(?: image)?\. got <class '(?P<kind>PIL[\w.]+)'>",),
    ),
)
