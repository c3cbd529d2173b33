"""Lint, format, types and import contracts as tests: `pytest` alone is the whole check."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]


def _run(command: list[str], folder: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"} | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([sys.executable, "-m", "ruff", "check", "."], id="ruff check"),
        pytest.param([sys.executable, "-m", "ruff", "format", "--check", "."], id="ruff format"),
        pytest.param([sys.executable, "-m", "mypy"], id="mypy"),
        pytest.param([*LINT_IMPORTS, "--no-cache"], id="lint-imports"),
    ],
)
def test_the_code_passes(command: list[str]) -> None:
    done = _run(command)
    assert done.returncode == 0, done.stdout


def _contracts(folder: Path) -> tuple[int, dict[str, str]]:
    """Exit status, and KEPT or BROKEN by contract, for the packages in `folder` instead of the installed ones."""
    path = os.pathsep.join([str(folder / "app"), str(folder / "lessons")])
    done = _run([*LINT_IMPORTS, "--no-cache"], folder, PYTHONPATH=path)
    return done.returncode, dict(re.findall(r"^(.+) (KEPT|BROKEN)(?: \(.*\))?$", done.stdout, re.MULTILINE))


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of both packages and of the configuration, to be damaged."""
    for folder in ("app", "lessons"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.gz"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("app/ptlearn_tui/course/plan.py", "import ptlearn_tui.tui", "Every import goes down a floor"),
        ("app/ptlearn_tui/kernel/server.py", "import ptlearn_tui.training", "Every import goes down a floor"),
        (
            "app/ptlearn_tui/runs/__init__.py",
            "def later() -> None:\n    import torch",  # inside a function counts
            "The process that owns the terminal never imports torch",
        ),
        (
            "app/ptlearn_tui/cli/plan.py",
            "import ptlearn_tui.kernel.execute\nimport ptlearn_tui.training.loop",  # by way of another module too
            "The process that owns the terminal never imports torch",
        ),
        ("app/ptlearn_tui/kernel/server.py", "import textual", "Only the interface reaches textual"),
        (
            "lessons/ptlearn_lessons/__init__.py",
            "import ptlearn_tui.tui",
            "Lessons are content: nothing of the interface",
        ),
    ],
)
def test_an_import_that_is_forbidden_breaks_its_contract(house: Path, file: str, line: str, contract: str) -> None:
    before = _contracts(house)[1]
    assert before[contract] == "KEPT"
    path = house / file
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    status, after = _contracts(house)
    assert status != 0
    assert after[contract] == "BROKEN"


def _shell_blocks(readme: str) -> list[str]:
    return re.findall(r"^```bash\n(.*?)\n```$", (ROOT / readme).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_ci_runs_the_command_that_the_readme_gives() -> None:
    shown = _run([str(ROOT / ".ci" / "run"), "--show"])
    assert shown.returncode == 0, shown.stdout
    assert shown.stdout.strip() in _shell_blocks("README.md")


def test_both_readmes_give_the_same_commands() -> None:
    blocks = _shell_blocks("README.md")
    assert blocks == _shell_blocks("README.zh-CN.md")
    assert blocks == [
        "python3 -m venv .venv && . .venv/bin/activate",
        "pip install . && ptlearn-tui",
        'pip install -e ".[test]" && pytest',
    ]


PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target
