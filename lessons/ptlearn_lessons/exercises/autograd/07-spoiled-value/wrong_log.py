# fails: log_node
import torch


def loss(x):
    a = x * 3    # 1
    a += 1       # 2
    b = a.exp()  # 3
    b = b + 1    # 4
    c = b.log()  # 5
    c += 1       # 6
    return c.sum()


# The line whose writing spoils backward(): 2, 4 or 6
line = 4

# Whose saved value it overwrites, as "SumBackward0"
node = "LogBackward0"
