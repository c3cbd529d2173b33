"""torch and torchvision: what is installed, and whether the two fit, read from their files without importing them."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ptlearn_tui.doctor.python import install
from ptlearn_tui.doctor.report import Check
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST = (2, 4)
"""The oldest torch that the lessons are written for, as in pyproject.toml."""


@dataclass(frozen=True)
class Build:
    """An installed package, as its metadata and its own version.py describe it."""

    version: str  # "2.15.0", without the local part
    local: str  # what follows the plus: "cu132", "cpu", "rocm6.2", or ""
    cuda: str | None = None  # "13.2": the CUDA it was built for; torch only
    hip: str | None = None  # the ROCm it was built for; torch only
    in_files: str | None = None  # the version that version.py states, or None where the file is missing
    requires: tuple[str, ...] = ()  # what it asks for, as its metadata has it

    @property
    def kind(self) -> str:
        """ "cuda", "rocm", "cpu", or "" where nothing says (macOS, conda)."""
        if self.cuda or self.local.startswith("cu"):
            return "cuda"
        if self.hip or self.local.startswith("rocm"):
            return "rocm"
        return "cpu" if self.local == "cpu" else ""


def build(name: str) -> Build | None:
    """What is installed under `name`, or None. Costs a few milliseconds."""
    from importlib import metadata

    try:
        found = metadata.distribution(name)
        version, requires = found.version, tuple(found.requires or ())
    except metadata.PackageNotFoundError:
        version, requires = "", ()
    text = _version_file(name)
    in_files = _assigned(text, "__version__")
    if not version and in_files is None:
        return None
    local = (in_files or version).partition("+")[2] or version.partition("+")[2]
    cuda, hip = _assigned(text, "cuda"), _assigned(text, "hip")
    if name == "torch" and in_files and not (local or cuda or hip) and sys.platform != "darwin":
        local = "cpu"  # conda's builds have no local part; macOS has one build, for CPU and MPS
    return Build(
        version=(version or in_files or "").partition("+")[0],
        local=local,
        cuda=cuda,
        hip=hip,
        in_files=in_files,
        requires=requires,
    )


def _version_file(name: str) -> str:
    """The text of the package's version.py. `find_spec` finds what Python would import, and does not import it."""
    from importlib.util import find_spec

    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return ""
    for folder in (spec.submodule_search_locations or []) if spec else []:
        try:
            return (Path(folder) / "version.py").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return ""


def _assigned(text: str, name: str) -> str | None:
    """The string that `name` is bound to in a version.py, annotated or not; None for None."""
    match = re.search(rf"^{name}\s*(?::[^=\n]+)?=\s*['\"]([^'\"]*)['\"]", text, re.MULTILINE)
    return match[1] if match else None


def torch_version() -> str | None:
    """The installed torch, "2.15.0", or None. Nothing is imported: fast enough for the first screen."""
    found = build("torch")
    return found.version if found else None


def numbers(version: str) -> tuple[int, ...]:
    """The release part of a version: (2, 15, 0) for "2.15.0.dev1+cpu"."""
    match = re.match(r"\d+(?:\.\d+)*", version.strip())
    return tuple(map(int, match[0].split("."))) if match else ()


def satisfies(version: str, requirement: str) -> bool:
    """Whether `version` meets the metadata line "torch (>=2.14.0)" or "torch==2.5.1"; release numbers only."""
    have = numbers(version)
    for sign, text in re.findall(r"(===|==|!=|~=|>=|<=|>|<)\s*([\w.*+]+)", requirement.partition(";")[0]):
        want = numbers(text)
        length = max(len(have), len(want))
        left, right = (part + (0,) * (length - len(part)) for part in (have, want))
        prefix = have[: len(want)] == want
        met = {
            "==": prefix if text.endswith(".*") else left == right,
            "===": left == right,
            "!=": not prefix if text.endswith(".*") else left != right,
            "~=": left >= right and have[: len(want) - 1] == want[:-1],
            ">=": left >= right,
            "<=": left <= right,
            ">": left > right,
            "<": left < right,
        }[sign]
        if not met:
            return False
    return True


def checks() -> Iterator[Check]:
    """torch, then torchvision beside it."""
    yield from _hidden()
    torch = build("torch")
    yield _torch(torch)
    if torch is not None:
        yield _torchvision(torch)


def _hidden() -> Iterator[Check]:
    """A file of the learner's own that is called like the package hides it from every `import torch` beside it."""
    for name in ("torch.py", "torchvision.py"):
        if Path(name).exists():
            wrong = t("{file} in this folder hides the package of that name", file=name)
            yield Check("shadow", "bad", wrong, f"mv {name} my_{name}", {"file": str(Path(name).absolute())})


def _torch(torch: Build | None) -> Check:
    if torch is None:
        return Check("torch", "bad", t("not installed"), install("torch", "torchvision"))
    facts = {"version": torch.version, "build": torch.kind or None, "cuda": torch.cuda, "hip": torch.hip}
    again = install("torch", "torchvision", anew=True)
    if torch.in_files is None:
        return Check("torch", "bad", t("{version}, but its files are not there", version=torch.version), again, facts)
    if numbers(torch.in_files) != numbers(torch.version):
        wrong = t(
            "two versions lie one over the other: {one} in the metadata, {other} in the files",
            one=torch.version,
            other=torch.in_files,
        )
        return Check("torch", "bad", wrong, again, facts)
    if numbers(torch.version) < OLDEST:
        wrong = t("{version} is older than {wanted}, which the lessons need", version=torch.version, wanted="2.4")
        return Check("torch", "bad", wrong, install("torch>=2.4", "torchvision"), facts)
    words = {
        "cuda": t("built for CUDA {version}", version=torch.cuda or torch.local),
        "rocm": t("built for ROCm {version}", version=torch.hip or torch.local),
        "cpu": t("CPU only"),
    }
    text = ", ".join(filter(None, (torch.version, words.get(torch.kind))))
    return Check("torch", "ok", text, facts=facts)


def _torchvision(torch: Build) -> Check:
    vision = build("torchvision")
    # With torch held as it is, pip chooses the torchvision that goes with it. A CPU-only torch would get one that was
    # built for CUDA: there the two come anew, from one place.
    cpu = torch.kind == "cpu"
    fitting = install("torch", "torchvision", anew=True) if cpu else install(f"torch=={torch.version}", "torchvision")
    if vision is None:
        return Check("torchvision", "bad", t("not installed"), fitting)
    facts = {"version": vision.version, "build": vision.kind or None, "fits": False}
    wanted = _wanted(vision)
    if wanted and not satisfies(torch.version, wanted):
        wrong = t(
            "{version} wants {wanted}, and torch is {torch}",
            version=vision.version,
            wanted=wanted,
            torch=torch.version,
        )
        return Check("torchvision", "bad", wrong, fitting, facts)
    # A wheel loads its operators against the torch it was built for; of another kind, or of another major
    # version of CUDA, it fails with "operator torchvision::nms does not exist" or says that the versions differ.
    kinds = {torch.kind, vision.kind} - {""}
    if len(kinds) > 1 or _major(torch) != (_major(vision) or _major(torch)):
        wrong = t("built for {one}, and torch for {other}", one=_words(vision), other=_words(torch))
        return Check("torchvision", "bad", wrong, install("torch", "torchvision", anew=True), facts)
    text = t("{version}, fits torch {torch}", version=vision.version, torch=torch.version)
    return Check("torchvision", "ok", text, facts=facts | {"fits": True})


def _wanted(vision: Build) -> str | None:
    """The torch that this torchvision asks for: its own metadata, else the rule that held up to torch 2.13."""
    for line in vision.requires:
        match = re.match(r"torch\s*\(?([^;)\[]*)", line)
        if match and re.match(r"torch(?![\w.-])", line):
            if match[1].strip():
                return f"torch {match[1].strip()}"
            break
    release = numbers(vision.version)
    if len(release) > 1 and release[0] == 0 and 19 <= release[1] <= 28:
        return f"torch ==2.{release[1] - 15}.*"  # torchvision 0.19 went with torch 2.4, and so on
    return None


def _major(package: Build) -> str:
    """ "13" of CUDA 13.2, or of "cu132": the last digit is the minor version."""
    if package.cuda:
        return package.cuda.partition(".")[0]
    return package.local[2:-1] if package.local.startswith("cu") else ""


def _words(package: Build) -> str:
    return {"cuda": f"CUDA {_major(package)}", "rocm": "ROCm", "cpu": "CPU"}.get(package.kind, "?")
