import torch

from ptlearn_lessons.checking import Mismatch, same, whole


def truth(x, dtype=torch.float32):
    low, high = min(x.flatten().tolist()), max(x.flatten().tolist())
    return torch.tensor([(each - low) / (high - low) for each in x.flatten().tolist()], dtype=dtype).view(x.shape)


def several(*shape, dtype=torch.float32):
    """Numbers that are not all equal."""
    x = whole(*shape, dtype=dtype)
    x.view(-1)[0], x.view(-1)[-1] = -4, 4
    return x


def values(answer):
    for x in (torch.tensor([0.0, 1.0, 4.0]), torch.tensor([3.0, 1.0]), several(2, 3), several(2, 2, 2)):
        got = answer.rescaled(x.clone())
        says = "wider" if isinstance(got, torch.Tensor) and got.dtype != torch.float32 else ""
        same(got, truth(x), says=says, x=x)


def unchanged(answer):
    x = torch.tensor([0.0, 1.0, 4.0])
    kept = x.clone()
    answer.rescaled(x)
    same(x, kept, x=kept)


def whole_numbers(answer):
    for x in (torch.tensor([0, 1, 4]), several(2, 3, dtype=torch.long), several(4, dtype=torch.int32)):
        kept = x.clone()
        try:
            got = answer.rescaled(x)
        except RuntimeError as error:
            says = "refused" if "cast" in str(error) else ""
            raise Mismatch(truth(kept), error, says=says, inputs={"x": kept}) from error
        cut = isinstance(got, torch.Tensor) and got.shape == kept.shape and got.float().equal(truth(kept).trunc())
        same(got, truth(kept), says="truncated" if cut else "", x=kept)
        same(x, kept, says="unchanged", x=kept)


def double(answer):
    x = torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64)
    kept = x.clone()
    same(answer.rescaled(x), truth(kept, torch.float64), x=kept)
    same(x, kept, says="unchanged", x=kept)


CHECKS = (values, unchanged, whole_numbers, double)
