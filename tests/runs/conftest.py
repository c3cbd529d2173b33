"""Runs in a home of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptlearn_tui import home

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`PTLEARN_HOME` is empty, and the runs' folder is made."""
    monkeypatch.setenv("PTLEARN_HOME", str(tmp_path / "home"))
    return home.runs_folder()
