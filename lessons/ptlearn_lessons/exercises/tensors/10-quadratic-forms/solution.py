import torch


def quadratic(x, A):
    return torch.einsum("bni,bij,bnj->bn", x, A, x)
