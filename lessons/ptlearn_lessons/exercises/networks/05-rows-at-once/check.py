import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ptlearn_lessons.checking import Mismatch, holds, same, times_faster, whole


class Linears(TorchFunctionMode):
    """How often the block leaves it to PyTorch."""

    count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += getattr(func, "__name__", "") in ("linear", "bilinear")
        return func(*args, **(kwargs or {}))


class Sizes(TorchDispatchMode):
    """The most entries that any tensor made in the block has, and how many operations made one."""

    most = count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        self.count += 1
        if isinstance(made, torch.Tensor):
            self.most = max(self.most, made.numel())
        return made


def truth(x, weight, bias):
    return torch.stack([weight @ row + bias for row in x])


def mistake(got, x, weight, bias):
    if not isinstance(got, torch.Tensor):
        return ""
    product = x @ weight.T
    every = {"no_bias": product, "turned": (product + bias).T}
    if len(weight) == weight.shape[1]:
        every["transposed"] = x @ weight + bias
    if len(x) in (1, len(bias)):
        every["bias_down"] = product + bias[:, None]
    for says, values in every.items():
        if got.shape == values.shape and torch.allclose(got, values):
            return says
    return "turned" if got.shape == product.T.shape != product.shape else ""


def compare(answer, n, inputs, outputs):
    x, weight, bias = whole(n, inputs), whole(outputs, inputs, low=1), whole(outputs, low=1)
    expected, shown = truth(x, weight, bias), {"x": x, "weight": weight, "bias": bias}
    try:
        got = answer.linear(x.clone(), weight.clone(), bias.clone())
    except RuntimeError as error:
        text = str(error)
        says = "transposed" if "cannot be multiplied" in text else "bias_down" if "must match the size" in text else ""
        raise Mismatch(expected, error, says=says, inputs=shown) from error
    same(got, expected, says=mistake(got, x, weight, bias), **shown)


def one_row(answer):
    for inputs, outputs in ((1, 1), (2, 1), (2, 2), (2, 3)):
        compare(answer, 1, inputs, outputs)


def any_size(answer):
    for n, inputs, outputs in ((2, 1, 1), (2, 2, 2), (3, 2, 3), (3, 3, 3), (4, 3, 2), (2, 3, 4)):
        compare(answer, n, inputs, outputs)


def by_hand(answer):
    with Linears() as seen:
        answer.linear(whole(2, 2), whole(2, 2), whole(2))
    holds(seen.count == 0, "0", seen.count)


def table(answer):
    n, inputs, outputs = 11, 12, 13
    with Sizes() as seen:
        answer.linear(whole(n, inputs), whole(outputs, inputs), whole(outputs))
    holds(seen.most < n * inputs * outputs, f"≤ {inputs * outputs}", seen.most, n=n, inputs=inputs, outputs=outputs)


def loop(answer):
    n, inputs, outputs = 40, 2, 30
    with Sizes() as seen:
        answer.linear(whole(n, inputs), whole(outputs, inputs), whole(outputs))
    holds(seen.count < outputs, "≤ 20", seen.count, n=n, inputs=inputs, outputs=outputs)


def fast(answer):
    x, weight, bias = torch.randn(1000, 8), torch.randn(16, 8), torch.randn(16)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so small a product only waits for a second one
    try:
        times_faster(answer.linear, truth, x, weight, bias, least=20)
    finally:
        torch.set_num_threads(threads)


CHECKS = (one_row, any_size, by_hand, table, loop, fast)
