"""A path -> notes: people's own files and folders, opened as they are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.course.notes.folder import IN_FOLDERS, MOST_FILES
from ptlearn_tui.course.notes.load import changed, load
from ptlearn_tui.course.notes.plan import Leads, entries
from ptlearn_tui.course.page import Prose
from ptlearn_tui.course.plan import PLAN_IDS, load_plan
from ptlearn_tui.errors import RequestError
from ptlearn_tui.tui.markdown import lay

if TYPE_CHECKING:
    from ptlearn_tui.course.notes.notes import Notes

NOTES = Path(__file__).with_name("notes")


def words(notes: Notes, number: int) -> list[str]:
    """The lines of a page's prose, 0-based."""
    blocks = notes.read(notes.pages[number]).blocks
    return [line.plain.rstrip() for block in blocks if isinstance(block, Prose) for line in lay(block.tokens, 70)]


# ---- documents of different make ---------------------------------------------------------------------------------


def test_notes_of_pytorch() -> None:
    notes = load(NOTES / "pytorch-notes.md")
    (file,) = notes.files
    assert [(page.number, page.title, file.count(page)) for page in notes.pages] == [
        (1, "PyTorch 学习笔记", 0),
        (2, "学习计划", 0),
        (3, "环境配置", 0),
        (4, "Tensor 创建方式", 1),
        (5, "张量改变维度", 1),
        (6, "反向传播", 1),
        (7, "Jacobian Matrix", 0),
        (8, "最小神经网络搭建", 1),
    ]
    assert [each.task.title for each in entries(notes)] == [
        "安装与环境配置",
        "Tensor 基础",
        "Autograd 自动求导",
        "神经网络构建",
        "模型训练与优化",
        "数据加载与预处理",
        "项目实战（MNIST / CIFAR-10）",
    ]
    assert not any(each.task.done for each in entries(notes))
    lines = (NOTES / "pytorch-notes.md").read_text("utf-8").split("\n")
    for cell in file.cells:
        assert "\n".join(lines[cell.line - 1 :]).startswith(cell.source + "\n```")
    assert [lines[notes.line(page) - 1] for page in notes.pages[3:5]] == ["- Tensor 创建方式", "- 张量改变维度"]
    assert (file.ticks, file.encoding, file.broken, notes.refused) == (True, "utf-8", 0, ())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_item_of_the_notes_leads_to_the_courses(language: str) -> None:
    notes = load(NOTES / "pytorch-notes.md")
    plan = load_plan(language)
    found = [Leads(notes, plan)(each.task.title) for each in entries(notes)]
    assert [item.id if item else None for _, item in found] == [*PLAN_IDS]
    assert {item in plan.items for _, item in found} == {True}


def test_an_item_leads_to_the_page_of_its_title(tmp_path: Path) -> None:
    (tmp_path / "n.md").write_text("- [ ] **Second** `page`!\n- [ ] nothing\n\n# First\na\n\n# Second, page\nb\n")
    notes = load(tmp_path / "n.md")
    (page, item), nothing = (Leads(notes, load_plan("en"))(each.task.title) for each in entries(notes))
    assert page
    assert page.title == "Second, page"
    assert item is None
    assert nothing == (None, None)


def test_notes_with_front_matter_sessions_and_a_table() -> None:
    notes = load(NOTES / "optimizers.md")
    (file,) = notes.files
    assert file.title == "Optimizers: what I have understood"
    assert [page.title for page in notes.pages] == [file.title, "SGD", "To do", "Which one?", "Adam [^1]"]
    assert [file.above(page) for page in notes.pages] == [(), (), ("SGD",), ("SGD",), ("SGD", "Which one?")]
    assert [(each.task.title, each.task.done, each.task.depth) for each in entries(notes)] == [
        *(("plain SGD", True, 0), ("momentum, by hand", False, 0)),
        *(("with Nesterov's change", False, 1), ("Adam", False, 0)),
    ]
    assert [(cell.index, cell.line, cell.source.split("\n")[0]) for cell in file.runnable] == [
        (-1, 0, "import numpy as np"),
        (0, 16, "w = torch.tensor([1.0, -2.0], requires_grad=True)"),
        (1, 42, "opt = optim.Adam([w], lr=1e-3)"),
    ]
    assert file.cells[1].source.endswith("for _ in range(2):\n    opt.step()")
    assert [saved.text for saved in file.cells[1].saved] == ["0"]
    assert any("https://arxiv.org/abs/1412.6980" in line for line in words(notes, 0))
    table = words(notes, 3)
    assert [line.split()[0] for line in table[2:]] == ["optimizer", "─" * len(table[3]), "SGD", "Adam"]


def test_notes_with_cells_in_lists_and_quotes() -> None:
    notes = load(NOTES / "loading-data.markdown")
    (file,) = notes.files
    assert [page.title for page in notes.pages] == ["Loading data", "Questions"]
    assert [cell.source.split("\n")[0] for cell in file.cells] == [
        *("class Squares(torch.utils.data.Dataset):", "loader = torch.utils.data.DataLoader(Squares(), batch_size=2)"),
        "loader = [1, 2]",
    ]
    assert file.cells[1].source.endswith("\n    print(batch)")
    assert [saved.text for saved in file.cells[2].saved] == ["[1, 2]"]
    assert [(each.task.title, each.task.done, each.task.depth) for each in entries(notes)] == [
        *(("what about an iterable one?", False, 1), ("workers", True, 0), ("how many?", False, 1)),
        *(("what do they fork?", False, 1), ("a sampler", False, 0), ("inside of HTML", False, 0)),
    ]
    lines = words(notes, 0)
    starts = [line for line in lines if line[:2] in ("1.", "2.", "3.")]
    assert starts == [
        "1. A Dataset says how many there are, and gives one:",
        "2. A loader makes batches:",
        "3. On the command line:",
    ]
    assert any("not_a_cell" in line for line in lines)
    assert any(line.split() == ["shuffle", "False"] for line in lines)


@pytest.mark.parametrize(
    ("name", "titles", "firsts"),
    [
        ("numpy-3.0.ipynb", ["From NumPy"], ["import numpy as np", "a[7]"]),
        ("tensors-4.0.ipynb", ["Tensors", "Broadcasting"], ["import torch", "x = torch.arange(6).reshape(2, 3)"]),
        ("regression-4.5.ipynb", ["线性回归：一步一步训练", "Data", "Training"], ["%matplotlib inline"]),
        ("activations.py", ["Activations"], ["import torch", "%timeit torch.tanh(x)"]),
    ],
)
def test_notebooks_and_scripts(name: str, titles: list[str], firsts: list[str]) -> None:
    notes = load(NOTES / name)
    (file,) = notes.files
    assert [page.title for page in notes.pages] == titles
    assert [cell.source.split("\n")[0] for cell in file.cells][: len(firsts)] == firsts
    text = (NOTES / name).read_text("utf-8").split("\n")
    first = file.cells[0]
    assert first.source.split("\n")[0] in text[first.line - 1]
    shown = [cell for page in notes.pages for cell in notes.read(page).cells]
    assert tuple(shown) == file.runnable  # with what each had shown
    assert not file.ticks


def test_what_a_notebooks_cells_had_shown_is_on_its_pages() -> None:
    notes = load(NOTES / "tensors-4.0.ipynb")
    cells = notes.read(notes.pages[0]).cells
    assert any(saved.text for cell in cells for saved in cell.saved)


# ---- folders -----------------------------------------------------------------------------------------------------


def folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n\n```python\nx\n```\n\n- [ ] {name}\n")
    return root


def test_a_folders_files_come_in_the_order_that_people_see(tmp_path: Path) -> None:
    names = ["1.md", "2.md", "9a.md", "10.md", "A.md", "b.txt", "B2.md", "b10.markdown", "第2章.md", "第10章.md"]
    below = ["x/1.md", "x2/1.md", "x10/a/b/c.MD"]
    folder(tmp_path, *reversed(names), *reversed(below))
    notes = load(tmp_path)
    assert [file.name for file in notes.files] == names + below
    assert [each.task.title for each in entries(notes)] == names + below
    assert len({page.key for page in notes.pages}) == len(notes.pages)
    for before, after in zip(notes.pages, notes.pages[1:], strict=False):
        assert notes.neighbours(before)[1] == after
        assert notes.neighbours(after)[0] == before
    assert notes.title == tmp_path.name


def test_what_is_nobodys_notes_is_left_out(tmp_path: Path) -> None:
    folder(
        tmp_path, ".git/x.md", ".hidden.md", "a/.venv/x.md", "node_modules/x/README.md", "script.py", "x.rst", "a.md"
    )
    (tmp_path / "folder.md").mkdir()
    assert [file.name for file in load(tmp_path).files] == ["a.md"]


def test_a_file_that_is_refused_is_told_and_the_others_are_opened(tmp_path: Path) -> None:
    folder(tmp_path, "a.md", "z.md")
    (tmp_path / "b.md").write_bytes(bytes(100))
    (tmp_path / "c.ipynb").write_text("{")
    (tmp_path / "loop.md").symlink_to("loop.md")
    (tmp_path / "dangling.md").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.md")
    notes = load(tmp_path)
    assert [file.name for file in notes.files] == ["a.md", "z.md"]
    assert len(notes.refused) == 5
    assert all(len(line.splitlines()) == 1 for line in notes.refused)
    for name in ("b.md", "c.ipynb", "loop.md", "dangling.md", "pipe.md"):
        assert sum(name in line for line in notes.refused) == 1
    assert not changed(notes)


def test_a_folder_that_leads_back_to_itself_is_read_once(tmp_path: Path) -> None:
    folder(tmp_path, "a.md", "below/b.md")
    (tmp_path / "below" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(".")
    assert [file.name for file in load(tmp_path).files] == ["a.md", "below/b.md"]
    assert [file.name for file in load(tmp_path / "self").files] == ["a.md", "below/b.md"]


@pytest.mark.parametrize("names", [[], ["a.py"], [".a/b.md"]])
def test_a_folder_without_notes_is_refused(tmp_path: Path, names: list[str]) -> None:
    folder(tmp_path, *names)
    with pytest.raises(RequestError, match=r"no notes in it: \.md") as caught:
        load(tmp_path)
    assert ".py" not in str(caught.value)
    assert all(kind in str(caught.value) for kind in IN_FOLDERS)


def test_a_folder_with_nothing_but_refused_files_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(bytes(9))
    with pytest.raises(RequestError, match=r"null bytes"):
        load(tmp_path)


def test_a_folder_of_very_many_files_is_cut_and_says_so(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 5):
        (tmp_path / f"{number}.md").write_text("a")
    (tmp_path / "3.md").write_bytes(b"\0")
    notes = load(tmp_path)
    assert len(notes.files) == MOST_FILES - 1
    assert notes.files[-1].name == f"{MOST_FILES - 1}.md"
    assert [str(MOST_FILES) in line for line in notes.refused] == [False, True]
    assert not changed(notes)


# ---- what has changed --------------------------------------------------------------------------------------------


def test_only_what_has_changed_is_read_again(tmp_path: Path) -> None:
    folder(tmp_path, "a.md", "b.md")
    before = load(tmp_path)
    assert not changed(before)
    (tmp_path / "b.md").write_text("# other\n\nwords\n")
    assert changed(before)
    after = load(tmp_path, known=before)
    assert after.files[0] is before.files[0]
    assert [page.title for page in after.files[1].pages] == ["other"]


@pytest.mark.parametrize("what", ["one more", "one less", "another name", "gone"])
def test_a_folder_that_has_changed_is_seen(tmp_path: Path, what: str) -> None:
    place = folder(tmp_path / "notes", "a.md", "b.md")
    notes = load(place)
    match what:
        case "one more":
            folder(place, "below/c.md")
        case "one less":
            (place / "b.md").unlink()
        case "another name":
            (place / "b.md").rename(place / "c.md")
        case _:
            shutil.rmtree(place)
    assert changed(notes)


def test_a_file_that_was_replaced_by_one_of_the_same_size_is_seen(tmp_path: Path) -> None:
    folder(tmp_path, "a.md", "b.md")
    notes = load(tmp_path / "a.md")
    os.utime(tmp_path / "b.md", ns=(0, notes.files[0].signature[3]))
    (tmp_path / "b.md").rename(tmp_path / "a.md")
    assert changed(notes)


# ---- names in the store ------------------------------------------------------------------------------------------


def test_keys_are_the_same_wherever_the_home_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for home in ("laptop", "box"):
        monkeypatch.setenv("HOME", str(tmp_path / home))
        notes = load(folder(tmp_path / home / "notes", "a.md"))
        found.append((notes.key, notes.files[0].key, notes.files[0].slots, notes.place, notes.pages[0].key))
        assert load("~/notes").path == notes.path
    assert found[0] == found[1]
    assert found[0][1] == "~/notes/a.md"


def test_tasks_of_a_file_that_takes_no_ticks_have_names_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("- [ ] a\n- [ ] a\n- [ ] b\n")
    notes = load(tmp_path / "a.md")
    assert len({each.key for each in entries(notes)}) == 3


def test_a_file_without_a_page_can_be_open(tmp_path: Path) -> None:
    folder(tmp_path, "a.md", "c.md")
    (tmp_path / "b.md").write_text("")
    notes = load(tmp_path)
    assert [file.name for file in notes.files] == ["a.md", "b.md", "c.md"]
    assert len(notes.pages) == 2
    assert load(tmp_path / "b.md").pages == ()
