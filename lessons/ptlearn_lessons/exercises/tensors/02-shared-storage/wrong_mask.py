# fails: mask
import torch

x = torch.arange(12.0).view(3, 4)

a = x[1]
b = x[[1]]
c = x.T
d = x.reshape(4, 3)
e = x.T.reshape(3, 4)
f = x.to(torch.float32)
g = x[x >= 0]
h = torch.from_numpy(x.numpy())

# Does it share storage with x? True or False
shares = {
    "a": True,
    "b": False,
    "c": True,
    "d": True,
    "e": False,
    "f": True,
    "g": True,
    "h": True,
}
