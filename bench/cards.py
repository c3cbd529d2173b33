"""What a tensor's card costs, beside looking without one: `python bench/cards.py [ROUNDS]`.

Prints medians. A card takes a bounded sample; `repr` prints a bounded corner, but what it prints it copies and scans
for its format; `aminmax` looks at every value. They take turns, since the machine's noise is in all of them alike:
on a shared one rely on the ratios.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING

import torch

from ptlearn_tui.introspect.storages import Storages
from ptlearn_tui.introspect.tensors import Wanted, card, cards

if TYPE_CHECKING:
    from collections.abc import Callable

AIM = 5.0  # ms a card of 10^8 elements
SMALL = 32  # cards of one event


def milliseconds(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return 1000 * (time.perf_counter() - began)


def medians(rounds: int, *deeds: Callable[[], object]) -> list[float]:
    """Of deeds that take turns; the first turn of each is not counted."""
    taken: list[list[float]] = [[] for _ in deeds]
    for turn in range(rounds + 1):
        for deed, times in zip(deeds, taken, strict=True):
            spent = milliseconds(deed)
            if turn:
                times.append(spent)
    return [statistics.median(times) for times in taken]


def large(rounds: int) -> None:
    base = torch.randn(10_000, 10_000)
    leaf = torch.randn(10_000, 10_000, requires_grad=True)
    leaf.grad = base
    shapes = {
        "contiguous": base,
        "transposed": base.t(),
        "every second": torch.randn(10_000, 20_000)[:, ::2],
        "expanded": torch.randn(10_000, 1).expand(10_000, 10_000),
        "4-D, a batch": base.view(-1, 100, 100, 100),
        "float16": base.half(),
        "bool": base > 0,
        "with .grad": leaf,
    }
    print("10^8 elements          card, ms   aim    repr, ms  (card/repr)  aminmax, ms  (card/aminmax)")
    for name, tensor in shapes.items():
        storages = Storages()
        own, text, exact = medians(
            rounds,
            lambda t=tensor, s=storages: card("x", t, 1, s),  # type: ignore[misc]
            lambda t=tensor: repr(t),  # type: ignore[misc]
            lambda t=tensor: torch.aminmax(t.detach()),  # type: ignore[misc]
        )
        print(
            f"{name:20} {own:10.2f} {AIM:6.0f} {text:10.2f}   {own / text:10.2f}  {exact:12.1f}   {own / exact:12.4f}"
        )


def small(rounds: int) -> None:
    kinds = {
        "(2, 2) float32": [torch.randn(2, 2) for _ in range(SMALL)],
        "(64, 64) float32": [torch.randn(64, 64) for _ in range(SMALL)],
        "() float32": [torch.tensor(1.5) for _ in range(SMALL)],
        "(8,) int64": [torch.arange(8) for _ in range(SMALL)],
    }
    print(
        f"\nsmall ones             cards/s     repr/s  (card/repr, time)   {SMALL} cards an event, {20 * rounds} rounds"
    )
    for name, tensors in kinds.items():
        storages = Storages()
        wanted = [Wanted(f"x{index}", tensor, 1) for index, tensor in enumerate(tensors)]
        own, text = medians(
            20 * rounds,
            lambda w=wanted, s=storages: cards(w, s),  # type: ignore[misc]
            lambda ts=tensors: [repr(t) for t in ts],  # type: ignore[misc]
        )
        print(f"{name:20} {1000 * SMALL / own:10.0f} {1000 * SMALL / text:10.0f}   {own / text:12.2f}")


if __name__ == "__main__":
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {turns} rounds\n")
    large(turns)
    small(turns)
