from __future__ import annotations

import socket
import stat
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptlearn_tui.runs import control
from ptlearn_tui.runs.control import Answer, Command, Server, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Deeper than the 108 bytes that a socket's address may have."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    return deep


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    made = Server(folder)
    yield made
    made.close()


def say(folder: Path, said: bytes) -> Answer:
    """Raw bytes, and no more to come."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line, control._Address(folder) as address:
        line.connect(address)
        line.sendall(said)
        line.shutdown(socket.SHUT_WR)
        return msgspec.json.decode(line.makefile("rb").read(), type=Answer)


@pytest.mark.parametrize(
    "command",
    [
        *(Command(do) for do in ("pause", "go on", "step", "stop", "checkpoint")),  # type: ignore[arg-type]
        Command("rate", value=0.01, by="alice"),
    ],
)
def test_a_command_is_answered_and_handed_on(server: Server, folder: Path, command: Command) -> None:
    assert send(folder, command) == Answer(ok=True)
    assert server.commands.get_nowait() == command
    assert server.commands.empty()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\n",
        b"pause\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b'{"do": "explode"}\n',
        b'{"do": "pause", "why": "x"}\n',
        b'{"do": "pause", "value": 3}\n',
        b'{"do": "rate"}\n',
        b'{"do": "rate", "value": 0}\n',
        b'{"do": "rate", "value": -1}\n',
        b'{"do": "rate", "value": "0.1"}\n',
        b'{"do": "rate", "value": 1e999}\n',
        b'{"do": "stop"',
        b'{"do": "pause", "by": "' + b"x" * 10_000 + b'"}\n',
        b"\xff\xfe\x00\n",
    ],
    ids=lambda said: said[:30].decode("latin-1").strip() or repr(said),
)
def test_anything_malformed_is_answered_with_an_error_and_changes_nothing(
    server: Server, folder: Path, said: bytes
) -> None:
    answer = say(folder, said)
    assert not answer.ok
    assert answer.message
    assert server.commands.empty()
    assert send(folder, Command("pause")).ok  # and the next one is heard


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_bytes_bring_the_server_down(server: Server, folder: Path, said: bytes) -> None:
    assert not say(folder, said).ok
    assert server.commands.empty()


def test_who_hangs_up_at_once_does_not_stop_the_next(server: Server, folder: Path) -> None:
    for _ in range(3):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line, control._Address(folder) as address:
            line.connect(address)
    assert send(folder, Command("step")).ok


def test_only_the_owner_may_speak(server: Server, folder: Path) -> None:
    assert stat.S_IMODE((folder / "control.sock").stat().st_mode) == 0o600


def test_a_run_that_has_ended_does_not_answer(server: Server, folder: Path) -> None:
    server.close()
    assert not send(folder, Command("pause")).ok


def test_a_socket_that_a_killed_run_left_is_replaced(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left, control._Address(folder) as address:
        left.bind(address)
    answer = send(folder, Command("pause"))
    assert not answer.ok
    server = Server(folder)
    assert send(folder, Command("pause")).ok
    server.close()


def test_many_viewers_at_once_are_all_heard(server: Server, folder: Path) -> None:
    answers: list[Answer] = []
    viewers = [threading.Thread(target=lambda: answers.append(send(folder, Command("step")))) for _ in range(8)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()
    assert answers == [Answer(ok=True)] * 8
    assert server.commands.qsize() == 8
