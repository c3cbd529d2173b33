# fails: down
import torch


def target_log_prob(scores, targets):
    return scores.log_softmax(0).gather(1, targets[:, None]).squeeze(1)
