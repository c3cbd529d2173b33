import torch

from ptlearn_lessons.checking import Mismatch, same, times_faster, whole


def truth(a, b):
    result = torch.zeros(len(a), len(b))
    for i in range(len(a)):
        for j in range(len(b)):
            result[i, j] = (a[i] - b[j]).square().sum().sqrt()
    return result


def mistake(got, a, b):
    if not isinstance(got, torch.Tensor):
        return ""
    right = truth(a, b)
    every = {
        "squared": right.square(),
        "manhattan": (a[:, None] - b).abs().sum(-1),
        "exchanged": right.T,
        "added_points": (a[:, None] - b).square().sum(1).sqrt(),
    }
    for says, values in every.items():
        if got.shape == values.shape and torch.allclose(got, values):
            return says
    return "own_partner" if got.ndim == 1 else ""


def compare(answer, a, b):
    try:
        got = answer.distances(a.clone(), b.clone())
    except RuntimeError as error:
        says = "own_partner" if "must match the size" in str(error) else ""
        raise Mismatch(truth(a, b), error, says=says, inputs={"a": a, "b": b}) from error
    same(got, truth(a, b), says=mistake(got, a, b), a=a, b=b)


def two(answer):
    compare(answer, torch.tensor([[0.0, 0.0], [3.0, 0.0]]), torch.tensor([[0.0, 4.0], [6.0, 4.0]]))


def any_size(answer):
    for n, m, d in ((1, 1, 1), (1, 2, 1), (2, 1, 3), (2, 3, 2), (3, 3, 3), (5, 4, 3)):
        compare(answer, whole(n, d), whole(m, d))


def far(answer):
    a = torch.tensor([[10000.0, 10000.0], [10001.0, 10000.0], [10000.0, 10003.0]])
    same(answer.distances(a.clone(), a.clone()), truth(a, a), a=a, b=a)


def fast(answer):
    times_faster(answer.distances, truth, torch.randn(40, 3), torch.randn(40, 3), least=20)


CHECKS = (two, any_size, far, fast)
