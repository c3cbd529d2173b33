from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.errors import RequestError
from ptlearn_tui.training import catalog

if TYPE_CHECKING:
    from pathlib import Path


def test_a_request_has_the_recipes_defaults(small: Path) -> None:
    request = catalog.request("mnist", data=str(small))
    assert (request.config["epochs"], request.config["batch_size"], request.config["lr"]) == (5, 64, 8e-3)
    assert (request.seed, request.device, request.data) == (0, "auto", str(small))


def test_a_relative_data_folder_is_found_by_a_process_that_stands_elsewhere(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small.parent)
    assert catalog.request("mnist", data=small.name).data == str(small)


def test_a_recipe_that_makes_its_own_data_needs_none() -> None:
    assert catalog.request("notes", data="/nothing/here").data is None


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"epochs": 0}, "--epochs"),
        ({"epochs": -1}, "--epochs"),
        ({"batch_size": 0}, "--batch-size"),
        ({"batch_size": 10_001}, "10000 training images"),
        ({"lr": 0.0}, "--lr"),
        ({"lr": -0.1}, "--lr"),
        ({"lr": float("nan")}, "--lr"),
        ({"lr": float("inf")}, "--lr"),
        ({"seed": -1}, "--seed"),
        ({"seed": 2**63}, "--seed"),
        ({"label_smoothing": 1.0}, "--label-smoothing"),
        ({"label_smoothing": -0.1}, "--label-smoothing"),
        ({"clip": -1.0}, "--clip"),
        ({"clip": float("nan")}, "--clip"),
        ({"precision": "float16"}, "mnist has no use for --precision"),
        ({"loader": "threads"}, "memory, dataloader"),
        ({"threads": 0}, "--threads"),
        ({"ranks": 0}, "--nproc"),
        ({"ranks": 5}, "can't be shared out among 5"),
        ({"device": "gpu"}, "no device is called gpu"),
        ({"device": "cuda:"}, "no device"),
        ({"data": "/nothing/here"}, "data get mnist"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], why: str) -> None:
    with pytest.raises(RequestError, match=why):
        catalog.request("mnist", **options)  # type: ignore[arg-type]


def test_an_unknown_recipe_is_answered_with_those_there_are() -> None:
    with pytest.raises(RequestError, match="mnist, mnist-fast"):
        catalog.request("imagenet")


def test_every_recipe_has_its_own_readable_file() -> None:
    for recipe in catalog.RECIPES.values():
        text = recipe.source.read_text()
        assert "class Recipe" in text
        assert 50 <= len(text.splitlines()) <= 150


def test_half_precision_needs_a_device_that_has_it(small: Path) -> None:
    with pytest.raises(RequestError, match="float16 needs a CUDA device"):
        catalog.request("mnist-fast", data=str(small), precision="float16", device="cpu")
    assert catalog.request("mnist-fast", data=str(small), precision="bfloat16", device="cpu").config["precision"]


def test_what_the_terminal_needs_of_training_comes_without_torch() -> None:
    modules = ["cli.train", "cli.runs", "cli.data", "runs", "training.catalog", "training.datasets"]
    code = "; ".join(f"import ptlearn_tui.{module}" for module in modules)
    code += "; import sys; sys.exit('torch' in sys.modules or 'numpy' in sys.modules or 'textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
