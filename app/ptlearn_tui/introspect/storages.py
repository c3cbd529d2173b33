"""Small, stable numbers for the memory that tensors stand on, so that shared storage can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.multiprocessing.reductions import StorageWeakRef

if TYPE_CHECKING:
    import torch


class Storages:
    """Numbers storages in the order in which they are first seen: 1, 2, 3, …

    A number is never given twice. The weak reference pins the few bytes of the storage's header, so its address
    is not used again as long as it stands in the table, while the data itself is freed as always.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[StorageWeakRef, int]] = {}
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
            self._last += 1
            found = self._seen[key] = (StorageWeakRef(storage), self._last)  # type: ignore[no-untyped-call]
        return found[1]

    def _sweep(self) -> None:
        self._seen = {key: seen for key, seen in self._seen.items() if not seen[0].expired()}  # type: ignore[no-untyped-call]
        self._sweep_at = max(1_000, 2 * len(self._seen))
