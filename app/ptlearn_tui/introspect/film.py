"""A backward() recorded node by node through hooks: what came to each node, what went on, what leaves took in."""

from __future__ import annotations

import math
import warnings
import weakref
from typing import TYPE_CHECKING, Any

import torch
from msgspec import UNSET

from ptlearn_tui.events import Film, Flow, Grad, Shot, Values
from ptlearn_tui.introspect.autograd import LIMIT, walk
from ptlearn_tui.introspect.values import aside, dtype_of, plain, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ptlearn_tui.introspect.autograd import Reader

SIDE, CELLS = 8, 64  # of a gradient's values: at most so many a dimension, and in all
NORM_LIMIT = 1 << 20  # values of a gradient up to which its norm is taken
SMALL = 16  # elements of an output and of a leaf up to which the Jacobian is taken


class Recorder:
    """Records the next backward() of `root`, from `start` to `stop`. Its hooks change nothing and keep no tensor.

    `jacobian`: it may be taken, by differentiating each element beforehand. That runs the learner's own hooks, so
    only where there are none.
    """

    def __init__(self, root: torch.Tensor, reader: Reader, *, jacobian: bool, limit: int = LIMIT) -> None:
        nodes, outputs, left_out = walk(root.grad_fn, limit)
        number = {node: index for index, node in enumerate(nodes)}
        self._shots: list[Shot] = []
        self._begun: dict[int, tuple[list[Grad | None], Grad | None]] = {}  # nodes at work: what came, a leaf's .grad
        self._handles: list[Any] = []
        self._left_out = left_out
        self._shape = shape_of(root)
        self._nodes = []
        for index, (node, output) in enumerate(zip(nodes, outputs, strict=True)):
            targets = [number.get(function) for function, _ in node.next_functions]
            inputs = [target for target in targets if target is not None]
            self._nodes.append(reader.read(node, index, output, inputs))
        leaves = [index for index, node in enumerate(nodes) if _leaf_of(node) is not None]
        self._jacobian: Values = None
        self._leaf: str | None = None
        if jacobian and not left_out and len(leaves) == 1 and all(map(_known, nodes)):
            self._jacobian = _jacobian_of(root, _leaf_of(nodes[leaves[0]]))
            self._leaf = self._nodes[leaves[0]].variable
        for index, node in enumerate(nodes):
            self._watch(index, node, [number.get(function) for function, _ in node.next_functions])

    def _watch(self, index: int, node: Any, targets: list[int | None]) -> None:
        leaf = _leaf_of(node)
        reference = weakref.ref(leaf) if leaf is not None else None

        def held() -> Grad | None:
            own = reference() if reference is not None else None
            return grad_of(own.grad) if own is not None else None

        def before(incoming: Sequence[torch.Tensor | None]) -> None:
            self._begun[index] = [grad_of(each) for each in incoming], held()

        def after(outgoing: Sequence[torch.Tensor | None], _: Sequence[torch.Tensor | None]) -> None:
            came, had = self._begun.pop(index, ([], None))
            flows = [
                Flow(to=target, gradient=grad_of(each))
                for target, each in zip(targets, outgoing, strict=False)
                if target is not None
            ]
            self._shots.append(Shot(node=index, incoming=came, outgoing=flows, before=had, after=held()))

        self._handles += [node.register_prehook(_silent(before)), node.register_hook(_silent(after))]

    def stop(self) -> None:
        """Take the hooks off. May be called again."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def film(self, root: str, line: int, cell: int, line_cell: int) -> Film:
        """What was recorded, as a record."""
        return Film(
            cell=cell,
            root=root,
            line=line,
            line_cell=line_cell if line_cell != cell else UNSET,
            nodes=self._nodes,
            shots=self._shots,
            left_out=self._left_out,
            shape=self._shape,
            jacobian=self._jacobian,
            leaf=self._leaf,
        )


def grad_of(tensor: object) -> Grad | None:
    """A gradient on its way: bounded values, and its norm. None for none."""
    if not isinstance(tensor, torch.Tensor):
        return None
    with aside():
        values: Values = None
        norm = None
        if plain(tensor):
            own = tensor.detach()
            values = _corner(own)
            if own.numel() <= NORM_LIMIT:
                wide = torch.complex128 if own.is_complex() else torch.float64
                norm = float(torch.linalg.vector_norm(own.to(wide)).item())
        return Grad(shape=shape_of(tensor), dtype=dtype_of(tensor), values=values, norm=norm)


def _corner(tensor: torch.Tensor) -> Values:
    """A number, a row, or the upper left corner of the first matrix."""
    if tensor.numel() == 0:
        return []
    corner = tensor[(0,) * max(0, tensor.dim() - 2)]
    corner = corner[(slice(0, SIDE),) * corner.dim()].cpu()
    if corner.is_complex():
        return _words(corner.tolist())
    return corner.to(torch.float64).tolist()


def _words(values: Any) -> Values:
    return [_words(value) for value in values] if isinstance(values, list) else str(values)


def _silent(look: Callable[..., None]) -> Callable[..., None]:
    """Whatever a kind of tensor does to our look at it, the learner's backward() goes on."""

    def hook(*gradients: Any) -> None:
        try:
            look(*gradients)
        except Exception:
            pass

    return hook


def _leaf_of(node: Any) -> torch.Tensor | None:
    leaf = getattr(node, "variable", None) if node.name().endswith("AccumulateGrad") else None
    return leaf if isinstance(leaf, torch.Tensor) else None


def _known(node: Any) -> bool:
    """Whether it is PyTorch's own, with nothing of the learner's to run: no Function, no hooks on what it keeps."""
    if isinstance(node, torch.autograd.function.BackwardCFunction):
        return False
    for name in dir(type(node)):
        if name.startswith("_raw_saved_"):
            try:
                raw = getattr(node, name)
            except RuntimeError:  # freed: backward() will say so
                return False
            if any(getattr(each, "unpack_hook", None) for each in (raw if isinstance(raw, list | tuple) else [raw])):
                return False
    leaf = _leaf_of(node)
    return leaf is None or not (leaf._backward_hooks or getattr(leaf, "_post_accumulate_grad_hooks", None))


def _jacobian_of(root: torch.Tensor, leaf: torch.Tensor | None) -> Values:
    """A row for each element of `root`, a column for each of `leaf`; None where that is too much, or fails."""
    if leaf is None or not 0 < root.numel() <= SMALL or not 0 < leaf.numel() <= SMALL or root.is_complex():
        return None
    rows = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for element in range(root.numel()):
                one = torch.zeros_like(root, memory_format=torch.contiguous_format).reshape(-1)
                one[element] = 1
                (row,) = torch.autograd.grad(root, leaf, one.reshape(root.shape), retain_graph=True, allow_unused=True)
                row = torch.zeros_like(leaf) if row is None else row
                rows.append(row.detach().reshape(-1).to("cpu", torch.float64).tolist())
    except (RuntimeError, NotImplementedError):  # changed in place, freed, not differentiable: backward() says it
        return None
    return None if any(isinstance(value, complex) or math.isnan(value) for row in rows for value in row) else rows
