import torch

from ptlearn_lessons.checking import holds


class Machine:
    """While it lasts, torch says of the hardware what such a machine would."""

    def __init__(self, built, works):
        self.built, self.works = built, works

    def says(self):
        cuda, mps = (self.works and self.built == kind for kind in ("cuda", "mps"))
        built = torch.device(self.built)
        yield torch.version, "cuda", "13.0" if self.built == "cuda" else None
        yield torch.cuda, "is_available", lambda: cuda
        yield torch.cuda, "device_count", lambda: int(cuda)
        yield torch.backends.cuda, "is_built", lambda: self.built == "cuda"
        yield torch.backends.mps, "is_available", lambda: mps
        yield torch.backends.mps, "is_built", lambda: self.built == "mps"
        if hasattr(torch.mps, "is_available"):  # not in every release
            yield torch.mps, "is_available", lambda: mps
        if hasattr(torch.mps, "device_count"):
            yield torch.mps, "device_count", lambda: int(mps)
        if hasattr(torch, "accelerator"):
            yield torch.accelerator, "is_available", lambda: self.works
            yield torch.accelerator, "device_count", lambda: int(self.works)
            yield torch.accelerator, "current_accelerator", lambda check_available=False: (
                built if self.works or not check_available else None
            )

    def __enter__(self):
        self.kept = [(where, name, getattr(where, name), new) for where, name, new in self.says()]
        for where, name, _, new in self.kept:
            setattr(where, name, new)

    def __exit__(self, *_):
        for where, name, old, _ in self.kept:
            setattr(where, name, old)


def chosen(answer, expected, built, works):
    with Machine(built, works):
        got = answer.best_device()
    try:
        kind = torch.device(got).type
    except Exception:
        kind = None
    holds(kind == expected, expected, got, built=built, works=works)


def cuda(answer):
    chosen(answer, "cuda", built="cuda", works=True)


def mps(answer):
    chosen(answer, "mps", built="mps", works=True)


def cpu(answer):
    chosen(answer, "cpu", built="cuda", works=False)
    chosen(answer, "cpu", built="mps", works=False)


CHECKS = (cuda, mps, cpu)
