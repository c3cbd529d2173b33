"""Networks that break off: the notes' own, and random ones of convolutions and poolings."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch import nn

LENET = """\
import torch
from torch import nn
import torch.nn.functional as F

class LeNet(nn.Module):
    def __init__(self):
        super(LeNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, self.num_flat_features(x))
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)

    def num_flat_features(self, x):
        size = x.size()[1:]
        num_features = 1
        for s in size:
            num_features *= s
        return num_features

net = LeNet()
"""


def pooled(data: st.DataObject) -> tuple[nn.Module, int]:
    """A network for squares of a random size, and the features that its last layer wants."""
    whole: list[nn.Module] = []
    channels = 2
    for _ in range(data.draw(st.integers(1, 2))):
        padding: Any = data.draw(st.sampled_from([0, 1, "valid"]))
        stride, dilation = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 2))
        out = data.draw(st.integers(1, 4))
        whole += [nn.Conv2d(channels, out, data.draw(st.sampled_from([1, 3])), stride, padding, dilation), nn.ReLU()]
        channels = out
        if data.draw(st.booleans()):
            ceil = data.draw(st.booleans())
            kind = data.draw(st.sampled_from([nn.MaxPool2d, nn.AvgPool2d]))
            whole.append(kind(data.draw(st.integers(2, 3)), 2, data.draw(st.integers(0, 1)), ceil_mode=ceil))
    body = nn.Sequential(*whole)
    side = data.draw(st.sampled_from([48, 60, 72]))
    with torch.no_grad():
        wants = body(torch.zeros(1, 2, side, side)).numel()
    return nn.Sequential(body, nn.Flatten(), nn.Linear(wants, 3)), wants
