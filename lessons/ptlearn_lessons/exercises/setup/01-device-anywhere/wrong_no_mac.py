# fails: mps
import torch


def best_device():
    return "cuda" if torch.cuda.is_available() else "cpu"
