"""Small, stable numbers for the memory that tensors stand on, so that shared storage can be seen."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef

if TYPE_CHECKING:
    from collections.abc import Iterator


class Storages:
    """Numbers storages in the order in which they are first seen: 1, 2, 3, …

    A number is never given twice. The weak reference pins the few bytes of the storage's header, so its address
    is not used again as long as it stands in the table, while the data itself is freed as always. A NumPy array
    counts as a storage too, and `torch.from_numpy` of it as standing on it.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[StorageWeakRef, int]] = {}
        self._arrays: dict[int, tuple[weakref.ref[Any], int]] = {}  # by id of the array that owns the memory
        self._last = 0
        self._sweep_at = 1_000

    def number(self, tensor: torch.Tensor) -> int | None:
        """The number of the storage that `tensor` is a view of; None where the layout has none (sparse)."""
        try:
            storage = tensor.untyped_storage()
            key: int = storage._cdata
        except (NotImplementedError, RuntimeError, AttributeError):
            return None
        found = self._seen.get(key)
        if found is None:
            if len(self._seen) >= self._sweep_at:
                self._sweep()
            array = self._array_under(storage) if self._arrays else None
            found = self._seen[key] = (StorageWeakRef(storage), array or self._next())  # type: ignore[no-untyped-call]
        return found[1]

    def number_of_array(self, array: Any) -> int | None:
        """The same for a NumPy array; of a tensor's `.numpy()` the tensor's own."""
        owner = owner_of(array)
        if isinstance(owner, torch.Tensor):
            return self.number(owner)
        found = self._arrays.get(id(owner))
        if found is None or found[0]() is not owner:
            self._arrays = {key: seen for key, seen in self._arrays.items() if seen[0]() is not None}
            found = self._arrays[id(owner)] = (weakref.ref(owner), self._next())
        return found[1]

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _array_under(self, storage: torch.UntypedStorage) -> int | None:
        """The number of the array whose memory a new storage has borrowed."""
        if storage.device.type != "cpu" or not storage.nbytes():
            return None
        begin = storage.data_ptr()
        for owner, number in self._living_arrays():
            if owner.ctypes.data <= begin < owner.ctypes.data + owner.nbytes:
                return number
        return None

    def _living_arrays(self) -> Iterator[tuple[Any, int]]:
        for reference, number in self._arrays.values():
            owner = reference()
            if owner is not None:
                yield owner, number

    def _sweep(self) -> None:
        self._seen = {key: seen for key, seen in self._seen.items() if not seen[0].expired()}  # type: ignore[no-untyped-call]
        self._sweep_at = max(1_000, 2 * len(self._seen))


def owner_of(array: Any) -> Any:
    """The array, or the tensor, whose memory an array looks at; itself if that is neither."""
    owner = array
    while type(owner.base) is type(array):
        owner = owner.base
    return owner.base if isinstance(owner.base, torch.Tensor) else owner
