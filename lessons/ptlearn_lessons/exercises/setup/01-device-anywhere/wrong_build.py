# fails: cpu
import torch


def best_device():
    if torch.version.cuda:
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"
