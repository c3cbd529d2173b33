"""An exported lesson runs where most people would run it: under Jupyter itself."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import nbformat
import pytest

from ptlearn_tui.cli import main
from ptlearn_tui.course.plan import load_plan

if TYPE_CHECKING:
    from pathlib import Path

LESSONS = ["start", "setup/seeds", "tensors/view", "autograd/scalar", "autograd/engine", "networks/saving"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("lesson", LESSONS)
def test_an_exported_notebook_runs_under_nbconvert(language: str, lesson: str, tmp_path: Path) -> None:
    page = load_plan(language).page(lesson if "/" in lesson else "start/start")
    assert page is not None
    path = tmp_path / "lesson.ipynb"
    assert main(["--lang", language, "export", lesson, "--to", "ipynb", "-o", str(path)]) == 0
    executed = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--stdout", str(path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=tmp_path,
    )
    assert executed.returncode == 0, executed.stderr
    cells = [cell for cell in nbformat.reads(executed.stdout, as_version=4).cells if cell.cell_type == "code"]
    raising = [any(output.output_type == "error" for output in cell.outputs) for cell in cells]
    tags = [cell.metadata.get("tags", []) for cell in cells]
    assert raising == ["raises-exception" in each for each in tags]
    assert all(cell.execution_count for cell, each in zip(cells, tags, strict=True) if "skip-execution" not in each)
