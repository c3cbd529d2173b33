"""Markdown -> a page: every cell comes out as it stands in the file, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jupytext
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ptlearn_tui.course.page import Cell, Fence, Prose, parse, read_page
from ptlearn_tui.course.plan import lessons_folder

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = """\
---
id: scalar
title: "One: a page"
minutes: 5
---

Prose with `code` and $x_i$.

```python
import torch

x = torch.ones(2)
```

## More

```python tags=["raises-exception", "predict"] id="twice"
x.backward()
```
```bash
pip install torch
```

```python tags=["skip-execution"] run="mnist"
# starts a run
```

The end.
"""


def test_prose_cells_and_other_fences_come_in_order() -> None:
    page = parse(DOCUMENT)
    assert page.title == "One: a page"
    assert [type(block) for block in page.blocks] == [Prose, Cell, Prose, Cell, Fence, Cell, Prose]
    assert page.cells == (
        Cell(0, "import torch\n\nx = torch.ones(2)", line=10),
        Cell(1, "x.backward()", frozenset({"raises-exception", "predict"}), id="twice", line=18),
        Cell(2, "# starts a run", frozenset({"skip-execution"}), run="mnist", line=25),
    )
    assert page.blocks[4] == Fence("bash", "pip install torch")
    first = page.blocks[0]
    assert isinstance(first, Prose)
    assert [token.type for token in first.tokens] == ["paragraph_open", "inline", "paragraph_close"]


def test_a_cells_tags_say_what_becomes_of_it() -> None:
    plain, raising, starting = parse(DOCUMENT).cells
    assert (plain.raises, raising.raises, starting.raises) == (False, True, False)
    assert (plain.skipped, raising.skipped, starting.skipped) == (False, False, True)


@pytest.mark.parametrize(
    ("info", "cell"),
    [
        ("python", Cell(0, "1")),
        ("Python", Cell(0, "1")),
        ("py", Cell(0, "1")),
        ("python   ", Cell(0, "1")),
        ('python\ttags=["a"]', Cell(0, "1", frozenset({"a"}))),
        ('python id="a b" other="c"', Cell(0, "1", id="a b")),
        ("python id='a b'", Cell(0, "1", id="a b")),
        ("python id=a", Cell(0, "1", id="a")),
        ("python id=it's", Cell(0, "1", id="it's")),
        ("python id=7", Cell(0, "1", id="7")),
        ("python run=null id=null", Cell(0, "1")),
        ('python tags="a"', Cell(0, "1", frozenset({"a"}))),
        ("python tags=[1]", Cell(0, "1", frozenset({"1"}))),
        ('python tags=[{"a": 1}]', Cell(0, "1", frozenset({"{'a': 1}"}))),
        ("python tags=[", Cell(0, "1", frozenset({"["}))),
        pytest.param("python tags=" + "[" * 5000, Cell(0, "1", frozenset({"[" * 5000})), id="many brackets"),
        ("python {.class #id}", Cell(0, "1")),
    ],
)
def test_an_info_string_is_read_whatever_stands_in_it(info: str, cell: Cell) -> None:
    (block,) = parse(f"```{info}\n1\n```").blocks
    assert isinstance(block, Cell)
    assert (block.source, block.tags, block.id, block.run) == (cell.source, cell.tags, cell.id, cell.run)


@pytest.mark.parametrize("info", ["", "bash", "pycon", "python3.11-config", "text python"])
def test_another_language_is_shown_and_never_run(info: str) -> None:
    assert parse(f"```{info}\n1\n```").blocks == (Fence(info.partition(" ")[0], "1"),)


@pytest.mark.parametrize(
    "text",
    [
        "- a list\n\n  ```python\n  nested\n  ```\n",
        "1. a list\n   ```python\n   nested\n   ```\n",
        "> a quote\n>\n> ```python\n> nested\n> ```\n",
        "    ```python\n    an indented block\n    ```\n",
        "`````text\n```python\nin a longer fence\n```\n`````\n",
    ],
)
def test_a_fence_in_something_else_is_no_cell(text: str) -> None:
    page = parse(text + "\n```python\nafter\n```\n")
    assert [cell.source for cell in page.cells] == ["after"]
    assert len(page.blocks) == 2


def test_a_cell_may_hold_fences_if_its_own_is_longer() -> None:
    (cell,) = parse("````python\ntext = '''\n```python\n1\n```\n'''\n````\n").cells
    assert cell.source == "text = '''\n```python\n1\n```\n'''"


@pytest.mark.parametrize("text", ["```python\n1\n", "```python\n1", "~~~python\n1\n~~~", "  ```python\n  1\n  ```"])
def test_other_ways_to_write_a_fence(text: str) -> None:
    assert [cell.source for cell in parse(text).cells] == ["1"]


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "---\nid: a\n---\n", "[name]: https://example.org\n"])
def test_an_empty_document_is_a_page_without_cells(text: str) -> None:
    assert parse(text).blocks == ()


@pytest.mark.parametrize(
    "head",
    [
        *("words", "a: b: c", "- a\n- b", "date:  2024-99-99"),
        *(pytest.param("[" * count, id=f"{count} brackets") for count in (1000, 50_000)),
    ],
)
def test_a_document_that_begins_with_a_rule_is_not_cut(head: str) -> None:
    page = parse(f"---\n{head}\n---\n\n```python\n1\n```\n")
    assert page.title == ""
    prose, cell = page.blocks
    assert isinstance(prose, Prose)
    assert "words" not in head or "words" in "".join(token.content for token in prose.tokens)
    assert cell == Cell(0, "1", line=head.count("\n") + 6)


@pytest.mark.parametrize(("head", "title"), [("title:", ""), ("title: 7", "7"), ("title: [a]", "['a']"), ("a: b", "")])
def test_a_title_is_text(head: str, title: str) -> None:
    assert parse(f"---\n{head}\n---\n").title == title


def test_line_ends_of_other_systems_and_a_byte_order_mark_change_nothing() -> None:
    page = parse(DOCUMENT)
    assert parse(DOCUMENT.replace("\n", "\r\n")) == page
    assert parse("\ufeff" + DOCUMENT) == page
    assert parse("\ufeff" + DOCUMENT.replace("\n", "\r\n")) == page


# ---- documents made from pieces ---------------------------------------------------------------------------------

WORDS = st.text("abc é中文。*_`$#>|-+0. \t", max_size=20).map(lambda text: "a " + text)
OTHERS = st.one_of(
    WORDS,
    WORDS.map("## {}".format),
    WORDS.map("- {}\n\n  ```python\n  nested\n  ```".format),
    WORDS.map("> {}\n> ```python\n> nested\n> ```".format),
    st.sampled_from(
        [
            "---",
            "$$",
            "$$\n\\frac{1}{2}\n$$",
            "$$\n\\unknown{",
            "| a | b |\n|---|---|\n| 1 | `2` |",
            "<details>\n<b>",
            "    indented",
            "~~~\n```python\nnot a cell\n```\n~~~",
            "```bash\nls\n```",
            "[link](",
            "![",
            "- [ ] task",
        ]
    ),
)
SOURCES = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=60)
TAGS = st.lists(st.sampled_from(["exercise", "predict", "raises-exception", "skip-execution"]), unique=True)
CELLS = st.builds(lambda source, tags, tilde: (source, frozenset(tags), tilde), SOURCES, TAGS, st.booleans())


def written(source: str, tags: frozenset[str], tilde: bool) -> str:
    """A cell as its author writes it: a fence that its source does not close, and metadata if there is some."""
    fence = "~" * 3 if tilde else "`" * 3
    while fence in source:
        fence += fence[0]
    names = ", ".join(f'"{tag}"' for tag in sorted(tags))
    return f"{fence}python{f' tags=[{names}]' if tags else ''}\n{source}\n{fence}"


@settings(deadline=None, max_examples=300, derandomize=True)
@given(st.lists(st.one_of(OTHERS, CELLS), max_size=8), st.sampled_from(["", "---\ntitle: T\n---\n\n", "\ufeff"]))
@example([("", frozenset(), False), ("\n\n", frozenset({"predict"}), True)], "")
@example(["---", "a: b: c", "---", ("x", frozenset(), False)], "")
@example(["$$", ("x", frozenset(), False), "$$"], "")
def test_cells_survive_whatever_stands_around_them(
    pieces: list[str | tuple[str, frozenset[str], bool]], head: str
) -> None:
    text = head + "\n\n".join(piece if isinstance(piece, str) else written(*piece) for piece in pieces) + "\n"
    page = parse(text)
    wanted = [piece for piece in pieces if not isinstance(piece, str)]
    assert [(cell.source, cell.tags) for cell in page.cells] == [(source, tags) for source, tags, _ in wanted]
    assert [cell.index for cell in page.cells] == [*range(len(wanted))]
    lines = text.split("\n")
    assert [lines[cell.line - 1] for cell in page.cells] == [source.split("\n")[0] for source, _, _ in wanted]


@settings(deadline=None, max_examples=300, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("---\n\x00\n---")
@example("---\n---\n")
@example("---\r\ntitle: T\r---")
def test_no_text_is_refused(text: str) -> None:
    parse(text)


LESSONS = sorted(path for path in lessons_folder().glob("[ez][nh]/**/*.md") if path.stem != "glossary")  # no cells


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: str(path.relative_to(lessons_folder())))
def test_jupytext_reads_the_same_cells(path: Path) -> None:
    notebook = jupytext.reads(path.read_text("utf-8"), fmt="md")
    theirs = [
        (cell.source, frozenset(cell.metadata.get("tags", [])), cell.metadata.get("id"), cell.metadata.get("run"))
        for cell in notebook.cells
        if cell.cell_type == "code" and not cell.source.startswith("%%")  # %%bash: shown by us, never run
    ]
    ours = [(cell.source, cell.tags, cell.id, cell.run) for cell in read_page(path).cells]
    assert ours == theirs
    assert ours
