import torch

from ptlearn_lessons.checking import Mismatch, same, whole


def between(x, mean, reach):
    return torch.minimum(torch.maximum(x, mean - reach), mean + reach)


def truth(x, k):
    every = [between(channel, channel.mean(), k * channel.std()) for channel in x.unbind(1)]
    return torch.stack(every, 1)


def wrong(x, k):
    """What each mistake makes of it."""
    over = (0, 2, 3)
    mean, std = x.mean(over, keepdim=True), x.std(over, keepdim=True)
    low, high = mean - k * std, mean + k * std
    out = (x < low) | (x > high)
    yield "below", torch.minimum(x, high)
    yield "above", torch.maximum(x, low)
    yield "emptied", torch.where(out, 0.0, x)
    yield "emptied", torch.where(out, mean, x)
    first = torch.minimum(x, high)
    yield "twice", torch.maximum(first, first.mean(over, keepdim=True) - k * first.std(over, keepdim=True))
    first = torch.maximum(x, low)
    yield "twice", torch.minimum(first, first.mean(over, keepdim=True) + k * first.std(over, keepdim=True))
    yield "population", between(x, mean, k * x.std(over, keepdim=True, correction=0))
    yield "all_channels", between(x, x.mean(), k * x.std())
    yield "each_image", between(x, x.mean((2, 3), keepdim=True), k * x.std((2, 3), keepdim=True))
    if x.shape[1] == x.shape[3]:
        yield "lost", between(x, x.mean(over), k * x.std(over))


def mistake(got, x, k):
    if not isinstance(got, torch.Tensor):
        return ""
    if got.ndim == 1:
        return "fewer"
    if got.shape == x.shape:
        for says, values in wrong(x, k):
            if torch.allclose(got, values):
                return says
    return ""


def compare(answer, x, k):
    expected = truth(x, k)
    try:
        got = answer.clipped(x.clone(), k)
    except RuntimeError as error:
        says = "lost" if x.shape[1] > 1 and "must match the size" in str(error) else ""
        raise Mismatch(expected, error, says=says, inputs={"x": x, "k": k}) from error
    same(got, expected, says=mistake(got, x, k), x=x, k=k)


def one_channel(answer):
    for row in ([0.0, 1.0, 2.0, 9.0, -4.0], [9.0, 1.0, 1.0, -9.0, 1.0, 1.0]):
        compare(answer, torch.tensor(row).view(1, 1, 1, -1), 1)


def unchanged(answer):
    x = torch.tensor([0.0, 1.0, 2.0, 9.0, -4.0]).view(1, 1, 1, -1)
    kept = x.clone()
    answer.clipped(x, 1)
    same(x, kept, x=kept)


def far_apart(*shape):
    """Each channel and each image of its own height and width."""
    x = whole(*shape)
    return (x + torch.arange(shape[0]).view(-1, 1, 1, 1)) * 10.0 ** torch.arange(shape[1]).view(-1, 1, 1)


def channels(answer):
    x = torch.tensor([[[0.0, 1.0, 2.0, 9.0]], [[0.0, -40.0, 30.0, 20.0]]])
    compare(answer, torch.stack([x, x.flip(2) + 5]), 1)


def any_shape(answer):
    for shape in ((2, 1, 2, 2), (2, 2, 1, 2), (1, 3, 3, 3), (4, 3, 2, 5)):
        for k in (1, 0.5):
            compare(answer, far_apart(*shape), k)


CHECKS = (one_channel, unchanged, channels, any_shape)
