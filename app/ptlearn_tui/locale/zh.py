"""简体中文: the interface's strings, keyed by the English that stands in the code."""

from __future__ import annotations

TABLE: dict[str, str] = {}
