"""One process, or several that train together (DistributedDataParallel): what they share out, add up and agree on.

Each process, a "rank", has the whole network and a part of every batch. DDP adds up the gradients during backward, so
that all make the same step. Rank 0 alone writes the log and the checkpoints, and hears commands; what it decides is
told to the others at a step that all have agreed on before.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

if TYPE_CHECKING:
    from ptlearn_tui import events

T = TypeVar("T")

PATIENCE = timedelta(days=365)
"""That the ranks wait for a decision: a run may be paused for long. One that has died is noticed at once."""


class Alone:
    """One process: nothing to share. Also what several have to do, for those to override."""

    rank, size = 0, 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and is spoken to."""
        return self.rank == 0

    def part(self, order: Tensor) -> Tensor:
        """This rank's share of an epoch's places.

        Equal parts: up to size - 1 images are left out of an epoch, others in each.
        """
        return order[: len(order) // self.size * self.size][self.rank :: self.size]

    def wrap(self, net: nn.Module, device: torch.device) -> nn.Module:
        """A network whose backward() gives the gradients of the whole batch."""
        return net

    def share(self, thing: T) -> T:
        """Rank 0's, everywhere. Waits for it."""
        return thing

    def gather(self, thing: T) -> list[T]:
        """Every rank's, by rank."""
        return [thing]

    def mean(self, values: Tensor) -> Tensor:
        """Over the ranks, value by value."""
        return values

    def align(self, net: nn.Module) -> None:
        """Give all ranks the running statistics of rank 0: each has made its own from its part."""

    def close(self) -> None:
        """Leave."""


class Team(Alone):
    """Several processes that `torchrun` has started."""

    def __init__(self, device: torch.device) -> None:
        """Meet the others. Blocks until all are there."""
        backend = "nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, device_id=device if backend == "nccl" else None)
        # Decisions go through the CPU, beside the gradients: a GPU would have to be waited for.
        group = dist.new_group(backend="gloo", timeout=PATIENCE)
        self._decisions = group if isinstance(group, dist.ProcessGroup) else None
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def wrap(self, net: nn.Module, device: torch.device) -> nn.Module:
        ids = [device.index or 0] if device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(net, device_ids=ids)

    def share(self, thing: T) -> T:
        things = [thing]
        dist.broadcast_object_list(things, 0, group=self._decisions)
        return things[0]

    def gather(self, thing: T) -> list[T]:
        things: list[T] = [thing] * self.size
        dist.all_gather_object(things, thing, group=self._decisions)
        return things

    def mean(self, values: Tensor) -> Tensor:
        dist.all_reduce(values)
        return values / self.size

    def align(self, net: nn.Module) -> None:
        for buffer in net.buffers():
            dist.broadcast(buffer, 0)

    def close(self) -> None:
        dist.destroy_process_group()


class Silence:
    """The log of a rank that is not the first."""

    def write(self, *_: events.Event) -> None:
        """Nothing."""
