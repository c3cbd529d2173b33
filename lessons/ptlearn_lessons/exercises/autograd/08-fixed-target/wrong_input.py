# fails: through
import torch


def loss(guess, now, reward, later):
    target = reward + 0.5 * guess(later.detach())
    return ((guess(now) - target) ** 2).mean()
