"""Pictures as a network gets them: standardised, moved, mirrored, blanked; and the `DataLoader` way beside it."""

from __future__ import annotations

import pytest
import torch

from ptlearn_tui.training import data, datasets
from ptlearn_tui.training.data import Images, Prepare
from ptlearn_tui.training.loader import Loader, Pictures

CPU = torch.device("cpu")
CIFAR = datasets.SETS["cifar10"]
COUNT = 50


@pytest.fixture(scope="module")
def made() -> tuple[bytearray, bytearray]:
    """Some pictures of CIFAR-10's shape."""
    pixels, labels = datasets.read(datasets.find_offline("cifar10"), "train")
    return pixels[: COUNT * 3072], labels[:COUNT]


def images(made: tuple[bytearray, bytearray], prepare: Prepare = Prepare(), **more: object) -> Images:  # noqa: B008
    return Images(*made, CIFAR, CPU, prepare, **more)  # type: ignore[arg-type]


def test_colours_are_standardised_channel_by_channel(made: tuple[bytearray, bytearray]) -> None:
    plain = images(made)
    batch, targets = plain.batch(torch.arange(COUNT))
    raw = torch.frombuffer(made[0], dtype=torch.uint8).view(-1, 3, 32, 32).float() / 255
    mean, std = torch.tensor(CIFAR.mean), torch.tensor(CIFAR.std)
    torch.testing.assert_close(batch, (raw - mean.view(-1, 1, 1)) / std.view(-1, 1, 1))
    assert targets.tolist() == list(made[1])
    red, green, blue = (int(value) for value in raw[7, :, 3, 4] * 255)
    assert plain.pixels(7)[3][4] == (red << 16) + (green << 8) + blue
    assert plain.colour


def test_an_epoch_is_cut_into_batches_in_order(made: tuple[bytearray, bytearray]) -> None:
    order = torch.randperm(COUNT)
    parts = list(images(made).epoch(order, 16))
    assert [len(targets) for _, targets in parts] == [16, 16, 16, 2]
    assert torch.cat([targets for _, targets in parts]).tolist() == [made[1][place] for place in order]


def test_each_picture_is_moved_by_itself_and_mirrored_at_the_edge() -> None:
    torch.manual_seed(0)
    picture = torch.arange(25, dtype=torch.uint8).view(1, 1, 5, 5)
    moved = data.shifted(picture.expand(400, 2, 5, 5).contiguous(), 2)
    padded = torch.nn.functional.pad(picture.float(), (2,) * 4, mode="reflect")
    expected = {tuple(padded[0, 0, y : y + 5, x : x + 5].flatten().tolist()) for y in range(5) for x in range(5)}
    found = {tuple(each[0].flatten().tolist()) for each in moved}
    assert found == expected  # every one of the 25, and nothing else
    assert torch.equal(moved[:, 0], moved[:, 1])  # all channels of a picture go the same way
    assert moved.dtype == torch.uint8


def test_half_of_the_pictures_are_mirrored() -> None:
    torch.manual_seed(0)
    pictures = torch.randn(1000, 3, 4, 4)
    changed = data.flipped(pictures)
    mirrored = (changed == pictures.flip(3)).flatten(1).all(1)
    assert ((changed == pictures).flatten(1).all(1) ^ mirrored).all()
    assert 400 < mirrored.sum() < 600


def test_a_square_is_blanked_wherever_its_middle_is() -> None:
    torch.manual_seed(0)
    blanked = data.cut_out(torch.ones(2000, 3, 8, 8), 4) == 0
    assert torch.equal(blanked[:, 0], blanked[:, 2])
    sizes = blanked[:, 0].flatten(1).sum(1)
    assert (sizes.min(), sizes.max()) == (4, 16)  # at a corner a quarter of it is left
    assert blanked[:, 0].any(0).all()  # no place is safe
    rows, columns = blanked[0, 0].any(1), blanked[0, 0].any(0)
    assert torch.equal(blanked[0, 0], rows[:, None] & columns[None, :])


def test_only_training_pictures_are_changed(made: tuple[bytearray, bytearray]) -> None:
    prepare = Prepare(shift=4, flip=True, cutout=8)
    everything = torch.arange(COUNT)
    plain = images(made).batch(everything)[0]
    assert torch.equal(images(made, prepare).batch(everything)[0], plain)
    assert not torch.equal(images(made, prepare, training=True).batch(everything)[0], plain)


def test_batches_are_laid_out_as_asked(made: tuple[bytearray, bytearray]) -> None:
    batch, _ = images(made, memory_format=torch.channels_last).batch(torch.arange(4))
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(batch, images(made).batch(torch.arange(4))[0])


def test_the_dataloader_gives_the_same_batches(made: tuple[bytearray, bytearray]) -> None:
    order = torch.randperm(COUNT)
    prepare = Prepare(border=2)
    ours = images(made, prepare).epoch(order, 16)
    theirs = Loader(Pictures(*made, CIFAR, prepare), CPU, torch.channels_last).epoch(order, 16)
    for (mine, labels), (other, targets) in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other)
        assert labels.tolist() == targets.tolist()


def test_a_loaders_random_pictures_depend_on_the_seed_alone(made: tuple[bytearray, bytearray]) -> None:
    def first(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        loader = Loader(Pictures(*made, CIFAR, Prepare(shift=4, flip=True, cutout=8)), CPU, torch.contiguous_format)
        return next(iter(loader.epoch(torch.arange(COUNT), COUNT)))[0]

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))
