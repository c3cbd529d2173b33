"""Get a data set: ``python -m ptlearn_tui.training.datasets.download NAME FOLDER``, which `data get` runs.

A process of its own, since it needs torchvision and with it torch. The last line on stderr is what went wrong.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path

PATIENCE = 30.0
"""Seconds without a byte after which a server counts as gone; torchvision itself would wait for ever."""


def main() -> None:
    """Download beside the target and move whole files into place: a download that broke off leaves nothing."""
    name, target = sys.argv[1], Path(sys.argv[2])
    import torchvision

    socket.setdefaulttimeout(PATIENCE)
    data_set = {"mnist": torchvision.datasets.MNIST}[name]
    mirror = os.environ.get("PTLEARN_MIRROR")
    if mirror:
        data_set.mirrors = [mirror.rstrip("/") + "/"]
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=target) as scratch:
            made = Path(data_set(scratch, download=True).raw_folder)
            place = target / made.relative_to(scratch)
            place.mkdir(parents=True, exist_ok=True)
            for file in made.iterdir():
                file.replace(place / file.name)
    except (OSError, RuntimeError) as error:  # URLError is an OSError; md5 mismatches are RuntimeErrors
        sys.exit(" ".join(str(error).split()))


if __name__ == "__main__":
    main()
