"""`data get` over the network and against all odds: bad servers, ctrl+c, kill -9, full disks, two at once."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from ptlearn_tui.cli import main
from ptlearn_tui.cli.bar import Bar
from ptlearn_tui.training.datasets import fetch, obtain

from .server import Server, serving
from .small_sets import BATCHES, CLOTHES, DIGITS, RECORDS, content, lay, packed, placed, tar, zipped

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("small_versions")

PATIENCE = 120.0  # seconds before a process that hangs is killed

# The command, in a process of its own, that takes the small sets for the real ones.
SMALL = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import small_sets
from ptlearn_tui.training.datasets import obtain, published
published.VERSIONS.update(small_sets.VERSIONS)
obtain.TORCHVISION = [sys.executable, sys.argv.pop(1), *obtain.TORCHVISION[1:]]
from ptlearn_tui.cli import main
sys.exit(main(sys.argv[1:]))
"""

# torchvision with the server on loopback in place of its own, and the small files' sums.
TORCHVISION = """
import hashlib, json, runpy, sys
import torchvision.datasets as sets
url, sums, tgz = json.loads({facts!r})
for name in ("MNIST", "FashionMNIST"):
    getattr(sets, name).mirrors = [f"{{url}}/{{name}}/"]
    getattr(sets, name).resources = [tuple(pair) for pair in sums[name]]
sets.CIFAR10.url, sets.CIFAR10.tgz_md5 = f"{{url}}/cifar-10-python.tar.gz", tgz
every = dict(sums["CIFAR10"])
sets.CIFAR10.train_list = [[name, sum] for name, sum in every.items() if name.startswith("data")]
sets.CIFAR10.test_list = [["test_batch", every["test_batch"]]]
sets.CIFAR10.meta = dict(sets.CIFAR10.meta, md5=every["batches.meta"])
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """Serves all small sets as mirrors do."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as one:
        for folder, files in (("MNIST", DIGITS), ("FashionMNIST", CLOTHES)):
            one.files |= {f"/{folder}/{name}": data for name, data in packed(files).items()}
        for name, files in (("python", BATCHES), ("binary", RECORDS)):
            archive = tar(tmp_path / f"{name}.tgz", files, f"cifar-10-batches-{name[:2]}/")
            one.files[f"/cifar-10-{name}.tar.gz"] = archive.read_bytes()
        yield one


@pytest.fixture
def torchvision(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is run in place of the real download process: the same, with other servers and sums."""

    def md5(data: bytes) -> str:
        return hashlib.md5(data).hexdigest()

    sums = {
        "MNIST": [(name, md5(data)) for name, data in packed(DIGITS).items()],
        "FashionMNIST": [(name, md5(data)) for name, data in packed(CLOTHES).items()],
        "CIFAR10": [(name, md5(data)) for name, data in BATCHES.items()],
    }
    facts = json.dumps([server.url, sums, md5(server.files["/cifar-10-python.tar.gz"])])
    script = tmp_path / "torchvision_on_loopback.py"
    script.write_text(TORCHVISION.format(facts=facts))
    monkeypatch.setattr(obtain, "TORCHVISION", [sys.executable, str(script), *obtain.TORCHVISION[1:]])
    return script


def command(target: Path, *words: str, script: Path | str = "none") -> list[str]:
    here = str(Path(__file__).parent)
    return [sys.executable, "-c", SMALL, here, str(script), "data", "get", *words, "--data", str(target)]


@pytest.mark.parametrize(
    ("name", "path", "folder"),
    [
        ("mnist", "/MNIST", "MNIST/raw"),
        ("mnist", "/MNIST/", "MNIST/raw"),
        ("fashion", "/FashionMNIST", "FashionMNIST/raw"),
        ("cifar10", "/cifar-10-python.tar.gz", "cifar-10-batches-py"),
        ("cifar10", "/cifar-10-binary.tar.gz", "cifar-10-batches-bin"),
        ("cifar10", "/", "cifar-10-batches-py"),
        ("mnist", "/数据/x.zip", "MNIST/raw"),
    ],
)
def test_a_mirror_is_fetched_and_checked(
    name: str, path: str, folder: str, server: Server, target: Path, tmp_path: Path, capfd
) -> None:  # type: ignore[no-untyped-def]
    server.files["/%E6%95%B0%E6%8D%AE/x.zip"] = zipped(tmp_path / "x.zip", DIGITS).read_bytes()
    assert main(["data", "get", name, "--from", server.url + path, "--data", str(target), "--json"]) == 0
    written = capfd.readouterr()
    assert written.err == ""  # no bar where there is no terminal
    row = json.loads(written.out)
    assert (row["source"], set(row["verified"].values()) & {"form"}) == (server.url + path, set())
    assert content(target) == placed(folder)


def test_a_mirror_with_the_binary_version_only_will_do(server: Server, target: Path) -> None:
    server.fault, server.at = "404", "/cifar-10-python.tar.gz"
    assert main(["data", "get", "cifar10", "--from", server.url, "--data", str(target)]) == 0
    assert content(target) == placed("cifar-10-batches-bin")


FAULTS = [
    ("truncated", "the server broke off after"),
    ("wrong bytes", ""),
    ("404", "HTTP 404 Not Found"),
    ("500", "HTTP 500 Internal Server Error"),
    ("stalls", "the server sent nothing for 0.2 seconds"),
    ("endless", "more than the set can have"),
]


@pytest.mark.parametrize(("name", "at"), [("mnist", "t10k-images-idx3-ubyte.gz"), ("cifar10", "python.tar.gz")])
@pytest.mark.parametrize(("fault", "says"), FAULTS)
def test_a_bad_server_is_told_in_a_line_and_a_second_try_works(
    name: str, at: str, fault: str, says: str, server: Server, target: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(fetch, "PATIENCE", 0.2 if fault == "stalls" else PATIENCE)
    monkeypatch.setattr(obtain, "MOST_ARCHIVE", 10_000_000)
    server.fault, server.at = fault, at
    url = server.url + ("/MNIST" if name == "mnist" else "/cifar-10-python.tar.gz")
    words = ["data", "get", name, "--from", url, "--data", str(target)]
    assert main(words) == 1
    written = capfd.readouterr()
    (line,) = written.err.splitlines()
    assert written.out == ""
    assert at in line
    assert says in line
    assert f"could not be downloaded: {server.url if says else ''}" in line
    assert line.endswith(f"data get {name} --from FILE")
    assert list(target.iterdir()) == []
    server.fault = ""
    assert main(words) == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "http://[::1", "http://", "https://127.0.0.1:1/a b.zip"])
def test_a_server_that_is_not_there_is_told(url: str, target: Path, server: Server, capfd) -> None:  # type: ignore[no-untyped-def]
    assert main(["data", "get", "mnist", "--from", url, "--data", str(target)]) in (1, 2)
    (line,) = capfd.readouterr().err.splitlines()
    assert url in line
    assert not target.exists() or list(target.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "folder"),
    [("mnist", "MNIST/raw"), ("fashion", "FashionMNIST/raw"), ("cifar10", "cifar-10-batches-py")],
)
def test_torchvision_downloads_each_set(name: str, folder: str, torchvision: Path, target: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    assert main(["data", "get", name, "--data", str(target), "--json"]) == 0
    row = json.loads(capfd.readouterr().out)
    assert (row["source"], set(row["verified"].values())) == ("torchvision", {"md5"})
    assert content(target) == placed(folder)


@pytest.mark.parametrize(
    ("fault", "says"), [("wrong bytes", "corrupted"), ("stalls", "the server sent nothing for 2 seconds")]
)
def test_a_download_through_torchvision_that_fails_says_why(
    fault: str, says: str, server: Server, torchvision: Path, target: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(fetch, "PATIENCE", 2.0)
    server.fault, server.at = fault, "t10k-labels-idx1-ubyte.gz"
    assert main(["data", "get", "mnist", "--data", str(target)]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert "could not be downloaded" in line
    assert says in line
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(
    ("through", "number"),
    [
        ("torchvision", signal.SIGINT),
        ("torchvision", signal.SIGKILL),
        ("a mirror", signal.SIGINT),
        ("a mirror", signal.SIGTERM),
        ("a mirror", signal.SIGKILL),
    ],
)
def test_a_download_that_is_ended_leaves_nothing_for_long(
    through: str, number: int, server: Server, torchvision: Path, target: Path
) -> None:
    server.fault, server.at = "stalls", "/MNIST/t10k-images-idx3-ubyte.gz"
    words = ["mnist"] if through == "torchvision" else ["mnist", "--from", f"{server.url}/MNIST"]
    whole = command(target, *words, script=torchvision)
    with subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert server.stalled.wait(PATIENCE)
        (scratch,) = target.iterdir()
        other = ["data", "get", "fashion", "--from", f"{server.url}/FashionMNIST", "--data", str(target)]
        assert main(other) == 0
        assert scratch.exists()  # its process lives
        theirs = psutil.Process(process.pid).children()
        assert len(theirs) == (through == "torchvision")
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert psutil.wait_procs(theirs, PATIENCE)[1] == []
    assert out == ""
    if number == signal.SIGKILL:
        assert scratch.exists()
    else:
        assert process.returncode == 128 + number
        assert err == ("ptlearn-tui: interrupted; nothing is left of it\n" if number == signal.SIGINT else "")
        assert [path.name for path in target.iterdir()] == ["FashionMNIST"]
    server.fault = ""
    done = subprocess.run(whole, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    assert content(target) == placed("MNIST/raw") | placed("FashionMNIST/raw")


def test_two_at_once_do_each_other_no_harm(server: Server, target: Path) -> None:
    whole = command(target, "cifar10", "--from", server.url)
    both = [subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(3)]
    for process in both:
        out, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, out
    assert content(target) == placed("cifar-10-batches-py")


@pytest.mark.parametrize(
    ("options", "says"), [("size=200k", "the disk is full"), ("size=9m,ro", "Read-only file system")]
)
def test_a_disk_that_takes_nothing_is_told(options: str, says: str, server: Server, tmp_path: Path) -> None:
    unshare = [shutil.which("unshare") or "", "--user", "--map-root-user", "--mount"]
    if not unshare[0] or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    (tmp_path / "disk").mkdir()
    mount = f'mount -t tmpfs -o {options} none "{tmp_path}/disk"'
    script = f'{mount} && "$0" "$@"; echo "$?"; find "{tmp_path}/disk" -type f'
    folder = lay(tmp_path / "folder", DIGITS)
    for source in (folder, tar(tmp_path / "x.tgz", DIGITS), f"{server.url}/MNIST"):
        whole = [*unshare, "sh", "-c", script, *command(tmp_path / "disk", "mnist", "--from", str(source))]
        done = subprocess.run(whole, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert done.stdout == "1\n"  # the exit status; no file is left
        (line,) = done.stderr.splitlines()
        assert says in line


def test_a_target_that_is_a_file_is_told(server: Server, tmp_path: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    lay(tmp_path, {"file": b"x"})
    assert main(["data", "get", "mnist", "--from", f"{server.url}/MNIST", "--data", str(tmp_path / "file")]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert str(tmp_path / "file") in line


class Screen(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [10, 40, 80])
def test_a_bar_is_drawn_after_a_second_and_fits_the_line(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    screen, now = Screen(), [0.0]
    with Bar(screen, ascii_only=False, environment={"TERM": "xterm"}, clock=lambda: now[0]) as bar:
        bar.begin("cifar-10-python.tar.gz", 170_000_000)
        bar.add(85_000_000)
        assert screen.getvalue() == ""
        now[0] = 1.0
        bar.add(42_500_000)
    drawn = screen.getvalue().split("\r\x1b[K")
    assert len(drawn[1]) < columns
    assert drawn[-1] == ""  # nothing is left standing
    if columns == 80:
        assert drawn[1] == f"cifar-10-python.tar.gz  {'━' * 22}{'─' * 7}   75 %  127.5 of 170.0 MB"


def test_no_bar_is_drawn_where_there_is_no_terminal() -> None:
    out = io.StringIO()
    with Bar(out, ascii_only=False, environment={"TERM": "xterm"}, clock=iter(range(100)).__next__) as bar:
        bar.begin("x", None)
        bar.add(1)
    assert out.getvalue() == ""
