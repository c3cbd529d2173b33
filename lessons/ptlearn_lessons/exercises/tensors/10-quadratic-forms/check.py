import torch

from ptlearn_lessons.checking import Mismatch, same, whole


def truth(x, A):
    return torch.stack([torch.stack([p @ matrix @ p for p in points]) for points, matrix in zip(x, A, strict=True)])


def mistake(got, x, A):
    if not isinstance(got, torch.Tensor):
        return ""
    right = truth(x, A)
    every = {
        "every_pair": x @ A @ x.mT,
        "one_sided": (x @ A).sum(-1),
        "diagonal": torch.einsum("bni,bii,bni->bn", x, A, x),
        "all_points": right.sum(1),
        "other_set": torch.einsum("bni,cij,bnj->bn", x, A, x),
    }
    for says, values in every.items():
        if got.shape == values.shape and torch.allclose(got, values):
            return says
    if got.shape == x.shape:
        return "one_sided"
    if got.shape == right.shape and torch.allclose(got, torch.einsum("bni,ij,bnj->bn", x, A[0], x)):
        return "other_set"
    return "every_pair" if got.shape == every["every_pair"].shape else ""


def compare(answer, x, A):
    try:
        got = answer.quadratic(x.clone(), A.clone())
    except RuntimeError as error:
        raise Mismatch(truth(x, A), error, says="lined_up", inputs={"x": x, "A": A}) from error
    same(got, truth(x, A), says=mistake(got, x, A), x=x, A=A)


def one_point(answer):
    compare(answer, torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[1.0, 3.0], [5.0, 2.0]]]))


def points(answer):
    x = torch.tensor([[[1.0, 2.0], [3.0, -1.0], [0.0, 2.0]]])
    compare(answer, x, torch.tensor([[[1.0, 3.0], [5.0, 2.0]]]))


def sets(answer):
    x = torch.tensor([[[1.0, 2.0], [3.0, -1.0]], [[0.0, 2.0], [1.0, 1.0]]])
    compare(answer, x, torch.tensor([[[1.0, 3.0], [5.0, 2.0]], [[2.0, 0.0], [1.0, 1.0]]]))


def any_shape(answer):
    for shape in ((1, 1, 1), (1, 2, 1), (2, 1, 2), (2, 3, 2), (3, 2, 2), (2, 2, 3), (3, 3, 3)):
        compare(answer, whole(*shape), whole(shape[0], shape[2], shape[2]))


CHECKS = (one_point, points, sets, any_shape)
