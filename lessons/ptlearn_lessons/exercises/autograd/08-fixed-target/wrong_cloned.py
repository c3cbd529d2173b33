# fails: through
import torch


def loss(guess, now, reward, later):
    target = reward + 0.5 * guess(later)
    return ((guess(now) - target.clone()) ** 2).mean()
