"""The fork server: starts, fails and ends as its client expects."""

from __future__ import annotations

import importlib.metadata
import threading
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.events import Stdout
from ptlearn_tui.kernel.client import KernelError, Server

if TYPE_CHECKING:
    from pathlib import Path

    from ptlearn_tui.kernel.client import Kernel


@pytest.fixture
def fresh() -> Server:
    """A server that nobody has started."""
    return Server()


def test_a_loaded_server_says_which_torch_it_has(server: Server) -> None:
    assert server.ready
    assert server.torch_version == importlib.metadata.version("torch") or "+" in str(server.torch_version)
    assert server.seconds > 0


def test_a_server_has_made_no_thread_and_touched_no_gpu(kernel: Kernel) -> None:
    # What a kernel sees is what the server had when it forked.
    source = "import threading, torch\nprint(threading.active_count(), torch.cuda.is_initialized())"
    assert [event.text for event in kernel.run(0, source) if isinstance(event, Stdout)] == ["1 False\n"]


def test_a_server_is_not_ready_before_it_is_started(fresh: Server) -> None:
    assert not fresh.ready
    with pytest.raises(KernelError):
        fresh.kernel()
    fresh.close()


def test_a_missing_torch_is_one_clear_line(fresh: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\")")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    fresh.start()
    with pytest.raises(KernelError, match=r"^ModuleNotFoundError: No module named 'torch'$"):
        fresh.wait()
    assert not fresh.ready
    fresh.close()


def test_files_beside_the_learner_are_not_taken_for_libraries_and_no_thread_is_needed(
    fresh: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("torch", "random", "signal"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not this one')")
    monkeypatch.chdir(tmp_path)
    starter = threading.Thread(target=fresh.start)  # PR_SET_PDEATHSIG would end the server with this thread
    starter.start()
    starter.join()
    kernel = fresh.kernel()
    assert any(event.text == "up\n" for event in kernel.run(0, "print('up')") if isinstance(event, Stdout))
    fresh.close()
    assert not kernel.alive
    assert not fresh.ready


def test_other_systems_are_told_so(fresh: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(KernelError, match="Linux"):
        fresh.start()
