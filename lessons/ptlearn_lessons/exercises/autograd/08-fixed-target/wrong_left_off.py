# fails: grad_mode
import torch


def loss(guess, now, reward, later):
    torch.set_grad_enabled(True)
    prediction = guess(now)
    torch.set_grad_enabled(False)
    target = reward + 0.5 * guess(later)
    return ((prediction - target) ** 2).mean()
