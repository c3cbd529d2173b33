from contextlib import contextmanager
from unittest import mock

import torch

from ptlearn_lessons.checking import holds, same, whole


def squares_of(x):
    return x**2


def three(x):
    return torch.stack([x[0] * x[1], x.sum() ** 2, x[0] ** 3])


def truth(f, x):
    return torch.func.jacrev(f)(x)


@contextmanager
def counted():
    """Counts the backward passes in the block, by `backward` and by `torch.autograd.grad`."""
    passes = []

    def counting(real):
        def call(*args, **kwargs):
            passes.append(real.__name__)
            return real(*args, **kwargs)

        return call

    backward, grad = counting(torch.autograd.backward), counting(torch.autograd.grad)
    with mock.patch("torch.autograd.backward", backward), mock.patch("torch.autograd.grad", grad):
        yield passes


def compare(answer, f, x):
    expected = truth(f, x)
    try:
        got = answer.jacobian(f, x.clone())
    except RuntimeError as error:
        if "a second time" in str(error):
            holds(False, "J", error, says="retain", x=x)
        if "Mismatch in shape" in str(error):
            holds(False, "J", error, says="outputs", x=x)
        raise
    says = ""
    if isinstance(got, torch.Tensor) and (got.shape, got.dtype) == (expected.shape, expected.dtype):
        last = expected[-1].expand_as(expected)
        total = expected.sum(0).expand_as(expected)
        if got.equal(expected.cumsum(0)) or got.equal(total):
            says = "added_up"
        elif got.equal(last):
            says = "one_tensor"
    same(got, expected, says=says, x=x)


def squares(answer):
    compare(answer, squares_of, torch.tensor([2.0, 3.0]))
    compare(answer, squares_of, whole(3, low=1))


def rows(answer):
    compare(answer, three, torch.tensor([2.0, 3.0]))
    compare(answer, three, whole(2, low=1))


def dtype(answer):
    compare(answer, three, whole(2, low=1, dtype=torch.float64))


def unchanged(answer):
    x = whole(2, low=1)
    kept = x.clone()
    answer.jacobian(squares_of, x)
    same(x, kept, x=kept)
    holds(not x.requires_grad, "x.requires_grad == False", x, x=kept)
    holds(x.grad is None, "x.grad is None", x.grad, x=kept)


def once(answer):
    calls = []

    def watched(x):
        calls.append(x)
        return three(x)

    answer.jacobian(watched, whole(2, low=1))
    holds(len(calls) == 1, "1", len(calls))


def backward(answer):
    with counted() as passes:
        answer.jacobian(three, whole(2, low=1))
    holds(len(passes) == 3, "3", len(passes))


CHECKS = (squares, rows, dtype, unchanged, once, backward)
