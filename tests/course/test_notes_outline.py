"""A document -> pages, cells and tasks: whatever it is made of, nothing of it is lost, doubled or moved."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings

from documents import documents
from ptlearn_tui.course.notes.bounded import MOST_BLOCK, MOST_PAGE
from ptlearn_tui.course.notes.file import Text
from ptlearn_tui.course.notes.load import PRELUDE, _file
from ptlearn_tui.course.notes.outline import LONG, MOST_CHARACTERS, MOST_LINES, outline
from ptlearn_tui.course.page import Block, Cell, Fence, Prose, head, parser
from ptlearn_tui.tui.markdown import lay

if TYPE_CHECKING:
    from ptlearn_tui.course.notes.notes import NotesFile

NOTES = Path(__file__).with_name("notes")
EXAMPLES = json.loads((NOTES / "commonmark-0.31.2.json").read_text("utf-8"))
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def notes(text: str, *, prelude: bool = False) -> NotesFile:
    path = Path("notes.md")
    return _file(Text(path, text, "utf-8", (0, 0, 0, 0)), "notes.md", outline(text, "notes"), prelude=prelude)


def titles(text: str) -> list[str]:
    return [page.title for page in notes(text).pages]


def sources(text: str) -> list[str]:
    return [cell.source for cell in notes(text).cells]


def shown(file: NotesFile, number: int = 1, width: int = 60) -> list[str]:
    """The lines of a page's words; its cells as `>` and their numbers."""
    lines: list[str] = []
    for block in file.read(file.pages[number - 1].id).blocks:
        match block:
            case Prose(tokens=tokens):
                lines += [line.plain.rstrip() for line in lay(tokens, width)]
            case Cell(index=index):
                lines.append(f">{index}")
            case Fence(language=language):
                lines.append(f"```{language}")
    return lines


def check(text: str) -> None:
    """What holds for any document."""
    file = notes(text.removeprefix("\ufeff"), prelude=True)
    sections = file.outline.sections
    lines = re.split(r"\r\n?|\n", text.removeprefix("\ufeff"))
    assert len(lines) == len(file.outline.lines)
    assert len({page.id for page in file.pages}) == len(file.pages)
    assert [cell.index for cell in file.cells] == [*range(len(file.cells))]
    for before, after in pairwise(sections):
        assert before.begin < before.end <= after.begin < after.end
        assert before.first + before.count == after.first
    found: list[Cell] = []
    for page in file.pages:
        assert page.title.strip()
        blocks: tuple[Block, ...] = file.read(page.id).blocks
        cells = [block for block in blocks if isinstance(block, Cell)]
        assert len([cell for cell in cells if not cell.prelude]) == file.count(page)
        found += cells
        for block in blocks:
            if isinstance(block, Prose):
                assert not [line for line in lay(block.tokens, 60) if OBEYED.search(line.plain.replace("\n", ""))]
    assert tuple(found) == file.runnable
    for cell in file.cells:
        if cell.source and not cell.source.isspace():
            assert cell.source.split("\n")[0].strip() in _readable(lines[cell.line - 1 : cell.line + 6])
    body = head(text.removeprefix("\ufeff"))[1]
    if "\n" not in text:
        body = head(text.removeprefix("\ufeff").replace("\r", "\n"))[1]
    items = [token for token in parser().parse(body) if "task-list-item" in str(token.attrs.get("class", ""))]
    assert len(file.outline.tasks) == len(items)
    for task in file.outline.tasks:
        shown_text = text.removeprefix("\ufeff")
        assert shown_text[task.mark - 1 : task.mark + 2] in ("[ ]", "[x]", "[X]")
        assert task.done == (shown_text[task.mark] != " ")
        assert len(re.findall(r"\r\n?|\n", shown_text[: task.mark])) == task.line - 1


def _readable(lines: list[str]) -> str:
    return "\n".join(lines).replace("\0", "\N{REPLACEMENT CHARACTER}").expandtabs(4).replace("\t", "")


@pytest.mark.parametrize("number", range(0, len(EXAMPLES), 20))
def test_every_example_of_the_specification_is_read(number: int) -> None:
    for each in EXAMPLES[number : number + 20]:
        check(each["markdown"])


def test_all_examples_are_one_document_too() -> None:
    check("\n\n".join(f"# {each['section']}\n\n{each['markdown']}" for each in EXAMPLES))


@settings(deadline=None, max_examples=2000, derandomize=True, suppress_health_check=list(HealthCheck))
@given(documents())
@example("---\na: 1\rb: 2\n---\n- [ ] x\n\n```python\n1\n```\n")
@example("---\rtitle: T\r---\r# a\r- [x] b\r")
@example("- [ ]\u00a0x\n- [ ]\n- [ ]\ty\n-\n  [x] z\n")
@example("```python\n1\n```" + "\n" * 70 + "words")
def test_no_document_loses_a_cell_a_task_or_a_line(text: str) -> None:
    check(text)


# ---- pages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("words", ["notes"]),
        ("", []),
        ("\n\n \n", []),
        ("---\n", []),
        ("# One\n\na\n\n## Two\n\nb\n\n### Three\n\nc", ["One", "Two", "Three"]),
        ("One\n===\n\na\n\nTwo\n---\n\nb", ["One", "Two"]),
        ("# One\n## Two\n### Three\n\nc", ["Three"]),
        ("# One\n\n---\n\n## Two\n\nb", ["Two"]),
        ("## Two\n# One\n", ["Two", "One"]),
        ("before\n# One\na", ["notes", "One"]),
        ("---\ntitle: T\n---\nbefore\n# One\na", ["T", "One"]),
        ("# 📌 学习计划\na\n## 🛠️ `code` **and** [link](x)\nb", ["学习计划", "code and link"]),
        ("# 👩‍💻\na\n#\nb", ["👩‍💻", "…"]),
        ("# Same\na\n# Same\nb\n# same 2\nc\n# Same-2\nd", ["Same", "Same", "same 2", "Same-2"]),
        ("> # In a quote\n\n- # In a list\n", ["notes"]),
        ("# \x1b[2J\u202e\na", ["\x1b[2J\u202e"]),
    ],
)
def test_headings_of_every_level_and_make_are_pages(text: str, wanted: list[str]) -> None:
    assert titles(text) == wanted
    assert len({page.id for page in notes(text).pages}) == len(wanted)


def test_a_page_says_what_it_stands_under() -> None:
    file = notes("# A\n\n## B\n\n### C\n\nc\n\n### D\n\nd\n\n## E\n\ne\n")
    assert [(page.title, file.above(page)) for page in file.pages] == [("C", ("B",)), ("D", ("B",)), ("E", ())]


TOPICS = "\n".join(f"- Topic {n}：\n\n```python\nx = {n}\n```\n\n" + "words\n\n" * 10 for n in range(3))


def test_a_long_page_is_divided_at_its_topics() -> None:
    file = notes(f"# Long\n\n{TOPICS}")
    assert [page.title for page in file.pages] == ["Topic 0", "Topic 1", "Topic 2"]
    assert {section.above for section in file.outline.sections} == {("Long",)}
    assert [section.count for section in file.outline.sections] == [1, 1, 1]


def test_what_stands_before_the_first_topic_is_a_page_of_its_own() -> None:
    assert titles(f"# Long\n\nwords\n\n{TOPICS}") == ["Long", "Topic 0", "Topic 1", "Topic 2"]


def test_a_page_of_two_screens_is_not_divided() -> None:
    text = "# Short\n\n- Topic\n\n```python\nx\n```\n\n- \n\n<!-- -->\n\n- Another\n\n```python\ny\n```\n"
    full = text + "\n" * (LONG - text.count("\n") - 1) + "end\n"
    assert full.count("\n") == LONG
    assert titles(full) == ["Short"]
    assert titles(full.replace("end", "\nend")) == ["Short", "Topic", "Another"][1:]


@pytest.mark.parametrize(
    "lone", ["- a remark", "- a remark\n\nand words", "- [ ] a task", "- two\n- bullets", "1. one"]
)
def test_a_lone_remark_is_no_topic(lone: str) -> None:
    text = f"# Long\n\n{TOPICS}\n\n<!-- -->\n\n{lone}\n"
    assert titles(text) == ["Topic 0", "Topic 1", "Topic 2"]


def test_a_formula_makes_a_topic_too() -> None:
    text = "# Long\n\n" + "words\n\n" * 40 + "- Jacobian:\n\n$$\nx\n$$\n"
    assert titles(text) == ["Long", "Jacobian"]


@pytest.mark.parametrize(
    "text",
    [
        "words\n\n" * 500,
        "word " * 2000 + "\n\n" + ("word " * 3000 + "\n\n") * 5,
        "- item\n" * 1000,
        "- item\n\n  more\n\n" * 300,
        "7. item\n" * 1000,
        "```python\nx = 1\n```\n\n" * 200,
    ],
    ids=["paragraphs", "long ones", "a list", "a loose list", "a numbered list", "cells"],
)
def test_what_is_too_long_for_a_page_is_divided_where_a_block_ends(text: str) -> None:
    file = notes(f"# T\n\n{text}")
    assert [page.title for page in file.pages] == ["T", *(f"T ({n})" for n in range(2, len(file.pages) + 1))]
    assert len(file.pages) > 1
    for section in file.outline.sections:
        assert section.end - section.begin <= MOST_LINES
        assert sum(map(len, file.outline.lines[section.begin : section.end])) <= MOST_CHARACTERS * 1.1
    everything = " ".join(" ".join(shown(file, number)) for number in range(1, len(file.pages) + 1))
    for word in ("words", "word", "item", "more"):
        assert len(re.findall(rf"\b{word}\b", everything)) == len(re.findall(rf"\b{word}\b", text))
    check(f"# T\n\n{text}")


def test_the_numbers_of_a_divided_list_go_on() -> None:
    file = notes("".join(f"{n}. item\n" for n in range(1, 1001)))
    assert shown(file, 2)[0] == f"{MOST_LINES + 1}. item"


@pytest.mark.parametrize(
    ("field", "title"),
    [
        ("title: 7", "7"),
        ("title: 2024-01-02", "2024-01-02"),
        ("title:", "notes.md"),
        ("title: [a, b]", "notes.md"),
        ("title: true", "notes.md"),
        ("x: []\ntitle: 0x" + "f" * 7000, "notes.md"),
        ("a: &a [x, x]\ntitle: *a", "notes.md"),
        ('x: []\ntitle: "\\ud800"', None),
        ("title: " + "long " * 1000, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_title_in_the_front_matter_is_words(field: str, title: str | None) -> None:
    file = notes(f"---\n{field}\n---\n\nwords\n")
    assert len(file.title.encode()) <= 1100
    assert title is None or file.title == title


def test_lists_of_lists_in_the_front_matter_are_not_written_out() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]" for n in range(12)]  # 9**12 words
    assert notes("---\n" + "\n".join([*levels, "title: *a11"]) + "\n---\nwords\n").title == "notes.md"


# ---- cells -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("```python\nx\n```", "x"),
        ("```PYTHON\nx\n```", "x"),
        ("~~~ Py\nx\n~~~", "x"),
        ("- a\n\n  ```python\n  x\n    y\n  ```", "x\n  y"),
        ("- - - ```py\n      x\n      ```", "x"),
        ("> ```python\n> x\n>\n> y\n> ```", "x\n\ny"),
        ("> - 1. ```python\n>      x\n", "x"),
        ("1. a\n   > ```python\n   > x\n   > ```", "x"),
        ("```python\nx\n\ny", "x\n\ny"),
        ("- ```python\n  x\nafter", "x"),
        ("> ```python\n> x\n\nafter", "x"),
        ("````python\n```python\nx\n```\n````", "```python\nx\n```"),
        ("```\n>>> x\n1\n```", "x"),
        ("```text\n>>> def f():\n...     pass\n...\n>>> f()\n```", "def f():\n    pass\n\nf()"),
        ("```pycon\n>>> x\n```", "x"),
        ("    >>> x\n    1\n", "x"),
        ("- a\n\n      >>> x\n      1\n", "x"),
        (">>> x = 1\n>>> if x:\n...     y\n1", "x = 1\nif x:\n    y"),
        ("words\n\n>>> x\n1\n\nwords", "x"),
    ],
)
def test_python_is_a_cell_wherever_it_stands(text: str, cell: str) -> None:
    assert sources(f"# a\n\n{text}\n") == [cell]
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        *("```bash\nx\n```", "```\nx\n```", "```python3\nx\n```", "```pythonic\nx\n```", "    x\n", "> x", "> > > x"),
        *(
            "`python x`",
            "<pre>\n```python\nx\n```\n</pre>",
            "`````text\n```python\nx\n```\n`````",
            ">>>x",
            "```>>>\n```",
        ),
        *("```javascript\nx >>> 2\n```", "````md\n~~~py\nx\n~~~\n````", ">> x", "$$\n```python\n$$"),
    ],
)
def test_nothing_else_is(text: str) -> None:
    assert sources(text) == []


def test_what_a_session_had_printed_is_kept() -> None:
    (cell,) = notes("```\n>>> x = 1\n>>> x\n1\n>>> print('a\\nb')\na\nb\n```\n").cells
    assert cell.source == "x = 1\nx\nprint('a\\nb')"
    assert [saved.text for saved in cell.saved] == ["1\na\nb"]


def test_the_tags_of_a_fence_are_obeyed() -> None:
    text = '```python tags=["raises-exception"]\n1/0\n```\n\n- ```py tags=["skip-execution"]\n  x\n  ```\n'
    raising, left = notes(text).cells
    assert (raising.raises, raising.skipped, left.raises, left.skipped) == (True, False, False, True)


def test_a_lists_numbers_go_on_after_a_cell() -> None:
    text = "3. three\n\n   ```python\n   x\n   ```\n\n   more\n4. four\n   ```python\n   y\n   ```\n5. five\n\nafter\n"
    lines = [line.lstrip() for line in shown(notes(text)) if line]
    assert lines == ["3. three", ">0", "more", "4. four", ">1", "5. five", "after"]


def test_nested_lists_and_quotes_go_on_after_a_cell() -> None:
    text = "> said\n>\n> - a\n>   - b\n>\n>     ```python\n>     x\n>     ```\n>\n>     c\n>   - d\n> - e\n"
    lines = [line for line in shown(notes(text)) if line]
    assert lines == ["  said", "  · a", "    · b", ">0", "      c", "    · d", "  · e"]


def test_the_prelude_stands_before_the_first_cell() -> None:
    file = notes(
        "# A\n\nwords\n\n# B\n\nwords\n\n```python\nx\n```\n\n```python\ny\n```\n\n# C\n\n```python\nz\n```\n",
        prelude=True,
    )
    cells = [[cell.index for cell in file.read(page.id).cells] for page in file.pages]
    assert cells == [[], [PRELUDE, 0, 1], [2]]
    assert [cell.index for cell in file.runnable] == [PRELUDE, 0, 1, 2]
    assert file.runnable[0].prelude
    assert not any(cell.prelude for cell in file.cells)


@pytest.mark.parametrize(
    ("head", "wanted"), [("prelude: false", False), ("prelude: no", False), ("prelude: true", True), ("a: b", True)]
)
def test_the_front_matter_may_do_without_the_prelude(head: str, wanted: bool) -> None:
    file = notes(f"---\n{head}\n---\n```python\nx\n```\n", prelude=True)
    assert (file.prelude is not None) == wanted


def test_notes_without_cells_have_no_prelude() -> None:
    assert notes("words", prelude=True).runnable == ()


def test_a_cell_keeps_its_slot_wherever_it_moves() -> None:
    first, second = "```python\nx\n```\n", "```python\ny\n```\n"
    before, after = notes(first + second + first).slots, notes(second + first + "words\n\n" + first).slots
    assert before[0] == after[1]
    assert before[1] == after[0]
    assert before[2] == after[2]
    assert len(set(before.values())) == 3


def test_a_link_is_found_wherever_it_is_defined() -> None:
    file = notes("# A\n\n[words][r]\n\n# B\n\n[r]: http://example.org/there\n\nb\n")
    assert "http://example.org/there" in " ".join(shown(file))


# ---- tasks -------------------------------------------------------------------------------------------------------


def test_tasks_are_told_apart() -> None:
    text = "- [ ] **a** `b`\n  - [x] c\n    1. [X] d\n- [ ] c\n> - [ ] e\n\n* [ ] \n* [ ]\n+ [y] f\n"
    tasks = outline(text, "").tasks
    assert [(task.title, task.done, task.nth) for task in tasks] == [
        *(("a b", False, 0), ("c", True, 0), ("d", True, 0), ("c", False, 1), ("e", False, 0)),
    ]
    assert [task.depth for task in tasks[:4]] == [0, 1, 2, 0]
    assert [task.line for task in tasks] == [1, 2, 3, 4, 5]


# ---- bounds ------------------------------------------------------------------------------------------------------


def test_a_line_without_end_is_cut_and_the_page_says_so() -> None:
    lines = shown(notes("x" * (MOST_BLOCK + 1234)))
    assert "".join(lines).count("x") == MOST_BLOCK
    assert " ".join(lines).endswith("… 1234 more characters")


def test_a_table_without_end_is_cut_and_the_cells_after_it_are_not() -> None:
    rows = "| 1 | words and words |\n" * 5000
    file = notes(f"| a | b |\n|---|---|\n{rows}\n\n```python\nx\n```\n\n- in a list\n\n  ```python\n  y\n  ```\n")
    everything = [line for number in range(1, len(file.pages) + 1) for line in shown(file, number)]
    assert [line for line in everything if line.startswith(">")] == [">0", ">1"]
    assert len(everything) < MOST_PAGE / 20
    assert any("more characters on this page" in line for line in everything)


@pytest.mark.parametrize(
    "text",
    [
        *("[" * 50_000, "*a **b " * 20_000, "- " * 1000 + "x", ">" * 1000 + "x", "`" * 9999 + "a" + "`" * 9998),
        *("1. " * 1000 + "```python", "$" * 50_000, "<" * 50_000, "| a " * 5000 + "|\n" + "|-" * 5000 + "|\n| 1"),
        *(
            "$$\n" + "\\frac{" * 3000 + "\n$$",
            "".join("  " * n + "- a\n" for n in range(300)),
            "<div>" + "\na" * 20_000,
        ),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_bomb_is_a_page_like_others(text: str) -> None:
    check(text)
