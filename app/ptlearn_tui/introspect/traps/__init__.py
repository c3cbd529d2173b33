"""Traps detected while code runs: one set of rules, for cells and for training."""

from ptlearn_tui.introspect.traps.rules import Traps

__all__ = ["Traps"]
