"""CIFAR-10's two layouts, the same pictures in both, and what is wrong with a broken one."""

from __future__ import annotations

import pickle
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ptlearn_tui.errors import RequestError
from ptlearn_tui.training import datasets
from ptlearn_tui.training.datasets.cifar import BATCHES

if TYPE_CHECKING:
    from pathlib import Path

EACH = 6  # pictures a file


def pictures(file: int) -> tuple[np.ndarray, list[int]]:
    random = np.random.default_rng(file)
    return random.integers(0, 256, (EACH, 3072), dtype=np.uint8), random.integers(0, 10, EACH).tolist()


NAMES = [*BATCHES["train"], *BATCHES["test"]]


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    """CIFAR's own binary version."""
    folder = tmp_path / "binary" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for number, name in enumerate(NAMES):
        pixels, labels = pictures(number)
        records = b"".join(bytes([label]) + row.tobytes() for row, label in zip(pixels, labels, strict=True))
        (folder / f"{name}.bin").write_bytes(records)
    return folder


def as_python_2_wrote_it(pixels: np.ndarray, labels: list[int]) -> bytes:
    """The opcodes of the official files: strings, which were bytes then, and numpy's modules by their old names."""

    def text(word: bytes) -> bytes:
        return b"U" + bytes([len(word)]) + word

    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + text(b"b") + b"\x87R"
    shape = b"K" + bytes([len(pixels)]) + b"M\x00\x0c\x86"
    kind = b"cnumpy\ndtype\n" + text(b"u1") + b"K\0K\1\x87R(K\3" + text(b"|") + b"NNNJ\xff\xff\xff\xff"
    kind += b"J\xff\xff\xff\xffK\0tb"
    raw = b"T" + struct.pack("<I", pixels.size) + pixels.tobytes()
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    state = b"(K\1" + shape + kind + b"\x89" + raw + b"tb"
    return b"\x80\x02}(" + text(b"data") + array + state + text(b"labels") + numbers + b"u."


@pytest.fixture(params=["Python 2", 2, 5])
def pickled(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """As torchvision unpacks it."""
    folder = tmp_path / "pickled" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for number, name in enumerate(NAMES):
        pixels, labels = pictures(number)
        batch = {"data": pixels, "labels": labels, "batch_label": name, "filenames": ["x.png"] * EACH}
        old = request.param == "Python 2"
        content = as_python_2_wrote_it(pixels, labels) if old else pickle.dumps(batch, protocol=request.param)
        (folder / name).write_bytes(content)
    return folder


def expected(split: str) -> tuple[bytes, bytes]:
    files = [pictures(NAMES.index(name)) for name in BATCHES[split]]
    return b"".join(pixels.tobytes() for pixels, _ in files), bytes(label for _, labels in files for label in labels)


@pytest.mark.parametrize("layout", ["binary", "pickled"])
@pytest.mark.parametrize("named", ["parent", "itself"])
def test_both_layouts_are_found_and_hold_the_same_pictures(
    layout: str, named: str, binary: Path, pickled: Path
) -> None:
    folder = binary if layout == "binary" else pickled
    root = folder.parent if named == "parent" else folder
    found = datasets.find("cifar10", str(root))
    assert (found.kind, found.train, found.test, found.folder) == ("full", 5 * EACH, EACH, folder)
    assert datasets.find_again("cifar10", found.root) == found
    for split in datasets.SPLITS:
        assert tuple(map(bytes, datasets.read(found, split))) == expected(split)


def test_what_the_reader_makes_of_a_pickle_is_what_numpy_makes(pickled: Path) -> None:
    found = datasets.find("cifar10", str(pickled.parent))
    pixels, labels = datasets.read(found, "test")
    with (pickled / "test_batch").open("rb") as file:
        batch = pickle.load(file, encoding="latin-1")
    assert bytes(pixels) == batch["data"].tobytes()
    assert list(labels) == batch["labels"]


class Harm:
    """What a pickle can do to whoever reads it carelessly."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return exec, (f"open({str(self.path)!r}, 'w').close()",)


def test_a_pickle_with_a_program_in_it_is_refused_and_not_run(pickled: Path, tmp_path: Path) -> None:
    mark = tmp_path / "it was run"
    (pickled / "test_batch").write_bytes(pickle.dumps({"data": Harm(mark), "labels": [1]}))
    with pytest.raises(RequestError, match="test_batch"):
        datasets.find("cifar10", str(pickled.parent))
    assert not mark.exists()


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 3072, b"<html>log in</html>"])
def test_a_broken_binary_file_is_named(binary: Path, content: bytes) -> None:
    (binary / "data_batch_3.bin").write_bytes(content)
    with pytest.raises(RequestError, match=r"data_batch_3\.bin.*get it anew with: ptlearn-tui data get cifar10"):
        datasets.find("cifar10", str(binary.parent))


@pytest.mark.parametrize("content", [b"", b"x", b"\x80\x02}.", pickle.dumps([1]), pickle.dumps({"data": 1})])
def test_a_broken_pickle_is_named(pickled: Path, content: bytes) -> None:
    (pickled / "data_batch_3").write_bytes(content)
    with pytest.raises(RequestError, match="data_batch_3"):
        datasets.find("cifar10", str(pickled.parent))


def test_a_label_that_no_class_has_is_named(binary: Path) -> None:
    file = binary / "test_batch.bin"
    file.write_bytes(b"\x0a" + file.read_bytes()[1:])
    with pytest.raises(RequestError, match="above 9"):
        datasets.read(datasets.find("cifar10", str(binary.parent)), "test")


def test_a_set_with_a_file_missing_is_not_there(binary: Path) -> None:
    (binary / "data_batch_5.bin").unlink()
    with pytest.raises(RequestError, match=r"cifar-10-batches-bin/data_batch_1\.bin"):
        datasets.find("cifar10", str(binary.parent))


@pytest.mark.parametrize("name", ["cifar10", "fashion"])
def test_where_there_is_nothing_a_synthetic_set_stands_in_and_is_called_so(name: str) -> None:
    found = datasets.find(name)
    assert (found.kind, found.root, found.folder) == ("synthetic", "synthetic", None)
    assert datasets.find_again(name, found.root) == found
    pixels, labels = datasets.read(found, "train")
    assert len(labels) == found.train
    assert len(pixels) == found.train * np.prod(found.data_set.shape)
    assert set(labels) == set(range(10))
    assert datasets.read(found, "train") == (pixels, labels)
    assert datasets.read(found, "test")[0][:3072] != pixels[:3072]
