"""Which language a notebook is of."""

from __future__ import annotations

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t


def only_python(name: str, metadata: object) -> None:
    """Raise `RequestError` where the metadata of a notebook say another language. Few old ones say anything."""
    found = metadata if isinstance(metadata, dict) else {}
    for part, field in (("kernelspec", "language"), ("language_info", "name")):
        value = found[part].get(field) if isinstance(found.get(part), dict) else None
        if isinstance(value, str) and value and not value.lower().startswith(("python", "ipython")):
            raise RequestError(
                t("{path} is a notebook of {language}; only Python is run here", path=name, language=value)
            )
