# fails: loss
import torch
import torch.nn.functional as F


def target_log_prob(scores, targets):
    return F.cross_entropy(scores, targets, reduction="none")
