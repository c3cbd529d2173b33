"""MNIST's own file format, read and checked: a truncated or damaged file is named, never trained on.

Needs no torch.

Two zero bytes, 8 for unsigned bytes, the number of dimensions, each dimension as a big-endian 32-bit number,
then the bytes (http://yann.lecun.com/exdb/mnist, "the IDX file format"). Files may be gzip-compressed.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ptlearn_tui.locale import t
from ptlearn_tui.training.datasets.broken import BrokenFile

if TYPE_CHECKING:
    from pathlib import Path


def choose(folder: Path, stem: str) -> Path:
    """The file `stem` or ``stem.gz`` of a folder: unpacked, if it is whole, as torchvision does.

    May not exist.
    """
    plain, packed = folder / stem, folder / f"{stem}.gz"
    if plain.exists() and packed.exists():
        try:
            shape_of(plain)
        except BrokenFile:  # an unpacking that was interrupted; what it came from is still there
            return packed
    return plain if plain.exists() else packed


def shape_of(path: Path) -> list[int]:
    """The shape that the header declares, compared with the file's size. Raises `BrokenFile`.

    Cheap for packed files too: gzip's last four bytes are the unpacked size, and a truncated file ends in
    others.
    """
    packed = path.suffix == ".gz"
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if packed:
                file.seek(max(size - 4, 0))
                size = int.from_bytes(file.read(4), "little")
            file.seek(0)
            head = gzip.GzipFile(fileobj=file).read(16) if packed else file.read(16)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error
    dimensions = head[3] if head[:3] == b"\0\0\x08" and len(head) > 3 else 0
    length = 4 + 4 * dimensions
    if not 1 <= dimensions <= 3 or len(head) < length:
        raise BrokenFile(path, t("it is not an idx file"))
    shape = list(struct.unpack_from(f">{dimensions}I", head, 4))
    expected = length + math.prod(shape)
    if size != expected:
        why = t("it is cut short or damaged: {size} bytes instead of {expected}", size=size, expected=expected)
        raise BrokenFile(path, why)
    return shape


def body_of(path: Path) -> bytearray:
    """The bytes after the header, ``prod(shape)`` of them; unpacking checks gzip's checksum.

    Raises `BrokenFile`.
    """
    shape = shape_of(path)
    try:
        whole = path.read_bytes()
        if path.suffix == ".gz":
            whole = gzip.decompress(whole)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error
    body = bytearray(memoryview(whole)[4 + 4 * len(shape) :])
    if len(body) != math.prod(shape):
        raise BrokenFile(path, t("its size is not what its header says"))
    return body


def _unreadable(path: Path, error: Exception) -> BrokenFile:
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return BrokenFile(path, t("it is cut short or damaged ({error})", error=error))
    return BrokenFile(path, getattr(error, "strerror", None) or str(error))


@dataclass(frozen=True)
class Idx:
    """A set of grey images in four idx files, as torchvision keeps MNIST and its kin."""

    folder: str  # below a data folder

    WORDS: ClassVar = {"train": "train", "test": "t10k"}  # what the file names begin with
    example: ClassVar = "train-images-idx3-ubyte.gz …"

    def files(self, folder: Path, split: str) -> list[Path]:
        """Image and label file of a split, packed or not; either may be missing."""
        word = self.WORDS[split]
        return [choose(folder, f"{word}-images-idx3-ubyte"), choose(folder, f"{word}-labels-idx1-ubyte")]

    def count(self, folder: Path, split: str, shape: tuple[int, int, int]) -> int:
        """Images of `shape` (1, side, side) in a split, by the files' headers. Raises `BrokenFile`."""
        images, labels = self.files(folder, split)
        count, *size = shape_of(images)
        if size != [*shape[1:]]:
            raise BrokenFile(images, t("it does not hold images of {side}×{side}", side=shape[1]))
        if shape_of(labels) != [count] or count == 0:
            raise BrokenFile(images, t("it does not have as many images as {file} has labels", file=labels.name))
        return count

    def read(self, folder: Path, split: str, shape: tuple[int, int, int]) -> tuple[bytearray, bytearray]:
        """Pixels (count · side · side bytes) and labels (count bytes). Raises `BrokenFile`."""
        self.count(folder, split, shape)
        images, labels = self.files(folder, split)
        return body_of(images), body_of(labels)
