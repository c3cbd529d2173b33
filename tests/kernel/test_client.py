"""Cells in a real kernel: what they may expect of it, and what the client makes of what they do."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ptlearn_tui.events import Done, Error, Stderr, Stdout, Value
from ptlearn_tui.kernel.output_file import LEAST, OutputFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ptlearn_tui.kernel.client import Kernel, Server


def done(events: Iterable[Any]) -> Done:
    """The last event, which is the only Done."""
    events = list(events)
    assert [isinstance(event, Done) for event in events] == [False] * (len(events) - 1) + [True], events
    return events[-1]


def text(events: Iterable[Any], kind: type[Stdout] | type[Stderr] = Stdout) -> str:
    return "".join(event.text for event in events if isinstance(event, kind))


def test_the_client_imports_neither_torch_nor_textual() -> None:
    program = "import sys, ptlearn_tui.kernel.client; sys.exit(bool({'torch', 'textual'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# ---- output --------------------------------------------------------------------------------------------------


def test_python_c_and_programs_write_in_order(kernel: Kernel) -> None:
    source = (
        "import os\nfor n in 'ab': print(n)\nprint('c', end=''); os.system('printf d'); print('e'); os.write(1, b'f')"
    )
    events = list(kernel.run(3, source))
    assert text(events) == "a\nb\ncde\nf"
    assert {event.cell for event in events} == {3}
    assert done(events).ok


def test_what_was_printed_before_a_value_comes_before_it(kernel: Kernel) -> None:
    events = [e for e in kernel.run(0, "print('a', end='')\n1\nprint('b', end='')\n2") if isinstance(e, Stdout | Value)]
    assert [event.text for event in events] == ["a", "1", "b", "2"]


def test_a_burst_is_seen_while_its_statement_goes_on(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    statement = f"print(1); print(2); print(3, end=''); open({str(gate)!r}).read()"
    seen = ""
    for event in kernel.run(0, f"exec({statement!r})"):
        if isinstance(event, Stdout):
            seen += event.text
            if seen == "1\n2\n3":
                gate.write_text("go on")
    assert done([event]).ok


def test_a_line_is_seen_while_c_code_holds_the_interpreter(kernel: Kernel) -> None:
    for event in kernel.run(0, "import ctypes\nexec('print(\"now\"); ctypes.PyDLL(None).pause()')"):
        if isinstance(event, Stdout):
            assert event.text == "now\n"
            kernel.interrupt()
    assert done([event]).interrupted


def test_bytes_that_are_not_utf8_are_replaced_and_characters_may_come_in_parts(kernel: Kernel) -> None:
    source = "import os\nfor byte in '中'.encode(): os.write(1, bytes([byte])); 0\nos.write(1, b'\\xff.')"
    assert text(kernel.run(0, source)) == "中\ufffd."


def test_output_beyond_the_rate_is_left_out_and_counted(server: Server) -> None:
    kernel = server.kernel(rate=20_000)
    events = list(kernel.run(0, "import os\nfor n in range(50_000): os.write(1, b'%07d\\n' % n)"))
    kernel.kill()
    dropped = sum(event.dropped for event in events if isinstance(event, Stdout))
    assert dropped > 0
    assert len(text(events)) + dropped == 400_000
    assert sum(event.dropped_lines for event in events if isinstance(event, Stdout)) == dropped // 8
    assert text(events).endswith("0049998\n0049999\n")
    assert all(len(line) == 7 for line in text(events).splitlines())  # cut between lines
    assert done(events).ok


def test_what_is_left_out_is_in_the_file_with_what_comes_late(server: Server, tmp_path: Path) -> None:
    gate, out = tmp_path / "gate", OutputFile(tmp_path / "new" / "cell-1.txt")
    os.mkfifo(gate)
    kernel = server.kernel(rate=20_000)
    source = (
        "import os, sys, threading\nfor n in range(50_000): os.write(1, b'%07d\\n' % n)\n"
        "print('end', file=sys.stderr)\n"
        f"threading.Thread(target=lambda: print(open({str(gate)!r}).read())).start()"
    )
    assert done(kernel.run(0, source, out.write)).ok
    gate.write_text("late")
    while not text(kernel.drain()):
        pass
    kernel.kill()
    assert out.path is not None
    lines = out.path.read_text().splitlines()
    assert sorted(lines[:-1]) == [*(f"{n:07}" for n in range(50_000)), "end"]
    assert lines[-1] == "late"
    assert (out.left_out, out.why) == (0, "")


def test_little_output_needs_no_file_and_an_earlier_runs_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "cell-1.txt"
    path.write_text("of an earlier run")
    out = OutputFile(path)
    out.write(b"x" * LEAST)
    assert (out.path, path.exists()) == (None, False)
    out.write(b"y")
    assert path.read_bytes() == b"x" * LEAST + b"y"


@pytest.mark.parametrize("full", [True, False], ids=["a full disk", "no folder"])
def test_output_that_can_not_be_written_is_counted_and_the_cell_goes_on(tmp_path: Path, full: bool) -> None:
    if full:
        out = OutputFile(tmp_path / "cell-1.txt")
        (tmp_path / "cell-1.txt").symlink_to("/dev/full")
    else:
        (tmp_path / "a file").write_text("")
        out = OutputFile(tmp_path / "a file" / "cell-1.txt")
    for _ in range(3):
        out.write(b"x" * 5_000)
    assert out.left_out == 15_000
    assert out.why


def test_without_a_rate_nothing_is_left_out(server: Server) -> None:
    kernel = server.kernel(rate=math.inf)
    events = list(kernel.run(0, "import os\nos.system('seq 1000000')"))
    kernel.kill()
    assert text(events) == "".join(f"{n}\n" for n in range(1, 1_000_001))


@pytest.mark.parametrize("deed", ["os.close(1)", "os.close(2); os.close(1)", "sys.stdout.close()"])
def test_a_cell_that_closes_stdout_spoils_only_itself(kernel: Kernel, deed: str) -> None:
    done(kernel.run(0, f"import os, sys\n{deed}"))
    assert text(kernel.run(1, "print('again')")) == "again\n"


def test_output_between_cells_belongs_to_the_last_one(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    source = f"import threading\nthreading.Thread(target=lambda: print(open({str(gate)!r}).read())).start()"
    assert done(kernel.run(4, source)).ok
    gate.write_text("late")
    events: list[Any] = []
    while not (text(events).endswith("\n") or not kernel.alive):
        events += kernel.drain()
    assert text(events) == "late\n"
    assert {event.cell for event in events} == {4}


# ---- as in a script ------------------------------------------------------------------------------------------

DATASET = """
import torch
from torch.utils.data import DataLoader, Dataset
class Squares(Dataset):
    def __len__(self): return 4
    def __getitem__(self, i): return i * i
"""


def test_loader_workers_and_pickle_find_the_classes_of_a_cell(kernel: Kernel) -> None:
    assert done(kernel.run(0, DATASET)).ok
    assert text(kernel.run(1, "print([int(x) for x in DataLoader(Squares(), num_workers=2)])")) == "[0, 1, 4, 9]\n"
    source = "import pickle\nprint(type(pickle.loads(pickle.dumps(Squares()))) is Squares, __name__)"
    assert text(kernel.run(2, source)) == "True __main__\n"


def test_processes_of_a_cell_may_have_children_and_print(kernel: Kernel) -> None:
    source = (
        "import multiprocessing\n"
        "def inner(): print('inner')\n"
        "def outer(): p = multiprocessing.Process(target=inner); p.start(); p.join(); print('outer')\n"
        "p = multiprocessing.Process(target=outer); p.start(); p.join()\nprint(p.exitcode)"
    )
    assert text(kernel.run(0, source)) == "inner\nouter\n0\n"


def test_the_child_of_a_fork_runs_the_cell_to_its_end_and_sends_nothing(kernel: Kernel) -> None:
    source = "import os\nprint('once')\nif not (pid := os.fork()): 1/0\nos.waitpid(pid, 0)[1]"
    events = list(kernel.run(0, source))
    assert text(events) == "once\n"
    assert "ZeroDivisionError" in text(events, Stderr)
    assert not any(isinstance(event, Error) for event in events)
    assert done(events).ok


def test_the_kernels_own_threads_and_descriptors_are_not_seen(kernel: Kernel) -> None:
    source = "import os, subprocess, threading\nprint(threading.active_count())\n"
    source += "print(subprocess.run('ls /proc/self/fd', shell=True, close_fds=False, capture_output=True).stdout)"
    events = list(kernel.run(0, source))
    assert text(events) == "1\n" + repr(b"0\n1\n2\n3\n") + "\n"  # 3 is the folder that `ls` reads


def test_nobody_waits_for_a_terminal(kernel: Kernel) -> None:
    assert text(kernel.run(0, "import os\nprint(os.read(0, 1), os.system('cat'))")) == "b'' 0\n"


def test_a_kernel_starts_in_the_folder_that_it_is_given(server: Server, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("here = 1")
    kernel = server.kernel(folder=tmp_path)
    assert text(kernel.run(0, "import os, mine\nprint(os.getcwd(), mine.here)")) == f"{tmp_path} 1\n"
    kernel.kill()


def test_no_two_kernels_draw_the_same_random_numbers(server: Server) -> None:
    source = "import numpy, random, torch\nprint(random.random(), numpy.random.rand(), torch.rand(1).item())"
    drawn = []
    for _ in range(2):
        kernel = server.kernel()
        drawn.append(text(kernel.run(0, source)).split())
        kernel.kill()
    assert not set(drawn[0]) & set(drawn[1])


def test_a_source_that_no_file_could_hold_does_no_harm(kernel: Kernel) -> None:
    assert text(kernel.run(0, "print('\ud800')")) == "?\n"


@pytest.mark.parametrize(
    ("deed", "kind"), [("bytearray(2 << 30)", "MemoryError"), ("torch.ones(1 << 29)", "RuntimeError")]
)
def test_a_kernel_with_little_memory_raises_and_lives_on(server: Server, deed: str, kind: str) -> None:
    kernel = server.kernel(memory=512 << 20)
    events = list(kernel.run(0, f"import torch\nkept = torch.ones(1 << 20)\nmore = {deed}"))
    assert [(event.kind, event.line) for event in events if isinstance(event, Error)] == [(kind, 3)]
    assert text(kernel.run(1, "print(len(kept))")) == f"{1 << 20}\n"
    kernel.kill()


# ---- ends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "died"),
    [
        ("os._exit(3)", "exit 3"),
        ("os.kill(os.getpid(), 9)", "signal 9 (SIGKILL)"),
        ("import ctypes; ctypes.string_at(0)", "signal 11 (SIGSEGV)"),
        ("os.kill(os.getppid(), 9); import time; time.sleep(1000)", "killed"),
        ("os.closerange(3, 4096)", "exit 1"),
    ],
)
def test_a_dead_kernel_says_how_it_died_after_its_last_words(
    kernel: Kernel, server: Server, deed: str, died: str
) -> None:
    events = list(kernel.run(0, f"import os\nprint('last', end='', flush=True)\n{deed}"))
    assert text(events) == "last"
    assert done(events).died == died
    assert not kernel.alive
    assert kernel.memory() == 0
    assert done(kernel.run(1, "1")).died == died
    kernel.interrupt()
    kernel.kill()
    fresh = server.kernel()
    assert done(fresh.run(0, "1")).ok
    fresh.kill()


def test_a_crash_says_where_it_was(kernel: Kernel) -> None:
    assert 'File "<cell 6>", line 2' in text(kernel.run(5, "import ctypes\nctypes.string_at(0)"), Stderr)


def test_a_kernel_that_dies_between_cells_is_not_alive(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    source = f"import os, threading\nthreading.Thread(target=lambda: os._exit(len(open({str(gate)!r}).read()))).start()"
    assert done(kernel.run(0, source)).ok
    assert kernel.alive
    assert kernel.memory() > 0
    gate.write_text("four")
    while kernel.alive:
        kernel.drain()
    assert done(kernel.run(1, "1")).died == "exit 4"


def test_sys_exit_ends_the_cell_and_not_the_kernel(kernel: Kernel) -> None:
    assert not done(kernel.run(0, "import sys\nsys.exit(3)")).ok
    assert done(kernel.run(1, "1")).ok
