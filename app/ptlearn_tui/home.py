"""Where state and data live: `PTLEARN_HOME` and `PTLEARN_DATA`, else the user's own folders."""

from __future__ import annotations

import os
from pathlib import Path

from ptlearn_tui.errors import RequestError

APP = "ptlearn-tui"


def state_folder() -> Path:
    """Progress and runs. Made (0700) when first asked for; raises `RequestError` where it can't be."""
    given = os.environ.get("PTLEARN_HOME")
    if given:
        try:
            folder = Path(given).expanduser()
        except RuntimeError:  # ~nobody
            folder = Path(given)
    else:
        import platformdirs

        folder = Path(platformdirs.user_state_dir(APP))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RequestError(f"{folder}: {error.strerror}; choose another place with --home DIR") from error
    return folder


def runs_folder() -> Path:
    """One folder a training run."""
    folder = state_folder() / "runs"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def cache_folder() -> Path:
    """Where downloaded data goes when `PTLEARN_DATA` names no other place. Not made here."""
    import platformdirs

    return Path(platformdirs.user_cache_dir(APP)) / "data"
