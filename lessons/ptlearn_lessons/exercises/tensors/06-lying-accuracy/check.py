import torch
import torch.nn.functional as F

from ptlearn_lessons.checking import Mismatch, same


def broken(scores, targets):
    guesses = scores.argmax(1, keepdim=True)
    right = guesses == targets
    return right, round(right.float().mean().item(), 6)


def rows(guesses, classes):
    """Scores whose highest in each row is at the guess."""
    return F.one_hot(guesses, classes) * 5.0 + torch.randint(5, (len(guesses), classes))


def numbers(told):
    return tuple(told) if isinstance(told, (tuple, list)) else told


def shape(answer):
    told = numbers(answer.shape)
    targets = torch.randint(10, (64,))
    right, _ = broken(rows(targets, 10), targets)
    says = {(64, 1): "as_column", (64,): "as_row"}.get(told, "") if isinstance(told, tuple) else ""
    same(told, tuple(right.shape), says=says)


def perfect(answer):
    told = answer.perfect
    targets = torch.arange(100) % 10
    _, value = broken(rows(targets, 10), targets)
    same(told, value, says="hoped" if told == 1 else "")


def compare(answer, scores, targets):
    guesses = scores.argmax(1)
    expected = (guesses == targets).sum().item() / len(targets)
    try:
        got = answer.accuracy(scores.clone(), targets.clone())
    except RuntimeError as error:
        raise Mismatch(expected, error, inputs={"scores": scores, "targets": targets}) from error
    value = got.item() if isinstance(got, torch.Tensor) and got.ndim == 0 else got
    pairs = guesses[:, None] == targets
    says = ""
    for mistake, number in (
        ("every_target", pairs.float().mean().item()),
        ("any_target", pairs.any(1).float().mean().item()),
        ("counted", (guesses == targets).sum().item()),
    ):
        if isinstance(value, (int, float)) and abs(value - number) < 1e-6:
            says = mistake
    same(value, expected, says=says, scores=scores, targets=targets)


def all_right(answer):
    for targets in ([1], [0, 1], [2, 0, 1, 2]):
        targets = torch.tensor(targets)
        compare(answer, rows(targets, 3), targets)


def share(answer):
    for guesses, targets in (([0], [1]), ([1, 0], [0, 1]), ([0, 1, 1], [0, 1, 0])):
        compare(answer, rows(torch.tensor(guesses), 2), torch.tensor(targets))
    for number in (2, 3, 4, 5, 10, 64):
        compare(answer, rows(torch.randint(3, (number,)), 3), torch.randint(3, (number,)))


CHECKS = (shape, perfect, all_right, share)
