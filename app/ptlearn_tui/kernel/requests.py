"""What is said between a client, the server, a keeper and a kernel, events apart: JSON, one object a line.

A kernel's own events (`ptlearn_tui.events`) come back over the socket that its requests go out on, each after its
places in stdout and stderr (see `capture`): `1024 0 {"type":"value",…}`. What is no event has no places.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from ptlearn_tui.events import Tensor  # noqa: TC001 - msgspec reads the annotation


class Message(Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """Anything that is said."""


# ---- client -> kernel ----------------------------------------------------------------------------------------


class Run(Message, frozen=True, kw_only=True):
    """Run a cell; its events come back, the last of them `Done`."""

    cell: int  # 0-based
    source: str
    step: bool = False  # statement by statement: after each comes a `Step`, and it waits for a `Go`
    film: bool = False  # backward() calls are recorded: each comes as a `Film`


class Examine(Message, frozen=True, kw_only=True):
    """Run a learner's answer to an exercise, and its checks on it. `Check` and `Failing` come back, and `Done`."""

    cell: int
    source: str
    checks: str  # the exercise's check.py
    seed: int


class Go(Message, frozen=True, kw_only=True):
    """A cell that is stepped through goes on."""

    how: str  # "next", "loop" (to its end), "end" (of the cell) or "stop"


class Complete(Message, frozen=True, kw_only=True):
    """Which names fit at a place of a cell's text? Answered by `Names`, between cells."""

    number: int  # comes back with the answer
    source: str
    line: int  # 1-based
    column: int  # 0-based, in characters


class Describe(Message, frozen=True, kw_only=True):
    """More about a tensor than its card shows. Answered by `Described`, between cells."""

    number: int
    name: str  # as cards are named: "x", "net.conv1.weight", "pairs[0]", "x.grad"
    index: list[int] = []  # of the leading dimensions: a slice
    exact: bool = False  # statistics of every value, not of a sample
    node: int | None = None  # of the graph of `name`, as `Graph` numbers them …
    saved: str | None = None  # … and what of it: "self", "tensors[0]"
    graph: int | None = None  # the `number` of that graph: if `name` has another by now, there is nothing to tell


class Reset(Message, frozen=True, kw_only=True):
    """Forget all that cells have bound; modules stay imported. Answered by `Described`, without a card."""

    number: int


Request: TypeAlias = Run | Examine | Go | Complete | Describe | Reset

# ---- client -> server ----------------------------------------------------------------------------------------


class Fork(Message, frozen=True, kw_only=True):
    """Fork a keeper and its kernel. Descriptors come along: the keeper's socket, then those of `kernel.main`."""

    folder: str  # the kernel's working directory
    limit: int | None = None  # bytes of memory that its cells may come to use


# ---- answers -------------------------------------------------------------------------------------------------


class Names(Message, frozen=True, kw_only=True):
    """A kernel's answer to `Complete`. It comes among its events, without places."""

    number: int
    names: list[str]


class Described(Message, frozen=True, kw_only=True):
    """A kernel's answer to `Describe` and `Reset`."""

    number: int
    card: Tensor | None = None
    why: str = ""  # there is none


class Ready(Message, frozen=True, kw_only=True):
    """The server has imported torch."""

    torch: str  # its version
    seconds: float  # what the imports took


class Started(Message, frozen=True, kw_only=True):
    """The keeper has forked its kernel."""

    pid: int


class Failed(Message, frozen=True, kw_only=True):
    """There is no kernel, and why: no memory, no processes left."""

    reason: str


class Ended(Message, frozen=True, kw_only=True):
    """The kernel runs no more: nothing of it, or of what it started, executes another instruction."""

    died: str  # "exit 3", "signal 11 (SIGSEGV)" or "killed"


Reply: TypeAlias = Names | Described  # of a kernel
Answer: TypeAlias = Started | Failed | Ended  # of a keeper

_encoder = msgspec.json.Encoder()
_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_forks: msgspec.json.Decoder[Fork] = msgspec.json.Decoder(Fork)
_ready: msgspec.json.Decoder[Ready] = msgspec.json.Decoder(Ready)
_replies: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)
_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)

# Each reads one line, and raises `msgspec.MsgspecError` if it is something else.
decode_request = _requests.decode
decode_fork = _forks.decode
decode_ready = _ready.decode
decode_reply = _replies.decode
decode_answer = _answers.decode


def encode(message: Message) -> bytes:
    """One line, with its end. A lone surrogate in a learner's source becomes a question mark."""
    try:
        return _encoder.encode(message) + b"\n"
    except UnicodeEncodeError:
        fields = msgspec.to_builtins(message).items()
        return _encoder.encode({name: _whole(value) for name, value in fields}) + b"\n"


def _whole(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


class Lines:
    """Whole lines out of the chunks that a socket happens to give."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes, without their ends."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return lines
