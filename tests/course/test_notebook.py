"""Notebooks and scripts as notes: every code cell comes out in order, with what it had shown and where it stands."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ptlearn_tui import locale
from ptlearn_tui.course.notes.notebook import Converted, Saved, convert
from ptlearn_tui.course.notes.saved import MOST_IMAGE, MOST_LINES, MOST_TEXT
from ptlearn_tui.course.page import Cell, Fence, Prose, parse
from ptlearn_tui.errors import RequestError

NOTES = Path(__file__).with_name("notes")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def code(source: Any, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": list(outputs)}


def words(source: Any, kind: str = "markdown") -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}}


def stream(text: Any, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {name.replace("_", "/"): value for name, value in data.items()}}


def notebook(*cells: Any, **fields: Any) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **fields}, indent=1).encode()


def read(*cells: Any, **fields: Any) -> Converted:
    return convert("notes.ipynb", notebook(*cells, **fields))


def sources(converted: Converted) -> list[str]:
    return [cell.source for cell in parse(converted.text).cells]


def kept(*outputs: Any) -> tuple[Saved, ...]:
    """What is read of one cell's outputs."""
    return read(code("x", *outputs)).saved.get(2, ())


def refused(name: str, data: bytes) -> str:
    """The line that says why."""
    with pytest.raises(RequestError) as caught:
        convert(name, data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def described(name: str) -> dict[str, tuple[int, tuple[Saved, ...]]]:
    """The cells of a file that is here: the first line of each, where it stands, and what it had shown."""
    data = (NOTES / name).read_bytes()
    converted = convert(name, data)
    cells = {cell.line: cell for cell in parse(converted.text).cells}
    assert converted.saved.keys() <= cells.keys()
    return {
        cell.source.split("\n")[0]: (converted.lines.get(line, 0), converted.saved.get(line, ()))
        for line, cell in cells.items()
    }


# ---- notebooks ---------------------------------------------------------------------------------------------------


def test_a_notebook_of_nbformat_4_0_is_read_with_what_it_had_shown() -> None:
    found = described("tensors-4.0.ipynb")
    file = (NOTES / "tensors-4.0.ipynb").read_text("utf-8").split("\n")
    assert [*found] == ["import torch", "x = torch.arange(6).reshape(2, 3)", "x = x.float()", "x - x.mean(dim=1)"]
    for first, (line, _) in found.items():
        assert first in file[line - 1]
    assert found["import torch"][1] == (Saved("1.13.1+cu117"),)
    assert found["x = torch.arange(6).reshape(2, 3)"][1] == (Saved("tensor([[0, 1, 2],\n        [3, 4, 5]])"),)
    (error,) = found["x - x.mean(dim=1)"][1]
    assert error.error
    assert "----> 1 x - x.mean(dim=1)\nRuntimeError: The size of tensor a (3)" in error.text
    assert "\x1b" not in error.text


def test_a_notebook_of_nbformat_4_5_is_read_with_its_picture() -> None:
    found = described("regression-4.5.ipynb")
    (first, picture) = found["import matplotlib.pyplot as plt"][1]
    assert first == Saved("[<matplotlib.lines.Line2D at 0x7f2c1a3f>]")
    assert (picture.text, picture.error) == ("", False)
    assert picture.image.startswith(b"\x89PNG\r\n\x1a\n")
    assert picture.image.endswith(b"IEND\xaeB`\x82")
    assert found["model = nn.Linear(1, 1)"][1] == (
        Saved("  0  2.5137\n 50  0.0223\n100  0.0098\n150  0.0097"),
        Saved("100%|##########| 200/200", error=True),  # and not what the bar has overwritten
    )
    table = found["import pandas as pd"][1]
    assert "1.996914" in table[0].text
    assert "<table>" not in str(table)
    assert "script" not in str(table)


def test_a_notebook_becomes_prose_cells_and_fences_in_order() -> None:
    converted = convert("regression-4.5.ipynb", (NOTES / "regression-4.5.ipynb").read_bytes())
    assert "![the course's logo](attachment:logo.png)" in converted.text
    assert "## Training\n\n<!-- TODO: a plot of the gradient\n-->\n" in converted.text
    page = parse(converted.text)
    assert [type(block) for block in page.blocks] == [
        *(Prose, Cell, Fence, Prose),
        *(Cell, Cell, Prose, Cell),  # the first of them stands in the words: Python in notes can be run
        *(Cell, Cell, Cell),
    ]
    assert page.blocks[2] == Fence("bash", "nvidia-smi --query-gpu=name --format=csv,noheader")
    assert [cell.id for cell in page.cells if cell.id] == ["make-data"]
    assert [cell.index for cell in page.cells if cell.raises or cell.skipped] == [4, 6]


def test_a_notebook_of_nbformat_3_is_read(capfd: pytest.CaptureFixture[str]) -> None:
    found = described("numpy-3.0.ipynb")
    assert found["import numpy as np"][1] == (Saved("array([ 1.,  1.,  1.])"),)
    assert found["a[7]"][1] == (Saved("IndexError: index 7 is out of bounds\na warning", error=True),)
    text = convert("numpy-3.0.ipynb", (NOTES / "numpy-3.0.ipynb").read_bytes()).text
    assert text.startswith("# From NumPy\n\n`from_numpy` shares memory.\n\n```python\n")
    assert capfd.readouterr() == ("", "")


def test_what_jupyters_code_warns_of_reaches_nobody() -> None:
    old = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "x", "strange": 1}]}]}
    program = (
        "import sys\nfrom ptlearn_tui.course.notes.notebook import convert\n"
        "print(convert('a.ipynb', sys.argv[1].encode()).text)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program, json.dumps(old)], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("```python\nx\n```\n\n", "")


def test_a_source_is_a_string_or_a_list_of_lines() -> None:
    assert sources(read(code("a\nb"), code(["c\n", "d"]), code(["e\n", 5, None, "f"]), code([]), code(None))) == [
        *("a\nb", "c\nd", "e\nf")
    ]


def test_what_is_missing_or_no_cell_does_no_harm() -> None:
    converted = read({"cell_type": "code", "source": "x"}, {"source": "y"}, {}, 5, None, code("z", 5, {}, {"data": 1}))
    assert converted.text == "```python\nx\n```\n\n```\ny\n```\n\n```python\nz\n```\n"
    assert converted.saved == {}
    assert convert("a.ipynb", b'{"nbformat": 4, "cells": []}').text == "\n"
    assert read(code("x", outputs=5), metadata=7).text == "```python\nx\n```\n"


def test_half_a_surrogate_pair_and_nulls_are_no_letters() -> None:
    converted = read(code("a = '\ud800\0'", stream("\udfff\0")), words("\udc00 \U0001f600"))
    assert converted.text.encode().decode() == "```python\na = '\ufffd\ufffd'\n```\n\n\ufffd \U0001f600\n"
    assert converted.saved == {2: (Saved("\ufffd\ufffd"),)}


def test_metadata_stand_in_the_info_string_as_a_page_reads_them() -> None:
    (cell,) = parse(read(code("x", tags=["raises-exception", "新", "two words"], id="a-1", run="mnist")).text).cells
    assert cell.tags == {"raises-exception", "新", "two words"}
    assert (cell.id, cell.run) == ("a-1", "mnist")


@pytest.mark.parametrize("bad", ['"', "`", "]", "\\", "\n", "&amp;", "=", 5, None, ["a"], {"a": 1}])
def test_metadata_that_an_info_string_can_not_hold_are_left_out(bad: Any) -> None:
    converted = read(code("x", tags=["fine", bad], id=bad, run=bad, other=bad), code("y", tags=[bad]))
    first, second = parse(converted.text).cells
    assert (first.source, first.tags, first.id, first.run) == ("x", {"fine"}, None, None)
    assert (second.source, second.tags) == ("y", frozenset())


def test_what_only_the_program_may_say_of_a_cell_is_not_believed() -> None:
    (cell,) = parse(read(code("x", tags=["scratch", "mine"])).text).cells
    assert cell.tags == {"mine"}


@pytest.mark.parametrize(
    ("source", "fence"),
    [
        ("%%bash\nls -l", Fence("bash", "ls -l")),
        ("%%bash -e --out x\nls", Fence("bash", "ls")),
        ("%%sh\nls", Fence("bash", "ls")),
        ("%%!\nls", Fence("bash", "ls")),
        ("%%HTML\n<b>1</b>", Fence("html", "<b>1</b>")),
        ("%%javascript\nalert(1)", Fence("javascript", "alert(1)")),
        ("%%latex\n$x$\n```", Fence("latex", "$x$\n```")),
        ("%%bash", Fence("bash", "")),
    ],
)
def test_a_cell_of_another_language_is_shown_and_never_run(source: str, fence: Fence) -> None:
    assert parse(read(code(source), code("after")).text).blocks == (
        fence,
        Cell(0, "after", line=6 + fence.text.count("\n")),
    )


@pytest.mark.parametrize(
    "source", ["%%time\nx", "%%timeit\nx", "%matplotlib inline\nx", "!pip install torch", "%%capture\nx"]
)
def test_magics_stay_as_they_are_in_a_notebook(source: str) -> None:
    assert sources(read(code(source))) == [source]


def test_raw_cells_are_fences_of_no_language_and_front_matter_is_front_matter() -> None:
    head = words("---\nid: a\ntitle: A title\n---", "raw")
    page = parse(read(head, words("raw\n```\n", "raw"), code("x")).text)
    assert page.title == "A title"
    assert page.blocks == (Fence("", "raw\n```\n"), Cell(0, "x", line=13))
    assert parse(read(code("x"), head).text).blocks[1] == Fence("", "---\nid: a\ntitle: A title\n---")
    # In words it is two rules, and what stands between them is not to vanish.
    assert [type(block) for block in parse(read(words("---\ntitle: A\n---"), code("x")).text).blocks] == [Prose, Cell]


# ---- documents made from pieces ----------------------------------------------------------------------------------

LETTERS = st.text(st.characters(exclude_categories=[]), max_size=40)
NASTY = st.sampled_from(
    [
        *(
            "```",
            "````python",
            "~~~",
            "<!-- ",
            "<script>",
            "<pre>",
            "<?php",
            "<!DOCTYPE",
            "<![CDATA[",
            "<style>",
            "<div>",
        ),
        *(
            "$$",
            "$$\n\\frac{",
            "---",
            "---\na: b\n---",
            "- a\n\n  ```",
            "> ```\n> x",
            "1. <!--",
            "\ufeff---\na: b\n---",
        ),
        *("[a]:", "| a |\n|---|", "# ", "\\", "    x", "\t```", "<textarea>", "```\n<!--", "<!-- -->\n~~~~", "```x`"),
    ]
)
PARTS = st.one_of(
    st.tuples(st.just("markdown"), st.one_of(NASTY, LETTERS, st.lists(st.one_of(NASTY, LETTERS)).map("\n".join))),
    st.tuples(st.just("raw"), st.one_of(NASTY, LETTERS)),
    st.tuples(st.just("code"), st.one_of(NASTY, LETTERS, LETTERS.map("%%bash\n{}".format))),
)


def mended(source: str) -> str:
    """A source as a page can have it."""
    ends = source.replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if each == "\0" or "\ud800" <= each <= "\udfff" else each for each in ends)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(st.lists(PARTS, max_size=8))
@example([("markdown", "<!-- "), ("markdown", "-->\n```"), ("code", "x")])
@example([("markdown", "```\n<!--"), ("code", "```"), ("raw", "````"), ("code", " ")])
@example([("raw", "---\na: b\n---"), ("code", "x")])
@example([("markdown", "\ufeff---\na: b"), ("code", "x\n---"), ("markdown", "---")])
def test_every_code_cell_comes_out_whatever_stands_around_it(parts: list[tuple[str, str]]) -> None:
    given = [
        {"cell_type": kind, "source": source, "metadata": {}, "outputs": [stream(str(number))]}
        for number, (kind, source) in enumerate(parts)
    ]
    data = notebook(*given)
    converted = convert("a.ipynb", data)
    found = {}
    for cell in parse(converted.text).cells:
        if cell.line in converted.saved:
            (output,) = converted.saved[cell.line]
            found[int(output.text)] = (cell.source, converted.lines[cell.line])
    wanted = {
        number: mended(source)
        for number, (kind, source) in enumerate(parts)
        if kind == "code" and mended(source).strip() and not source.startswith("%%bash")
    }
    assert {number: source for number, (source, _) in found.items()} == wanted
    assert [*found] == sorted(found)
    file = data.decode().split("\n")
    for number, (_, line) in found.items():
        assert file[line - 1].lstrip().startswith(f'"source": {json.dumps(parts[number][1])}')


# ---- what was shown ----------------------------------------------------------------------------------------------


def test_streams_that_follow_each_other_are_one_and_keep_apart_what_is_an_error() -> None:
    assert kept(stream("a"), stream(["b\n", "c\n"]), stream("d\n", "stderr"), stream("e")) == (
        *(Saved("ab\nc"), Saved("d", error=True), Saved("e")),
    )


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;12mblue\x1b[K\x1b[2J", "blue"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;no end", ""),
        ("\x1bP1$q\x1b\\x", "x"),
        ("\x1b(Bx\x1b=", "x"),
        ("10%\r50%\r100%\r", "100%"),
        ("a\x08\x00\x9b31mb\x1b", "a\ufffd\ufffd\ufffd31mb\ufffd"),
        ("tab\there", "tab\there"),
    ],
)
def test_text_is_what_a_terminal_would_show_in_the_end(given: str, plain: str) -> None:
    assert kept(stream(f"{given}\nend")) == (Saved(f"{plain}\nend"),)


def test_of_much_text_the_beginning_is_kept_and_the_rest_is_counted() -> None:
    text, more = kept(stream("x\n" * 1000), stream("y\n" * 500, "stderr"))
    assert text == Saved("\n".join("x" * MOST_LINES))
    assert more == Saved(f"… {1500 - MOST_LINES} more lines, left out")
    (text,) = kept(stream("\x1b[1m" + "x" * 2 * MOST_TEXT))
    assert text == Saved("x" * MOST_TEXT + "…")
    text, more = kept(stream("x" * MOST_TEXT + "\ny\n"))
    assert more == Saved("… 1 more lines, left out")
    locale.use("zh")
    assert kept(stream("x\n" * (MOST_LINES + 2)))[1] == Saved("……还有 2 行，已略去")


def test_a_picture_is_kept_if_it_is_one_and_not_too_large() -> None:
    there = base64.encodebytes(PNG).decode()
    assert kept(shown(image_png=there, text_plain="<Figure>")) == (Saved("", PNG),)
    assert kept(shown(image_png=there.splitlines(True))) == (Saved("", PNG),)
    assert kept(shown(image_jpeg=base64.b64encode(b"\xff\xd8\xff\xe0").decode())) == (Saved("", b"\xff\xd8\xff\xe0"),)
    for bad in ("no base64", base64.b64encode(b"<svg>").decode(), 5, None, "é", "a"):
        assert kept(shown(image_png=bad, text_plain="<Figure>")) == (Saved("<Figure>"),)
    large = base64.b64encode(PNG + bytes(MOST_IMAGE)).decode()
    assert kept(shown(image_png=large)) == (Saved("(a picture of 2.0 MB, left out)"),)


def test_what_a_browser_would_run_or_draw_is_named_and_not_shown() -> None:
    html = {"text/html": "<script>", "image/svg+xml": "<svg>", "application/javascript": "x"}
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "FloatProgress(value=0.0)"}
    only, text = ({"output_type": "display_data", "data": data} for data in (html, widget))
    (saved,) = kept(only)
    assert saved == Saved("(application/javascript, image/svg+xml, text/html: not shown here)")
    assert kept(text) == (Saved("FloatProgress(value=0.0)"),)


@pytest.mark.parametrize(
    "output",
    [
        *({}, 5, None, [], {"output_type": 5}, {"output_type": "stream"}, {"output_type": "display_data", "data": [1]}),
        *({"output_type": "display_data"}, {"output_type": "stream", "text": {"a": 1}}, shown(text_plain=5.5)),
    ],
    ids=str,
)
def test_an_output_that_is_none_is_left_out(output: Any) -> None:
    found = kept(output, stream("after"))
    assert found[-1].text.endswith("after")
    assert all(isinstance(each, Saved) for each in found)


def test_an_error_without_a_traceback_is_named() -> None:
    assert kept({"output_type": "error", "ename": "E", "evalue": "why"}) == (Saved("E: why", error=True),)


# ---- scripts -----------------------------------------------------------------------------------------------------


def test_a_script_with_marks_is_read_as_jupytext_reads_it() -> None:
    name = "activations.py"
    data = (NOTES / name).read_bytes()
    converted = convert(name, data)
    page = parse(converted.text)
    assert converted.text.startswith("# Activations\n\nWhat `ReLU` does to a *negative* number:\n$\\max(0, x)$.\n")
    assert "\n| sigmoid | (0, 1) |\n" in converted.text
    assert "\n\nHow long it takes\n\n" in converted.text
    assert Fence("bash", "nvidia-smi") in page.blocks
    first, second, third = page.cells
    assert first.source == "import torch\n\nx = torch.linspace(-2, 2, 5)\ntorch.relu(x)"
    assert second.source.startswith("%timeit torch.tanh(x)\n# copy the result,")  # a comment that looks like a magic
    assert third.source == '# %matplotlib inline\ntorch.relu("x")'  # which can't be run here: a comment can
    assert third.raises
    assert converted.saved == {}
    file = data.decode().split("\n")
    assert [file[converted.lines[cell.line] - 1].removeprefix("# ") for cell in page.cells] == [
        cell.source.split("\n")[0].removeprefix("# ") for cell in page.cells
    ]


@pytest.mark.parametrize(
    ("script", "cells"),
    [
        (
            "# A comment\n# at its head\n\nimport torch\n\n\nx = 1\n",
            ["# A comment\n# at its head\n\nimport torch\n\n\nx = 1"],
        ),
        ('"""What it does."""\nx = 1\n', ['"""What it does."""\nx = 1']),
        ("#!/usr/bin/env python\n# coding: utf8\n\n# In[1]:\n\n\nx\n\n# In[2]:\n\ny\n", ["x", "y"]),
        ("# -*- coding: gbk -*-\nx = 1\n", ["x = 1"]),
        ("#%%\nx\n#%% more\ny\n", ["x", "y"]),
        ("# %%\nx = '''\n# %%\n'''\n", ["x = '''\n# %%\n'''"]),
        ("# %%\nx = '\u2028'\n\x0c\ny\r\nz\n", ["x = '\u2028'\n\x0c\ny\nz"]),
        ("# %%\n# %%time\nx\n", ["%%time\nx"]),
        ("# %%\n# # copy it\n# !ls\n# cd there\nx\n", ["# copy it\n# !ls\n# cd there\nx"]),
        ("\ufeffx = 1\n", ["x = 1"]),
        ("# %%\n# %%\n", []),
        ("", []),
    ],
)
def test_other_scripts(script: str, cells: list[str]) -> None:
    converted = convert("notes.py", script.encode())
    assert sources(converted) == cells
    assert [*converted.lines] == [cell.line for cell in parse(converted.text).cells]


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@example("# ---\n# a: [\n# jupyter: [[\n# ---\nx")
@example("# %% a=a=a={[[ ]]\nx")
def test_a_script_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        parse(convert("a.py", text.encode()).text)
    except RequestError as error:
        assert "\n" not in str(error)


# ---- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "a.ipynb is not a notebook: line 1 is not JSON"),
        (b'{\n"cells": [\n}', "a.ipynb is not a notebook: line 3 is not JSON"),
        (b"[" * 200_000, "a.ipynb is not a notebook: brackets too deep"),
        (b'{"nbformat": 1' + b"0" * 5000 + b"}", "a number too long"),
        (b"[]", "a.ipynb is JSON, but not a notebook"),
        (b"{}", "a.ipynb is JSON, but not a notebook"),
        (b'{"nbformat": "4", "cells": []}', "a.ipynb is JSON, but not a notebook"),
        (b'{"nbformat": true, "cells": []}', "a.ipynb is JSON, but not a notebook"),
        (b'{"nbformat": 4}', "a.ipynb is JSON, but not a notebook"),
        (b'{"nbformat": 4, "cells": {}}', "a.ipynb is JSON, but not a notebook"),
        (b'{"nbformat": 3}', "a.ipynb is not a notebook: "),
        (b'{"nbformat": 3, "worksheets": [5]}', "a.ipynb is not a notebook: "),
        (b'{"nbformat": 5, "cells": []}', "a.ipynb is of a newer make than is known here (nbformat 5)"),
        (b"\xff\xfe", "a.ipynb is not UTF-8 text (byte 0)"),
        (
            notebook(metadata={"kernelspec": {"language": "R"}}),
            "a.ipynb is a notebook of R; only Python is run here",
        ),
        (notebook(metadata={"language_info": {"name": "julia"}}), "is a notebook of julia"),
        (
            b'{"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "language": "julia", "input": "x"}]}]}',
            "is a notebook of julia",
        ),
    ],
    ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_what_is_no_notebook_is_refused_in_one_line(data: bytes, says: str) -> None:
    assert says in refused("a.ipynb", data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"x = '\xff'", "a.py is not UTF-8 text (byte 5)"),
        (b"x\0", "a.py is not UTF-8 text (byte 1)"),
        (b"# ---\n# jupyter:\n#   a: [\n# ---\n", "a.py can't be read as cells: while parsing"),
        (
            b"# ---\n# jupyter:\n#   kernelspec: {name: ir, display_name: R, language: R}\n# ---\nx",
            "a.py is a notebook of R",
        ),
    ],
)
def test_what_is_no_script_is_refused_in_one_line(data: bytes, says: str) -> None:
    assert says in refused("a.py", data)


@pytest.mark.parametrize("language", ["python", "Python", "ipython", "python3", "", None, 5])
def test_python_by_any_name_is_read(language: Any) -> None:
    assert sources(read(code("x"), metadata={"kernelspec": {"language": language}})) == ["x"]


@pytest.mark.parametrize("depth", [600, 5000])
def test_metadata_of_any_depth_do_no_harm(depth: int) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    for version in (b"3", b"4"):
        data = b'{"nbformat":' + version + b',"metadata":' + deep + b',"cells":[],"worksheets":[]}'
        try:
            assert convert("a.ipynb", data).text == "\n"
        except RequestError as error:
            assert "\n" not in str(error)


# ---- what is imported --------------------------------------------------------------------------------------------

SCRIPT = """
import sys
{before}
from ptlearn_tui.course.notes.notebook import convert
from ptlearn_tui.course.page import parse
from ptlearn_tui.errors import RequestError
try:
    parse("```python\\n1\\n```")
    for name in sys.argv[1:]:
        convert(name, open(name, "rb").read())
except RequestError as error:
    print(error)
print(*(name for name in ("torch", "textual", "jupytext", "nbformat") if sys.modules.get(name)))
"""


def told(*names: str, before: str = "") -> list[str]:
    paths = [str(NOTES / name) for name in names]
    command = [sys.executable, "-c", SCRIPT.format(before=before), *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_jupytext_is_imported_only_for_what_needs_it() -> None:
    assert told() == [""]
    assert told("tensors-4.0.ipynb", "regression-4.5.ipynb") == [""]
    assert told("numpy-3.0.ipynb") == ["nbformat"]
    assert told("activations.py") == ["jupytext nbformat"]


@pytest.mark.parametrize("name", ["activations.py", "numpy-3.0.ipynb"])
def test_without_jupytext_the_command_that_gets_it_is_named(name: str) -> None:
    line, imported = told(name, before="sys.modules['jupytext'] = None")
    assert line.endswith("Jupytext is not installed: pip install 'ptlearn-tui[notebooks]'")
    assert imported == ""
