# fails: minus
import torch

x = torch.ones(2, 2, requires_grad=True)
a = x - 2
b = x * 3 * 3
c = (x + 2) / 2
d = -x ** 2
e = x.sum()
f = x.sum(0)
g = x.detach() + 2
h = x * 2
h += 1

# The name of its grad_fn, as "ExpBackward0"; None without one
name = {
    "x": None,
    "a": "SubBackward0",
    "b": "MulBackward0",
    "c": "DivBackward0",
    "d": "PowBackward0",
    "e": "SumBackward0",
    "f": "SumBackward1",
    "g": None,
    "h": "AddBackward0",
}
