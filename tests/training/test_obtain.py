"""`data get NAME --from FILE|DIR`: sets from archives and folders that somebody copied here by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.cli import main
from ptlearn_tui.training import datasets
from ptlearn_tui.training.datasets import obtain, published

from .small_sets import BATCHES, CLOTHES, DIGITS, FILES, RECORDS, content, lay, packed, placed, tar, zipped

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("small_versions")


def get(name: str, source: Path, target: Path, *words: str) -> int:
    return main(["data", "get", name, "--from", str(source), "--data", str(target), *words])


@pytest.mark.parametrize(
    ("name", "folder", "files", "make"),
    [
        ("mnist", "MNIST/raw", packed(DIGITS), tar),
        ("mnist", "MNIST/raw", DIGITS, zipped),
        ("mnist", "MNIST/raw", {n.replace("-idx", ".idx"): c for n, c in DIGITS.items()}, zipped),
        ("fashion", "FashionMNIST/raw", packed(CLOTHES), zipped),
        ("cifar10", "cifar-10-batches-py", BATCHES, tar),
        ("cifar10", "cifar-10-batches-bin", RECORDS, tar),
        ("cifar10", "cifar-10-batches-bin", RECORDS, zipped),
    ],
)
@pytest.mark.parametrize("as_folder", [False, True], ids=["named", "in a folder"])
def test_an_archive_is_unpacked_checked_and_found(
    name: str, folder: str, files: dict[str, bytes], make, as_folder: bool, tmp_path: Path, target: Path, capfd
) -> None:  # type: ignore[no-untyped-def]
    stick = lay(tmp_path / "stick", {"readme.txt": b"", "holiday.zip": b"PK"})
    archive = make(stick / f"{name}.{'zip' if make is zipped else 'tgz'}", files, "some/where/")
    assert get(name, stick if as_folder else archive, target, "--json") == 0
    written = capfd.readouterr()
    assert written.err == ""
    row = json.loads(written.out)
    assert (row["kind"], row["folder"]) == ("full", str(target / folder))
    assert row["source"] == str(stick if as_folder else archive)
    assert set(row["verified"]) == set(files)
    assert set(row["verified"].values()) <= {"md5", "sha1", "sha256"}
    assert content(target) == placed(folder)
    assert datasets.find(name, str(target)).kind == "full"


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_plain_tar_is_read_too(mode: str, tmp_path: Path, target: Path) -> None:
    assert get("mnist", tar(tmp_path / "x.bin", DIGITS, mode=mode), target) == 0
    assert content(target) == placed("MNIST/raw")


def test_another_data_folder_gives_each_set_its_own_files(tmp_path: Path, target: Path) -> None:
    stick = tmp_path / "stick"
    for folder, files in FILES.items():
        lay(stick / "deep" / folder, files)
    lay(stick / "deep" / "FashionMNIST" / "raw", packed(CLOTHES))
    before = content(stick)
    for name in datasets.SETS:
        assert get(name, stick, target) == 0
    assert content(target) == placed("MNIST/raw") | placed("FashionMNIST/raw") | placed("cifar-10-batches-py")
    assert content(stick) == before


def test_files_each_in_a_folder_of_its_own_are_one_set(tmp_path: Path, target: Path) -> None:
    for name, data in DIGITS.items():
        lay(tmp_path / "stick" / name, {name: data})
    assert get("mnist", tmp_path / "stick", target) == 0
    assert content(target) == placed("MNIST/raw")


def test_files_that_were_packed_anew_are_known_by_what_they_hold(tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    assert get("mnist", lay(tmp_path / "x", packed(DIGITS, level=1)), target) == 0
    assert "4 files have the published sums (sha256)" in capfd.readouterr().out
    assert get("fashion", lay(tmp_path / "y", packed(CLOTHES, level=1)), target) == 1
    assert "md5 sum is" in capfd.readouterr().err
    assert content(target) == placed("MNIST/raw")


def test_what_can_only_be_checked_by_its_form_is_said(tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    assert get("fashion", lay(tmp_path / "x", CLOTHES), target) == 0
    line = capfd.readouterr().out.splitlines()[-1]
    assert "only size and form" in line
    assert all(name in line for name in CLOTHES)


@pytest.mark.parametrize("files", [DIGITS, packed(DIGITS)], ids=["unpacked", "packed"])
def test_digits_are_not_taken_for_clothes(files: dict[str, bytes], tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    assert get("fashion", lay(tmp_path / "x", files), target) == 1
    assert "it is MNIST's" in capfd.readouterr().err
    assert content(target) == {}


def flipped(content: bytes) -> bytes:
    return content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]


@pytest.mark.parametrize(
    ("name", "files", "wrong", "says"),
    [
        ("mnist", DIGITS, flipped, "its sha256 sum is"),
        ("mnist", packed(DIGITS), flipped, "it is cut short or damaged"),  # gzip's own sum
        ("mnist", packed(DIGITS), lambda content: b"<html>Please log in</html>", "it is cut short or damaged"),
        ("mnist", DIGITS, lambda content: content[:-1], "bytes instead of"),
        ("mnist", DIGITS, lambda content: content + b"x", "bytes instead of"),
        ("fashion", CLOTHES, lambda content: content[:-1] + b"\x0b", "it holds labels above 9"),
        ("cifar10", BATCHES, flipped, "its md5 sum is"),
        ("cifar10", RECORDS, flipped, "its sha1 sum is"),
    ],
)
def test_a_wrong_file_is_named_and_nothing_is_installed(
    name: str, files: dict[str, bytes], wrong, says: str, tmp_path: Path, target: Path, capfd
) -> None:  # type: ignore[no-untyped-def]
    bad = next(file for file in files if "labels" in file or file.startswith("test_batch"))
    source = lay(tmp_path / "x", files | {bad: wrong(files[bad])})
    before = content(source)
    assert get(name, source, target) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert bad in line
    assert says in line
    assert list(target.iterdir()) == []
    assert content(source) == before


def test_a_right_set_beside_a_wrong_one_is_taken(tmp_path: Path, target: Path) -> None:
    lay(tmp_path / "stick" / "a", DIGITS | {"t10k-labels-idx1-ubyte": b"x"})
    tar(tmp_path / "stick" / "b-mnist.tar", CLOTHES, mode="w")
    lay(tmp_path / "stick", {"c-mnist.zip": zipped(tmp_path / "x", DIGITS).read_bytes()[:-40]})
    zipped(tmp_path / "stick" / "d-mnist.zip", DIGITS)
    assert get("mnist", tmp_path / "stick", target) == 0
    assert content(target) == placed("MNIST/raw")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nowhere", "no such file or folder"),
        ("", "no such file or folder"),
        ("ftp://mirror/x", "no http or https URL"),
        ("notes.txt", "is not a zip, tar or tar.gz archive"),
        ("note.gz", "is not a zip, tar or tar.gz archive"),
        ("empty", "does not have train-images-idx3-ubyte, train-labels-idx1-ubyte"),
        ("part", "does not have t10k-labels-idx1-ubyte"),
        ("part/train-images-idx3-ubyte", "name their folder: --from"),
        ("other.zip", "does not have train-images-idx3-ubyte"),
    ],
)
def test_a_source_that_is_none_is_a_wrong_request(source: str, says: str, tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    here = tmp_path / "here"
    lay(here, {"notes.txt": b"MNIST, by heart", "note.gz": packed(DIGITS)["t10k-labels-idx1-ubyte.gz"]})
    lay(here / "empty", {})
    lay(here / "part", {name: data for name, data in DIGITS.items() if not name.startswith("t10k-labels")})
    zipped(here / "other.zip", RECORDS)
    assert main(["data", "get", "mnist", "--from", source, "--data", str(target)]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert says in line
    assert not target.exists() or list(target.iterdir()) == []


def test_a_set_that_is_there_is_left_alone_and_a_broken_one_is_replaced(tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    source = lay(tmp_path / "x", DIGITS)
    lay(target / "MNIST" / "raw", {"t10k-labels-idx1-ubyte": b"broken", "mine.txt": b"kept"})
    assert get("mnist", source, target) == 0
    assert content(target) == placed("MNIST/raw") | {"MNIST/raw/mine.txt": b"kept"}
    capfd.readouterr()
    assert get("mnist", source, target) == 0
    assert "it was there already" in capfd.readouterr().out
    lay(target / "cifar-10-batches-py", dict.fromkeys(BATCHES, b"broken"))
    assert get("cifar10", zipped(tmp_path / "c.zip", RECORDS), target) == 0  # in the other layout
    assert datasets.find("cifar10", str(target)).folder == target / "cifar-10-batches-bin"


def test_ctrl_c_while_files_are_copied_leaves_nothing(tmp_path: Path, target: Path) -> None:
    class Impatient:
        def begin(self, what: str, total: int | None) -> None: ...

        def add(self, count: int) -> None:
            assert len(list(target.iterdir())) == 1  # the scratch folder, while it lasts
            raise KeyboardInterrupt

    for source in (lay(tmp_path / "x", DIGITS), tar(tmp_path / "x.tgz", DIGITS), zipped(tmp_path / "x.zip", DIGITS)):
        with pytest.raises(KeyboardInterrupt):
            obtain.obtain(obtain.order("mnist", str(target), str(source), bar=False), Impatient())
        assert list(target.iterdir()) == []


def test_local_files_need_no_torch(tmp_path: Path, target: Path) -> None:
    lay(tmp_path / "x", {"mnist.zip": zipped(tmp_path / "y.zip", DIGITS).read_bytes()})
    script = "import sys; from ptlearn_tui.cli import main; print(main(sys.argv[1:]), 'torch' in sys.modules)"
    command = ["data", "get", "mnist", "--from", str(tmp_path / "x"), "--data", str(target)]
    done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=True)
    assert done.stdout == "1 False\n"  # these are not the real sums
    assert "t10k" in done.stderr or "train" in done.stderr


def test_a_damaged_archive_is_named(tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    for whole in (tar(tmp_path / "x.tgz", DIGITS), zipped(tmp_path / "x.zip", DIGITS)):
        half = whole.read_bytes()
        whole.write_bytes(half[: len(half) // 2] if whole.suffix == ".tgz" else flipped(half[:9000]) + half[9000:])
        assert get("mnist", whole, target) == 1
        (line,) = capfd.readouterr().err.splitlines()
        assert f"{whole} is cut short or damaged" in line
        assert list(target.iterdir()) == []


def test_the_published_sums_are_those_that_torchvision_has() -> None:
    script = """
import json, torchvision.datasets as sets
idx = {name: dict(map(tuple, getattr(sets, name).resources)) for name in ("MNIST", "FashionMNIST")}
cifar = sets.CIFAR10
batches = [*cifar.train_list, *cifar.test_list, (cifar.meta["filename"], cifar.meta["md5"])]
print(json.dumps([*idx.values(), dict(map(tuple, batches))]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    digits, clothes, batches = json.loads(done.stdout)
    for version, theirs in ((published.MNIST, digits), (published.FASHION, clothes)):
        assert {f"{file.name}.gz": file.packed for file in version.files} == {n: f"md5:{s}" for n, s in theirs.items()}
    assert {file.name: file.digest for file in published.PICKLED.files} == {n: f"md5:{s}" for n, s in batches.items()}
