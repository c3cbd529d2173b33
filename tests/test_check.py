"""`ptlearn-tui check`: an answer is tried in a fresh kernel, and whatever it does is at worst a failure."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ptlearn_tui.cli import main
from ptlearn_tui.course.exercise import find
from ptlearn_tui.course.progress import Progress
from ptlearn_tui.kernel import attempt

if TYPE_CHECKING:
    from pathlib import Path

EXERCISE = find("grad-of-mean", "en")
assert EXERCISE is not None
WRONG = "import torch\n\ndef grad_of_mean(x):\n    return torch.full((2, 2), 2.25)\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PTLEARN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def checked(capfd: pytest.CaptureFixture[str], file: Path, source: str, *words: str) -> tuple[int, Any]:
    """Exit status and the one object of strict JSON."""
    file.write_text(source, "utf-8")
    status = main(["check", "grad-of-mean", "--file", str(file), "--json", *words])
    (line,) = capfd.readouterr().out.splitlines()
    return status, json.loads(line, parse_constant=lambda word: pytest.fail(word))


def test_a_right_answer(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, told = checked(capfd, tmp_path / "answer.py", EXERCISE.solution)
    assert status == 0
    assert told == {
        "exercise": "autograd/grad-of-mean",
        "passed": True,
        "checks": [{"name": name, "ok": True} for name in ("square", "unchanged", "any_shape", "dtype")],
        "failing": None,
        "message": "every check holds",
    }


def test_a_wrong_answer_with_the_smallest_input(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, told = checked(capfd, tmp_path / "answer.py", WRONG)
    assert status == 1
    assert told["passed"] is False
    assert [each["ok"] for each in told["checks"]] == [True, True, False, None]
    failing = told["failing"]
    assert failing["check"] == "any_shape"
    assert [(each["name"], each["shape"], each["dtype"]) for each in failing["input"]] == [("x", [], "float32")]
    assert failing["expected"] == {"text": "tensor(9.)", "shape": [], "dtype": "float32"}
    assert failing["got"]["shape"] == [2, 2]
    assert told["message"] == "right for a 2×2, wrong for another shape."


def test_for_people_in_both_languages(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "answer.py"
    file.write_text(WRONG, "utf-8")
    assert main(["check", "autograd/grad-of-mean", "--file", str(file)]) == 1
    out = capfd.readouterr().out
    assert out.startswith("✗ The gradient of a mean: right for a 2×2, wrong for another shape.\n")
    assert "  smallest input that fails  x = tensor(" in out
    assert "\n  ✓ a 2×2\n  ✓ x is unchanged\n  ✗ any shape\n  · dtype\n" in out
    assert main(["--lang", "zh", "check", "grad-of-mean", "--file", str(file)]) == 1
    out = capfd.readouterr().out
    assert out.startswith("✗ 均值的梯度：2×2 的对了，别的形状不对。\n")
    assert "出错的最小输入" in out


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "your code does not give grad_of_mean a value yet"),
        ("grad_of_mean = ...", "your code does not give grad_of_mean a value yet"),
        ("def grad_of_mean(x): pass", "it gives None: does your function return what it makes?"),
        ("def grad_of_mean(x): return x.nope", "it raises AttributeError: 'Tensor' object has no attribute 'nope'"),
        ("def (", "it raises SyntaxError: invalid syntax"),
        ("import sys; sys.exit()", "it raises SystemExit"),
        ("import os; os._exit(0)", "it ended the kernel (exit 0)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "it ended the kernel (signal 11"),
    ],
)
def test_whatever_an_answer_does_is_a_failure(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, source: str, says: str
) -> None:
    status, told = checked(capfd, tmp_path / "answer.py", source)
    assert (status, told["passed"]) == (1, False)
    assert told["message"].startswith(says)


@pytest.mark.parametrize(
    "body", ["while True: pass", "while True:\n        try: pass\n        except: pass", "sum(range(10**12))"]
)
def test_an_answer_that_does_not_end_is_a_failure(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr(attempt, "LIMIT", 0.5)
    monkeypatch.setattr(attempt.Attempt.__init__, "__kwdefaults__", {"limit": 0.5, "seed": 0})
    status, told = checked(capfd, tmp_path / "answer.py", f"def grad_of_mean(x):\n    {body}")
    assert (status, told["passed"]) == (1, False)
    assert told["message"].startswith("it had not ended after")


def test_what_an_answer_prints_never_gets_between_the_json(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, told = checked(capfd, tmp_path / "answer.py", "print('hello')\n" + EXERCISE.solution)
    assert (status, told["passed"]) == (0, True)
    file = tmp_path / "answer.py"
    assert main(["check", "grad-of-mean", "--file", str(file)]) == 0
    assert capfd.readouterr().out.startswith("hello\n✓ ")


def test_stdin_and_what_was_written_in_the_dashboard(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["check", "grad-of-mean"]) == 1, "as it begins"
    monkeypatch.setattr(sys, "stdin", io.StringIO(EXERCISE.solution))
    assert main(["check", "grad-of-mean", "--file", "-"]) == 0
    with Progress.open() as progress:
        assert [each.ok for each in progress.attempts("exercise autograd/grad-of-mean")] == [False, True]
        progress.edit("exercise autograd/grad-of-mean", 0, EXERCISE.solution)
    capfd.readouterr()
    assert main(["check", "grad-of-mean"]) == 0
    assert capfd.readouterr().out.startswith("✓ ")


def test_the_last_exercise_of_an_item_ticks_it_and_the_plan_counts(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def plan() -> dict[str, Any]:
        assert main(["plan", "--json"]) == 0
        return {item["id"]: item for item in json.loads(capfd.readouterr().out)["items"]}

    before = plan()["autograd"]
    assert before["exercises"]["passed"] == 0
    total = before["exercises"]["total"]
    assert main(["check", "--json"]) == 0
    keys = [each["exercise"] for each in json.loads(capfd.readouterr().out)["exercises"]]
    others = [key for key in keys if key.startswith("autograd/") and key != "autograd/grad-of-mean"]
    assert len(others) == total - 1
    with Progress.open() as progress:
        for key in others:
            progress.attempt(f"exercise {key}", "", ok=True)
    checked(capfd, tmp_path / "answer.py", WRONG)
    assert plan()["autograd"]["done"] is False
    checked(capfd, tmp_path / "answer.py", EXERCISE.solution)
    now = plan()["autograd"]
    assert (now["done"], now["exercises"]) == (True, {"passed": total, "total": total})
    assert main(["plan", "untick", "autograd"]) == 0
    capfd.readouterr()
    checked(capfd, tmp_path / "answer.py", EXERCISE.solution)
    assert plan()["autograd"]["done"] is False, "ticking by hand stays possible, and so does unticking"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["no-such"], "no exercise 'no-such'"),
        (["grad-of-mean", "--file", "no-such.py"], "no-such.py: No such file or directory"),
        (["grad-of-mean", "--file", os.curdir], "is not a file"),
        (["--file", "x.py"], "which exercise is x.py of?"),
        (["grad-of-mean", "more"], "unrecognized arguments"),
    ],
)
def test_a_wrong_request_is_one_line(capfd: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    assert main(["check", *words]) == 2
    written = capfd.readouterr()
    assert written.out == ""
    (line,) = written.err.splitlines()
    assert says in line


def test_the_list(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    out = capfd.readouterr().out
    assert "Autograd\n" in out
    assert "·  4 autograd/grad-of-mean" in out
