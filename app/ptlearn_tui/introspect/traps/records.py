"""What the rules of `traps` have in common: where a trap is, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch

Where: TypeAlias = "tuple[int, int]"
"""A cell, or a file by a number, and a line."""

Say: TypeAlias = Callable[[str, Where, dict[str, str]], None]
"""Takes a trap: its code, where, and the facts for its texts."""

NameOf: TypeAlias = Callable[[torch.Tensor], "str | None"]
"""What the learner calls a tensor."""
