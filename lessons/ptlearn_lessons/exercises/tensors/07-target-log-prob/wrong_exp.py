# fails: large
import torch


def target_log_prob(scores, targets):
    chosen = scores[torch.arange(len(targets)), targets]
    return chosen - scores.exp().sum(1).log()
