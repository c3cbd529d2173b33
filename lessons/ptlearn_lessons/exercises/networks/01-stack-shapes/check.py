from functools import cache

import torch
from torch import nn

from ptlearn_lessons.checking import holds, same

BATCH, CHANNELS, SIDE = 64, 3, 32


@cache
def truth():
    layers = {
        "conv1": nn.Conv2d(CHANNELS, 8, 5),
        "relu1": nn.ReLU(),
        "pool1": nn.MaxPool2d(2),
        "conv2": nn.Conv2d(8, 16, 3, stride=2, padding=1),
        "pool2": nn.MaxPool2d(2),
        "flat": nn.Flatten(),
        "out": nn.Linear(144, 10),
    }
    shapes = {}
    x = torch.empty(BATCH, CHANNELS, SIDE, SIDE, device="meta")
    for name, layer in layers.items():
        x = layer.to("meta")(x)
        shapes[name] = tuple(x.shape)
    return shapes


def mistake(name, told, right):
    if told in (right[1:], (1, *right[1:])):
        return "no_batch"
    if name == "flat" and (told[:1] != right[:1] or len(told) == 1):
        return "mixed_images"
    if len(told) == 4 and name in ("conv1", "conv2"):
        if told[2:] == right[2:] and told[1] != right[1]:
            return "channels_kept"
        if name == "conv1" and told[2:] == (SIDE, SIDE):
            return "same_size"
    if name == "conv2" and len(told) == 4 and told[2:] == (8, 8):
        return "rounded_up"
    return ""


def ask(answer, name):
    told = answer.shapes.get(name, ...)
    whole = isinstance(told, (tuple, list)) and all(isinstance(size, int) for size in told)
    holds(whole, "(64, …)", told, says="blank", layer=name)
    right = truth()[name]
    same(tuple(told), right, says=mistake(name, tuple(told), right), layer=name)


def conv1(answer):
    ask(answer, "conv1")


def relu1(answer):
    ask(answer, "relu1")


def pool1(answer):
    ask(answer, "pool1")


def conv2(answer):
    ask(answer, "conv2")


def pool2(answer):
    ask(answer, "pool2")


def flat(answer):
    ask(answer, "flat")


def out(answer):
    ask(answer, "out")


CHECKS = (conv1, relu1, pool1, conv2, pool2, flat, out)
