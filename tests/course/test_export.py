"""`export` of lessons: the same cells in every format and on every way back, byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ptlearn_tui.cli import main
from ptlearn_tui.course.export import FORMATS, edited, export, format_of
from ptlearn_tui.course.notes.notebook import convert
from ptlearn_tui.course.page import Cell, Fence, parse
from ptlearn_tui.course.plan import lessons_folder
from ptlearn_tui.course.progress import Progress, Scratch
from ptlearn_tui.errors import RequestError

LESSONS = sorted(path for path in lessons_folder().glob("[ez][nh]/**/*.md") if path.stem != "glossary")  # no cells
SCALAR = lessons_folder() / "en" / "03-autograd" / "03-scalar.md"
NOTES = Path(__file__).with_name("notes")

every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: str(path.relative_to(lessons_folder())))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that one stands in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def names(folder: Path) -> list[str]:
    """All that is in a folder, hidden files too."""
    return sorted(each.name for each in folder.iterdir())


def cells(data: bytes, form: str) -> list[tuple[str, str, dict[str, Any]]]:
    """As Jupytext itself reads them."""
    found = jupytext.reads(data.decode(), fmt="py:percent" if form == "py" else form)
    layout = {"lines_to_next_cell"}
    return [
        (cell.cell_type, cell.source, {key: cell.metadata[key] for key in cell.metadata.keys() - layout})
        for cell in found.cells
    ]


# ---- every lesson ------------------------------------------------------------------------------------------------


@every_lesson
def test_every_way_between_the_formats_ends_in_the_same_bytes(path: Path) -> None:
    own = path.read_bytes()
    files = {form: export(path.name, own, form) for form in FORMATS}
    assert files["md"] == own
    for form, data in files.items():
        assert format_of("a", data) == form
        assert {wanted: export("a", data, wanted) for wanted in FORMATS} == files


@every_lesson
def test_a_notebook_has_the_lessons_cells_and_is_valid(path: Path) -> None:
    text = path.read_text("utf-8")
    page = parse(text)
    notebook = nbformat.reads(export(path.name, text.encode(), "ipynb").decode(), as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [(cell.source, frozenset(cell.metadata.get("tags", [])), cell.metadata.get("run")) for cell in code] == [
        (cell.source, cell.tags, cell.run) for cell in page.cells
    ]
    assert notebook.metadata.kernelspec == {"display_name": "Python 3", "language": "python", "name": "python3"}
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert text.startswith(notebook.cells[0].source)  # the front matter, in a raw cell
    words = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert [block for block in page.blocks if isinstance(block, Fence)] == [
        block for block in parse(words).blocks if isinstance(block, Fence)
    ]


@every_lesson
def test_a_script_is_python_and_jupytext_reads_the_same_cells_from_it(path: Path) -> None:
    own = path.read_bytes()
    script = export(path.name, own, "py")
    compile(script, path.name, "exec")
    assert cells(script, "py") == cells(export(path.name, own, "ipynb"), "ipynb")


@every_lesson
@pytest.mark.parametrize("form", ["ipynb", "py"])
def test_what_was_exported_opens_as_notes_with_the_same_blocks(path: Path, form: str) -> None:
    def told(text: str) -> list[tuple[str, ...]]:
        return [
            ("cell", block.source, *sorted(block.tags), block.run or "")
            for block in parse(text).blocks
            if isinstance(block, Cell)
        ] + [("fence", block.language, block.text) for block in parse(text).blocks if isinstance(block, Fence)]

    own = path.read_bytes()
    assert told(convert(f"a.{form}", export(path.name, own, form)).text) == told(own.decode())


def test_a_cell_that_starts_a_run_and_one_that_raises_say_so() -> None:
    run = next(path for path in LESSONS if '```python run="mnist"' in path.read_text("utf-8"))
    raises = next(path for path in LESSONS if "raises-exception" in path.read_text("utf-8"))
    assert b'\n# %% run="mnist"\n' in export(run.name, run.read_bytes(), "py")
    assert b'\n# %% tags=["raises-exception"]\n' in export(raises.name, raises.read_bytes(), "py")


# ---- other documents ---------------------------------------------------------------------------------------------

MOST_BASH = """\
Words:
```bash
ls
```


```bash
cd ..
```

```python
x = 1
```

Words.

```html
<b>1</b>
```

```text
plain
```
"""


@pytest.mark.parametrize(
    "text",
    [
        MOST_BASH,
        "```python3\nx\n```\n\n```bash\nls\n```\n\n```python\ny\n```\n",
        "a\n\n\nb\n\n\n```bash\nls\n```\n\n\nc\n\n\nd\n",
        "````python\nx = '''\n```\n'''\n````\n",
        "```python\n%%time\nx\n```\n\n```python\n# copy it\n!ls\n%matplotlib inline\n```\n",
        "```python\nx = 'a\u2028b'\n\x0c\ny\n```\n\nform\x0cfeed\n",
        "",
    ],
)
def test_a_document_comes_back_from_a_notebook_and_a_script(text: str) -> None:
    own = text.encode()
    notebook = export("a.md", own, "ipynb")
    code = [cell for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    assert ["".join(cell["source"]) for cell in code] == [cell.source for cell in parse(text).cells]
    script = export("a.md", own, "py")
    assert export("a.py", script, "ipynb") == notebook
    again = export("a.ipynb", notebook, "md")
    assert export("a.md", again, "ipynb") == notebook
    assert [cell.source for cell in parse(again.decode()).cells] == [cell.source for cell in parse(text).cells]


def test_python_by_the_names_that_a_page_knows_is_python() -> None:
    notebook = json.loads(export("a.md", b'```py\nx\n```\n\n```Python tags=["a"]\ny\n```\n', "ipynb"))
    assert [(cell["cell_type"], cell["source"], cell["metadata"]) for cell in notebook["cells"]] == [
        ("code", ["x"], {}),
        ("code", ["y"], {"tags": ["a"]}),
    ]


def test_a_comment_of_a_script_stays_a_comment() -> None:
    notebook = json.loads(export("a.py", b"# %%\n# copy the weights\n# !ls\n# %matplotlib inline\nx\n", "ipynb"))
    assert "".join(notebook["cells"][0]["source"]) == "# copy the weights\n!ls\n%matplotlib inline\nx"


@pytest.mark.parametrize("name", ["tensors-4.0.ipynb", "regression-4.5.ipynb", "numpy-3.0.ipynb", "activations.py"])
@pytest.mark.parametrize("form", FORMATS)
def test_somebodys_notes_are_exported_too(name: str, form: str) -> None:
    data = (NOTES / name).read_bytes()
    found = export(name, data, form)
    assert found == export(name, data, form)
    assert (found == data) == name.endswith(form)
    if form == "ipynb" and not name.startswith("numpy"):  # which stays as old as it is
        nbformat.validate(nbformat.reads(found.decode(), as_version=nbformat.NO_CONVERT))
    if form == "md" and name.endswith(".ipynb"):
        read = convert(name, data).text
        assert [cell.source for cell in parse(found.decode()).cells if cell.source] == [
            cell.source for cell in parse(read).cells
        ]


SOURCES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=60)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(["code", "markdown"]), SOURCES), max_size=5))
@example([("code", "x = '''\n```\n'''"), ("markdown", "```bash\nls\n```"), ("markdown", "$x$")])
@example([("markdown", "a\n\n\nb"), ("markdown", "<!-- #region -->"), ("code", "%%bash\nls")])
def test_an_export_is_the_same_each_time_and_valid(parts: list[tuple[str, str]]) -> None:
    given = [{"cell_type": kind, "source": source, "metadata": {}, "outputs": []} for kind, source in parts]
    data = json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": given}).encode()
    for form in ("md", "py"):
        text = export("a.ipynb", data, form)
        assert text == export("a.ipynb", data, form)
        notebook = export(f"a.{form}", text, "ipynb")
        assert notebook == export(f"a.{form}", text, "ipynb")
        nbformat.validate(nbformat.reads(notebook.decode(), as_version=nbformat.NO_CONVERT))


# ---- the learner's own cells -------------------------------------------------------------------------------------

PAGE = """\
---
id: a
title: A
minutes: 1
---

Words.

```python tags=["raises-exception"]
x = 1
y = 2
```

More.

```python run="mnist"
# starts
```
"""


def test_the_learners_cells_stand_in_place_of_the_authors_and_below_them() -> None:
    added = [Scratch(1, -0.5, "first"), Scratch(2, 0.5, "a\n```\nb"), Scratch(3, 0.75, " "), Scratch(4, 1.5, "last")]
    text = edited(PAGE, {0: "x = 3", 7: "of a page that was longer"}, added)
    page = parse(text)
    assert [(cell.source, set(cell.tags), cell.run) for cell in page.cells] == [
        ("x = 3", {"raises-exception", "edited"}, None),
        ("first", {"added"}, None),
        ("a\n```\nb", {"added"}, None),
        ("# starts", set(), "mnist"),
        ("last", {"added"}, None),
    ]
    assert page.title == "A"
    assert text.count("\n\nMore.\n\n") == 1
    notebook = json.loads(export("a.md", text.encode(), "ipynb"))
    assert [cell["metadata"].get("tags") for cell in notebook["cells"] if cell["cell_type"] == "code"] == [
        *(["raises-exception", "edited"],),
        *(["added"], ["added"], None, ["added"]),
    ]


@pytest.mark.parametrize("edits", [{}, {0: "x = 1\ny = 2"}, {9: "z"}])
def test_what_the_learner_has_not_changed_stays_as_it_is(edits: dict[int, str]) -> None:
    assert edited(PAGE, edits, []) == PAGE


@every_lesson
def test_every_lesson_can_be_edited_everywhere(path: Path) -> None:
    text = path.read_text("utf-8")
    own = parse(text).cells
    changed = edited(text, {cell.index: "```\nmine\n" for cell in own}, [Scratch(1, len(own) - 0.5, "more")])
    found = parse(changed)
    assert [cell.source for cell in found.cells] == ["```\nmine\n"] * len(own) + ["more"]
    assert next(block for block in found.blocks if not isinstance(block, Cell)) == parse(text).blocks[0]
    assert export("a", export("a", changed.encode(), "ipynb"), "md") == changed.encode()


# ---- the command -------------------------------------------------------------------------------------------------

SCRIPT = "import sys; {before}; from ptlearn_tui.cli import main; status = main(); {after}; sys.exit(status)"


def script(*words: str, before: str = "pass", after: str = "pass", **environ: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with something before and after it."""
    command = [sys.executable, "-c", SCRIPT.format(before=before, after=after), *words]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env=os.environ | environ)


@pytest.mark.parametrize("form", FORMATS)
def test_a_lesson_is_written_beside_you_and_named_after_the_page(
    form: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "autograd/scalar", "--to", form]) == 0
    assert capfd.readouterr() == (f"autograd/scalar: scalar.{form}\n", "")
    assert names(here) == [f"scalar.{form}"]
    assert (here / f"scalar.{form}").read_bytes() == export(SCALAR.name, SCALAR.read_bytes(), form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_export_of_an_export_is_the_same(language: str, form: str, here: Path) -> None:
    assert main(["export", "start", "--to", form, "-o", "a", "--lang", language]) == 0
    assert main(["export", "a", "--to", form, "-o", "b", "--lang", language]) == 0
    assert (here / "a").read_bytes() == (here / "b").read_bytes()
    own = (lessons_folder() / language / "start.md").read_bytes()
    assert main(["export", "a", "--to", "md", "-o", "c"]) == 0
    assert (here / "c").read_bytes() == own


def test_the_same_lesson_is_the_same_bytes_in_every_process() -> None:
    done = [script("export", "training", "--to", "ipynb", "-o", "-", PYTHONHASHSEED=seed) for seed in ("1", "2")]
    assert done[0].stdout == done[1].stdout
    assert json.loads(done[0].stdout)["nbformat"] == 4
    assert done[0].stderr == ""


def test_a_lesson_on_stdout_is_nothing_but_the_lesson(here: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["export", "autograd/scalar", "--to", "md", "-o", "-"]) == 0
    assert capfdbinary.readouterr() == (SCALAR.read_bytes(), b"")
    assert names(here) == []


def test_a_file_that_is_there_is_replaced_only_by_force(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "scalar.py").write_text("mine")
    assert main(["export", "autograd/scalar", "--to", "py"]) == 2
    assert capfd.readouterr() == ("", "ptlearn-tui: scalar.py is there already; replace it with --force\n")
    assert (here / "scalar.py").read_text() == "mine"
    assert main(["export", "autograd/scalar", "--to", "py", "--force"]) == 0
    assert (here / "scalar.py").read_bytes() == export(SCALAR.name, SCALAR.read_bytes(), "py")


def test_notes_are_exported_by_their_path(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copy(NOTES / "activations.py", here)
    assert main(["export", "activations.py", "--to", "ipynb"]) == 0
    assert main(["export", "activations.ipynb", "--to", "md"]) == 0
    assert capfd.readouterr().out == "activations.py: activations.ipynb\nactivations.ipynb: activations.md\n"
    assert "# Activations\n" in (here / "activations.md").read_text()


def test_the_authors_text_is_exported_unless_the_learners_is_asked_for(here: Path, learner_home: Path) -> None:
    assert main(["export", "autograd/scalar", "--to", "md", "--edited", "-o", "untouched"]) == 0
    assert not learner_home.exists() or names(learner_home) == []  # and no store is made for it
    with Progress.open() as progress:
        progress.edit("autograd/scalar", 0, "mine = 1")
        progress.add_scratch("autograd/scalar", 0.5, "mine + 1")
    for options in ([], ["--edited"]):
        assert main(["export", "autograd/scalar", "--to", "py", "-o", f"{len(options)}.py", *options]) == 0
    assert (here / "untouched").read_bytes() == SCALAR.read_bytes()
    assert "mine" not in (here / "0.py").read_text()
    assert '# %% tags=["edited"]\nmine = 1\n\n# %% tags=["added"]\nmine + 1\n' in (here / "1.py").read_text()


def test_a_store_that_is_damaged_is_one_line(learner_home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    learner_home.mkdir()
    (learner_home / "progress.sqlite3").write_text("not a database at all\n" * 50)
    assert main(["export", "autograd/scalar", "--to", "md", "--edited"]) == 2
    assert "--home" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["autograd", "--to", "ipynb"], "autograd has several pages, export one of them: autograd/requires-grad, "),
        (["autograd", "--to", "md"], "autograd/scalar"),
        (["autograd/painting", "--to", "md"], "no lesson and no file 'autograd/painting'; lessons: setup, tensors"),
        (["notes.ipynb", "--to", "md"], "no lesson and no file 'notes.ipynb'"),
        (["x" * 300, "--to", "py"], "File name too long"),
        (["~nobody-here/x.md", "--to", "py"], "~nobody-here"),
        (["/", "--to", "py"], "/ is not a file"),
        (["/proc/self/mem", "--to", "py"], "/proc/self/mem: "),
        (["bad.ipynb", "--to", "md"], "bad.ipynb is not a notebook: line 1 is not JSON"),
        (["bad.md", "--to", "ipynb"], "bad.md is not UTF-8 text (byte 1)"),
        (["r.ipynb", "--to", "py"], "r.ipynb is a notebook of R; only Python is run here"),
        (["bad.md", "--to", "md", "--edited"], "--edited is for lessons"),
        (["autograd/scalar", "--to", "md", "-o", "no/such"], "no/such: No such file or directory"),
        (["autograd/scalar", "--to", "md", "-o", "."], "is not a file"),
        (["autograd", "--to", "md", "--lang", "zh"], "autograd 有多页"),
    ],
    ids=lambda words: " ".join(words)[:40] if isinstance(words, list) else "",
)
def test_a_wrong_request_is_one_line_and_writes_nothing(
    words: list[str], says: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "bad.ipynb").write_text("{")
    (here / "bad.md").write_bytes(b"a\xff")
    (here / "r.ipynb").write_text('{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"language": "R"}}}')
    assert main(["export", *words]) == 2
    written = capfd.readouterr()
    assert written.out == ""
    (line,) = written.err.splitlines()
    assert says in line
    assert names(here) == ["bad.ipynb", "bad.md", "r.ipynb"]


def test_a_document_that_jupytext_refuses_is_one_line() -> None:
    for name, data in (("a.md", b"---\njupyter:\n  a: [\n---\n"), ("a.py", b"# ---\n# jupyter:\n#   a: [\n# ---\n")):
        with pytest.raises(RequestError, match="can't be read as cells: "):
            export(name, data, "ipynb")


@pytest.mark.parametrize("metadata", [{"tags": 5}, {"name": 5}, {"collapsed": "x"}], ids=str)
def test_metadata_that_jupyter_refuses_are_one_line(metadata: dict[str, Any]) -> None:
    cell = {"cell_type": "code", "source": "x", "metadata": metadata}
    with pytest.raises(RequestError, match=r"^a.ipynb can't be written as md: [^\n]+$"):
        export("a.ipynb", json.dumps({"nbformat": 4, "cells": [cell]}).encode(), "md")


@pytest.mark.parametrize("form", ["ipynb", "py"])
def test_without_jupytext_the_command_that_gets_it_is_named(form: str, here: Path) -> None:
    done = script("export", "autograd/scalar", "--to", form, before="sys.modules['jupytext'] = None")
    line = f"ptlearn-tui: --to {form}: Jupytext is not installed: pip install 'ptlearn-tui[notebooks]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)
    assert names(here) == []


@pytest.mark.parametrize(("form", "allowed"), [("md", []), ("ipynb", ["jupytext", "nbformat"])])
def test_nothing_is_imported_that_the_format_does_not_need(form: str, allowed: list[str]) -> None:
    after = "print(*(name for name in ('torch', 'textual', 'jupytext', 'nbformat') if name in sys.modules))"
    done = script("export", "autograd/scalar", "--to", form, after=after)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].split() == allowed


def test_markdown_needs_no_jupytext_even_with_the_learners_cells(here: Path) -> None:
    with Progress.open() as progress:
        progress.edit("autograd/scalar", 0, "mine = 1")
    words = ("export", "autograd/scalar", "--to", "md", "--edited")
    assert script(*words, before="sys.modules['jupytext'] = None").returncode == 0
    assert '```python tags=["edited"]\nmine = 1\n```\n' in (here / "scalar.md").read_text()
