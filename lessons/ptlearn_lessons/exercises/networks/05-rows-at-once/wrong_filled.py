# fails: loop
import torch
import torch.nn.functional as F


def linear(x, weight, bias):
    result = torch.empty(len(x), len(weight))
    for i in range(len(x)):
        result[i] = weight @ x[i]
    return result + bias
