"""The colours of Python: in whole programs, half-written ones, and whatever else stands in a cell."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptlearn_tui.course.page import read_page
from ptlearn_tui.course.plan import lessons_folder
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.theme import RICH, SIXTEEN
from ptlearn_tui.tui.widgets.python_colours import PythonColours, in_colour


def coloured(source: str) -> dict[str, str]:
    """By colour the pieces that have it, in their order, each once: `def|return`."""
    found: dict[str, list[str]] = {}
    for line in in_colour(source):
        end = 0
        for span in sorted(line.spans[1:], key=lambda each: (each.start, -each.end)):  # `is not` before its `is`
            if span.end > end:
                end = span.end
                found.setdefault(str(span.style)[1:], []).append(line.plain[span.start : end])
    return {colour: "|".join(pieces) for colour, pieces in found.items()}


@pytest.mark.parametrize(
    ("source", "colours"),
    [
        ("y = x.mean() + 2.5", {"call": "mean", "number": "2.5"}),
        ("net = nn.Linear(3, 1)", {"number": "3|1"}),
        ("a.b.backward()  # up", {"call": "backward", "comment": "# up"}),
        ("if a is not None and b not in c:", {"keyword": "if|is not|None|and|not in"}),
        ("@torch.no_grad()\ndef f(): pass", {"call": "@|torch.no_grad|f", "keyword": "def|pass"}),
        ("class Net(nn.Module): pass", {"keyword": "class|pass", "call": "Net"}),
        ("s = f'{x + 1:.2f} 3'", {"string": "f'|:.2f| 3|'", "number": "1"}),
        ("s = '''a\n  1\nb''' + 2", {"string": "'''|a|  1|b|'''", "number": "2"}),
        ("损失 = '你好' + 名.sum(1)", {"string": "'|你好|'", "call": "sum", "number": "1"}),
        ("%%time\nfor i in x: pass", {"keyword": "for|in|pass"}),
        ("!ls\nx = None", {"keyword": "None"}),
        ("def f(", {"keyword": "def"}),
        ("print('unfinished", {"string": "'"}),
        ("", {}),
    ],
)
def test_pieces(source: str, colours: dict[str, str]) -> None:
    assert coloured(source) == colours


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_keeps_its_lines(source: str) -> None:
    assert [line.plain for line in in_colour(source)] == safe(source).split("\n")


def test_a_line_alone_is_as_in_the_whole() -> None:
    source = 'x = """1\n2\n3""" + f"{4}"\ny = 5'
    assert PythonColours(source).line(1) == in_colour(source)[1]


def test_numbers_of_the_course() -> None:
    """Python's own parser knows them too."""
    for path in (lessons_folder() / "zh").rglob("*.md"):
        for cell in read_page(path).cells:
            try:
                tree = ast.parse(cell.source)
            except SyntaxError:  # some pages show one; magics are none of Python's
                continue
            plain = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            wanted = sum(type(value) in (int, float, complex) for value in plain)
            numbers = coloured(cell.source).get("number", "")
            assert len(numbers.split("|")) * bool(numbers) == wanted, cell.source


@pytest.mark.parametrize("theme", [RICH, SIXTEEN])
def test_every_colour_is_the_themes(theme: object) -> None:
    used = coloured("@f\ndef g(): return x.y(1, 'a')  # b")
    assert set(used) == {"call", "keyword", "number", "string", "comment"}
    assert used.keys() <= theme.variables.keys()  # type: ignore[attr-defined]
