"""What is installed only on request: `pip install 'ptlearn-tui[notebooks]'`."""

from __future__ import annotations

from importlib.util import find_spec

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t


def need_jupytext(wanted: str) -> None:
    """Raise `RequestError` where it is missing. Imports nothing: that takes a fifth of a second."""
    if find_spec("jupytext") is None:
        command = "pip install 'ptlearn-tui[notebooks]'"
        raise RequestError(t("{wanted}: Jupytext is not installed: {command}", wanted=wanted, command=command))
