# fails: by_hand
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    return F.dropout(x, p, training)
