"""Archives that were made to do harm: what they name is not written, what they claim is not believed."""

from __future__ import annotations

import gzip
import io
import resource
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.cli import main
from ptlearn_tui.training.datasets import archives

from .small_sets import DIGITS, content, lay, placed, tar, zipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("small_versions")

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
REST = {name: data for name, data in DIGITS.items() if name != LABELS}


def get(source: Path, target: Path) -> int:
    return main(["data", "get", "mnist", "--from", str(source), "--data", str(target)])


def built(file: Path, *entries: tarfile.TarInfo | bytes, rest: dict[str, bytes] = REST) -> Path:
    """A tar.gz of these headers (with zeros, or the bytes after them, as content), then the rest of the set."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for entry in entries:
            if isinstance(entry, bytes):
                raw.write(entry)
                archive.offset += len(entry)
            else:
                raw.write(entry.tobuf(tarfile.GNU_FORMAT))
                archive.offset = raw.tell()
        for name, data in rest.items():
            one = tarfile.TarInfo(name)
            one.size = len(data)
            archive.addfile(one, io.BytesIO(data))
    file.write_bytes(gzip.compress(raw.getvalue()))
    return file


def entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, size, link
    return made


@pytest.mark.parametrize(
    "prefix", ["../../../outside/", "/tmp/../outside/", "a/../../../b/", "./", "..\\..\\outside\\"]
)
@pytest.mark.parametrize("make", [tar, zipped])
def test_paths_in_an_archive_lead_nowhere(prefix: str, make: Callable[..., Path], tmp_path: Path, target: Path) -> None:
    source = make(tmp_path / "x.bin", DIGITS | {"../../evil.txt": b"evil", "other": b""}, prefix)
    before = content(tmp_path)
    status = get(source, target)
    if make is tar and "\\" in prefix:
        assert status == 2  # in a tar that is a letter like any other
    else:
        assert status == 0
        assert content(target) == placed("MNIST/raw")
    assert {name: data for name, data in content(tmp_path).items() if not name.startswith("data/")} == before
    assert not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_links_and_devices_are_not_taken_for_files(kind: bytes, tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    secret = lay(tmp_path / "secret", {LABELS: DIGITS[LABELS]})
    assert get(built(tmp_path / "x.tgz", entry(LABELS, kind, link=str(secret / LABELS))), target) == 2
    assert f"does not have {LABELS}" in capfd.readouterr().err
    assert list(target.iterdir()) == []


def test_a_link_in_a_zip_is_not_taken_for_a_file(tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    source = zipped(tmp_path / "x.zip", REST)
    link = zipfile.ZipInfo(LABELS)
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert get(source, target) == 2
    assert f"does not have {LABELS}" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("size", "kind", "says"),
    [
        (1 << 33, tarfile.REGTYPE, "cut short or damaged"),
        (1 << 33, tarfile.XHDTYPE, "claims a size"),  # tarfile keeps such a header in memory
        (1 << 33, tarfile.GNUTYPE_LONGNAME, "claims a size"),
        (1 << 62, tarfile.REGTYPE, "cut short or damaged"),
        (-1024, tarfile.REGTYPE, ""),
    ],
)
def test_a_claimed_size_is_not_believed(size: int, kind: bytes, says: str, tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert get(built(tmp_path / "x.tgz", entry(LABELS, kind, size)), target) in (1, 2)
    (line,) = capfd.readouterr().err.splitlines()
    assert says in line
    assert list(target.iterdir()) == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def test_a_bomb_is_given_up(tmp_path: Path, target: Path, capfd, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(archives, "SLACK", 1 << 20)
    zeros = bytes(100_000_000)
    assert get(built(tmp_path / "x.tgz", entry("zeros", size=len(zeros)), zeros, rest={}), target) == 1
    assert "unpacks to far more than the set" in capfd.readouterr().err
    source = zipped(tmp_path / "x.zip", REST | {LABELS: zeros})
    assert get(source, target) == 1
    assert f"{LABELS}: it is cut short or damaged: 309 bytes instead of 308" in capfd.readouterr().err
    packed = lay(tmp_path / "folder", REST | {f"{LABELS}.gz": gzip.compress(zeros)})
    assert get(packed, target) == 1
    assert LABELS in capfd.readouterr().err
    assert list(target.iterdir()) == []


def test_too_many_files_of_one_name_are_refused(tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    many = {f"{n}/{IMAGES}": b"x" for n in range(archives.MOST_FILES + 1)}
    for source in (tar(tmp_path / "x.tar", many, mode="w"), zipped(tmp_path / "x.zip", many)):
        assert get(source, target) == 1
        assert f"more than {archives.MOST_FILES} files" in capfd.readouterr().err


def test_what_can_not_be_read_is_named(tmp_path: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    locked, strange = zipped(tmp_path / "x.zip", DIGITS), tmp_path / "y.zip"
    data = bytearray(locked.read_bytes())
    start = data.index(b"PK\1\2")
    data[start + 8] |= 1  # the flag in the directory: encrypted
    locked.write_bytes(data)
    with zipfile.ZipFile(strange, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(LABELS, DIGITS[LABELS])
    for source, says in ((locked, "is encrypted"), (strange, "packed in a way")):
        assert get(source, target) == 1
        assert f"{source} {says}" in capfd.readouterr().err.replace("is packed", "packed")
