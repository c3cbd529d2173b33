# fails: unrecorded
import torch

a = torch.ones(2)
b = torch.ones(2, requires_grad=True)
c = b * 2
d = a * 2
e = torch.ones(2, requires_grad=True) * 0.1
f = (torch.ones(2) * 0.1).requires_grad_()
g = c.detach()
h = b.clone()
(a + b + c + d + e + f + g + h).sum().backward()

# Is it a leaf? True or False
leaf = {
    "a": True,
    "b": True,
    "c": False,
    "d": False,
    "e": False,
    "f": True,
    "g": True,
    "h": False,
}

# Whose .grad is filled now? A set of names, as {"a", "h"}
filled = {"b", "f"}
