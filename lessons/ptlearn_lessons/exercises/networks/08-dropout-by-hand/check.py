import torch
from torch.overrides import TorchFunctionMode

from ptlearn_lessons.checking import Mismatch, holds, same, whole


class Dropouts(TorchFunctionMode):
    """How often the block calls PyTorch's own."""

    count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += "dropout" in getattr(func, "__name__", "")
        return func(*args, **(kwargs or {}))


def in_eval(answer):
    for p in (0.5, 0.2, 1.0):
        x = whole(4, low=1)
        got = answer.dropout(x.clone(), p, False)
        scaled = isinstance(got, torch.Tensor) and got.shape == x.shape and torch.allclose(got, x * (1 - p))
        same(got, x, says="eval_scaled" if scaled else "", x=x, p=p, training=False)


def run(answer, x, p):
    got = answer.dropout(x.clone(), p, True)
    shaped = isinstance(got, torch.Tensor) and got.shape == x.shape
    holds(shaped, f"tensor, shape {tuple(x.shape)}", got, x=x, p=p, training=True)
    return got


def scaled(answer):
    for p in (0.2, 0.75):
        for _ in range(5):
            for _ in range(20):  # some stay, some don't: else one mistake looks like another
                x = whole(2, 3, low=1)
                got = run(answer, x, p)
                stays = got != 0
                if 0 < stays.sum() < 6:
                    break
            if torch.allclose(got[stays], x[stays] / (1 - p)):
                continue
            says = ""
            if torch.allclose(got[stays], x[stays]):
                says = "not_scaled"
            elif torch.allclose(got[stays], x[stays] / p):
                says = "other_share"
            elif torch.allclose(got[stays], x[stays] / stays.float().mean()):
                says = "kept_share"
            same(got, torch.where(stays, x / (1 - p), 0), says=says, x=x, p=p, training=True)


def share(answer):
    for p in (0.2, 0.75):
        got = run(answer, torch.ones(100, 100), p)
        dropped = (got == 0).float().mean().item()
        says = "swapped" if abs(dropped - (1 - p)) < 0.05 else ""
        if not spread(got):
            return  # told by the next check
        holds(abs(dropped - p) < 0.05, f"{p}", round(dropped, 2), says=says, p=p)


def spread(got):
    """Whether no row and no column is dropped as a whole."""
    dropped = (got == 0).float()
    return all(0 < line < 1 for dim in (0, 1) for line in dropped.mean(dim).tolist())


def each(answer):
    got = run(answer, torch.ones(100, 100), 0.5)
    holds(spread(got), "0, 2, …", got[:3, :3], p=0.5)


def anew(answer):
    x = torch.ones(100)
    first, second = run(answer, x, 0.5), run(answer, x, 0.5)
    holds(not torch.equal(first == 0, second == 0), "≠", (second == 0).nonzero().flatten()[:8].tolist())
    counts = [(run(answer, torch.ones(100), 0.5) == 0).sum().item() for _ in range(20)]
    holds(len(set(counts)) > 1, "50, 47, 53, …", counts[:3], says="exact", p=0.5)


def not_seeded(answer):
    after = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        run(answer, torch.ones(3), 0.5)
        after.append(torch.rand(2))
    holds(not torch.equal(*after), "≠", after)


def unchanged(answer):
    x = whole(3, 4, low=1)
    kept = x.clone()
    for training in (True, False):
        answer.dropout(x, 0.5, training)
        same(x, kept, x=kept, p=0.5, training=training)


def none(answer):
    for p in (0, 0.0):
        x = whole(4)
        same(answer.dropout(x.clone(), p, True), x, x=x, p=p, training=True)


def all_dropped(answer):
    for p in (1, 1.0):
        x = whole(4, low=1)
        try:
            got = answer.dropout(x.clone(), p, True)
        except ZeroDivisionError as error:
            raise Mismatch(torch.zeros(4), error, inputs={"x": x, "p": p, "training": True}) from error
        holds(isinstance(got, torch.Tensor) and got.shape == x.shape, "tensor([0., 0., 0., 0.])", got, x=x, p=p)
        same(got.abs(), torch.zeros(4), x=x, p=p, training=True)


def dtype(answer):
    for kind in (torch.float64, torch.float16, torch.bfloat16):
        for p in (0.5, 1.0, 0.0):
            x = whole(4, low=1, dtype=kind)
            same(run(answer, x, p).dtype, kind, x=x, p=p, training=True)


def gradient(answer):
    x = torch.ones(20, requires_grad=True)
    with torch.enable_grad():
        got = answer.dropout(x, 0.75, True)
        holds(got.requires_grad, "requires_grad == True", got, p=0.75)
        got.sum().backward()
    holds(x.grad is not None, "x.grad", x.grad, p=0.75)
    same(x.grad, torch.where(got == 0, 0.0, 4.0), p=0.75)


def by_hand(answer):
    with Dropouts() as seen:
        answer.dropout(torch.ones(4), 0.5, True)
    holds(seen.count == 0, "0", seen.count)


CHECKS = (
    in_eval,
    scaled,
    share,
    each,
    anew,
    not_seeded,
    unchanged,
    none,
    all_dropped,
    dtype,
    gradient,
    by_hand,
)
