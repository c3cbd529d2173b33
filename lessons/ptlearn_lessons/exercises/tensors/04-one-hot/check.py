import torch

from ptlearn_lessons.checking import Mismatch, same, times_faster


def truth(targets, classes):
    rows = torch.zeros(len(targets), classes)
    for i, target in enumerate(targets.tolist()):
        rows[i, target] = 1
    return rows


def tried(answer, targets, classes):
    try:
        return answer.one_hot(targets.clone(), classes)
    except (RuntimeError, IndexError) as error:
        expected = truth(targets, classes)
        raise Mismatch(expected, error, inputs={"targets": targets, "classes": classes}) from error


def floats_of(got):
    return got.float() if isinstance(got, torch.Tensor) else got


def three(answer):
    targets = torch.tensor([2, 0, 2])
    got = floats_of(tried(answer, targets, 3))
    says = ""
    if isinstance(got, torch.Tensor) and got.shape == (3, 3):
        used = torch.tensor([1.0, 0.0, 1.0])
        says = "every_row" if got.equal(used.expand(3, 3)) else ""
        says = "whole_rows" if got.equal(used.expand(3, 3).T) else says
    same(got, truth(targets, 3), says=says, targets=targets, classes=3)


def classes(answer):
    for targets, number in (([0], 1), ([0], 2), ([1, 0], 3), ([1, 0, 1, 1], 2)):
        targets = torch.tensor(targets)
        same(floats_of(tried(answer, targets, number)), truth(targets, number), targets=targets, classes=number)


def floats(answer):
    targets = torch.tensor([2, 0, 2])
    same(tried(answer, targets, 3), truth(targets, 3), targets=targets, classes=3)


def any_number(answer):
    for number in (1, 2, 3, 5, 9):
        for classes in (2, 4, 10):
            targets = torch.randint(classes, (number,))
            same(tried(answer, targets, classes), truth(targets, classes), targets=targets, classes=classes)


def fast(answer):
    times_faster(answer.one_hot, truth, torch.randint(10, (2000,)), 10, least=10)


CHECKS = (three, classes, floats, any_number, fast)
