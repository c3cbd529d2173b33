"""What a module's layers did in a real forward pass: shapes, activations, FLOPs, and where it broke off.

Module hooks slow every call of a module down (some 3 µs), so they are there only until the pass that they wait for has
been: `Forwards` is armed before a statement, and lets go after the first passes of it.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import getpid
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ptlearn_tui.introspect.statistics import sample
from ptlearn_tui.introspect.values import aside, dtype_of, plain, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

PASSES = 4  # of different modules, of one statement
AGAIN = 3  # calls of modules that have been seen: then nothing new is to come
CALLS = 2_000  # of layers in one pass that are looked at
TENSORS = 4  # of a layer's inputs, or outputs, whose shapes are told

_FUSED = ("_transformer_encoder_layer_fwd", "_native_multi_head_attention", "mkldnn_rnn_layer", "_cudnn_rnn")

Shape: TypeAlias = "list[int]"


@dataclass(slots=True)
class Call:
    """What one layer did; of a layer that is called several times, in its last call."""

    inputs: list[Shape]
    outputs: list[Shape] = field(default_factory=list)
    dtype: str = ""
    times: int = 0
    flops: int = 0  # of all its calls; while it is called, the count before it less those
    values: torch.Tensor | None = None  # a copy of a sample of its first output
    sampled: bool = False  # that are not all of them


@dataclass(slots=True)
class Pass:
    """A forward pass of a module, by the ids of its layers."""

    module: nn.Module
    caller: FrameType  # the machinery of modules; who called it stands further up
    calls: dict[int, Call] = field(default_factory=dict)
    failed: int | None = None  # the innermost layer that raised
    counted: bool = True  # FLOPs have been


class _Flops(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts by PyTorch's own formulas (`torch.utils.flop_counter`: a multiplication and an addition are two)."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0
        self.blind = False  # an operator has come that does in one what nobody has a formula for

    def start(self) -> None:
        """Count from here on."""
        self.__enter__()  # type: ignore[no-untyped-call]

    def stop(self) -> None:
        """Up to here."""
        self.__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        self.blind = self.blind or func.__name__.partition(".")[0] in _FUSED
        formula = flop_registry.get(func._overloadpacket)
        if formula is None and func is not torch.ops.prim.device.default:
            with self:  # in inference mode `linear` comes here whole
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        if formula is not None:
            try:
                self.total += formula(*args, **kwargs, out_val=result)
            except Exception:  # shapes that the formula has not thought of
                pass
        return result


class Forwards:
    """Looks at the first forward passes after `arm`, of this thread; each is told once it has ended."""

    def __init__(self, tell: Callable[[Pass], None]) -> None:
        self._tell = tell
        self._owner = get_ident(), getpid()
        self._handles: list[Any] = []
        self._seen: set[int] = set()
        self._again = 0
        self._pass: Pass | None = None
        self._open: list[nn.Module] = []  # the calls that are under way, the innermost last
        self._left = CALLS
        self._flops: _Flops | None = None

    def arm(self) -> None:
        """A statement begins."""
        self._seen.clear()
        self._again = 0
        if not self._handles:
            self._handles = [
                register_module_forward_pre_hook(self._enter),
                register_module_forward_hook(self._leave, with_kwargs=True, always_call=True),
            ]

    def disarm(self) -> None:
        """Nothing is looked at any more, however the pass ended that was looked at."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._close()

    # ---- hooks -------------------------------------------------------------------------------------------------

    def _enter(self, module: nn.Module, args: Any) -> None:
        if (get_ident(), getpid()) != self._owner or torch.compiler.is_compiling():
            return
        try:
            if not self._open and not self._begin(module):
                return
            self._open.append(module)
            if self._pass is not None and self._left > 0:
                self._left -= 1
                call = self._pass.calls.setdefault(id(module), Call([]))
                call.inputs = _shapes(args)
                call.flops = self._count() - call.flops
        except Exception:  # the learner's pass comes first
            self.disarm()

    def _leave(self, module: nn.Module, args: Any, *rest: Any) -> None:
        """`rest`: keyword arguments, and what came out; after an exception only the latter, which is None.

        PyTorch walks through its hooks then: none may be removed here.
        """
        if not self._open or (get_ident(), getpid()) != self._owner:
            return
        try:
            while self._open and self._open[-1] is not module:  # an interrupted call has left no word
                self._open.pop()
            if self._open:
                if self._pass is not None:
                    self._told(self._pass, module, rest)
                self._open.pop()
            if not self._open:
                self._end()
        except Exception:
            self._close()
            self._again = AGAIN

    def _told(self, passed: Pass, module: nn.Module, rest: tuple[Any, ...]) -> None:
        """A layer has been called."""
        call = passed.calls.get(id(module))
        if call is None:
            return
        call.times += 1
        call.flops = self._count() - call.flops
        if len(rest) == 1:
            passed.failed = id(module) if passed.failed is None else passed.failed
            return
        passed.failed = None  # if anything inside broke off, it was caught
        keywords, result = rest
        call.inputs = call.inputs or _shapes(keywords)
        call.outputs = _shapes(result)
        first = next(iter(_tensors(result)), None)
        if first is not None:
            call.dtype = dtype_of(first)
            if not module._modules and self._flops is not None:
                self._take(call, first, self._flops)

    def _take(self, call: Call, output: torch.Tensor, flops: _Flops) -> None:
        """Copied, since the next layer may work in place."""
        if torch._C._len_torch_dispatch_stack() != 1:  # somebody else's mode is inside ours
            return
        flops.stop()
        try:
            if plain(output):
                with aside():
                    part = sample(output.detach())
                    call.values, call.sampled = part.clone(), part.numel() < output.numel()
        finally:
            flops.start()

    def _count(self) -> int:
        return self._flops.total if self._flops is not None else 0

    # ---- a pass ------------------------------------------------------------------------------------------------

    def _begin(self, module: nn.Module) -> bool:
        """Whether to follow this call; it is looked at if `_pass` is there then."""
        self._again += id(module) in self._seen
        # Hooks about a compiled module would have it compiled twice.
        if self._again >= AGAIN or len(self._seen) >= PASSES or type(module).__name__ == "OptimizedModule":
            self.disarm()
            return False
        if id(module) in self._seen:
            return True
        self._seen.add(id(module))
        if worth_telling(module):
            self._pass, self._left = Pass(module, sys._getframe(2)), CALLS
            if _undisturbed():
                self._flops = _Flops()
                self._flops.start()
            else:
                self._pass.counted = False
        return True

    def _end(self) -> None:
        passed = self._pass
        if passed is not None and self._flops is not None:
            passed.counted = not self._flops.blind
        self._close()
        if passed is not None:
            self._tell(passed)

    def _close(self) -> None:
        if self._flops is not None:
            self._flops.stop()
        self._pass = self._flops = None
        self._open.clear()


def worth_telling(module: nn.Module) -> bool:
    """Whether there is a tree: of a loss or an activation the cards of its tensors say all there is."""
    return bool(module._modules or module._parameters)


def _undisturbed() -> bool:
    """Whether it can be counted and sampled: nobody traces, transforms, captures or watches these operators."""
    return not (
        torch._C._get_tracing_state()
        or torch._C._len_torch_dispatch_stack()
        or torch._C._functorch.peek_interpreter_stack() is not None
        or (
            torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
            and torch.cuda.is_current_stream_capturing()
        )
    )


def _tensors(value: Any) -> list[torch.Tensor]:
    """The tensors of a tensor, tuple, list or dict, at most four."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if not isinstance(value, (tuple, list)):
        return []
    found: list[torch.Tensor] = []
    for item in value:
        found += _tensors(item)
        if len(found) >= TENSORS:
            break
    return found[:TENSORS]


def _shapes(value: Any) -> list[Shape]:
    return [shape_of(tensor) for tensor in _tensors(value)]
