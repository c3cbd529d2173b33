"""What a user can cause: one clear line, and exit status 2."""

from __future__ import annotations


class RequestError(Exception):
    """The request was wrong: an unknown name, a file that can't be read. The message says what to do about it."""
