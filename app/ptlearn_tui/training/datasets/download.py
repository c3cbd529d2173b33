"""Download a set: ``python -m ptlearn_tui.training.datasets.download NAME FOLDER LANGUAGE PATIENCE PARENT``.

A process of its own, since it needs torchvision and with it torch. `obtain.py` starts it, and checks and moves what it
brought. Its progress bar goes to stderr; the one line on stdout is what went wrong. PATIENCE is how many seconds
without a byte make a server count as gone: torchvision itself would wait for ever. PARENT is a process id: this
process ends with it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys

CLASSES = {"mnist": "MNIST", "fashion": "FashionMNIST", "cifar10": "CIFAR10"}
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Download into the folder."""
    name, folder, language, patience, parent = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit(1)  # it died before the call
    told, sys.stdout = sys.stdout, sys.stderr  # whatever else is printed is no answer
    try:
        import torchvision

        socket.setdefaulttimeout(float(patience))
        getattr(torchvision.datasets, CLASSES[name])(folder, download=True)
    except Exception as error:  # the network, the disk, a wrong checksum, a torchvision that does not fit torch
        from ptlearn_tui import locale
        from ptlearn_tui.training.datasets.fetch import reason

        locale.use(language)
        told.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        told.write(reason(error, float(patience)) + "\n")
        told.flush()
        sys.exit(1)


if __name__ == "__main__":
    main()
