"""Interface strings. English stands in the code, as the key; `zh.py` has the Chinese for each.

``t("epoch {n} of {total}", n=3, total=5)`` gives the text in the language in use. A test holds the table complete.
"""

from __future__ import annotations

import os

LANGUAGES = ("en", "zh")

_language = "en"


def use(language: str) -> None:
    """Speak `language`, "en" or "zh", from now on."""
    global _language
    _language = language


def language() -> str:
    """The language in use."""
    return _language


def from_environment() -> str:
    """The language that the locale asks for: Chinese for any zh_*, else English."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def t(text: str, **values: object) -> str:
    """`text` in the language in use, with `{names}` filled in."""
    if _language == "zh":
        from ptlearn_tui.locale.zh import TABLE

        text = TABLE.get(text, text)
    return text.format(**values) if values else text
