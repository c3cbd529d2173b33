import torch

from ptlearn_lessons.checking import same


def drawn(most):
    return [int(number) for number in torch.randint(most, (3,))]


def text(numbers):
    return ".".join(map(str, numbers))


def compared(answer, version, least, expected):
    same(answer.at_least(version, least), expected, version=version, least=least)


def short(answer):
    compared(answer, "2.4", "2.3", True)
    compared(answer, "2.3", "2.4", False)
    compared(answer, "2.4", "2.4", True)
    compared(answer, "1.9.1", "2.0.0", False)
    compared(answer, "2.3.0", "2.3.1", False)
    for _ in range(50):
        one, other = drawn(10), drawn(10)
        compared(answer, text(one), text(other), one >= other)


def digits(answer):
    compared(answer, "2.10", "2.9", True)
    compared(answer, "2.9", "2.10", False)
    compared(answer, "2.9.10", "2.9.9", True)
    compared(answer, "9.0", "10.0", False)
    for _ in range(50):
        one, other = drawn(30), drawn(30)
        compared(answer, text(one), text(other), one >= other)


def lengths(answer):
    compared(answer, "2.10", "2.10.0", True)
    compared(answer, "2.10.0", "2.10", True)
    compared(answer, "2", "2.0.0.0", True)
    compared(answer, "2.10", "2.10.1", False)
    compared(answer, "2.10.0.1", "2.10", True)
    compared(answer, "3", "2.10.1", True)


def label(answer):
    for suffix in ("+cpu", "+cu130", "+rocm7.2"):
        compared(answer, f"2.14.1{suffix}", "2.14.1", True)
        compared(answer, f"2.14.1{suffix}", "2.14.2", False)
        compared(answer, f"2.9.1{suffix}", "2.10", False)
        compared(answer, f"2.10{suffix}", "2.10.0", True)


CHECKS = (short, digits, lengths, label)
