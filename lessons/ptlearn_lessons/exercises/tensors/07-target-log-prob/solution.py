import torch


def target_log_prob(scores, targets):
    logs = scores.log_softmax(1)
    return logs.gather(1, targets[:, None]).squeeze(1)
