# fails: device
import torch


def with_position(x):
    n, columns = x.shape
    out = torch.ones(n, columns + 2, dtype=x.dtype)
    if not x.is_meta:
        out[:, :columns] = x
    out[:, columns] = torch.arange(n)
    return out
