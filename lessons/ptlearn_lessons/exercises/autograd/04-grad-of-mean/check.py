import torch

from ptlearn_lessons.checking import same, sizes, whole


def truth(x):
    x = x.clone().requires_grad_()
    (9 * (x + 2)).mean().backward()
    return x.grad


def square(answer):
    x = whole(2, 2)
    kept = x.clone()
    same(answer.grad_of_mean(x), truth(kept), x=kept)


def unchanged(answer):
    x = whole(2, 2)
    kept = x.clone()
    answer.grad_of_mean(x)
    same(x, kept, x=kept)


def any_shape(answer):
    for rank in (0, 1, 2, 3):
        for shape in sizes(rank, most=3):
            x = whole(*shape)
            same(answer.grad_of_mean(x), truth(x), x=x)


def dtype(answer):
    x = whole(1, 3, dtype=torch.float64)
    same(answer.grad_of_mean(x), truth(x), x=x)


CHECKS = (square, unchanged, any_shape, dtype)
