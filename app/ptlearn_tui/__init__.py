"""ptlearn-tui: a learning dashboard for PyTorch in the terminal."""

from ptlearn_tui.tracking import track

__all__ = ["track"]
