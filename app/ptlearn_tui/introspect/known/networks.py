"""Layers and losses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch

from ptlearn_tui.introspect.known.known import (
    SIZES,
    Known,
    Maybe,
    live,
    shape,
    sizes,
)
from ptlearn_tui.introspect.scene import shape_text, text
from ptlearn_tui.introspect.values import plain, shape_of

if TYPE_CHECKING:
    from ptlearn_tui.introspect.scene import Scene


def _linear(scene: Scene, found: re.Match[str]) -> Maybe | None:
    if scene.layer is None or not isinstance(scene.layer.value, torch.nn.Linear):
        return None
    name, layer = scene.layer
    given = scene.given
    facts: Maybe = {
        "layer": name,
        "wants": str(layer.in_features),
        "out": str(layer.out_features),
        "has": found["a_size"],
    }
    if given is None:
        return facts
    facts |= {"x": scene.name_of(given), "x_shape": shape(given), "has": str(given.shape[-1])}
    if given.dim() > 2 and given[0].numel() == layer.in_features:
        facts["flat"] = str(layer.in_features)
    return facts


def _layer(scene: Scene, found: re.Match[str]) -> Maybe:
    """The layer's name, and what it was given."""
    facts: Maybe = {"layer": scene.layer.name if scene.layer else None}
    if scene.given is not None:
        facts |= {"x": scene.name_of(scene.given), "x_shape": shape(scene.given)}
    return facts


def _channels(scene: Scene, found: re.Match[str]) -> Maybe:
    weight, wants = sizes(found["weight"]), int(found["wants"])
    # In the message a single picture has got a batch of one.
    given = shape_of(scene.given) if scene.given is not None else sizes(found["given"])
    facts = _layer(scene, found) | {"out": str(weight[0]), "kernel": str(weight[-1])}
    if len(given) == 4 and len(weight) == 4 and given[-1] == wants:
        facts["order"] = "0, 3, 1, 2"
    elif len(given) == 3 and len(weight) == 4 and wants == 1:
        facts["batch"] = found["has"]
    elif wants == 1:
        facts["grey"] = "1"
    return facts | {"x_shape": shape_text(given)}


def _conv_dims(scene: Scene, found: re.Match[str]) -> Maybe:
    facts = _layer(scene, found)
    given = sizes(found.groupdict().get("given")) or (list(scene.given.shape) if scene.given is not None else [])
    if len(given) == 2:
        facts["batched"] = f"{facts.get('x') or 'x'}[None, None]"
    return facts | {"x_shape": shape_text(given) if given else None}


def _kernel(scene: Scene, found: re.Match[str]) -> Maybe:
    facts = _layer(scene, found)
    numbers = sizes(found["size"]), sizes(found["kernel"])
    pad = max((kernel - size + 1) // 2 for size, kernel in zip(*numbers, strict=True))
    facts |= {"padding": str(pad)}
    if scene.layer is not None and (conv := scene.layer.value).__class__.__name__.startswith("Conv"):
        known = f"{conv.in_channels}, {conv.out_channels}, {conv.kernel_size[0]}, padding={conv.padding[0] + pad}"
        facts["conv"] = f"nn.{type(conv).__name__}({known})"
    return facts


def _pool(scene: Scene, found: re.Match[str]) -> Maybe:
    return _layer(scene, found)


def _norm(scene: Scene, found: re.Match[str]) -> Maybe:
    facts = _layer(scene, found)
    if scene.layer is not None:
        facts["kind"] = type(scene.layer.value).__name__
    last = sizes(found.groupdict().get("given"))
    return facts | ({"has": str(last[-1])} if last else {})


def _norm_dims(scene: Scene, found: re.Match[str]) -> Maybe:
    facts = _layer(scene, found)
    right = {"2": "1d", "3": "1d", "4": "2d", "5": "3d"}.get(found["has"])
    kind = re.sub(r"\d", "", type(scene.layer.value).__name__).removesuffix("d") if scene.layer else "BatchNorm"
    if scene.layer is not None:
        facts["features"] = str(scene.layer.value.num_features)
    return facts | {"right": f"{kind}{right}" if right else None}


def _largest(tensor: Any) -> int | None:
    if not isinstance(tensor, torch.Tensor) or tensor.device.type != "cpu" or not plain(tensor) or not tensor.numel():
        return None
    return int(tensor.max())


def _embedding(scene: Scene, found: re.Match[str]) -> Maybe:
    facts = _layer(scene, found)
    largest = _largest(scene.given)
    if scene.layer is not None and isinstance(scene.layer.value, torch.nn.Embedding):
        facts |= {"most": str(scene.layer.value.num_embeddings - 1), "size": str(scene.layer.value.embedding_dim)}
        if largest is not None and largest >= scene.layer.value.num_embeddings:
            facts |= {"largest": str(largest), "needed": str(largest + 1)}
    return facts


def _target(scene: Scene, found: re.Match[str]) -> Maybe:
    output, target = scene.local("input"), scene.local("target")
    facts: Maybe = {"y": scene.name_of(target)}
    if isinstance(output, torch.Tensor) and output.dim():
        classes = int(output.shape[1 if output.dim() > 1 else 0])
        facts |= {"classes": str(classes), "most": str(classes - 1)}
        largest = _largest(target)
        if largest is not None and largest == classes and int(target.min()) > 0:
            facts["from_one"] = "1"
        elif largest is not None:
            facts["needed"] = str(max(largest, int(found["target"])) + 1)
    return facts


def _classes(scene: Scene, found: re.Match[str]) -> Maybe:
    call = scene.call("one_hot")
    x = text(call.args[0]) if call is not None and call.args else None
    largest = _largest(live(scene, x))
    return {"x": x, "needed": str(largest + 1) if largest is not None else None}


def losses(scene: Scene, found: re.Match[str]) -> Maybe:
    """Output and target of a loss: their names and shapes, and which of them has one dimension more."""
    output, target = scene.local("input"), scene.local("target")
    if not (isinstance(output, torch.Tensor) and isinstance(target, torch.Tensor)):
        return {key: shape_text(sizes(found[key])) for key in ("y_shape", "out_shape") if found.groupdict().get(key)}
    facts: Maybe = {"output": scene.name_of(output), "y": scene.name_of(target)}
    facts |= {"out_shape": shape(output), "y_shape": shape(target)}
    if target.dim() == 2 and target.shape[1] == 1 and output.dim() == 2 and output.shape[1] > 1:
        facts["narrow"] = "1"
    if output.dim() == target.dim() + 1 and output.shape[-1] == 1:
        facts["output_more"] = "1"
    elif target.dim() == output.dim() + 1 and target.shape[-1] == 1:
        facts["target_more"] = "1"
    return facts


def _rnn(scene: Scene, found: re.Match[str]) -> Maybe:
    facts = _layer(scene, found)
    if scene.layer is not None:
        facts |= {"kind": type(scene.layer.value).__name__, "hidden": str(scene.layer.value.hidden_size)}
    return facts


LOSS_SIZES = (
    rf"target size \({SIZES.format('y_shape')}\) (?:that is different to|must be the same as) (?:the )?input size "
    rf"\({SIZES.format('out_shape')}\)"
)

KNOWN = (
    Known(
        "linear-in-features",
        (
            r"shapes? cannot be multiplied \((?P<rows>\d+)x(?P<a_size>\d+) and \d+x\d+\)",
            r"size mismatch, m1: \[(?P<rows>\d+) x (?P<a_size>\d+)\]",
            r"size mismatch, got (?:input|bias) \(\d+\), mat(?:rix)? \(\d+x\d+\), vec \((?P<a_size>\d+)\)",
        ),
        _linear,
    ),
    Known(
        "conv-channels",
        (
            rf"weight of size \[?(?P<weight>[\d, ]+)\]?, expected input{SIZES.format('given')} to have "
            r"(?P<wants>\d+) channels, "
            r"but got (?P<has>\d+) channels",
        ),
        _channels,
    ),
    Known(
        "conv-dims",
        (
            rf"input to conv.*but got (?:\dD )?input of size: {SIZES.format('given')}",
            rf"dimensional input for \d-dimensional weight .*input of size {SIZES.format('given')}",
            r"3D or 4D \(batch mode\) tensor expected",
        ),
        _conv_dims,
    ),
    Known(
        "conv-too-small",
        (
            r"size per channel: \((?P<size>[\dx ]+)\)\. kernel size: \((?P<kernel>[\dx ]+)\)\. kernel size can'?t "
            r"be greater",
        ),
        _kernel,
    ),
    Known(
        "pool-too-small",
        (
            r"given input size: \((?P<size>[\dx]+)\)\. calculated output size: \((?P<result>[\dx-]+)\)\. output "
            r"size is too small",
        ),
        _pool,
    ),
    Known(
        "batchnorm-one-value",
        (
            r"expected more than 1 (?:value per channel|spatial element) when training, got input size "
            rf"{SIZES.format('given')}",
        ),
        _layer,
    ),
    Known(
        "norm-features",
        (
            r"(?:running_mean|weight|running_var) should contain (?P<has>\d+) elements not (?P<wants>\d+)",
            rf"given normalized_shape=\[(?P<wants>[\d, ]+)\].*got input of size ?{SIZES.format('given')}",
        ),
        _norm,
    ),
    Known("norm-dims", (r"expected (?P<wants>[\w ]*D)(?: \([^)]*\))? input \(got (?P<has>\d)D input\)",), _norm_dims),
    Known("embedding-index", (r"index out of range in self",), _embedding),
    Known("target-out-of-range", (r"target (?P<target>-?\d+) is out of bounds",), _target),
    Known("one-hot-classes", (r"class values must be (?:smaller than num_classes|non-negative)",), _classes),
    Known(
        "batch-mismatch",
        (r"expected input batch_size \((?P<output_batch>\d+)\) to match target batch_size \((?P<target_batch>\d+)\)",),
        losses,
    ),
    Known("target-shape", (r"0D or 1D target tensor expected|multi-target not supported",), losses),
    Known("one-hot-target", (r"expected floating point type for target with class probabilities",), losses),
    Known("bce-range", (r"all elements of (?P<which>input|target) should be between 0 and 1",), losses),
    Known("loss-sizes", (LOSS_SIZES,), losses),
    Known(
        "rnn-input-size",
        (r"input\.size\(-1\) must be equal to input_size\.? expected (?P<wants>\d+), got (?P<has>\d+)",),
        _rnn,
    ),
)
