"""CIFAR-10's two official formats, read and checked. Needs no torch and no numpy.

The binary version: records of one label byte and 3,072 pixel bytes (32·32 red, then green, then blue), 10,000 a file.
The Python version, which torchvision keeps: pickled dictionaries. A pickle may name any function to be called when
it is read; here only the few that make an array are known, and even those are stand-ins that only keep the bytes.
Both: https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ptlearn_tui.locale import t
from ptlearn_tui.training.datasets.broken import BrokenFile

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
BATCHES = {"train": TRAIN, "test": ("test_batch",)}


@dataclass(frozen=True)
class Binary:
    """``cifar-10-batches-bin/*.bin``."""

    folder: str = "cifar-10-batches-bin"
    example: ClassVar = "data_batch_1.bin …"

    def files(self, folder: Path, split: str) -> list[Path]:
        """The files of a split; any may be missing."""
        return [folder / f"{name}.bin" for name in BATCHES[split]]

    def count(self, folder: Path, split: str, shape: tuple[int, int, int]) -> int:
        """Images of `shape` (channels, side, side) in a split, by the files' sizes. Raises `BrokenFile`."""
        return sum(self._records(path, shape) for path in self.files(folder, split))

    def read(self, folder: Path, split: str, shape: tuple[int, int, int]) -> tuple[bytearray, bytearray]:
        """Pixels (count · channels · side · side bytes) and labels (count bytes). Raises `BrokenFile`."""
        size, pixels, labels = math.prod(shape) + 1, bytearray(), bytearray()
        for path in self.files(folder, split):
            self._records(path, shape)
            try:
                whole = path.read_bytes()
            except OSError as error:
                raise BrokenFile(path, error.strerror or str(error)) from error
            labels += whole[::size]
            view = memoryview(whole)
            pixels += b"".join(view[start + 1 : start + size] for start in range(0, len(whole), size))
        return pixels, labels

    @staticmethod
    def _records(path: Path, shape: tuple[int, int, int]) -> int:
        try:
            size = path.stat().st_size
        except OSError as error:
            raise BrokenFile(path, error.strerror or str(error)) from error
        count, rest = divmod(size, math.prod(shape) + 1)
        if rest or not count:
            raise BrokenFile(path, t("it is cut short or damaged: it has {size} bytes", size=size))
        return count


@dataclass(frozen=True)
class Pickled:
    """``cifar-10-batches-py/*``, as torchvision unpacks it."""

    folder: str = "cifar-10-batches-py"
    example: ClassVar = "data_batch_1 …"

    def files(self, folder: Path, split: str) -> list[Path]:
        """The files of a split; any may be missing."""
        return [folder / name for name in BATCHES[split]]

    def count(self, folder: Path, split: str, shape: tuple[int, int, int]) -> int:
        """Images in a split. Takes as long as reading them (0.1 s): nothing else in a pickle tells."""
        return len(self.read(folder, split, shape)[1])

    def read(self, folder: Path, split: str, shape: tuple[int, int, int]) -> tuple[bytearray, bytearray]:
        """Pixels (count · channels · side · side bytes) and labels (count bytes). Raises `BrokenFile`."""
        pixels, labels = bytearray(), bytearray()
        for path in self.files(folder, split):
            some, their = _unpickle(path)
            if not their or len(some) != len(their) * math.prod(shape):
                raise BrokenFile(path, t("its size is not what its header says"))
            pixels += some
            labels += their
        return pixels, labels


class _Array:
    """Stands for a numpy array while its pickle is read: keeps the bytes."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        content = state[-1]
        self.content = content.encode("latin-1") if isinstance(content, str) else content


class _Reader(pickle.Unpickler):
    """Reads dictionaries of lists, numbers, text and arrays of bytes; refuses all else."""

    def find_class(self, module: str, name: str) -> Any:
        """The stand-ins. Raises `pickle.UnpicklingError`."""
        of_numpy = module.startswith(("numpy.core.", "numpy._core."))
        if of_numpy and name == "_reconstruct":
            return lambda *_: _Array()
        if of_numpy and name == "_frombuffer":  # protocol 5
            return lambda content, *_: _Array(bytes(content))
        if module == "_codecs" and name == "encode":  # bytes, as Python 3 writes them for protocol 2
            return lambda text, _: text.encode("latin-1")
        if module == "numpy" and name in ("ndarray", "dtype"):
            return _Ignored
        raise pickle.UnpicklingError(f"{module}.{name}")


class _Ignored:
    """Stands for what says that an array is one, and of bytes."""

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...


def _unpickle(path: Path) -> tuple[bytes, bytes]:
    try:
        with path.open("rb") as file:
            batch = _Reader(file, encoding="latin-1").load()
        return batch["data"].content, bytes(batch["labels"])
    except OSError as error:
        raise BrokenFile(path, error.strerror or str(error)) from error
    except Exception as error:  # a damaged pickle may raise anything
        raise BrokenFile(path, t("it is cut short or damaged ({error})", error=error)) from error
