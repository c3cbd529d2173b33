import torch
from torch.autograd import gradcheck

from ptlearn_lessons.checking import holds, same, whole


def passed_back(answer, x, n, v):
    """What arrives at x for weights v; a wrong number of gradients is told."""
    leaf = x.clone().requires_grad_()
    try:
        answer.Power.apply(leaf, n).backward(v)
    except RuntimeError as error:
        if "number of gradients" in str(error) or "different than None" in str(error):
            holds(False, "(tensor, None)", error, says="count", x=x, n=n)
        raise
    return leaf.grad


def truth(x, n, v):
    leaf = x.clone().requires_grad_()
    (leaf**n).backward(v)
    return leaf.grad


def compare(answer, x, n, v, **shown):
    got = passed_back(answer, x, n, v.clone())
    expected = truth(x, n, v)
    quotient = isinstance(got, torch.Tensor) and n > 0 and got.isnan().any()
    same(got, expected, says="at_zero" if quotient else "", x=x, n=n, **shown)


def slope(answer):
    for n in (2, 3, 1):
        x = torch.tensor([2.0, 0.0, -1.0])
        compare(answer, x, n, torch.ones(3))


def chain(answer):
    for n in (1, 2, 3):
        x, v = whole(2), torch.tensor([3.0, 5.0])
        compare(answer, x, n, v, grad=v)
    x, v = whole(2, 3), whole(2, 3, low=2)
    compare(answer, x, 2, v, grad=v)


def unchanged(answer):
    v = torch.tensor([3.0, 5.0])
    kept = v.clone()
    passed_back(answer, torch.tensor([2.0, 3.0]), 2, v)
    same(v, kept, v=kept)


def zero(answer):
    x = torch.tensor([1.0, 0.0])
    compare(answer, x, 0, torch.ones(2))


def true_slopes(answer):
    x = whole(3, low=1, dtype=torch.float64).requires_grad_()
    for n in (1, 2, 3):
        good = gradcheck(lambda x, n=n: answer.Power.apply(x, n), (x,), raise_exception=False)
        holds(good, "gradcheck == True", good, x=x.detach(), n=n)


def twice(answer):
    for n in (2, 3):
        x = whole(2, low=1)
        leaf = x.clone().requires_grad_()
        (first,) = torch.autograd.grad(answer.Power.apply(leaf, n).sum(), leaf, create_graph=True)
        holds(first.requires_grad, "requires_grad == True", first, x=x, n=n)
        (second,) = torch.autograd.grad(first.sum(), leaf, allow_unused=True)
        same(second, n * (n - 1) * x ** (n - 2), x=x, n=n)


CHECKS = (slope, chain, unchanged, zero, true_slopes, twice)
