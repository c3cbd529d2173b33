# fails: pool1
import torch.nn as nn
from collections import OrderedDict

net = nn.Sequential(OrderedDict(
    conv1=nn.Conv2d(3, 8, 5),
    relu1=nn.ReLU(),
    pool1=nn.MaxPool2d(2),
    conv2=nn.Conv2d(8, 16, 3, stride=2, padding=1),
    pool2=nn.MaxPool2d(2),
    flat=nn.Flatten(),
    out=nn.Linear(144, 10),
))

# (64, 3, 32, 32) goes in. What comes out of
shapes = {
    "conv1": (64, 8, 28, 28),
    "relu1": (64, 8, 28, 28),
    "pool1": (64, 4, 14, 14),
    "conv2": (64, 16, 7, 7),
    "pool2": (64, 16, 3, 3),
    "flat": (64, 144),
    "out": (64, 10),
}
