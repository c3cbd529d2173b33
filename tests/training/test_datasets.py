from __future__ import annotations

import gzip
import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.errors import RequestError
from ptlearn_tui.training import datasets

if TYPE_CHECKING:
    from pathlib import Path

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"


@pytest.fixture
def folder(small: Path, tmp_path: Path) -> Path:
    """A copy that may be broken."""
    return shutil.copytree(small, tmp_path / "copy")


def raw(folder: Path) -> Path:
    return folder / "MNIST" / "raw"


def test_the_bundled_sample_is_the_first_part_of_mnist() -> None:
    found = datasets.find("mnist")
    assert (found.kind, found.train, found.test, found.root) == ("sample", 10_000, 2_000, "sample")
    pixels, labels = datasets.read(found, "train")
    assert (len(pixels), len(labels)) == (10_000 * 784, 10_000)
    assert bytes(labels[:10]) == bytes((5, 0, 4, 1, 9, 2, 1, 3, 1, 4))  # MNIST begins so
    assert hashlib.sha256(pixels[:784]).hexdigest().startswith(FIRST_DIGIT)
    pixels, labels = datasets.read(found, "test")
    assert (len(pixels), bytes(labels[:5])) == (2_000 * 784, bytes((7, 2, 1, 0, 4)))


FIRST_DIGIT = "23ceaef5eb61f0e7"


def test_the_sample_stays_small() -> None:
    sample = datasets.find_offline("mnist").folder
    assert sum(file.stat().st_size for file in sample.iterdir()) < 2_100_000
    assert (sample / "ORIGIN.md").exists()


def test_a_given_folder_comes_before_all_others(small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PTLEARN_DATA", str(tmp_path / "nothing"))
    found = datasets.find("mnist", str(small))
    assert (found.kind, found.train, found.test) == ("full", 640, 100)
    assert found.root == str(small)
    assert datasets.find_again("mnist", found.root) == found


def test_a_given_folder_that_lacks_the_set_is_a_wrong_request_that_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"ptlearn-tui --data .*nothing data get mnist"):
        datasets.find("mnist", str(tmp_path / "nothing"))


def test_data_is_found_in_the_variable_then_here_then_in_the_cache(
    small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = datasets.download_folder()
    shutil.copytree(small, cache)
    assert datasets.find("mnist").root == str(cache)
    here = shutil.copytree(small, tmp_path / "here" / "data")
    assert datasets.find("mnist").root == str(here)
    monkeypatch.setenv("PTLEARN_DATA", str(small))
    assert datasets.find("mnist").root == str(small)
    assert datasets.download_folder() == small


def test_a_variable_that_lacks_the_set_falls_back_to_the_sample(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PTLEARN_DATA", str(tmp_path / "nothing"))
    assert datasets.find("mnist").kind == "sample"


def test_packed_and_unpacked_files_are_read_alike(folder: Path) -> None:
    before = datasets.read(datasets.find("mnist", str(folder)), "train")
    packed = raw(folder) / IMAGES
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    assert datasets.read(datasets.find("mnist", str(folder)), "train") == before  # both there
    packed.unlink()
    assert datasets.read(datasets.find("mnist", str(folder)), "train") == before


def test_an_interrupted_unpacking_beside_a_whole_archive_does_no_harm(folder: Path) -> None:
    packed = raw(folder) / IMAGES
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes())[:5000])
    found = datasets.find("mnist", str(folder))
    assert len(datasets.read(found, "train")[1]) == found.train == 640


def test_nothing_is_written_into_the_data_folder(folder: Path) -> None:
    def content() -> dict[str, float]:
        return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}

    before = content()
    found = datasets.find("mnist", str(folder))
    for split in datasets.SPLITS:
        datasets.read(found, split)
    assert content() == before


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: -1000 if path.suffix else -10])


def damage(path: Path) -> None:
    """One bit in the middle: the size is right."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace(path: Path) -> None:
    """What a proxy's login page leaves behind."""
    path.write_bytes(b"<html><body>Please log in</body></html>")


def mislabel(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"\x0b")


def swap(path: Path) -> None:
    """Labels of another set: fewer than there are images."""
    shutil.copy(path.with_name("t10k-labels-idx1-ubyte"), path)


@pytest.mark.parametrize(
    ("name", "breaking"),
    [
        (IMAGES, truncate),
        (IMAGES, damage),
        (IMAGES, empty),
        (IMAGES, replace),
        (LABELS, truncate),
        (LABELS, empty),
        (LABELS, replace),
        (LABELS, mislabel),
        (LABELS, swap),
    ],
)
def test_a_broken_file_is_named_in_one_line_that_says_what_to_do(folder: Path, name: str, breaking) -> None:  # type: ignore[no-untyped-def]
    breaking(raw(folder) / name)
    with pytest.raises(RequestError) as caught:
        datasets.read(datasets.find("mnist", str(folder)), "train")
    line = str(caught.value)
    assert "train-" in line
    assert "get it anew with: ptlearn-tui data get mnist" in line
    assert "\n" not in line


def test_an_unknown_set_is_a_wrong_request() -> None:
    with pytest.raises(RequestError, match="mnist"):
        datasets.get("imagenet")
