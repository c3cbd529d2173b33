"""The interpreter, the environment that packages go into, and the command that installs there."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ptlearn_tui.doctor.report import Check
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator

WANTED = (3, 11)
"""What torch 2.15 and its successors need. Older torch versions, and this program, run on 3.10."""


@dataclass(frozen=True)
class Environment:
    """Where `import` finds packages, and who keeps them."""

    kind: str  # "conda", "mamba", "uv", "venv", "system" or "externally-managed"
    prefix: Path


def environment() -> Environment:
    """Which kind of environment this interpreter belongs to, read from the marks that each kind leaves."""
    prefix = Path(sys.prefix)
    if (prefix / "conda-meta").is_dir():
        mamba = "MAMBA_EXE" in os.environ or (shutil.which("mamba") and not shutil.which("conda"))
        return Environment("mamba" if mamba else "conda", prefix)
    if sys.prefix != sys.base_prefix:
        return Environment("uv" if _made_by_uv(prefix) else "venv", prefix)
    # PEP 668: the distribution keeps these packages, and pip refuses to touch them.
    managed = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    return Environment("externally-managed" if managed.exists() else "system", prefix)


def _made_by_uv(prefix: Path) -> bool:
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.partition("=")[0].strip() == "uv" for line in lines)


def install(*packages: str, anew: bool = False) -> str:
    """The shell command that installs `packages` into this environment; `anew` replaces what is there."""
    import shlex

    wanted = " ".join(shlex.quote(package) for package in packages)
    here = environment()
    if here.kind == "externally-managed":
        return f"python3 -m venv .venv && . .venv/bin/activate && pip install {wanted}"
    if here.kind == "uv":
        return f"uv pip install {'--reinstall ' if anew else ''}{wanted}"
    pip = shutil.which("pip")
    beside = pip is not None and Path(pip).parent == Path(sys.executable).parent
    program = "pip" if beside else f"{shlex.quote(sys.executable)} -m pip"
    return f"{program} install {'--force-reinstall ' if anew else ''}{wanted}"


def newer_python() -> str:
    """The command that makes an environment with a Python new enough, by what this machine has."""
    kind = environment().kind
    if kind in ("conda", "mamba"):
        return f"{kind} create -n ptlearn python=3.12"
    for version in ("3.13", "3.12", "3.11"):
        if shutil.which(f"python{version}"):
            return f"python{version} -m venv .venv"
    if shutil.which("uv"):
        return "uv venv --seed --python 3.12 .venv"
    return "pip install uv && uv venv --seed --python 3.12 .venv"  # uv fetches the Python itself


def checks() -> Iterator[Check]:
    """The interpreter, the environment, and this program's own packages where any is missing."""
    version = ".".join(map(str, sys.version_info[:3]))
    facts = {"version": version, "executable": sys.executable}
    if sys.version_info >= WANTED:
        yield Check("python", "ok", f"{version}, {sys.executable}", facts=facts)
    else:
        wrong = t(
            "{version} is older than {wanted}, which new versions of torch need",
            version=version,
            wanted="3.11",
        )
        yield Check("python", "warn", wrong, newer_python(), facts)

    here = environment()
    facts = {"kind": here.kind, "prefix": str(here.prefix)}
    if here.kind == "externally-managed":
        wrong = t("the system's own Python, where pip may install nothing")
        yield Check("environment", "warn", wrong, "python3 -m venv .venv && . .venv/bin/activate", facts)
    else:
        yield Check("environment", "ok", f"{here.kind}, {here.prefix}", facts=facts)

    missing = missing_packages()
    if missing:
        wrong = t("not installed: {names}", names=", ".join(missing))
        yield Check("packages", "bad", wrong, install(*missing), {"missing": missing})


def missing_packages() -> list[str]:
    """What ptlearn-tui asks for and this environment lacks; torch and torchvision have checks of their own."""
    import re
    from importlib import metadata

    try:
        wanted = metadata.requires("ptlearn-tui") or []
    except metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return []
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in wanted if "extra ==" not in line]
    return [name for name in names if name not in ("torch", "torchvision") and not _installed(name)]


def _installed(name: str) -> bool:
    from importlib import metadata

    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
