"""The records that cross processes, are printed by ``--json`` and are kept in a run's ``events.jsonl``.

One JSON object a line. An event of a kernel carries ``cell`` (0-based), one of a run ``time`` (seconds since the
run began). Floats that are not finite stand as the strings ``"nan"``, ``"inf"`` and ``"-inf"``, so that every line
is strict JSON; ``float(value)`` reads either form back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence  # noqa: TC003  # msgspec reads it
from typing import Any, ClassVar, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

Number: TypeAlias = float | str
"""A float, or ``"nan"``, ``"inf"``, ``"-inf"`` once it came over the wire."""

Values: TypeAlias = Any
"""A number, a bool, a string (complex numbers) or a nested list of them: a tensor's values, bounded."""


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every event has: the cell it belongs to, or the time in the run."""

    cell: int | UnsetType = UNSET
    time: Number | UnsetType = UNSET


# ---- a cell runs -----------------------------------------------------------------------------------------------


class Stdout(Event, tag="stdout", frozen=True, kw_only=True):
    """Text written to file descriptor 1, by Python, C++ or a child process."""

    text: str
    dropped: int = 0  # bytes left out before this text, where the cell wrote faster than anyone can read
    dropped_lines: int = 0  # line ends among them


class Stderr(Event, tag="stderr", frozen=True, kw_only=True):
    """Text written to file descriptor 2."""

    text: str
    dropped: int = 0
    dropped_lines: int = 0


class Line(Event, tag="line", frozen=True, kw_only=True):
    """A statement has run: what it made, read from PyTorch."""

    line: int  # 1-based, in the cell that is running or in `line_cell`
    line_cell: int | UnsetType = UNSET  # the earlier cell that the code stands in, if it is not this one
    name: str | None  # what it bound, or None for a bare expression
    kind: str  # "tensor", "module", "number" or "other"
    shape: list[int] | None = None
    dtype: str | None = None  # "float32", without "torch."
    operator: str | None = None  # of its grad_fn, in words: "mul"; "leaf" for a leaf that requires grad
    text: str = ""  # a short value: "27.0", "5 items", "→ x.grad" for what backward() reached
    times: int = 1  # how often the statement has run so far; 0 in a hot loop, where nobody counts


class Value(Event, tag="value", frozen=True, kw_only=True):
    """The value of a bare expression at the top level of the cell."""

    text: str  # its repr, bounded
    line: int


class Grad(Struct, frozen=True, kw_only=True):
    """A gradient, as the card of its leaf shows it."""

    shape: list[int]
    dtype: str
    values: Values = None
    norm: Number | None = None
    norm_sampled: bool = False  # the norm is an estimate, from a sample of at most 4,096 values


class Heat(Struct, frozen=True, kw_only=True):
    """A row or matrix of a tensor at a glance: a digit a value, 0 in the lowest tenth from `min` to `max`, 9 in the
    highest; `n` is NaN, `+` and `-` the infinities. For rank > 2 the leading slice."""

    rows: list[str]
    steps: list[int]  # every how many-th row and column is there


class Image(Struct, frozen=True, kw_only=True):
    """A tensor that may be a picture, at most 32×32 of its pixels."""

    rows: list[str]  # hexadecimal: two digits a grey pixel, six a coloured one
    height: int  # of the tensor's own
    width: int
    colour: bool = False
    index: list[int] = []  # of a batch, which picture
    low: Number | None = None  # where the values were stretched to black …
    high: Number | None = None  # … and white: what they were


class Reads(Struct, frozen=True, kw_only=True):
    """Another variable on the same storage, and which of its elements it reads; offset and strides in elements."""

    name: str
    dtype: str
    shape: list[int]
    stride: list[int]
    offset: int
    itemsize: int  # bytes of an element


class Group(Struct, frozen=True, kw_only=True):
    """The module, list, tuple or dict that a tensor was found in."""

    name: str
    kind: str  # "LeNet", "list"
    tensors: int  # in it; not all of them have a card
    numel: int  # of all of them
    bytes: int


class Was(Struct, frozen=True, kw_only=True):
    """What the variable's card said at the end of the cell before."""

    how: str  # "rebound", "in place", or "uncounted": in place, behind PyTorch's back (`.data`, NumPy)
    shape: list[int]
    dtype: str
    mean: Number | None = None
    value: Any = None  # of a tensor with one element


class Tensor(Struct, frozen=True, kw_only=True):
    """One tensor's card. Statistics are over the finite values, of a strided sample of at most 4,096 if `sampled`."""

    name: str
    line: int
    shape: list[int]
    dtype: str
    device: str
    requires_grad: bool
    is_leaf: bool
    grad_fn: str | None  # PyTorch's own name: "MulBackward0"
    operator: str | None = None  # the same in words: "mul"
    grad: Grad | None = None
    grad_why: str | None = None  # why none: "not a leaf", "no backward yet", "cleared", "requires_grad is False"
    stride: list[int] | None = None  # None where the layout has none (sparse)
    contiguous: bool | None = None
    storage: int | None = None  # a small number: equal on cards that share memory, stable within a kernel
    offset: int | None = None  # in elements
    numel: int
    sampled: bool = False
    min: Number | None = None
    max: Number | None = None
    mean: Number | None = None
    std: Number | None = None
    nan: int = 0
    inf: int = 0
    values: Values = None  # nested, at most 8 a dimension and 64 in all; leading slice for rank > 2
    kind: str = "tensor"  # "tensor", "parameter", "array" (NumPy's), or the name of a subclass
    layout: str = "strided"  # "sparse_coo", "sparse_csr", "jagged", …
    stored: int | None = None  # elements that a sparse tensor stores
    dims: list[str] = []  # names of its dimensions, where they are known for sure: a layer's own weight
    bytes: int | None = None  # of its elements: `numel` times the size of one
    storage_bytes: int | None = None  # of the memory that it stands in
    histogram: list[int] = []  # how many of the finite values are in each of at most 24 equal bins from min to max
    heat: Heat | None = None
    image: Image | None = None
    shared: list[Reads] = []  # other variables on its storage, at most 8
    group: Group | None = None
    was: Was | None = None  # where the variable has changed since the cell before


class Tensors(Event, tag="tensors", frozen=True, kw_only=True):
    """What one top-level statement made or changed."""

    line: int
    items: list[Tensor]


class Activation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The values that came out of a layer, of a strided sample of at most 4,096 if `sampled`; see `Tensor`."""

    zeros: float = 0.0  # the share that is exactly 0
    sampled: bool = False
    min: Number | None = None
    max: Number | None = None
    mean: Number | None = None
    std: Number | None = None
    nan: int = 0
    inf: int = 0
    histogram: list[int] = []


class Layer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A module inside a module, or that itself."""

    path: str = ""  # "features.0"; empty for the module itself
    kind: str  # "Conv2d"
    depth: int = 0
    said: str = ""  # what one of PyTorch's own says of itself: "1, 6, kernel_size=(5, 5), stride=(1, 1)"
    own: int = 0  # numbers in its own parameters
    parameters: int = 0  # those of all its layers too
    frozen: bool = False  # none of them wants a gradient
    training: bool = True
    same_as: str | None = None  # path: it is the layer that stands there already
    inputs: list[list[int]] = []  # shapes of at most 4 tensors that it was given …
    outputs: list[list[int]] = []  # … and of those that it gave, in the pass; none where it was not called
    dtype: str = ""  # of the first of these
    calls: int = 0  # in the pass; shapes and activation are of the last
    flops: int | None = None  # of all these calls, its layers' too; a multiplication and an addition are two
    activation: Activation | None = None


class Broken(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a forward pass broke off."""

    path: str = ""  # of the innermost layer that raised
    what: str = ""  # "features" or "channels", where it is their number
    wants: int | None = None  # how many the layer wants …
    has: int | None = None  # … and what it was given
    repair: str = ""  # a layer for what comes: "nn.Linear(256, 120)"
    image: list[int] = []  # the least and the largest side of a square image with which it would fit


class Modules(Event, tag="modules", frozen=True, kw_only=True):
    """A module that a statement has made, or the first pass of a statement through it."""

    name: str
    line: int  # that made it, or called it
    line_cell: int | UnsetType = UNSET
    layers: list[Layer]  # depth first; the first is the module itself
    left_out: int = 0  # layers beyond the bound
    bytes: int = 0  # of its parameters
    called: bool = False  # its layers have shapes
    broken: Broken | None = None


class Saved(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tensor that a node keeps for its backward."""

    name: str
    shape: list[int] | None


class Node(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A node of the backward graph."""

    id: int  # 0 is the root; numbered in the order of the walk
    name: str  # "MulBackward0"
    operator: str  # "mul"; the leaf's name for AccumulateGrad
    inputs: list[int]  # the nodes that its gradient goes to, in the operator's own order
    shape: list[int] | None  # of its forward output
    dtype: str | None = None
    variable: str | None = None  # AccumulateGrad: the name that the leaf had when the graph was made
    line: int | None = None  # source line; None where it is not known
    line_cell: int | UnsetType = UNSET
    saved: list[Saved] = []
    rule: str = ""  # its derivative in a line, "d(a·b) = b·da + a·db"; empty where we know none that holds


class More(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The nodes beyond the first 2,000, shortly: a loop makes the same few again and again."""

    kinds: list[Node]  # what they are, without their inputs
    nodes: list[list[int]]  # each its kind, then its inputs; they are numbered on
    joins: list[list[int]] = []  # of the first 2,000 those that lead to these: id, then all inputs


class Graph(Event, tag="graph", frozen=True, kw_only=True):
    """The backward graph of a variable; nodes[0] is its grad_fn."""

    root: str
    line: int
    nodes: list[Node]
    left_out: int = 0  # nodes beyond the bound
    more: More | UnsetType = UNSET  # those of them that are told shortly
    number: int | UnsetType = UNSET  # PyTorch's own of nodes[0]: says whether the variable still has this graph


class NoGraph(Event, tag="no_graph", frozen=True, kw_only=True):
    """A cell has told no graph at all: why one of the tensors that it bound last has none."""

    root: str
    line: int
    why: str  # "leaf", "dtype", "inference_mode", "no_grad", "cut", "no_input" or "unknown"
    because: list[str] = []  # "dtype": which; "cut": by what, ".detach()"; "no_input": the tensors that it was made of


class Flow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A gradient on its way to a node. None: nothing went there, which counts as zero."""

    to: int  # id of the node
    gradient: Grad | None = None


class Shot(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A node at work in a backward()."""

    node: int  # its id
    incoming: list[Grad | None]  # for each of its outputs
    outgoing: list[Flow] = []  # in the order of its inputs
    before: Grad | None = None  # a leaf's .grad …
    after: Grad | None = None  # … and what it was when the new one had been added


class Film(Event, tag="film", frozen=True, kw_only=True):
    """A backward() node by node, in the order in which PyTorch ran them."""

    root: str
    line: int
    line_cell: int | UnsetType = UNSET
    nodes: list[Node]  # of its graph
    shots: list[Shot]
    left_out: int = 0  # nodes beyond the bound: nothing of them is told
    shape: list[int]  # of what was differentiated
    jacobian: Values = None  # rows: its elements, columns: the leaf's; where both are at most 16, and one leaf is there
    leaf: str | None = None  # whose


class Step(Event, tag="step", frozen=True, kw_only=True):
    """In step-through: what one statement changed."""

    line: int
    changed: list[str] = []
    shared: list[list[str]] = []
    grads: list[str] = []


class Metric(Event, tag="metric", frozen=True, kw_only=True):
    """One point of a curve."""

    name: str  # "loss", "rate", …
    step: int  # 1-based
    value: Number


class Points(Event, tag="points", frozen=True, kw_only=True):
    """Points of one curve in a row, as they cross from a kernel to its client: there each becomes a `Metric`."""

    name: str
    step: int  # of the first
    values: Sequence[Number]

    def metrics(self) -> list[Metric]:
        """Each by itself."""
        return [
            Metric(cell=self.cell, name=self.name, step=step, value=value)
            for step, value in enumerate(self.values, self.step)
        ]


class Advice(Event, tag="advice", frozen=True, kw_only=True):
    """A trap that was detected while the code ran."""

    code: str
    line: int
    message: str  # in English
    line_cell: int | UnsetType = UNSET
    facts: dict[str, str] = {}  # for the texts of `code` in both languages


class Error(Event, tag="error", frozen=True, kw_only=True):
    """What the cell raised."""

    kind: str  # "RuntimeError"
    message: str
    line: int | None  # in the cell
    line_cell: int | UnsetType = UNSET
    traceback: str  # the learner's frames; a library's are one line each
    whole: str | None = None  # with the library's frames, where there are any
    explanation: str | None = None  # in English: the live tensors of the line; what happened, why, and repairs
    code: str | None = None  # of an error that is known: its texts in both languages are in `locale/explained` …
    facts: dict[str, str] = {}  # … with these in their places


class Check(Event, tag="check", frozen=True, kw_only=True):
    """One check of an exercise has been tried on the learner's answer."""

    name: str  # of the function in `check.py`
    ok: bool


class Shown(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that a check has seen."""

    text: str  # its repr, bounded
    name: str = ""  # an input's
    shape: list[int] | None = None  # of a tensor
    dtype: str | None = None


class Failing(Event, tag="failing", frozen=True, kw_only=True):
    """Why the last `Check` is not ok: the smallest input that was found to fail."""

    name: str  # of the check
    says: str  # the message: of the exercise's own; "missing" (a name is not bound) and "raises" are everyone's
    inputs: list[Shown] = []
    expected: Shown | None = None
    got: Shown | None = None


class Done(Event, tag="done", frozen=True, kw_only=True):
    """Always the last event of a cell; sent by the client if the kernel died."""

    ok: bool
    seconds: float
    interrupted: bool = False
    died: str | None = None  # "exit 3", "signal 11 (SIGSEGV)"


# ---- a training run --------------------------------------------------------------------------------------------


class Gpu(Struct, frozen=True, kw_only=True):
    """A GPU of the machine that a run is on, when it begins."""

    device: str  # "cuda:0"
    name: str
    memory: int  # bytes in all
    free: int  # bytes
    users: list[str] = []  # whose processes are on it, where the driver tells


class Run(Event, tag="run", frozen=True, kw_only=True):
    """The first event of a run: everything that is needed to make it again."""

    id: str
    recipe: str
    config: dict[str, Any]
    seed: int
    device: str
    versions: dict[str, str]
    data: dict[str, Any]  # name, train and test images, kind: "full", "sample" or "synthetic", path
    steps_per_epoch: int = 0
    threads: int = 1  # of the CPU, for each process
    ranks: int = 1  # processes that train together
    gpus: list[Gpu] = []  # of the machine, where it trains on one


class Eval(Event, tag="eval", frozen=True, kw_only=True):
    """The model's score on one split, after an epoch."""

    epoch: int  # 1-based; 0 is before any training
    split: str  # "train" or "test"
    loss: Number  # mean cross-entropy over the split, in nats
    accuracy: float  # fraction right, 0..1


class Picture(Struct, frozen=True, kw_only=True):
    """One image with what the model says of it."""

    pixels: list[list[int]]  # rows of 0..255 (grey), or of 0xRRGGBB, bounded to 32×32
    colour: bool = False  # which of the two
    target: str
    prediction: str
    probability: float  # the model's own, of its prediction


class Sample(Event, tag="sample", frozen=True, kw_only=True):
    """The surest mistakes on the test set, bounded."""

    epoch: int  # epochs completed
    wrong: int  # how many there are in all
    of: int = 0  # images that were looked at
    pictures: list[Picture]


class Timing(Event, tag="timing", frozen=True, kw_only=True):
    """Where a step's time goes: medians of the last steps, milliseconds."""

    step: int
    images_per_second: float
    data: float
    forward: float
    backward: float
    update: float
    gradients: dict[str, Number] = {}  # layer -> norm of its gradient


class Note(Event, tag="note", frozen=True, kw_only=True):
    """What somebody did to the run: paused it, went on, set the rate."""

    step: int  # the last that was done; of a resume, the checkpoint's
    action: str  # "pause", "go on", "rate", "stop", "resume"
    text: str = ""


class Checkpoint(Event, tag="checkpoint", frozen=True, kw_only=True):
    """A checkpoint is on disk, whole."""

    path: str
    step: int


class End(Event, tag="end", frozen=True, kw_only=True):
    """Always the last event of a run that was not killed."""

    status: str  # "finished", "stopped" or "failed"
    seconds: float
    images_per_second: float = 0.0
    message: str = ""


CellEvent: TypeAlias = (
    Stdout | Stderr | Line | Value | Tensors | Modules | Graph | NoGraph | Film | Step | Metric | Advice | Error | Done
)
RunEvent: TypeAlias = Run | Metric | Eval | Sample | Tensors | Graph | Timing | Note | Advice | Checkpoint | End
AnyEvent: TypeAlias = (
    Stdout | Stderr | Line | Value | Tensors | Modules | Graph | NoGraph | Film | Step | Metric | Points | Advice
    | Error | Check | Failing | Done | Run | Eval | Sample | Timing | Note | Checkpoint | End
)  # fmt: skip


def _strict(value: Any) -> Any:
    """The same built-ins with non-finite floats as words and lone surrogates replaced."""
    match value:
        case float() if not math.isfinite(value):
            return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
        case str():
            return value.encode("utf-8", "replace").decode()
        case list() | tuple():
            return [_strict(item) for item in value]
        case dict():
            return {_strict(key): _strict(item) for key, item in value.items()}
    return value


class Wire:
    """Encoder and decoder, made once: JSON lines without the line end."""

    encoder: ClassVar[msgspec.json.Encoder] = msgspec.json.Encoder()
    decoder: ClassVar[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)


def encode(event: Event) -> bytes:
    """One strict JSON object, no line end. msgspec writes NaN as null, so a line without null had none."""
    try:
        line = Wire.encoder.encode(event)
        if b"null" not in line:
            return line
    except UnicodeEncodeError:  # a lone surrogate in a learner's string
        pass
    return Wire.encoder.encode(_strict(msgspec.to_builtins(event)))


def decode(line: bytes | str) -> AnyEvent:
    """Read one line. Raises `msgspec.MsgspecError` for anything that is not an event we know."""
    return Wire.decoder.decode(line)
