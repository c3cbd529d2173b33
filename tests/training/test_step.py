"""What can be asked of a training step: smoothing, clipping, half precision; the recipes' networks; a look inside."""

from __future__ import annotations

import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from ptlearn_tui.training import catalog, datasets, inside
from ptlearn_tui.training.options import Options
from ptlearn_tui.training.step import Classifier

if TYPE_CHECKING:
    from collections.abc import Iterator

CPU = torch.device("cpu")
NETS = [name for name, recipe in catalog.RECIPES.items() if recipe.data_set]


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """One thread, and numbers that are the same each time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def nothing(_: str) -> None: ...


def options(**more: Any) -> Options:
    return Options(epochs=1, batch_size=8, lr=0.1, **more)


def classifier(**more: Any) -> tuple[Classifier, nn.Linear]:
    """Four numbers in, three classes, plain gradient descent."""
    torch.manual_seed(1)
    net = nn.Linear(4, 3)
    return Classifier(net, torch.optim.SGD(net.parameters(), lr=0.1), None, options(**more), CPU), net


INPUTS, TARGETS = torch.linspace(-2, 2, 32).view(8, 4), torch.arange(8) % 3


def test_a_step_is_the_five_moves() -> None:
    ours, net = classifier(label_smoothing=0.1)
    plain = copy.deepcopy(net)
    loss = ours.step(INPUTS, TARGETS, nothing)
    wanted = nn.functional.cross_entropy(plain(INPUTS), TARGETS, label_smoothing=0.1)
    wanted.backward()
    assert loss.item() == wanted.item()
    assert not loss.requires_grad
    for mine, theirs in zip(net.parameters(), plain.parameters(), strict=True):
        assert theirs.grad is not None
        torch.testing.assert_close(mine, theirs - 0.1 * theirs.grad)


def test_a_long_gradient_is_cut_to_the_length_that_is_asked_for() -> None:
    ours, net = classifier(clip=0.01)
    before = [weight.detach().clone() for weight in net.parameters()]
    ours.step(100 * INPUTS, TARGETS, nothing)
    moved = torch.cat([(b - a).flatten() for a, b in zip(before, net.parameters(), strict=True)])
    assert moved.norm().item() == pytest.approx(0.1 * 0.01, rel=1e-3)


def test_the_forward_pass_is_in_the_precision_that_is_asked_for_and_the_weights_stay_whole() -> None:
    seen = []
    ours, net = classifier(precision="bfloat16")
    net.register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    loss = ours.step(INPUTS, TARGETS, nothing)
    assert seen == [torch.bfloat16]
    assert {weight.dtype for weight in net.parameters()} == {torch.float32}
    assert loss.isfinite()


def made(name: str) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """A recipe for three steps, and a batch of its pictures."""
    recipe = catalog.get(name)
    module = import_module(recipe.module)
    assert recipe.data_set is not None
    channels, side, _ = datasets.get(recipe.data_set).shape
    side += 2 * module.PREPARE.border
    images = torch.randn(16, channels, side, side)
    settings = Options(
        epochs=1, batch_size=16, lr=recipe.options.lr / 20, label_smoothing=recipe.options.label_smoothing
    )
    built = module.Recipe(settings, 3, CPU)
    if hasattr(built, "look"):
        built.look(images)
    return built, images, torch.arange(16) % 10


@pytest.mark.parametrize("name", NETS)
def test_every_recipe_learns_its_batch_by_heart(name: str) -> None:
    recipe, images, targets = made(name)
    marks: list[str] = []
    losses = [recipe.step(images, targets, marks.append).item() for _ in range(3)]
    assert marks == ["forward", "backward", "update"] * 3
    assert losses[-1] < losses[0]
    recipe.net.eval()
    assert recipe.net(images).shape == (16, 10)


@pytest.mark.parametrize("name", NETS)
def test_every_recipe_goes_on_from_its_state_to_the_bit(name: str) -> None:
    def remember(recipe: Any) -> dict[str, Any]:
        more = recipe.state() if hasattr(recipe, "state") else None
        parts = (recipe.net.state_dict(), recipe.optimizer.state_dict(), recipe.schedule.state_dict(), more)
        return copy.deepcopy(dict(zip(("net", "optimizer", "schedule", "more"), parts, strict=True)))

    recipe, images, targets = made(name)
    recipe.step(images, targets, nothing)
    state, random = remember(recipe), torch.get_rng_state()
    expected = [recipe.step(images, targets, nothing).item() for _ in range(2)]

    again, *_ = made(name)
    again.net.load_state_dict(state["net"])
    again.optimizer.load_state_dict(state["optimizer"])
    again.schedule.load_state_dict(state["schedule"])
    if state["more"] is not None:
        again.restore(state["more"])
    torch.set_rng_state(random)
    assert [again.step(images, targets, nothing).item() for _ in range(2)] == expected
    for mine, theirs in zip(recipe.net.state_dict().values(), again.net.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_whitened_patches_are_uncorrelated_and_of_spread_one() -> None:
    recipe, images, _ = made("cifar10-fast")
    mixed = images.cumsum(3)  # neighbours are much alike, as in photographs
    recipe.look(mixed)
    white = recipe.net.white(mixed).transpose(0, 1).flatten(1)[:12]
    torch.testing.assert_close(white.cov(), torch.eye(12), atol=0.05, rtol=0)


@pytest.mark.parametrize("name", NETS)
def test_a_look_inside_tells_tensors_and_the_graph_and_changes_nothing(name: str) -> None:
    recipe, images, targets = made(name)
    recipe.step(images, targets, nothing)
    before, random = copy.deepcopy(recipe.net.state_dict()), torch.get_rng_state()
    gradients = [weight.grad.clone() for weight in recipe.net.parameters() if weight.grad is not None]

    tensors, graph = inside.look(recipe.net, images, targets)
    cards = {card.name: card for card in tensors.items}
    assert cards["images"].shape == [inside.IMAGES, *images.shape[1:]]
    assert cards["scores"].shape == [inside.IMAGES, 10]
    assert (cards["loss"].shape, cards["loss"].requires_grad) == ([], True)
    weights = [name for name, weight in recipe.net.named_parameters() if weight.requires_grad][: inside.MOST]
    assert all(cards[name].grad is not None for name in weights if name in cards)
    assert graph is not None
    assert graph.nodes[0].name == "NllLossBackward0"
    assert {node.variable for node in graph.nodes if node.variable} >= set(weights[-2:])

    assert torch.equal(torch.get_rng_state(), random)
    assert recipe.net.training
    assert all(map(torch.equal, before.values(), recipe.net.state_dict().values()))
    now = [weight.grad for weight in recipe.net.parameters() if weight.grad is not None]
    assert all(map(torch.equal, gradients, now))
