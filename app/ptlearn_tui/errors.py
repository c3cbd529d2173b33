"""What a user can cause: one clear line, and exit status 2."""

from __future__ import annotations

import re

_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class RequestError(Exception):
    """The request was wrong: an unknown name, a file that can't be read. The message says what to do about it."""


def one_line(text: str) -> str:
    """For a terminal: the names of files may hold line ends, and whatever else it would obey."""
    return _OBEYED.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.splitlines()))
