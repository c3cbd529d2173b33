"""The course itself: every page is whole, fits its screen, runs, and is the same in both languages."""

from __future__ import annotations

import ast
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from ptlearn_tui.course.page import Cell, Fence, Page, Prose, read_page
from ptlearn_tui.course.plan import PLAN_IDS, front_matter, lessons_folder, load_plan
from ptlearn_tui.events import Done, Error, Value
from ptlearn_tui.kernel.client import Server
from ptlearn_tui.tui import formula
from ptlearn_tui.tui.markdown import lay
from ptlearn_tui.tui.widgets.prose import INDENT, MEASURE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from markdown_it.token import Token

COLUMNS = 80
PATIENCE = 120.0  # seconds before a page that hangs is killed, and its test fails
FOLDERS = {language: lessons_folder() / language for language in ("en", "zh")}


def files(language: str) -> list[str]:
    """`03-autograd/03-scalar.md`, …"""
    return sorted(str(path.relative_to(FOLDERS[language])) for path in FOLDERS[language].rglob("*.md"))


PAGES = [f"{language}/{name}" for language in FOLDERS for name in files(language)]
pages = pytest.mark.parametrize("page", PAGES)
names = pytest.mark.parametrize("name", files("en"))


def path_of(page: str) -> Path:
    return lessons_folder() / page


def tokens_of(page: Page) -> Iterator[Token]:
    """Every token, those within paragraphs too."""
    for block in page.blocks:
        for token in block.tokens if isinstance(block, Prose) else ():
            yield token
            yield from token.children or ()


def formulas(page: Page) -> list[str]:
    return [token.content.strip() for token in tokens_of(page) if token.type.startswith("math_")]


def tree(source: str) -> str:
    """The code without its comments; a cell that is no Python on purpose stays as it is."""
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return source


# ---- each page ---------------------------------------------------------------------------------------------------


@pages
def test_the_front_matter_is_complete(page: str) -> None:
    path = path_of(page)
    fields, _ = front_matter(path.read_text("utf-8"))
    assert set(fields) == {"id", "title", "minutes"}
    assert path.stem in (fields["id"], f"{path.stem[:2]}-{fields['id']}")
    assert 1 <= int(fields["minutes"]) <= 10
    assert read_page(path).title == fields["title"]


@pages
def test_headings_are_of_the_second_level(page: str) -> None:
    assert {token.tag for token in tokens_of(read_page(path_of(page))) if token.type == "heading_open"} <= {"h2"}


def drawn(tex: str) -> tuple[str, ...]:
    """The formula's rows. Fails where it is not drawn as its author meant it."""
    rows = formula.rows(tex)
    assert "?" not in "".join(rows), f"{tex} has a macro that can't be drawn"
    return rows


@pages
def test_every_formula_is_drawn(page: str) -> None:
    for tex in formulas(read_page(path_of(page))):
        assert any(row.strip() for row in drawn(tex)), tex


@pytest.mark.parametrize("tex", [r"\frac{1}{", r"\unheardof x", r"\begin{bmatrix} 1"])
def test_a_formula_that_is_not_drawn_would_be_noticed(tex: str) -> None:
    with pytest.raises((formula.FormulaError, AssertionError)):
        drawn(tex)


@pages
def test_code_fits_beside_its_shapes(page: str) -> None:
    for cell in read_page(path_of(page)).cells:
        lines = cell.source.split("\n")
        assert len(lines) <= 25, cell
        assert max(map(cell_len, lines)) <= 66, cell
        assert cell.source.strip(), "an empty cell"


@pages
def test_a_page_is_at_most_120_lines_and_none_is_cut(page: str) -> None:
    room = min(MEASURE, COLUMNS - 2 * len(INDENT))
    total = 0
    for block in read_page(path_of(page)).blocks:
        if isinstance(block, Prose):
            lines = lay(block.tokens, room)
            assert max((line.cell_length for line in lines), default=0) <= room
            total += len(lines) + 1
        else:
            text = block.source if isinstance(block, Cell) else block.text
            total += text.count("\n") + 2
    assert total <= 120


SUMMARY = re.compile(r"\n\*\*(In short|小结)\*\*\n\n(- .+\n(  .+\n)*){2,3}\Z")


@pages
def test_a_page_has_code_and_ends_with_a_summary(page: str) -> None:
    path = path_of(page)
    assert [cell for cell in read_page(path).cells if not cell.skipped]
    assert path.name == "start.md" or SUMMARY.search(path.read_text("utf-8"))


@pytest.mark.parametrize("name", files("zh"))
def test_a_chinese_paragraph_is_one_line(name: str) -> None:
    """A line end inside it would be shown as a space."""
    for token in tokens_of(read_page(FOLDERS["zh"] / name)):
        assert token.type != "softbreak"


# ---- both languages ----------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_files() -> None:
    assert files("en") == files("zh")
    assert {name.partition("/")[0] for name in files("en")} == {
        "start.md",
        *(f"{number:02}-{item}" for number, item in enumerate(PLAN_IDS, 1)),
    }


@names
def test_both_languages_have_the_same_cells(name: str) -> None:
    english, chinese = (read_page(FOLDERS[language] / name) for language in ("en", "zh"))
    assert [tree(cell.source) for cell in english.cells] == [tree(cell.source) for cell in chinese.cells]
    assert [(cell.tags, cell.id, cell.run) for cell in english.cells] == [
        (cell.tags, cell.id, cell.run) for cell in chinese.cells
    ]


@names
def test_both_languages_have_the_same_front_matter_formulas_and_fences(name: str) -> None:
    texts = [(FOLDERS[language] / name).read_text("utf-8") for language in ("en", "zh")]
    one, other = ({**front_matter(text)[0], "title": ""} for text in texts)
    assert one == other
    english, chinese = (read_page(FOLDERS[language] / name) for language in ("en", "zh"))
    assert formulas(english) == formulas(chinese)
    assert [block.language for block in english.blocks if isinstance(block, Fence)] == [
        block.language for block in chinese.blocks if isinstance(block, Fence)
    ]


@pytest.mark.parametrize(
    "other",
    [
        "x = torch.ones(2, 3)  # two\nprint('x')",
        "y = torch.ones(2, 2)  # two\nprint('x')",
        "x = torch.ones(2, 2)  # two\nprint('y')",
        "x = torch.ones(2, 2)  # two\nprint('x')\nx",
        "x = torch.ones(2, 2.0)  # two\nprint('x')",
        "x = torch.ones(2，2)  # two\nprint('x')",
    ],
)
def test_the_comparison_of_cells_notices_a_difference(other: str) -> None:
    source = "x = torch.ones(2, 2)  # two\nprint('x')"
    assert tree(other) != tree(source)
    assert tree(source.replace("# two", "# 两个").replace("\n", "\n\n# 打印\n")) == tree(source)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_summary_fits_on_the_plan(language: str) -> None:
    for item in load_plan(language).items:
        assert cell_len(item.summary) <= 55, item.summary


# ---- the code runs -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    server.start()
    assert server.wait(PATIENCE)
    yield server
    server.close()


def run(server: Server, page: Page, folder: Path) -> Iterator[tuple[Cell, list[Any]]]:
    """Every cell's events, in a kernel of the page's own."""
    kernel = server.kernel(folder=folder)
    watchdog = threading.Timer(PATIENCE, kernel.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        for cell in page.cells:
            if not (cell.skipped or cell.run):
                yield cell, list(kernel.run(cell.index, cell.source))
    finally:
        watchdog.cancel()
        kernel.kill()


@pytest.mark.parametrize(
    "page",
    [*(f"en/{name}" for name in files("en")), "zh/03-autograd/03-scalar.md", "zh/04-networks/01-lenet.md"],
)
def test_every_cell_runs_and_only_those_raise_that_should(server: Server, page: str, tmp_path: Path) -> None:
    ran = 0
    for cell, events in run(server, read_page(path_of(page)), tmp_path):
        done = events[-1]
        assert isinstance(done, Done)
        assert (done.interrupted, done.died) == (False, None), cell
        errors = [event.traceback for event in events if isinstance(event, Error)]
        assert done.ok == (not cell.raises), errors or cell
        assert bool(errors) == cell.raises
        for event in events:
            assert not (isinstance(event, Value) and re.search(r" at 0x[0-9a-f]{6}", event.text)), event.text
        ran += 1
    assert ran
    assert list(tmp_path.iterdir()) == [], "a lesson leaves files behind"
