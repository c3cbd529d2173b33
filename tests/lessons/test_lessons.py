"""The course itself: every page is whole, fits its screen, runs, and is the same in both languages."""

from __future__ import annotations

import ast
import itertools
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
import torch
from rich.cells import cell_len

from ptlearn_lessons import translation
from ptlearn_tui.course.page import Cell, Fence, Page, Prose, parse, read_page
from ptlearn_tui.course.plan import PLAN_IDS, front_matter, lessons_folder, load_plan
from ptlearn_tui.course.question import ASKS, MARKS, Truth, judge, told
from ptlearn_tui.events import Done, Error, Value, encode
from ptlearn_tui.tui import formula
from ptlearn_tui.tui.markdown import lay
from ptlearn_tui.tui.record import Record
from ptlearn_tui.tui.widgets.prose import INDENT, MEASURE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from markdown_it.token import Token

    from ptlearn_tui.kernel.client import Server

COLUMNS = 80
PATIENCE = 120.0  # seconds before a page that hangs is killed, and its test fails
FOLDERS = {language: lessons_folder() / language for language in ("en", "zh")}


def files(language: str) -> list[str]:
    """`03-autograd/03-scalar.md`, …"""
    return sorted(str(path.relative_to(FOLDERS[language])) for path in FOLDERS[language].rglob("*.md"))


PAGES = [f"{language}/{name}" for language in FOLDERS for name in files(language)]
pages = pytest.mark.parametrize("page", PAGES)
lessons = pytest.mark.parametrize(
    "page", [page for page in PAGES if not page.endswith(("cheatsheet.md", "glossary.md"))]
)
to_be_run = pytest.mark.parametrize("page", [page for page in PAGES if not page.endswith("glossary.md")])
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
    assert set(fields) == {"id", "title", "minutes", *(["source"] if page.startswith("zh/") else [])}
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


@to_be_run
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


@lessons
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
        "glossary.md",
        *(f"{number:02}-{item}" for number, item in enumerate(PLAN_IDS, 1)),
    }


@names
def test_both_languages_have_the_same_cells(name: str) -> None:
    english, chinese = (read_page(FOLDERS[language] / name) for language in ("en", "zh"))
    assert [tree(cell.source) for cell in english.cells] == [tree(cell.source) for cell in chinese.cells]
    assert [(cell.tags, cell.id, cell.run, cell.ask) for cell in english.cells] == [
        (cell.tags, cell.id, cell.run, cell.ask) for cell in chinese.cells
    ]


@names
def test_both_languages_have_the_same_front_matter_formulas_and_fences(name: str) -> None:
    texts = [(FOLDERS[language] / name).read_text("utf-8") for language in ("en", "zh")]
    one, other = ({**front_matter(text)[0], "title": "", "source": ""} for text in texts)
    assert one == other
    english, chinese = (read_page(FOLDERS[language] / name) for language in ("en", "zh"))
    assert formulas(english) == formulas(chinese)
    assert [block.language for block in english.blocks if isinstance(block, Fence)] == [
        block.language for block in chinese.blocks if isinstance(block, Fence)
    ]


LINK = re.compile(r"\]\(([^)\s]+)\)")


@names
def test_both_languages_have_the_same_links(name: str) -> None:
    english, chinese = (LINK.findall((FOLDERS[language] / name).read_text("utf-8")) for language in ("en", "zh"))
    assert english == chinese


def test_the_glossary_has_sixty_terms_in_both_languages_in_order_each_with_one_link() -> None:
    texts = [(FOLDERS[language] / "glossary.md").read_text("utf-8") for language in ("en", "zh")]
    terms = [re.findall(r"^## (.+) · (.+)$", text, re.MULTILINE) for text in texts]
    assert terms[0] == terms[1]
    assert len(terms[0]) == len(set(terms[0])) >= 60
    assert [term for term, _ in terms[0]] == sorted((term for term, _ in terms[0]), key=str.casefold)
    for text in texts:
        assert [len(LINK.findall(part)) for part in text.split("\n## ")[1:]] == [1] * len(terms[0])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_of_the_first_four_items_has_a_cheat_sheet(language: str) -> None:
    assert [item.id for item in load_plan(language).items if item.sheet is not None][:4] == list(PLAN_IDS[:4])


# ---- links lead somewhere ----------------------------------------------------------------------------------------

TEXTS = sorted(lessons_folder().rglob("*.md"))
NOTES = {"autograd", "broadcasting", "extending", "numerical_accuracy", "randomness", "serialization"}
ELSEWHERE = (
    "https://docs.nvidia.com/",
    "https://docs.astral.sh/uv/",
    "https://docs.conda.io/",
    "https://numpy.org/doc/",
)
DOCUMENTED = re.compile(r"https://docs\.pytorch\.org/docs/stable/(notes/|generated/)?([\w.-]+)\.html(?:#[\w.-]+)?")


def resolves(path: Path, link: str) -> bool:
    """A page of the course that is there; a page of PyTorch's documentation on something that is there."""
    if not link.startswith("https://"):
        return (path.parent / link.partition("#")[0]).is_file()
    found = DOCUMENTED.fullmatch(link)
    if found is None:
        return link.startswith(ELSEWHERE)
    if found[1] == "notes/":
        return found[2] in NOTES
    parts = ["torch", *found[2].replace("torch.", "", 1).split(".")] if found[2] != "torch" else ["torch"]
    here: object = torch
    for part in parts[1:]:
        here = getattr(here, part, None)
    return here is not None or found[2] in {"tensor_attributes", "tensor_view", "tensors"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: "/".join(path.parts[-3:]))
def test_every_link_leads_somewhere(path: Path) -> None:
    links = LINK.findall(path.read_text("utf-8"))
    assert [link for link in links if not resolves(path, link)] == []


@pytest.mark.parametrize(
    "link",
    [
        "../03-autograd/99-none.md",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linea.html",
        "https://docs.pytorch.org/docs/stable/notes/nothing.html",
        "https://example.org/",
    ],
)
def test_a_link_that_leads_nowhere_would_be_noticed(link: str) -> None:
    assert not resolves(FOLDERS["en"] / "start.md", link)


# ---- a translation is of the text as it is now ---------------------------------------------------------------------


@pytest.mark.parametrize("english, chinese", translation.pairs(), ids=lambda path: "/".join(path.parts[-3:]))
def test_no_translation_is_stale(english: Path, chinese: Path) -> None:
    assert translation.stale(english.read_text("utf-8"), chinese.read_text("utf-8")) == []


def test_a_change_in_one_paragraph_marks_its_translation_stale() -> None:
    english, chinese = (FOLDERS[language] / "03-autograd" / "03-scalar.md" for language in ("en", "zh"))
    text, other = english.read_text("utf-8"), chinese.read_text("utf-8")
    assert translation.stale(text, other) == []
    changed = text.replace("a little.", "a bit.")
    assert translation.stale(changed, other) == [translation.paragraphs(changed)[1]]
    assert translation.stale(text.replace("more. It", "more.\nIt"), other) == [], "only its lines are broken elsewhere"
    assert translation.stale(text.replace("Why 2.25?", "A new paragraph.\n\nWhy 2.25?"), other)
    assert translation.stale(text, other.replace("## 真的对吗", "真的对吗\n\n## 真的对吗"))
    assert translation.stale(text, re.sub("source: .*\n", "", other)) == translation.paragraphs(text)
    assert translation.stale(changed, translation.stamped(changed, other)) == []


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


# ---- questions -------------------------------------------------------------------------------------------------------


def asked(page: Page) -> list[Cell]:
    return [cell for cell in page.cells if cell.ask]


@pages
def test_a_question_stands_right_above_its_cell(page: str) -> None:
    blocks = read_page(path_of(page)).blocks
    mark = MARKS[page.startswith("zh/")]
    for before, block in itertools.pairwise(blocks):
        if not isinstance(block, Cell):
            continue
        last = before.tokens[-2].content if isinstance(before, Prose) and len(before.tokens) > 1 else ""
        assert last.startswith(f"**{mark}**") == bool(block.ask), f"{last!r} before {block}"
        assert bool(block.ask) == ("predict" in block.tags) == bool(block.ask and block.id), block
    ids = [cell.id for cell in read_page(path_of(page)).cells if cell.id]
    assert len(ids) == len(set(ids))


def test_there_are_questions_enough() -> None:
    found = [cell for name in files("en") for cell in asked(read_page(FOLDERS["en"] / name))]
    assert len(found) >= 25
    assert {cell.ask for cell in found} == set(ASKS)


# ---- the code runs -----------------------------------------------------------------------------------------------


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


def truth_of(events: list[Any]) -> Truth:
    """As a screen has it after the cell's run."""
    record = Record()
    record.apply(events)
    return Truth(record.value, record.error.kind if record.error is not None else None)


@to_be_run
def test_every_cell_runs_and_does_what_the_page_says(server: Server, page: str, tmp_path: Path) -> None:
    read = read_page(path_of(page))
    shown: list[str] = []
    ran = 0
    for cell, events in run(server, read, tmp_path):
        done = events[-1]
        assert isinstance(done, Done)
        assert (done.interrupted, done.died) == (False, None), cell
        errors = [event.traceback for event in events if isinstance(event, Error)]
        assert done.ok == (not cell.raises), errors or cell
        assert bool(errors) == cell.raises
        for event in events:
            assert not (isinstance(event, Value) and re.search(r" at 0x[0-9a-f]{6}", event.text)), event.text
        if cell.ask:
            truth = truth_of(events)
            assert judge(cell.ask, told(cell.ask, truth), truth), (cell, truth)
        shown += [cell.source, *texts(events)]
        ran += 1
    assert ran
    assert list(tmp_path.iterdir()) == [], "a lesson leaves files behind"
    shown += [cell.source for cell in read.cells if cell.skipped or cell.run]
    assert unfounded(read, shown) == []


# ---- what the prose quotes is what the code makes ----------------------------------------------------------------


QUOTED = re.compile(r"[-+−]?\d[\d.]*(?:e-?\d+)?|\([\d, ]+\)|\(\)|torch\.[a-z]+\d+|\w+Backward\d|\w+Error")
DECIMAL = re.compile(r"(?<![\w.])[-−]?\d+\.\d+(?![\w.]*\w)")
VERSION = re.compile(
    r"(?:torch|torchvision|Py[Tt](?:orch|hon)|CUDA|NumPy|driver|驱动)[ \w]* ?[≥≤]? ?\d+\.\d+(?:\.\d+)?"
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def texts(events: list[Any]) -> Iterator[str]:
    """What a run has shown, in whatever panel."""
    for event in events:
        yield from re.findall(r'"((?:[^"\\]|\\.)*)"', encode(event).decode())
        yield " ".join(f"({str(shape)[1:-1]})" for shape in re.findall(r'"shape":(\[[\d,]*\])', encode(event).decode()))
        yield " ".join(NUMBER.findall(re.sub(r'"(time|seconds|number|storage)":[\d.e-]+', "", encode(event).decode())))


def unfounded(page: Page, shown: list[str]) -> list[str]:
    """Values in the prose that stand neither in the page's code nor in what it made."""
    everything = re.sub(r"\s+", "", " ".join(shown)).replace("−", "-")
    numbers = {float(number) for text in shown for number in NUMBER.findall(text.replace("−", "-"))}
    missing = []
    for token in tokens_of(page):
        if token.type == "code_inline" and QUOTED.fullmatch(token.content):
            quoted = [token.content]
        elif token.type == "text":
            quoted = DECIMAL.findall(VERSION.sub("", token.content))
        else:
            continue
        for each in quoted:
            word = re.sub(r"\s+|^torch\.", "", each).replace("−", "-")
            if word not in everything and not (NUMBER.fullmatch(word) and rounds(word, numbers)):
                missing.append(each)
    return missing


def rounds(word: str, numbers: set[float]) -> bool:
    """Whether a number that the code made is this one, to as many digits as were written."""
    digits = len(word.partition(".")[2])
    return any(abs(abs(number) - abs(float(word))) <= 0.5001 * 10**-digits for number in numbers)


@pytest.mark.parametrize("wrong", ["4.75", "`(2, 3)`", "`SumBackward0`", "`torch.float64`", "`ValueError`", "`17`"])
def test_a_value_that_is_not_what_the_code_makes_would_be_noticed(server: Server, wrong: str, tmp_path: Path) -> None:
    text = (
        "```python\nimport torch\nx = torch.ones(2, 2)\nx * 2.25\n```\n\nIt is `(2, 2)`, 2.25, `2.25`, `torch.float32`."
    )
    page = parse(f"{text} And {wrong}.")
    shown = [part for cell, events in run(server, page, tmp_path) for part in (cell.source, *texts(events))]
    assert unfounded(page, shown) == [wrong.strip("`")]
