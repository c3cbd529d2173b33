"""Cards of NumPy's arrays: through a tensor on the same memory, so that nothing is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ptlearn_tui.events import Tensor
from ptlearn_tui.introspect.look import SIDE, look, plain_values
from ptlearn_tui.introspect.statistics import statistics, strided
from ptlearn_tui.introspect.storages import owner_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptlearn_tui.introspect.reading import Reader
    from ptlearn_tui.introspect.storages import Storages


def array_view(array: Any) -> torch.Tensor | None:
    """A NumPy array as a tensor on the same memory; None where there is no such view of it."""
    kind = array.dtype
    if kind.kind not in "biufc" or not kind.isnative or not array.flags.writeable:  # read-only: torch would warn
        return None
    if any(step < 0 or step % kind.itemsize for step in array.strides):
        return None
    try:
        return torch.from_numpy(array)
    except TypeError:  # a type that PyTorch lacks
        return None


def begin(
    name: str, array: Any, line: int, reader: Reader, storages: Storages, *, full: bool, picture: bool
) -> Callable[[Reader], Tensor] | None:
    """Through a tensor on the same memory: no copy. Another array (read-only, reversed) through a copy of a sample."""
    fields = _fields(name, array, line, storages)
    if array.dtype.kind not in "biufc":
        return None
    view = array_view(array)
    if view is None:
        native = array.dtype.newbyteorder("=")
        part = reader.add(torch.from_numpy(array[strided(array.shape)].astype(native)))
        corner = reader.add(torch.from_numpy(_corner(array).astype(native)))

        def finish_copy(reader: Reader) -> Tensor:
            values, first = reader[part], reader[corner]
            told = statistics(values) if values is not None else {}
            shown = plain_values(first) if first is not None else None
            return Tensor(**fields, **told, values=shown, sampled=values is not None and values.numel() < array.size)

        return finish_copy
    seen = look(view, reader, full, picture=picture) if view.numel() else None

    def finish(reader: Reader) -> Tensor:
        return Tensor(**fields, **(seen(reader) if seen is not None else {"values": []}))

    return finish


def _fields(name: str, array: Any, line: int, storages: Storages | None) -> dict[str, Any]:
    size = array.dtype.itemsize or 1
    whole = all(step % size == 0 for step in array.strides)
    owner = owner_of(array)
    return {
        "name": name,
        "line": line,
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "device": "cpu",
        "requires_grad": False,
        "is_leaf": True,
        "grad_fn": None,
        "grad_why": "requires_grad is False",
        "numel": int(array.size),
        "kind": "array",
        "stride": [step // size for step in array.strides] if whole else None,
        "contiguous": bool(array.flags.c_contiguous),
        "storage": storages.number_of_array(array) if storages is not None else None,
        "offset": offset_of(array),
        "bytes": int(array.nbytes),
        "storage_bytes": owner.untyped_storage().nbytes() if isinstance(owner, torch.Tensor) else int(owner.nbytes),
    }


def offset_of(array: Any) -> int:
    """Of its first element in the memory that it looks at, in elements."""
    owner = owner_of(array)
    begin: int = owner.untyped_storage().data_ptr() if isinstance(owner, torch.Tensor) else owner.ctypes.data
    return int(array.ctypes.data - begin) // (array.dtype.itemsize or 1)


def _corner(array: Any) -> Any:
    first = array[(0,) * max(0, array.ndim - 2)] if array.size else array.reshape(-1)
    return first[(slice(0, SIDE),) * first.ndim] if first.ndim else first


def short(name: str, array: Any, line: int) -> Tensor:
    """Of objects, strings, dates: what can be said without looking at them."""
    return Tensor(**_fields(name, array, line, None))
