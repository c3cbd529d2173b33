"""What a learner has made, as notes of their own: all of it is there, and `open` reads it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.cli import main
from ptlearn_tui.course.export import export
from ptlearn_tui.course.notes.load import load
from ptlearn_tui.course.own_notes import own_notes
from ptlearn_tui.course.page import Fence, Prose
from ptlearn_tui.course.plan import load_plan
from ptlearn_tui.course.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def progress(tmp_path: Path) -> Iterator[Progress]:
    with Progress(tmp_path / "progress.sqlite3") as store:
        yield store


def learn(progress: Progress) -> None:
    plan = load_plan("en")
    page = plan.page("autograd/scalar")
    assert page is not None
    cells = plan.cells(page)
    progress.tick("tensors", done=True)
    progress.edit(page.key, 0, "import torch\nx = 'my ``` own'")
    progress.keep_output(page.key, 1, cells[1].source, "tensor([[2.25]])\n```\nnot a fence")
    progress.keep_output(page.key, 2, "an older text", "of no use any more")
    id = progress.add_scratch(page.key, 1.5, "print('added')")
    progress.keep_output(f"{page.key}#yours", id, "print('added')", "added")
    progress.keep_remark(page.key, "Why **2.25**?\n\n```text\nnever closed")
    progress.keep_remark("tensors/view", "`view` shares memory")


def test_nothing_learnt_is_a_plan_alone(progress: Progress) -> None:
    text = own_notes(load_plan("en"), progress)
    assert text.count("- [ ] ") == 7
    assert "```" not in text


def test_what_was_made_is_read_back_by_open(progress: Progress, tmp_path: Path) -> None:
    learn(progress)
    path = tmp_path / "mine.md"
    path.write_text(own_notes(load_plan("en"), progress), "utf-8")
    (file,) = load(path).files
    assert [(task.title, task.done) for task in file.outline.tasks][:3] == [
        ("Installation and environment", False),
        ("Tensor basics", True),
        ("Autograd", False),
    ]
    sources = [cell.source for cell in file.cells]
    scalar = load_plan("en").page("autograd/scalar")
    assert scalar is not None
    second = load_plan("en").cells(scalar)[1].source
    assert sources[:3] == ["import torch\nx = 'my ``` own'", second, "print('added')"]
    blocks = [block for page in file.pages for block in file.read(page.id).blocks]
    printed = [block.text for block in blocks if isinstance(block, Fence)]
    assert "tensor([[2.25]])\n```\nnot a fence" in printed
    assert "added" in printed
    assert "of no use any more" not in printed
    words = " ".join(token.content for block in blocks if isinstance(block, Prose) for token in block.tokens)
    assert "Why **2.25**?" in words
    assert "`view` shares memory" in words
    assert "Backward from a scalar" in words


def test_answers_to_exercises_are_in_it(progress: Progress) -> None:
    progress.edit("exercise autograd/grad-of-mean", 0, "def grad_of_mean(x):\n    return 'mine'")
    text = own_notes(load_plan("en"), progress)
    assert "- The gradient of a mean\n\n```python\ndef grad_of_mean(x):\n    return 'mine'\n```" in text


def test_opening_and_exporting_it_again_changes_nothing(progress: Progress, tmp_path: Path) -> None:
    learn(progress)
    text = own_notes(load_plan("en"), progress)
    path = tmp_path / "mine.md"
    path.write_text(text, "utf-8")
    load(path)
    assert own_notes(load_plan("en"), progress) == text
    assert export(path.name, path.read_bytes(), "md") == text.encode()
    notebook = export(path.name, path.read_bytes(), "ipynb")
    assert export("mine.ipynb", notebook, "ipynb") == notebook


def test_own_files_that_were_worked_on_are_in_it(progress: Progress, tmp_path: Path) -> None:
    path = tmp_path / "study.md"
    path.write_text("# Study\n\n## First\n\n```python\na = 1\n```\n\n## Second\n\n```python\nb = 2\n```\n", "utf-8")
    notes = load(path)
    first, second = notes.pages
    slot, number = notes.slots(first)[0]
    progress.edit(slot, number, "a = 100")
    progress.keep_remark(second.key, "a remark on the second")
    progress.keep_remark("/gone/away.md/page", "a remark on what is gone")
    text = own_notes(load_plan("en"), progress)
    assert "a = 100" in text
    assert "b = 2" not in text
    assert "- Second\n\na remark on the second" in text
    assert "- /gone/away.md/page\n\na remark on what is gone" in text


def test_the_command_writes_it_whole_and_replaces_nothing_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PTLEARN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with Progress.open() as store:
        learn(store)
    assert main(["export", "--notes", "-o", "mine.md"]) == 0
    first = (tmp_path / "mine.md").read_bytes()
    assert main(["export", "--notes", "-o", "mine.md"]) == 2
    assert main(["export", "--notes", "-o", "mine.md", "--force"]) == 0
    assert (tmp_path / "mine.md").read_bytes() == first
    assert main(["export", "mine.md", "--to", "md", "-o", "again.md"]) == 0
    assert (tmp_path / "again.md").read_bytes() == first
    assert main(["export", "autograd/scalar", "--notes"]) == 2
    assert main(["export"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_it_speaks_the_language_in_use(progress: Progress) -> None:
    progress.keep_remark("tensors/view", "记一笔")
    assert "- [ ] 安装与环境配置" in own_notes(load_plan("zh"), progress)
