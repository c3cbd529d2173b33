# fails: cpu
import torch


def best_device():
    return torch.accelerator.current_accelerator() or torch.device("cpu")
