"""Fetch one file over HTTP, so that a server that stalls, breaks off or has no end is noticed. Needs no torch."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

from ptlearn_tui.locale import t
from ptlearn_tui.training.datasets.broken import GetError

if TYPE_CHECKING:
    from pathlib import Path

    from ptlearn_tui.training.datasets.progress import Progress

PATIENCE = 30.0
"""Seconds without a byte after which a server counts as gone."""

CHUNK = 1 << 16


class NotThere(GetError):
    """The server has no such file."""


def can_be(url: str) -> bool:
    """Whether it is one that names a server."""
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def fetch(url: str, file: Path, most: int, progress: Progress) -> None:
    """Write what `url` has to `file`, at most so many bytes.

    Raises `NotThere`, `GetError`, and `OSError` where it can't be written.
    """
    try:
        request = urllib.request.Request(encoded(url), headers={"User-Agent": "ptlearn-tui"})
        response = urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        kind = NotThere if error.code in (404, 410) else GetError
        raise kind(f"{url}: HTTP {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise GetError(f"{url}: {reason(error, PATIENCE)}") from error
    with response, file.open("xb") as out:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        if (total or 0) > most:
            raise GetError(t("{url}: it has {size} bytes, more than the set can have", url=url, size=total))
        progress.begin(file.name, total)
        done = 0
        while chunk := _some(response, url):
            done += len(chunk)
            if done > most:
                raise GetError(t("{url}: it has {size} bytes, more than the set can have", url=url, size=done))
            out.write(chunk)
            progress.add(len(chunk))
    if total is not None and done < total:
        raise GetError(t("{url}: the server broke off after {n} of {total} bytes", url=url, n=done, total=total))


def encoded(url: str) -> str:
    """With letters that a URL can't have, as Chinese ones, written as it has them."""
    return urllib.parse.quote(url, safe="%/:?#[]@!$&'()*+,;=~-._")


def reason(error: BaseException, patience: float) -> str:
    """Why a server could not be reached, or went silent, in words."""
    cause = getattr(error, "reason", None)
    if isinstance(error, TimeoutError) or isinstance(cause, TimeoutError):
        return t("the server sent nothing for {n} seconds", n=f"{patience:g}")
    if isinstance(cause, OSError):
        error = cause
    return " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())


def _some(response: http.client.HTTPResponse, url: str) -> bytes:
    """The next bytes as they come; none at the end."""
    try:
        return response.read1(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise GetError(f"{url}: {reason(error, PATIENCE)}") from error
