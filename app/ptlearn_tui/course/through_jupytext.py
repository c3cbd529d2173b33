"""What Jupytext reads and writes for us: Markdown and scripts as notebooks. Installed only on request."""

from __future__ import annotations

import re
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

# Line ends to Jupytext (`str.splitlines`), and none to Python and Markdown: they are hidden from it.
_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_HIDE = {ord(each): chr(0xF0000 + ord(each)) for each in _ENDS}
_SHOW = {0xF0000 + ord(each): each for each in _ENDS}

# A script's encoding, in one of the first two lines. It is decoded already, and Jupytext takes one spelling only.
_CODING = re.compile(r"\A((?:#[^\n]*\n)?[ \t]*#[^\n]*?coding[:=][ \t]*)[-\w.]+")


def need_jupytext(wanted: str) -> None:
    """Raise `RequestError` where it is missing. Imports nothing: that takes a fifth of a second."""
    if find_spec("jupytext") is None:
        command = "pip install 'ptlearn-tui[notebooks]'"
        raise RequestError(t("{wanted}: Jupytext is not installed: {command}", wanted=wanted, command=command))


def read(name: str, text: str, form: Mapping[str, Any]) -> NotebookNode:
    """A text as a notebook. Raises `RequestError`; `name` is what the line is about."""
    need_jupytext(name)
    import jupytext

    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_HIDE)
    if form["extension"] == ".py":
        text = _CODING.sub(r"\1utf-8", text, count=1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook: NotebookNode = jupytext.reads(text, fmt=dict(form))
    except Exception as error:  # a head that is no YAML, metadata too deep for Python's parser, …
        why = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise RequestError(t("{path} can't be read as cells: {why}", path=name, why=why)) from error
    _keep_python(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.translate(_SHOW)
        for field, value in cell.metadata.items():
            cell.metadata[field] = value.translate(_SHOW) if isinstance(value, str) else value
    return notebook


def language(source: str) -> str | None:
    """The language of a code cell that begins with a magic for one: `%%bash`."""
    from jupytext.languages import cell_language

    found: str | None = cell_language(source.split("\n", 1)[:1], "python", [])[0]
    return found


def _keep_python(notebook: NotebookNode) -> None:
    """Where most fences are of another language, Jupytext takes that one for the notebook's, Python for a guest."""
    main = notebook.metadata.get("jupytext", {}).get("main_language", "python")
    if main == "python":
        return
    for cell in notebook.cells:
        if cell.cell_type == "code":
            guest = language(cell.source)
            if guest == "python":
                cell.source = cell.source.partition("\n")[2]
            elif guest is None:
                cell.source = f"%%{main}\n{cell.source}"


def write(notebook: NotebookNode, form: Mapping[str, Any]) -> str:
    """A notebook as a text. Raises what Jupytext raises."""
    import jupytext

    text_form = form["extension"] != ".ipynb"
    for cell in notebook.cells if text_form else ():
        cell.source = cell.source.translate(_HIDE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metadata that no text can hold, and that stay behind
        text: str = jupytext.writes(notebook, fmt=dict(form))
    return text.translate(_SHOW) if text_form else text
