# fails: slow
import torch


def linear(x, weight, bias):
    x, weight, bias = x.tolist(), weight.tolist(), bias.tolist()
    return torch.tensor([
        [sum(a * b for a, b in zip(row, w)) + c for w, c in zip(weight, bias)]
        for row in x
    ])
