# fails: changing
import torch.nn as nn


class Stack(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.width, self.depth = width, depth
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        for _ in range(self.depth):
            x = nn.Linear(self.width, self.width)(x).relu()
        return self.head(x)
