import torch

from ptlearn_lessons.checking import Mismatch, same, sizes, whole

SQUARE = torch.tensor([[0.0, 1.0, 5.0], [2.0, 4.0, 9.0], [3.0, 3.0, 3.0]])


def truth(x):
    rows = x.reshape(-1, x.shape[-1])
    return torch.stack([row - row.sum() / len(row) for row in rows]).reshape(x.shape)


def mistake(got, x):
    wrong = {
        "lost": x - x.mean(-1),
        "columns": x - x.mean(0),
        "one_mean": x - x.mean(),
    }
    if not isinstance(got, torch.Tensor) or got.shape != x.shape:
        return ""
    for says, values in wrong.items():
        if torch.allclose(got, values):
            return says
    return "scaled" if got.mean(-1).abs().max() < 1e-5 else ""


def square(answer):
    got = answer.centred(SQUARE.clone())
    same(got, truth(SQUARE), says=mistake(got, SQUARE), x=SQUARE)


def unchanged(answer):
    x = whole(2, 2, low=1) * torch.tensor([1.0, 10.0])
    kept = x.clone()
    answer.centred(x)
    same(x, kept, x=kept)


def any_matrix(answer):
    for shape in sizes(2):
        x = whole(*shape)
        try:
            got = answer.centred(x.clone())
        except RuntimeError as error:
            raise Mismatch(truth(x), error, inputs={"x": x}) from error
        same(got, truth(x), x=x)


def any_rank(answer):
    for rank in (1, 3):
        for shape in sizes(rank, most=3):
            x = whole(*shape)
            try:
                got = answer.centred(x.clone())
            except (RuntimeError, IndexError) as error:
                raise Mismatch(truth(x), error, inputs={"x": x}) from error
            same(got, truth(x), x=x)


CHECKS = (square, unchanged, any_matrix, any_rank)
