# fails: not_a_row
import torch
import torch.nn.functional as F


def patches(images, size):
    return F.unfold(images.permute(0, 3, 1, 2), size, stride=size)
