import torch

from ptlearn_lessons.checking import holds, same, sizes, whole


def truth(x):
    number = torch.arange(len(x)).to(x.dtype).view(-1, 1)
    return torch.cat([x, number, torch.ones_like(number)], dim=1)


def values(answer):
    for shape in sizes(2):
        x = whole(*shape)
        same(answer.with_position(x.clone()), truth(x), x=x)


def dtype(answer):
    for kind in (torch.float16, torch.float64, torch.int64, torch.bfloat16):
        x = whole(2, 1, dtype=kind)
        same(answer.with_position(x.clone()), truth(x), x=x)


def device(answer):
    for kind in (torch.float32, torch.float16):
        for rows, columns in ((1, 1), (3, 2)):
            x = torch.empty(rows, columns, dtype=kind, device="meta")
            got = answer.with_position(x)
            shape = (rows, columns + 2)
            right = isinstance(got, torch.Tensor) and got.is_meta and got.shape == shape and got.dtype == kind
            holds(right, f"device='meta', size={shape}, dtype={kind}", got, x=x)


def unchanged(answer):
    x = whole(2, 3)
    kept = x.clone()
    answer.with_position(x)
    same(x, kept, x=kept)


CHECKS = (values, dtype, device, unchanged)
