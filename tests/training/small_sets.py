"""Small sets that stand for the published ones: their files, and the lists that `data get` compares them with."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import random
import struct
import tarfile
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ptlearn_tui.training.datasets.published import BINARY, FASHION, MNIST, PICKLED, File, Version

if TYPE_CHECKING:
    from pathlib import Path

TRAIN, TEST = 300, 50


def idx(seed: int) -> dict[str, bytes]:
    """Four unpacked idx files of noise."""
    source = random.Random(seed)
    files = {}
    for word, count in (("train", TRAIN), ("t10k", TEST)):
        pixels, labels = source.randbytes(count * 784), bytes(source.choices(range(10), k=count))
        files[f"{word}-images-idx3-ubyte"] = struct.pack(">4B3I", 0, 0, 8, 3, count, 28, 28) + pixels
        files[f"{word}-labels-idx1-ubyte"] = struct.pack(">4BI", 0, 0, 8, 1, count) + labels
    return files


def packed(files: dict[str, bytes], level: int = 9) -> dict[str, bytes]:
    """The same as they are published."""
    return {f"{name}.gz": gzip.compress(content, level, mtime=0) for name, content in files.items()}


def cifar() -> tuple[dict[str, bytes], dict[str, bytes]]:
    """CIFAR-10's files: the Python version and the binary one, 20 images each."""
    source = np.random.default_rng(3)
    pickled, binary = {}, {}
    for name in (file.name for file in PICKLED.files if file.needed):
        pixels = source.integers(0, 256, (20, 3072), np.uint8)
        labels = source.integers(0, 10, 20, np.uint8)
        pickled[name] = pickle.dumps({"data": pixels, "labels": labels.tolist()}, protocol=4)
        binary[f"{name}.bin"] = np.concatenate([labels[:, None], pixels], axis=1).tobytes()
    pickled["batches.meta"] = pickle.dumps({"label_names": list("0123456789")}, protocol=4)
    return pickled, binary


def sum_of(kind: str, content: bytes) -> str:
    return f"{kind}:{hashlib.new(kind, content).hexdigest()}"


def _small(version: Version, files: dict[str, bytes], archives: dict[str, bytes]) -> Version:
    """The version with these files' sizes and sums, of the kinds that it has."""

    def one(file: File) -> File:
        content = files[file.name]
        digest = sum_of(file.digest.split(":")[0], content) if file.digest else None
        gz = sum_of("md5", archives[f"{file.name}.gz"]) if file.packed else None
        return replace(file, most=len(content) if file.sized else file.most, digest=digest, packed=gz)

    return replace(version, files=tuple(map(one, version.files)))


DIGITS, CLOTHES = idx(1), idx(2)
BATCHES, RECORDS = cifar()
VERSIONS = {
    "mnist": (_small(MNIST, DIGITS, packed(DIGITS)),),
    "fashion": (_small(FASHION, CLOTHES, packed(CLOTHES)),),
    "cifar10": (_small(PICKLED, BATCHES, {}), _small(BINARY, RECORDS, {})),
}
FILES = {
    "MNIST/raw": DIGITS,
    "FashionMNIST/raw": CLOTHES,
    "cifar-10-batches-py": BATCHES,
    "cifar-10-batches-bin": RECORDS,
}
"""What is to be in each folder afterwards."""


def lay(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def tar(file: Path, files: dict[str, bytes], prefix: str = "", mode: str = "w:gz") -> Path:
    with tarfile.open(file, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(prefix + name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file


def zipped(file: Path, files: dict[str, bytes], prefix: str = "") -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)
    return file


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def placed(folder: str) -> dict[str, bytes]:
    """All that is to be in the data folder afterwards."""
    return {f"{folder}/{name}": content for name, content in FILES[folder].items()}
