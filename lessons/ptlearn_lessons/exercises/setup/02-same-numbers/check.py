import torch

from ptlearn_lessons.checking import holds, same


def numbered(n, *rest):
    """Row i holds nothing but i."""
    return torch.arange(float(n)).view(n, *(1 for _ in rest)).expand(n, *rest).clone()


def rows(answer):
    for shape in ((1,), (2,), (3, 1), (4, 2), (30, 2, 2)):
        x = numbered(*shape)
        got = answer.shuffled(x.clone(), 0)
        right = isinstance(got, torch.Tensor) and got.shape == x.shape and got.dtype == x.dtype
        holds(right and torch.equal(got.sort(0).values, x), "x[torch.randperm(len(x))]", got, x=x)


def moves(answer):
    x = numbered(100)
    for seed in (0, 1, 2):
        got = answer.shuffled(x.clone(), seed)
        holds((got != x).sum() > 50, "≠ x", got, seed=seed)


def repeats(answer):
    x = numbered(100)
    for seed in (0, 1):
        first = answer.shuffled(x.clone(), seed).clone()
        torch.rand(3)
        same(answer.shuffled(x.clone(), seed), first, seed=seed)


def seeds(answer):
    x = numbered(100)
    orders = [answer.shuffled(x.clone(), seed).clone() for seed in (0, 1, 2)]
    for seed in (1, 2):
        holds(not torch.equal(orders[seed], orders[0]), "≠ seed 0", orders[seed], seed=seed)


def untouched(answer):
    for seed in (0, 1):
        before = torch.get_rng_state()
        expected = torch.rand(2)
        torch.set_rng_state(before)
        answer.shuffled(numbered(5), seed)
        same(torch.rand(2), expected, seed=seed)


CHECKS = (rows, moves, repeats, seeds, untouched)
