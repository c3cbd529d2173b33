"""From what was asked to what the loop works on: data read, network made, and all of it written down."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import TYPE_CHECKING

from ptlearn_tui import events
from ptlearn_tui.doctor import gpus
from ptlearn_tui.training import catalog, datasets

if TYPE_CHECKING:
    import torch

    from ptlearn_tui.runs.folder import Request
    from ptlearn_tui.training import data
    from ptlearn_tui.training.options import Options
    from ptlearn_tui.training.plan import Plan
    from ptlearn_tui.training.ranks import Alone


@dataclass(frozen=True)
class Files:
    """A recipe's data, read and checked, and not yet tensors: torch is imported later."""

    found: datasets.Found
    train: tuple[bytearray, bytearray]  # pixels, labels
    test: tuple[bytearray, bytearray]


def read_data(request: Request) -> Files | None:
    """Read a recipe's data set whole; None where it makes its own. Raises `RequestError`."""
    recipe = catalog.get(request.recipe)
    if recipe.data_set is None or request.data is None:
        return None
    found = datasets.find_again(recipe.data_set, request.data)
    return Files(found, datasets.read(found, "train"), datasets.read(found, "test"))


def options_of(request: Request, device: torch.device) -> Options:
    """The run's options, with the precision that "auto" means on this device."""
    from dataclasses import replace

    import torch

    options = replace(catalog.get(request.recipe).options, **request.config)
    if options.precision != "auto":
        return options
    half = "bfloat16" if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False) else ""
    return replace(options, precision=half or ("float16" if device.type == "cuda" else "float32"))


def make_plan(request: Request, files: Files | None, device: torch.device, ranks: Alone) -> Plan:
    """The recipe's network and optimizer, and the data as tensors on the device. Imports torch.

    The caller has seeded the generators.
    """
    import torch

    from ptlearn_tui.training.plan import Plan

    recipe = import_module(catalog.get(request.recipe).module)
    options = options_of(request, device)
    train, test = _images(recipe, options, files, device)
    share = options.batch_size // ranks.size
    steps = options.epochs * -(-(len(train) // ranks.size) // share)
    made = recipe.Recipe(options, steps, device)
    if hasattr(made, "look") and hasattr(train, "batch"):
        made.look(train.batch(torch.arange(min(5_000, len(train))))[0])
    net = made.net
    made.net = ranks.wrap(net, device)
    if options.compile:
        made.net.compile()  # at the first batch: that step takes a minute
    return Plan(
        recipe=made,
        net=net,
        train=train,
        test=test,
        classes=files.found.data_set.classes if files else (),
        epochs=options.epochs,
        batch_size=options.batch_size,
        seed=request.seed,
        device=device,
        ranks=ranks,
    )


def _images(
    recipe: object, options: Options, files: Files | None, device: torch.device
) -> tuple[data.Batches, data.Images | None]:
    """Training and test images; the recipe's own noise, and nothing, where it makes its data."""
    import torch

    from ptlearn_tui.training import data

    if files is None:
        noise: data.Batches = recipe.Noise(options.batch_size, device)  # type: ignore[attr-defined]
        return noise, None
    prepare: data.Prepare = recipe.PREPARE  # type: ignore[attr-defined]
    memory_format = getattr(recipe, "MEMORY_FORMAT", torch.contiguous_format)
    data_set = files.found.data_set
    test = data.Images(*files.test, data_set, device, prepare, memory_format=memory_format)
    if options.loader == "dataloader":
        from ptlearn_tui.training.loader import Loader, Pictures

        return Loader(Pictures(*files.train, data_set, prepare), device, memory_format), test
    train = data.Images(*files.train, data_set, device, prepare, training=True, memory_format=memory_format)
    return train, test


def describe(request: Request, files: Files | None, plan: Plan, now: float) -> events.Run:
    """The first event: everything that is needed to make the run again."""
    import torch

    versions = {name: metadata.version(name) for name in ("torch", "ptlearn-tui")}
    versions["python"] = platform.python_version()
    if plan.device.type == "cuda":
        versions["gpu"] = torch.cuda.get_device_name(plan.device)
    source: dict[str, object] = {
        "name": "noise",
        "kind": "synthetic",
        "train": len(plan.train),
        "test": 0,
        "path": None,
    }
    if files is not None:
        found = files.found
        source = {
            "name": found.data_set.name,
            "kind": found.kind,
            "train": found.train,
            "test": found.test,
            "path": str(found.folder) if found.kind == "full" else None,
        }
    config = dict(request.config)
    if "precision" in config:
        config["precision"] = options_of(request, plan.device).precision
    return events.Run(
        time=now,
        id=request.id,
        recipe=request.recipe,
        config=config,
        seed=request.seed,
        device=str(plan.device),
        versions=versions,
        data=source,
        steps_per_epoch=plan.steps_per_epoch,
        threads=torch.get_num_threads(),
        ranks=plan.ranks.size,
        gpus=_gpus() if plan.device.type == "cuda" else [],
    )


def _gpus() -> list[events.Gpu]:
    """Those that CUDA sees, and whose processes are on each: so that it is plain why "auto" took which."""
    return [
        events.Gpu(
            device=f"cuda:{index}",
            name=device.name,
            memory=device.memory,
            free=device.free,
            users=sorted({process.user or "?" for process in device.processes}),
        )
        for index, device in enumerate(gpus.devices())
    ]
