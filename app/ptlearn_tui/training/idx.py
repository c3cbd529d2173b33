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
from typing import TYPE_CHECKING

from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from pathlib import Path


class IdxError(Exception):
    """A file that can't be read as what it should be."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


def choose(folder: Path, stem: str) -> Path:
    """The file `stem` or ``stem.gz`` of a folder: unpacked, if it is whole, as torchvision does.

    May not exist.
    """
    plain, packed = folder / stem, folder / f"{stem}.gz"
    if plain.exists() and packed.exists():
        try:
            shape_of(plain)
        except IdxError:  # an unpacking that was interrupted; what it came from is still there
            return packed
    return plain if plain.exists() else packed


def shape_of(path: Path) -> list[int]:
    """The shape that the header declares, compared with the file's size. Raises `IdxError`.

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
        raise IdxError(path, t("it is not an idx file"))
    shape = list(struct.unpack_from(f">{dimensions}I", head, 4))
    expected = length + math.prod(shape)
    if size != expected:
        why = t("it is cut short or damaged: {size} bytes instead of {expected}", size=size, expected=expected)
        raise IdxError(path, why)
    return shape


def body_of(path: Path) -> bytearray:
    """The bytes after the header, ``prod(shape)`` of them; unpacking checks gzip's checksum.

    Raises `IdxError`.
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
        raise IdxError(path, t("its size is not what its header says"))
    return body


def _unreadable(path: Path, error: Exception) -> IdxError:
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return IdxError(path, t("it is cut short or damaged ({error})", error=error))
    return IdxError(path, getattr(error, "strerror", None) or str(error))
