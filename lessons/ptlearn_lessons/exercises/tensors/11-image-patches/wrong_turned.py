# fails: turned
import torch
import torch.nn.functional as F


def patches(images, size):
    x = images.permute(0, 3, 2, 1)
    return F.unfold(x, size, stride=size).mT
