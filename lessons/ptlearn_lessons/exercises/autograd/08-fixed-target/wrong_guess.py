# fails: other_way
import torch


def loss(guess, now, reward, later):
    target = reward + 0.5 * guess(later)
    return ((guess(now).detach() - target) ** 2).mean()
