import torch

from ptlearn_lessons.checking import Mismatch, same


def cut(image, size):
    """Of one image, channels last: its patches, left to right, then top to bottom, each (C, size, size)."""
    height, width, _ = image.shape
    return [
        torch.stack([image[top : top + size, left : left + size, c] for c in range(image.shape[2])])
        for top in range(0, height, size)
        for left in range(0, width, size)
    ]


def truth(images, size):
    return torch.stack([torch.stack([patch.flatten() for patch in cut(image, size)]) for image in images])


def numbered(n, height, width, channels):
    """Tens: where a pixel is; ones: which channel."""
    places = torch.arange(n * height * width).view(n, height, width, 1) * 10
    return (places + torch.arange(channels)).float()


def mistake(got, images, size):
    if not isinstance(got, torch.Tensor):
        return ""
    n, height, width, channels = images.shape
    right = truth(images, size)
    front = images.permute(0, 3, 1, 2)
    down = torch.stack([torch.stack([p.mT.flatten() for p in cut(i.transpose(0, 1), size)]) for i in images])
    last = torch.stack([torch.stack([p.movedim(0, 2).flatten() for p in cut(i, size)]) for i in images])
    over = torch.stack([torch.stack([p.flatten() for p in cut(i.transpose(0, 1), size)]) for i in images])
    again = images.reshape(n, channels, height, width).movedim(1, 3)
    every = (
        ("not_a_row", right.mT),
        ("down_first", down),
        ("turned", over),
        ("pixels", last),
        ("pixels", truth(again, size)),
        ("sliced", front.reshape(right.shape)),
    )
    for says, values in every:
        if got.shape == values.shape and torch.allclose(got, values):
            return says
    return ""


def compare(answer, images, size):
    expected = truth(images, size)
    try:
        got = answer.patches(images.clone(), size)
    except RuntimeError as error:
        says = "no_view" if "view size is not compatible" in str(error) else ""
        raise Mismatch(expected, error, says=says, inputs={"images": images, "size": size}) from error
    same(got, expected, says=mistake(got, images, size), images=images, size=size)


def one_patch(answer):
    compare(answer, numbered(1, 2, 2, 3), 2)


def beside(answer):
    compare(answer, numbered(1, 2, 4, 1), 2)


def grid(answer):
    compare(answer, numbered(1, 4, 4, 1), 2)


def any_images(answer):
    for n, height, width, channels, size in (
        (1, 1, 2, 1, 1),
        (1, 2, 1, 2, 1),
        (2, 2, 4, 1, 2),
        (2, 4, 2, 3, 2),
        (2, 4, 6, 3, 2),
        (2, 6, 3, 2, 3),
    ):
        compare(answer, numbered(n, height, width, channels), size)


CHECKS = (one_patch, beside, grid, any_images)
