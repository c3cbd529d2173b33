# fails: way_back
import torch


def loss(guess, now, reward, later):
    target = reward + 0.5 * guess(later)
    return ((guess(now) - target) ** 2).mean().detach()
