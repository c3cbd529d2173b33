"""The loop in this process: what must be equal to the bit, and what a checkpoint holds."""

from __future__ import annotations

import queue
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from ptlearn_tui import events
from ptlearn_tui.errors import RequestError
from ptlearn_tui.runs import Tail
from ptlearn_tui.runs.control import Command
from ptlearn_tui.runs.write import Log
from ptlearn_tui.training import checkpoints, data, datasets, device, failure
from ptlearn_tui.training.evaluate import PICTURES, evaluate
from ptlearn_tui.training.loader import Loader, Pictures
from ptlearn_tui.training.loop import Loop
from ptlearn_tui.training.options import Options
from ptlearn_tui.training.plan import Plan
from ptlearn_tui.training.ranks import Alone
from ptlearn_tui.training.recipes import mnist, notes

from .conftest import losses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CPU = torch.device("cpu")
DIGITS = tuple("0123456789")
MNIST = datasets.SETS["mnist"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make(small: Path, folder: Path, *, seed: int = 0, epochs: int = 2, batch_size: int = 100) -> Loop:
    """A loop of seven steps an epoch, the last of them a small one."""
    device.seed_all(seed)
    found = datasets.find("mnist", str(small))
    train, test = (data.Images(*datasets.read(found, split), MNIST, CPU, mnist.PREPARE) for split in datasets.SPLITS)
    steps = epochs * -(-len(train) // batch_size)
    recipe = mnist.Recipe(Options(epochs=epochs, batch_size=batch_size, lr=0.01), steps, CPU)
    plan = Plan(recipe, recipe.net, train, test, DIGITS, epochs, batch_size, seed, CPU)
    folder.mkdir(exist_ok=True)
    return Loop(plan, folder, Log(folder), queue.SimpleQueue(), clock=lambda: 0.0)


def weights(loop: Loop) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in loop.plan.recipe.net.parameters()]


def equal(one: Loop, other: Loop) -> bool:
    return all(map(torch.equal, weights(one), weights(other)))


def test_the_same_seed_gives_the_same_run_to_the_bit(small: Path, tmp_path: Path) -> None:
    loops = [make(small, tmp_path / str(turn), seed=3) for turn in range(2)]
    for loop in loops:
        device.seed_all(3)
        assert loop.run() == "finished"
    first, second = (losses(Tail(loop.folder).read()) for loop in loops)
    assert first == second
    assert sorted(first) == list(range(1, 15))
    assert equal(*loops)


def test_another_seed_gives_another_run(small: Path, tmp_path: Path) -> None:
    loops = [make(small, tmp_path / str(seed), seed=seed, epochs=1) for seed in range(2)]
    for loop in loops:
        loop.run()
    first, second = (losses(Tail(loop.folder).read()) for loop in loops)
    assert first != second


@pytest.mark.parametrize("stop_at", [1, 3, 7, 10])
def test_a_run_that_goes_on_from_its_checkpoint_is_the_same_to_the_bit(
    small: Path, tmp_path: Path, stop_at: int
) -> None:
    whole = make(small, tmp_path / "whole")
    whole.run()

    broken = make(small, tmp_path / "broken")
    for _ in range(stop_at - 1):
        broken.commands.put(Command("step"))
    broken.commands.put(Command("step"))
    broken.commands.put(Command("stop"))
    assert broken.run() == "stopped"
    assert broken.step == stop_at

    again = make(small, tmp_path / "broken", seed=99)  # other weights, other generator: all of it comes back
    again.plan = make(small, tmp_path / "unused").plan
    torch.manual_seed(12345)
    again.restore(checkpoints.load(again.folder / checkpoints.LAST))
    assert again.run() == "finished"
    assert equal(whole, again)
    assert losses(Tail(again.folder).read()) == losses(Tail(whole.folder).read())


def test_every_image_is_seen_once_an_epoch() -> None:
    order = data.order(640, seed=1, epoch=0)
    assert sorted(order.tolist()) == list(range(640))
    assert not torch.equal(order, data.order(640, seed=1, epoch=1))
    assert torch.equal(order, data.order(640, seed=1, epoch=0))


def test_a_batch_is_standardised_and_padded_to_32(small: Path) -> None:
    pixels, labels = datasets.read(datasets.find("mnist", str(small)), "train")
    images = data.Images(pixels, labels, MNIST, CPU, mnist.PREPARE)
    batch, targets = images.batch(torch.tensor([2, 0]))
    assert (batch.shape, batch.dtype, targets.tolist()) == ((2, 1, 32, 32), torch.float32, [4, 5])
    whole = torch.frombuffer(pixels, dtype=torch.uint8)[:784].view(28, 28).float() / 255
    expected = (whole - 0.1307) / 0.3081  # what ToTensor and Normalize make of it
    torch.testing.assert_close(batch[1, 0, 2:30, 2:30], expected)
    assert set(batch[1, 0, 0].tolist()) == {batch[1, 0].min().item()}  # the border is background
    assert images.pixels(0) == torch.frombuffer(pixels, dtype=torch.uint8)[:784].view(28, 28).tolist()


def test_the_network_is_the_notes_own() -> None:
    assert sum(weight.numel() for weight in mnist.Net().parameters()) == 61_706
    assert [name for name, _ in mnist.Net().named_children()] == ["conv1", "conv2", "fc1", "fc2", "fc3"]


def test_the_notes_recipe_learns_nothing_and_says_what_a_step_costs(tmp_path: Path) -> None:
    device.seed_all(0)
    recipe = notes.Recipe(Options(epochs=5, batch_size=1, lr=0.01), 5, CPU)
    plan = Plan(recipe, recipe.net, notes.Noise(1, CPU), None, (), 5, 1, 0, CPU)
    loop = Loop(plan, tmp_path, Log(tmp_path), queue.SimpleQueue(), clock=lambda: 0.0)
    assert loop.run() == "finished"
    found = Tail(tmp_path).read()
    assert list(losses(found)) == [1, 2, 3, 4, 5]
    assert not any(isinstance(event, events.Eval | events.Sample) for event in found)
    timing = next(event for event in found if isinstance(event, events.Timing))
    assert min(timing.data, timing.forward, timing.backward, timing.update) > 0
    assert list(timing.gradients) == ["conv1", "conv2", "fc1", "fc2", "fc3"]


def test_a_checkpoint_loads_as_weights_only_and_holds_all_that_is_needed(small: Path, tmp_path: Path) -> None:
    loop = make(small, tmp_path / "run", epochs=1)
    loop.run()
    for name in (checkpoints.LAST, checkpoints.BEST):
        state = torch.load(loop.folder / name, weights_only=True)
        assert {"model", "optimizer", "schedule", "random", "step", "threads", "best"} <= set(state)
    net = mnist.Net()
    net.load_state_dict(state["model"])
    assert evaluate(net, loop.plan.test, DIGITS, 1, Alone())[0].accuracy == state["best"]  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut short"])
def test_a_broken_checkpoint_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "last.pt"
    path.write_bytes(content)
    with pytest.raises(RequestError, match="checkpoint"):
        checkpoints.load(path)


def test_the_surest_mistakes_come_surest_first_with_the_pixels_that_were_seen(small: Path, tmp_path: Path) -> None:
    loop = make(small, tmp_path / "run")
    test = loop.plan.test
    assert test is not None
    score, sample = evaluate(loop.plan.recipe.net, test, DIGITS, 1, Alone())
    assert score.accuracy == pytest.approx(1 - sample.wrong / 100)
    assert len(sample.pictures) == min(PICTURES, sample.wrong)
    chances = [picture.probability for picture in sample.pictures]
    assert chances == sorted(chances, reverse=True)
    assert all(picture.target != picture.prediction for picture in sample.pictures)
    assert all(picture.pixels in [test.pixels(place) for place in range(100)] for picture in sample.pictures)
    assert loop.plan.recipe.net.training


def test_a_network_that_has_diverged_is_scored_and_logged_all_the_same(small: Path, tmp_path: Path) -> None:
    loop = make(small, tmp_path / "run")
    for weight in loop.plan.recipe.net.parameters():
        torch.nn.init.constant_(weight, float("nan"))
    assert loop.run() == "finished"
    found = Tail(loop.folder).read()
    assert set(map(str, losses(found).values())) == {"nan"}
    assert sum(isinstance(event, events.Sample) for event in found) == 2


def test_a_rate_that_is_set_scales_the_rest_of_the_schedule(small: Path, tmp_path: Path) -> None:
    def rates(factor: float | None) -> list[float]:
        loop = make(small, tmp_path / str(factor))
        for _ in range(4):
            loop.commands.put(Command("step"))
        if factor:
            loop.commands.put(Command("rate", value=factor * 0.00974))
        for _ in range(10):
            loop.commands.put(Command("step"))
        loop.run()
        found = Tail(loop.folder).read()
        return [float(event.value) for event in found if isinstance(event, events.Metric) and event.name == "rate"]

    plain, scaled = rates(None), rates(0.5)
    assert plain[:4] == scaled[:4]
    ratios = [one / other for one, other in zip(scaled[-8:], plain[-8:], strict=True)]
    assert ratios == pytest.approx([ratios[0]] * 8)
    assert ratios[0] < 0.6


def test_threads_leave_a_core_to_the_screen() -> None:
    assert 1 <= device.threads() <= max(1, (torch.multiprocessing.cpu_count() or 1) - 1)


def test_a_device_that_is_not_there_is_a_wrong_request() -> None:
    with pytest.raises(RequestError, match="doctor"):
        device.choose("cuda:63")
    assert device.choose("cpu") == CPU


class Small:
    """A recipe on a device with room for no more than 30 images: a bigger batch fails as PyTorch fails there."""

    def __init__(self, recipe: mnist.Recipe) -> None:
        self.net, self.optimizer, self.schedule = recipe.net, recipe.optimizer, recipe.schedule
        self.recipe = recipe

    def step(self, images: torch.Tensor, targets: torch.Tensor, mark: Callable[[str], None]) -> torch.Tensor:
        if len(images) > 30:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return self.recipe.step(images, targets, mark)


def test_out_of_memory_names_a_batch_size_that_fits(small: Path, tmp_path: Path) -> None:
    loop = make(small, tmp_path / "run")
    loop.plan = replace(loop.plan, recipe=Small(loop.plan.recipe))  # type: ignore[arg-type]
    with pytest.raises(torch.OutOfMemoryError) as caught:
        loop.run()
    assert "--batch-size 25 fits" in failure.explain(caught.value, loop.folder, loop)  # 100, 50, 25


def test_where_no_batch_fits_none_is_named(small: Path, tmp_path: Path) -> None:
    loop = make(small, tmp_path / "run")
    recipe = Small(loop.plan.recipe)  # type: ignore[arg-type]
    recipe.step = lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError("CUDA out of memory"))  # type: ignore[method-assign]
    loop.plan = replace(loop.plan, recipe=recipe)
    with pytest.raises(torch.OutOfMemoryError) as caught:
        loop.run()
    assert "try a smaller --batch-size" in failure.explain(caught.value, loop.folder, loop)


def with_loader(small: Path, folder: Path) -> Loop:
    """The same, by way of a DataLoader, with pictures that are moved at random."""
    loop = make(small, folder)
    found = datasets.find("mnist", str(small))
    pictures = Pictures(*datasets.read(found, "train"), MNIST, data.Prepare(border=2, shift=1))
    loop.plan = replace(loop.plan, train=Loader(pictures, CPU, torch.contiguous_format))
    return loop


@pytest.mark.parametrize("stop_at", [3, 10])
def test_with_a_dataloader_a_run_goes_on_from_the_last_epochs_end(small: Path, tmp_path: Path, stop_at: int) -> None:
    whole = with_loader(small, tmp_path / "whole")
    whole.run()

    broken = with_loader(small, tmp_path / "broken")
    for _ in range(stop_at):
        broken.commands.put(Command("step"))
    broken.commands.put(Command("checkpoint"))  # there is no place to go back to
    broken.commands.put(Command("stop"))
    assert broken.run() == "stopped"

    again = with_loader(small, tmp_path / "broken")
    torch.manual_seed(12345)
    again.restore(checkpoints.load(again.folder / checkpoints.LAST))
    assert again.step == stop_at // 7 * 7
    assert again.run() == "finished"
    assert equal(whole, again)
    assert losses(Tail(again.folder).read()) == losses(Tail(whole.folder).read())


def test_a_look_inside_and_sample_predictions_change_nothing_of_the_run(small: Path, tmp_path: Path) -> None:
    plain, looked = make(small, tmp_path / "plain"), make(small, tmp_path / "looked")
    plain.run()
    for _ in range(3):
        looked.commands.put(Command("step"))
    for do in ("look", "samples", "go on"):
        looked.commands.put(Command(do))  # type: ignore[arg-type]
    looked.run()
    assert equal(plain, looked)
    found = Tail(looked.folder).read()
    assert losses(found) == losses(Tail(plain.folder).read())
    graph = next(event for event in found if isinstance(event, events.Graph))
    tensors = next(event for event in found if isinstance(event, events.Tensors))
    assert graph.root == "loss"
    assert {"images", "conv1()", "scores", "loss", "fc3.weight"} <= {card.name for card in tensors.items}
    sample = next(event for event in found if isinstance(event, events.Sample))
    assert (sample.epoch, sample.of) == (0, 100)
    assert [event.action for event in found if isinstance(event, events.Note)] == ["pause", "look", "go on"]


def test_a_look_that_is_asked_for_before_the_first_step_comes_after_it(small: Path, tmp_path: Path) -> None:
    loop = make(small, tmp_path / "run")
    loop.commands.put(Command("look", by="alice"))
    loop.run()
    found = [event for event in Tail(loop.folder).read() if isinstance(event, (events.Note, events.Tensors))]
    assert [type(event) for event in found] == [events.Note, events.Tensors]
    assert isinstance(found[0], events.Note)
    assert (found[0].step, found[0].text) == (1, "alice")
