# fails: every_target
import torch


def target_log_prob(scores, targets):
    return scores.log_softmax(1)[:, targets]
