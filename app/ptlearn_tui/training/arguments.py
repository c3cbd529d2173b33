"""What a training run can be told on the command line: by `ptlearn-tui train`, and by torchrun. Needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.locale import t

if TYPE_CHECKING:
    import argparse

SETTINGS = (
    *("epochs", "batch_size", "lr", "label_smoothing", "clip", "precision", "compile", "loader"),
    *("seed", "device", "threads"),
)
"""The names of all of them, None where one was not given: for `catalog.request`."""


def add(parser: argparse.ArgumentParser) -> None:
    """One option each."""
    options = parser.add_argument_group(t("the recipe's options; without them, its own"))
    options.add_argument("--epochs", type=int, metavar="N", help=t("looks at every image"))
    options.add_argument("--batch-size", type=int, metavar="N", help=t("images a step, over all processes"))
    options.add_argument("--lr", type=float, metavar="RATE", help=t("learning rate"))
    options.add_argument("--label-smoothing", type=float, metavar="SHARE", help=t("of the target, over all classes"))
    options.add_argument("--clip", type=float, metavar="NORM", help=t("longest gradient"))
    options.add_argument("--precision", metavar="NAME", help="auto, float32, bfloat16, float16")
    options.add_argument("--compile", action="store_true", default=None, help=t("by torch.compile"))
    options.add_argument("--loader", metavar="NAME", help=t("memory, or dataloader: one picture at a time"))
    options.add_argument("--seed", type=int, metavar="N", help=t("of all that is random"))
    options.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, cuda:N, mps")
    options.add_argument("--threads", type=int, metavar="N", help=t("of the CPU; without it, one core stays free"))
