import torch


def target_log_prob(scores, targets):
    ...
