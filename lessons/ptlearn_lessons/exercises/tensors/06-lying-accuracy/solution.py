import torch


def accuracy(scores, targets):
    guesses = scores.argmax(1)
    right = guesses == targets
    return right.float().mean()


# 64 rows, 10 classes: what shape has `right` above, unrepaired?
shape = (64, 64)

# 100 rows, ten of each of 10 classes, every highest score at its
# target: what does the function above, unrepaired, return?
perfect = 0.1
