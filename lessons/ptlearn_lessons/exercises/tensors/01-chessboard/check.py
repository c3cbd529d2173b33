import torch

from ptlearn_lessons.checking import same, sizes


def truth(rows, columns):
    return torch.tensor([[(row + column) % 2 for column in range(columns)] for row in range(rows)])


def numbers(got):
    return got.long() if isinstance(got, torch.Tensor) else got


def mistake(got, rows, columns):
    if not isinstance(got, torch.Tensor):
        return ""
    if got.shape == (columns, rows) and rows != columns:
        return "exchanged"
    if got.shape != (rows, columns):
        return "fixed"
    if got.equal(1 - truth(rows, columns)):
        return "corner"
    if got.equal(torch.arange(rows * columns).view(rows, columns) % 2):
        return "running_on"
    return ""


def two(answer):
    got = numbers(answer.chessboard(2, 2))
    same(got, truth(2, 2), says=mistake(got, 2, 2))


def any_size(answer):
    for rows, columns in sizes(2, most=5):
        got = numbers(answer.chessboard(rows, columns))
        same(got, truth(rows, columns), says=mistake(got, rows, columns), rows=rows, columns=columns)


def integers(answer):
    same(answer.chessboard(2, 3), truth(2, 3), rows=2, columns=3)


CHECKS = (two, any_size, integers)
