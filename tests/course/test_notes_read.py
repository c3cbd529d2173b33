"""Anybody's notes open: the file that this grew from, every example of CommonMark, and what nobody would write."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptlearn_tui.course.notes.load import PRELUDE, NotesFile, load
from ptlearn_tui.course.notes.plan import Leads, entries
from ptlearn_tui.course.page import Cell, Prose
from ptlearn_tui.course.plan import load_plan
from ptlearn_tui.errors import RequestError
from ptlearn_tui.tui import markdown

HERE = Path(__file__).parent / "notes"
NOTES = HERE / "pytorch-notes.md"
EXAMPLES = json.loads((HERE / "commonmark-0.31.2.json").read_text("utf-8"))
HARMFUL = set(map(chr, (*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F))))


def read_whole(file: NotesFile) -> None:
    """Every page is read and laid out; its cells are the file's, and nothing in it harms a terminal."""
    found = []
    for page in file.pages:
        for block in file.read(page.id).blocks:
            if isinstance(block, Cell) and not block.prelude:
                found.append(block)
            elif isinstance(block, Prose):
                for line in markdown.lay(block.tokens, 60):
                    assert not set(line.plain) & HARMFUL
    assert tuple(found) == file.cells
    assert [cell.index for cell in found] == list(range(len(found)))
    assert len({page.id for page in file.pages}) == len(file.pages)
    assert all(one.end <= other.begin for one, other in pairwise(file.outline.sections))


def opened(tmp_path: Path, content: str | bytes, name: str = "notes.md") -> NotesFile:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    (file,) = load(path).files
    return file


# ---- the notes ---------------------------------------------------------------------------------------------------


def test_the_notes_have_seven_items_that_lead_to_the_course() -> None:
    notes = load(NOTES)
    plan = load_plan("zh")
    leads = Leads(notes, plan)
    assert [entry.task.title for entry in entries(notes)] == [item.title for item in plan.items]
    assert [leads(entry.task.title)[1] for entry in entries(notes)] == list(plan.items)
    assert not any(entry.task.done for entry in entries(notes))


def test_the_notes_topics_are_pages_and_their_cells_four() -> None:
    (file,) = load(NOTES).files
    assert [(page.title, file.count(page)) for page in file.pages] == [
        ("PyTorch 学习笔记", 0),
        ("学习计划", 0),
        ("环境配置", 0),
        ("Tensor 创建方式", 1),
        ("张量改变维度", 1),
        ("反向传播", 1),
        ("Jacobian Matrix", 0),
        ("最小神经网络搭建", 1),
    ]
    assert [cell.index for cell in file.runnable] == [PRELUDE, 0, 1, 2, 3]
    read_whole(file)
    first = file.read(file.pages[3].id).cells
    assert [cell.index for cell in first] == [PRELUDE, 0]
    lines = NOTES.read_text("utf-8").split("\n")
    assert all(lines[cell.line - 1] == cell.source.split("\n")[0] for cell in file.cells)


# ---- what stands in a document -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("- a\n\n  ```python\n  x = 1\n  ```\n- b\n", ["x = 1"]),
        ("> ```py\n> x = 1\n> ```\n", ["x = 1"]),
        ("1. a\n   ```Python\n   x = 1\n   ```\n2. b\n   ```python\n   y\n   ```\n", ["x = 1", "y"]),
        (">>> x = 1\n>>> x\n1\n\nwords\n", ["x = 1\nx"]),
        ("```pycon\n>>> for i in range(2):\n...     print(i)\n0\n1\n```\n", ["for i in range(2):\n    print(i)"]),
        ("    >>> x\n    2\n", ["x"]),
        ("```bash\nrm -rf /\n```\n\n```\nx\n```\n\n    x = 1\n", []),
        ("```python\nnever closed", ["never closed"]),
        ("```python\n```\n", [""]),
    ],
)
def test_code_is_a_cell_wherever_it_stands(text: str, sources: list[str], tmp_path: Path) -> None:
    file = opened(tmp_path, text)
    assert [cell.source for cell in file.cells] == sources
    read_whole(file)


def test_a_list_goes_on_after_a_cell_that_stands_in_it(tmp_path: Path) -> None:
    file = opened(tmp_path, "1. one\n\n   ```python\n   x\n   ```\n\n   more of one\n2. two\n")
    before, cell, after = (block for block in file.read(file.pages[0].id).blocks if block != file.prelude)
    assert isinstance(before, Prose)
    assert isinstance(cell, Cell)
    assert isinstance(after, Prose)
    assert [line.plain for line in markdown.lay(before.tokens, 40)] == ["1. one"]
    assert [line.plain for line in markdown.lay(after.tokens, 40) if line.plain] == ["  more of one", "2. two"]


def test_what_a_session_had_shown_is_kept_apart(tmp_path: Path) -> None:
    (cell,) = opened(tmp_path, ">>> 1 + 1\n2\n").cells
    assert [each.text for each in cell.saved] == ["2"]


@pytest.mark.parametrize("head", ["prelude: false", "title: x\nprelude: off"])
def test_the_prelude_is_left_out_where_the_file_says_so(head: str, tmp_path: Path) -> None:
    assert opened(tmp_path, f"---\n{head}\n---\n\n```python\n1\n```\n").prelude is None
    assert opened(tmp_path, "```python\n1\n```\n").prelude is not None


def test_headings_are_pages_and_short_ones_are_not_divided(tmp_path: Path) -> None:
    text = "before\n\n# A\n\n## B\n\nb\n\n### C\n\n- topic\n\n```python\n1\n```\n\nD\n---\n\nd\n\n## \U0001f680 E\n"
    file = opened(tmp_path, text)
    assert [(page.title, file.outline.sections[page.number - 1].above) for page in file.pages] == [
        ("notes", ()),
        ("B", ("A",)),
        ("C", ("A", "B")),
        ("D", ("A",)),
        ("E", ("A",)),
    ]


def test_a_page_without_an_end_is_divided_where_blocks_end(tmp_path: Path) -> None:
    file = opened(tmp_path, "# long\n\n" + "a paragraph\n\n" * 1000)
    assert [page.title for page in file.pages] == ["long", *(f"long ({number})" for number in range(2, 7))]
    read_whole(file)


# ---- every document ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["example"]))
def test_every_example_of_commonmark_opens(example: dict[str, str], tmp_path: Path) -> None:
    read_whole(opened(tmp_path, example["markdown"]))


PIECES = st.sampled_from(
    [
        *(
            "# h\n",
            "## 标题\n",
            "h\n===\n",
            "- ",
            "* ",
            "1. ",
            "> ",
            ">>> x\n",
            "... y\n",
            "  ",
            "    ",
            "\t",
            "\n",
            "\n\n",
        ),
        *("```python\n", "```\n", "~~~ py\n", "```bash\n", "````\n", "- [ ] 任务\n", "- [x] done\n", "[ ] \n", "---\n"),
        *(
            "| a | b |\n|--|--|\n| 1 | 2 |\n",
            "$x_1$",
            "$$\n\\frac{a}{b}\n$$\n",
            "$$",
            "<div>\n",
            "<!--",
            "-->",
            "<a href='x'>",
        ),
        *(
            "[a]: /b\n",
            "[a]",
            "![i](j)",
            "`c`",
            "**b",
            "*e*",
            "_",
            "\\",
            "&amp;",
            "\x1b[2J",
            "\u202e",
            "\x9b",
            "\r\n",
            "\r",
        ),
        *("text ", "中文，", "\U0001f600", "import torch\n", 'python tags=["a"]\n', "\ufeff", "title: [\n", "\x00"),
    ]
)
DOCUMENTS = st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join)


@settings(max_examples=2000, deadline=None)
@given(text=DOCUMENTS)
def test_documents_of_any_kind_open(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.md"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        (file,) = load(path).files
    except RequestError as error:
        assert "\x00" in text or "is not text" in str(error)
        return
    read_whole(file)


# ---- files that nobody would write -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "word *it* and `code` here. " * 20 + "\n\n",
        "# h\n\ntext\n\n",
        "- [ ] one thing\n\nwords\n\n",
        "| first | second |\n|---|---|\n" + "| a number, 1 | another one, 2 |\n" * 50 + "\n",
        NOTES.read_text("utf-8"),
    ],
    ids=["paragraphs", "headings", "tasks", "tables", "notes"],
)
def test_large_files_are_read(text: str, tmp_path: Path) -> None:
    size = 5_000_000 if len(text) > 100 else 600_000  # of very short lines, as many as are read
    file = opened(tmp_path, text * (size // len(text.encode())))
    assert len(file.pages) > 1
    for page in file.pages[:3]:
        assert file.read(page.id).blocks


@pytest.mark.parametrize(
    "text",
    [
        *("x" * 1_000_000, "word " * 200_000, "*a **b " * 140_000, "[" * 1_000_000, "<" * 1_000_000, "`" * 999_999),
        *("> " * 1000 + "x", "- " * 1000 + "x", "".join("  " * depth + "- a\n" for depth in range(1000))),
        *("```python\nx = '" + "y" * 1_000_000 + "'\n```\n", "$" + "{" * 10_000 + "$", "# " + "t" * 1_000_000),
    ],
    ids=lambda text: text[:6],
)
def test_long_lines_and_deep_nests_are_read(text: str, tmp_path: Path) -> None:
    read_whole(opened(tmp_path, text))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_encoding_and_line_end_is_read(encoding: str, end: str, tmp_path: Path) -> None:
    text = "# 张量\n\n- [x] 学过的东西\n\n```python\nx = '梯度'\n```\n".replace("\n", end)
    data = text.encode(encoding)
    file = opened(tmp_path, b"\xfe\xff" + data if encoding == "utf-16-be" else data)
    assert [page.title for page in file.pages] == ["张量"]
    assert [(task.title, task.done) for task in file.outline.tasks] == [("学过的东西", True)]
    assert [cell.source for cell in file.cells] == ["x = '梯度'"]
    assert file.cells[0].line == 6


def test_bytes_of_no_character_are_counted_and_shown_as_such(tmp_path: Path) -> None:
    file = opened(tmp_path, b"# caf\xe9\n\nmore words than that \xff\n")
    assert file.broken == 2
    assert file.pages[0].title == "caf\ufffd"


def test_more_lines_than_anybody_reads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="lines: no notes"):
        opened(tmp_path, "a\n\n" * 130_000)
    with pytest.raises(RequestError, match="without a blank one"):
        opened(tmp_path, "a\n" * 60_000)


@pytest.mark.parametrize("kind", ["fifo", "device", "loop", "dangling", "binary", "half", "name", "huge"])
def test_what_is_no_text_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "device":
            path = Path("/dev/zero")
        case "loop":
            path.symlink_to(path)
        case "dangling":
            path.symlink_to(tmp_path / "nowhere")
        case "binary":
            path.write_bytes(Path("/bin/ls").read_bytes())
        case "half":
            path.write_bytes("# 标题".encode("utf-16")[:-1])
        case "name":
            path = tmp_path / ("x" * 300 + ".md")
        case "huge":
            with path.open("wb") as file:
                file.truncate(17_000_000)
    with pytest.raises(RequestError) as refused:
        load(path)
    assert len(str(refused.value).splitlines()) == 1


def test_a_folder_opens_in_the_order_of_its_numbers_and_tells_what_it_refused(tmp_path: Path) -> None:
    for name in ("10 end.md", "2 middle.md", "1/first.md", ".hidden/x.md", "node_modules/y.md", "script.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# {name}\n\nwords\n", "utf-8")
    (tmp_path / "3 bad.md").write_bytes(b"\x00\x01")
    (tmp_path / "1" / "up").symlink_to(tmp_path)
    notes = load(tmp_path)
    assert [file.name for file in notes.files] == ["2 middle.md", "10 end.md", "1/first.md"]
    (why,) = notes.refused
    assert "3 bad.md" in why
    with pytest.raises(RequestError, match="no notes"):
        (tmp_path / "empty").mkdir()
        load(tmp_path / "empty")
