"""What the doctor hands back: checks, and the report that holds them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

Status: TypeAlias = Literal["ok", "warn", "bad"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. Never both wrong and silent about what mends it, where a command can."""

    name: str  # stable and English, for scripts: "torch", "gpu", "state"
    status: Status  # "warn": works, but look at it; "bad": something that is wanted does not work
    text: str  # one line, in the language in use
    mend: str | None = None  # the shell command that mends it
    facts: dict[str, Any] = field(default_factory=dict)  # the same in JSON's own types, equal in every language


@dataclass(frozen=True)
class Report:
    """Every check, in the order in which they were made."""

    checks: tuple[Check, ...]

    def count(self, status: Status) -> int:
        """How many checks ended so."""
        return sum(check.status == status for check in self.checks)

    @property
    def ok(self) -> bool:
        """Whether nothing is bad; a warning does not count."""
        return self.count("bad") == 0

    def json(self) -> str:
        """One strict JSON object on one line, as docs/doctor.md describes it."""
        whole = {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}
        # File names may hold bytes that are no UTF-8; Python keeps those as lone surrogates, which JSON does not know.
        return json.dumps(whole, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace").decode()


def gigabytes(size: int) -> str:
    """A size for people, in units of 2**30 bytes as memory is sold: "0.4 GB", "139 GB"."""
    number = size / 2**30
    return f"{number:.1f} GB" if number < 10 else f"{number:.0f} GB"
