# fails: other_set
import torch


def quadratic(x, A):
    return torch.einsum("bni,cij,bnj->bn", x, A, x)
