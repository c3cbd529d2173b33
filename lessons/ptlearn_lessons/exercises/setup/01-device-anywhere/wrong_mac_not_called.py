# fails: cpu
import torch


def best_device():
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available:
        return "mps"
    return "cpu"
