# fails: all_points
import torch


def quadratic(x, A):
    return torch.einsum("bni,bij,bnj->b", x, A, x)
