"""A page as a lesson shows it: a cell that starts a training run has its recipe's own file as its text."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ptlearn_tui.course.page import Cell
from ptlearn_tui.training.catalog import RECIPES

if TYPE_CHECKING:
    from ptlearn_tui.course.course import Course
    from ptlearn_tui.course.page import Page
    from ptlearn_tui.course.plan import PageEntry


def read(course: Course, entry: PageEntry) -> Page:
    """What a page says. Raises OSError, UnicodeDecodeError."""
    page = course.read(entry)
    blocks = tuple(with_recipe(block) if isinstance(block, Cell) else block for block in page.blocks)
    return replace(page, blocks=blocks)


def cells(course: Course, entry: PageEntry) -> tuple[Cell, ...]:
    """All that share its kernel. Raises OSError, UnicodeDecodeError."""
    return tuple(map(with_recipe, course.cells(entry)))


def with_recipe(cell: Cell) -> Cell:
    """The recipe's code where the author has left only a comment; a cell of any other kind as it is."""
    if cell.run not in RECIPES or not _only_comments(cell.source):
        return cell
    try:
        return replace(cell, source=RECIPES[cell.run].source.read_text("utf-8").rstrip("\n"))
    except OSError:  # installed without its sources: the comment stands, and the run starts all the same
        return cell


def _only_comments(source: str) -> bool:
    try:
        return not ast.parse(source).body
    except (SyntaxError, ValueError):
        return False
