"""A tensor's card: what it is, where it stands in memory, and a glance at its values, without copying it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ptlearn_tui.events import Grad, Reads, Tensor
from ptlearn_tui.introspect import arrays, groups
from ptlearn_tui.introspect.groups import is_array
from ptlearn_tui.introspect.look import corner_of, look, plain_values
from ptlearn_tui.introspect.operators import words
from ptlearn_tui.introspect.reading import Reader
from ptlearn_tui.introspect.statistics import SAMPLE, sample
from ptlearn_tui.introspect.values import aside, dtype_of, plain, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ptlearn_tui.introspect.storages import Storages

NORM_LIMIT = 1 << 20  # values of a gradient up to which its norm is taken: 0.2 ms; beyond, a sample's is
SHARED = 8  # others on the same storage that a card names


class Wanted(NamedTuple):
    """What gets a card."""

    name: str
    value: Any  # a tensor or a NumPy array
    line: int
    had_grad: bool = False  # it has been seen with a gradient: none now means that it was cleared
    root: object = None  # the module, list, tuple or dict that it was found in


def card(name: str, tensor: Any, line: int, storages: Storages, *, read: bool = True, had_grad: bool = False) -> Tensor:
    """Describe one tensor (or array), of any kind, as `name`, bound in `line`: see `cards`."""
    return cards([Wanted(name, tensor, line, had_grad)], storages, read=read)[0]


def cards(
    wanted: Iterable[Wanted],
    storages: Storages,
    *,
    read: bool = True,
    full: bool = False,
    living: Mapping[str, torch.Tensor] | None = None,
) -> list[Tensor]:
    """Describe tensors of any kind, reading from each device once.

    Statistics are over the finite values, of all of them up to 4,096, of a strided sample beyond (`sampled`).
    `read`: False leaves values and statistics out (on a GPU reading waits for the device). `full`: more of the values.
    `living`: other variables, of which those on the same storage are named. Raises nothing: what PyTorch can't say
    is None.
    """
    reader, described = Reader(), groups.Groups()
    with aside():
        begun = [(each, _begin(each, reader, storages, read, full)) for each in wanted]
        reader.read()
        found = [_finish(each, finish, reader) for each, finish in begun]
        others = _on_storages({each.storage for each in found}, living or {}, storages)
        return [
            _with(
                one,
                group=described.of(each.name, each.root),
                dims=groups.dims(each.name, each.root),
                shared=[other for other in others.get(one.storage, []) if other.name != one.name][:SHARED],
            )
            for one, (each, _) in zip(found, begun, strict=True)
        ]


def unreadable(tensor: torch.Tensor) -> bool:
    """Whether it has no values at all."""
    return tensor.device.type == "meta"


def _with(one: Tensor, **fields: Any) -> Tensor:
    given = {name: value for name, value in fields.items() if value}
    return Tensor(**{name: getattr(one, name) for name in one.__struct_fields__} | given) if given else one


def _on_storages(
    numbers: set[int | None], living: Mapping[str, torch.Tensor], storages: Storages
) -> dict[int | None, list[Reads]]:
    found: dict[int | None, list[Reads]] = {}
    for name, tensor in living.items():
        number = storages.number_of_array(tensor) if is_array(tensor) else storages.number(tensor)
        if number is None or number not in numbers:
            continue
        try:
            view = arrays.array_view(tensor) if is_array(tensor) else tensor
            if view is not None:
                found.setdefault(number, []).append(
                    Reads(
                        name=name,
                        dtype=dtype_of(view),
                        shape=shape_of(view),
                        stride=list(view.stride()),
                        offset=arrays.offset_of(tensor) if is_array(tensor) else int(view.storage_offset()),
                        itemsize=view.element_size(),
                    )
                )
        except Exception:  # a subclass that can't be asked
            continue
    return found


# ---- one card ------------------------------------------------------------------------------------------------


def _begin(
    wanted: Wanted, reader: Reader, storages: Storages, read: bool, full: bool
) -> Callable[[Reader], Tensor] | None:
    """What can be said at once; what has to be read goes into the reader. None where PyTorch can't say."""
    try:
        if is_array(wanted.value):
            picture = wanted.root is None
            return arrays.begin(wanted.name, wanted.value, wanted.line, reader, storages, full=full, picture=picture)
        if torch.nn.parameter.is_lazy(wanted.value):
            return None
        return _tensor(wanted, wanted.value, reader, storages, read, full)
    except Exception:  # a subclass, or a kind of tensor that PyTorch itself only half supports
        return None


def _finish(wanted: Wanted, finish: Callable[[Reader], Tensor] | None, reader: Reader) -> Tensor:
    if finish is not None:
        try:
            return finish(reader)
        except Exception:
            pass
    if is_array(wanted.value):
        return arrays.short(wanted.name, wanted.value, wanted.line)
    return _short(wanted)


def _tensor(
    wanted: Wanted, tensor: torch.Tensor, reader: Reader, storages: Storages, read: bool, full: bool
) -> Callable[[Reader], Tensor]:
    grad_fn = tensor.grad_fn
    gradient, why = _grad(tensor, reader, read, wanted.had_grad)
    strided = tensor.layout is torch.strided and not tensor.is_nested
    numel = tensor.numel()
    fields: dict[str, Any] = {
        "name": wanted.name,
        "line": wanted.line,
        "shape": shape_of(tensor),
        "dtype": dtype_of(tensor),
        "device": str(tensor.device),
        "requires_grad": tensor.requires_grad,
        "is_leaf": tensor.is_leaf,
        "grad_fn": grad_fn.name() if grad_fn is not None else None,
        "operator": words(grad_fn.name()) if grad_fn is not None else None,
        "grad_why": why,
        "storage": storages.number(tensor),
        "numel": numel,
        "kind": _kind(tensor),
        "layout": str(tensor.layout).removeprefix("torch.") if not tensor.is_nested or not strided else "nested",
    }
    if strided:
        fields["stride"] = list(tensor.stride())
        fields["contiguous"] = tensor.is_contiguous()
        fields["offset"] = int(tensor.storage_offset())
        fields["bytes"] = numel * tensor.element_size()
        fields["storage_bytes"] = _storage_bytes(tensor)
    elif tensor.layout is not torch.jagged and not tensor.is_nested:
        fields["stored"], fields["bytes"] = _sparse(tensor)
    seen = None
    if read and not unreadable(tensor) and numel:
        dense = tensor.detach()
        if dense.layout is not torch.strided and numel <= SAMPLE:
            dense = dense.to_dense()
        if plain(dense):
            picture = not tensor.requires_grad and wanted.root is None
            seen = look(dense, reader, full, picture=picture)
    if numel == 0 and strided:
        fields["values"] = []

    def finish(reader: Reader) -> Tensor:
        if seen is not None:
            fields.update(seen(reader))
        return Tensor(**fields, grad=gradient(reader) if gradient is not None else None)

    return finish


def _kind(tensor: torch.Tensor) -> str:
    kind = type(tensor)
    if kind is torch.Tensor:
        return "functorch" if torch._C._functorch.is_functorch_wrapped_tensor(tensor) else "tensor"
    return "parameter" if kind is torch.nn.Parameter else kind.__name__


def _storage_bytes(tensor: torch.Tensor) -> int | None:
    try:
        return int(tensor.untyped_storage().nbytes())
    except (NotImplementedError, RuntimeError):
        return None


def _sparse(tensor: torch.Tensor) -> tuple[int | None, int | None]:
    """How many elements it stores, and their bytes with those of their indices."""
    if tensor.layout is torch.sparse_coo:
        parts = [tensor._values(), tensor._indices()]
    elif tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        parts = [tensor.values(), tensor.crow_indices(), tensor.col_indices()]
    elif tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        parts = [tensor.values(), tensor.ccol_indices(), tensor.row_indices()]
    else:
        return None, None
    return parts[0].numel(), sum(part.numel() * part.element_size() for part in parts)


def _short(wanted: Wanted) -> Tensor:
    """What can be said of any tensor."""
    tensor = wanted.value

    def ask(attribute: str, otherwise: Any) -> Any:
        try:
            value = getattr(tensor, attribute)
            return value() if callable(value) else value
        except Exception:
            return otherwise

    unknown = torch.nn.parameter.is_lazy(tensor)
    return Tensor(
        name=wanted.name,
        line=wanted.line,
        shape=[-1] if unknown else shape_of(tensor),
        dtype=dtype_of(tensor),
        device=str(ask("device", "")),
        requires_grad=bool(ask("requires_grad", False)),
        is_leaf=bool(ask("is_leaf", True)),
        grad_fn=None,
        numel=0 if unknown else int(ask("numel", 0)),
        kind=_kind(tensor),
    )


def _grad(
    tensor: torch.Tensor, reader: Reader, read: bool, had_grad: bool
) -> tuple[Callable[[Reader], Grad] | None, str | None]:
    """Its gradient, or why there is none. Asking a non-leaf for `.grad` would print PyTorch's warning."""
    if not tensor.requires_grad:
        return None, "requires_grad is False"
    if not tensor.is_leaf and not tensor.retains_grad:
        return None, "not a leaf"
    grad = tensor.grad
    if grad is None:
        return None, "cleared" if had_grad else "no backward yet"
    grad = grad.detach()
    shape, dtype, numel = shape_of(grad), dtype_of(grad), grad.numel()
    if not read or not plain(grad):
        return lambda _: Grad(shape=shape, dtype=dtype), None
    corner = reader.add(corner_of(grad, full=False))
    part = sample(grad) if numel > NORM_LIMIT else grad
    count = part.numel()
    wide = torch.complex128 if grad.is_complex() else torch.float64
    length = reader.add(torch.linalg.vector_norm(part, dtype=wide))  # on its device: nobody waits for it here

    def finish(reader: Reader) -> Grad:
        first, norm = reader[corner], reader[length]
        return Grad(
            shape=shape,
            dtype=dtype,
            values=plain_values(first) if first is not None else None,
            norm=norm.item() * math.sqrt(numel / max(count, 1)) if norm is not None else None,
            norm_sampled=count < numel,
        )

    return finish, None
