"""Every test has a home of its own, and begins and ends in English."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptlearn_tui import locale

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def learner_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """`PTLEARN_HOME`, not there yet; no data folder but the user's own; English, whatever the machine speaks."""
    folder = tmp_path / "home"
    monkeypatch.setenv("PTLEARN_HOME", str(folder))
    monkeypatch.delenv("PTLEARN_DATA", raising=False)
    for variable in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    locale.use("en")
    yield folder
    locale.use("en")
