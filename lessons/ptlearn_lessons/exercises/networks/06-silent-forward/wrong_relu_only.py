# fails: only_relu
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 16)
        self.fc2 = nn.Linear(16, 16)
        self.fc3 = nn.Linear(16, 3)

    def forward(self, x):
        x = self.fc1(x)                      # 1
        x = x.relu()                         # 2
        x = self.fc2(x).relu()               # 3
        return self.fc3(x).softmax(dim=1)    # 4


# The two lines that are mistakes, as {1, 2}
lines = {2}

# The lowest loss that this network can reach, unrepaired
lowest = 0.55
