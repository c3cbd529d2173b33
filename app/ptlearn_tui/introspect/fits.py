"""Where a forward pass broke off: what the layer wants, what it met, and which layer or size of image would fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from torch import nn

from ptlearn_tui.events import Broken

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptlearn_tui.introspect.forward import Call, Pass

LARGEST = 512  # side of an image that is tried
STRIDES = 8  # of a pooling that is no layer

Step: TypeAlias = "Callable[[int], int | None]"
"""From the side of what comes in to that of what comes out."""

_UNSURE = ("adaptive", "interpolate", "pad", "unfold")  # in a forward(): its sizes follow other rules


def broken(passed: Pass, layers: list[tuple[str, nn.Module]]) -> Broken:
    """What can be said of the layer that raised."""
    path, layer = next(((path, layer) for path, layer in layers if id(layer) == passed.failed), ("", passed.module))
    call = passed.calls[id(layer)]
    last, channels = (call.inputs[0][-1:], call.inputs[0][-3:-2]) if call.inputs else ([], [])
    match layer:
        case nn.Linear() if last and last[0] != layer.in_features:
            return Broken(
                path=path,
                what="features",
                wants=layer.in_features,
                has=last[0],
                repair=f"nn.Linear({last[0]}, {layer.out_features})",
                image=_images(passed, layer.in_features, last[0]),
            )
        case nn.Conv2d() if channels and channels[0] != layer.in_channels:
            kernel = layer.kernel_size[0] if len(set(layer.kernel_size)) == 1 else tuple(layer.kernel_size)
            return Broken(
                path=path,
                what="channels",
                wants=layer.in_channels,
                has=channels[0],
                repair=f"nn.Conv2d({channels[0]}, {layer.out_channels}, {kernel})" if layer.groups == 1 else "",
            )
    return Broken(path=path)


def _images(passed: Pass, wants: int, has: int) -> list[int]:
    """The least and the largest side of a square image with which the failed layer would get what it wants.

    The rule is read off the pass itself, and must say of it what was seen; else there is none.
    """
    root = passed.calls.get(id(passed.module))
    ways = [way for axis in (-2, -1) if (way := _steps(passed, axis)) is not None]
    if root is None or not root.inputs or len(root.inputs[0]) not in (3, 4) or len(ways) != 2:
        return []
    *_, high, wide = root.inputs[0]
    channels = _last(passed)

    def features(high: int, wide: int, stride: int) -> int:
        return channels * ((_go(ways[0], high) or 0) // stride) * ((_go(ways[1], wide) or 0) // stride)

    for stride in range(1, STRIDES + 1):
        if channels and features(high, wide, stride) == has:
            fitting = [side for side in range(1, LARGEST + 1) if features(side, side, stride) == wants]
            return [fitting[0], fitting[-1]] if fitting else []
    return []


def _go(way: list[Step], side: int) -> int | None:
    for step in way:
        out = step(side)
        if out is None or out < 1:
            return None
        side = out
    return side


def _pictures(passed: Pass) -> list[tuple[nn.Module, Call]]:
    """The calls from picture to picture, in their order; each of one layer without layers inside."""
    found = []
    for layer in passed.module.modules():
        call = passed.calls.get(id(layer))
        if call is None or layer._modules or not call.inputs or not call.outputs:
            continue
        if len(call.inputs[0]) == len(call.outputs[0]) in (3, 4):
            found.append((layer, call))
    order = {key: place for place, key in enumerate(passed.calls)}
    return sorted(found, key=lambda each: order[id(each[0])])


def _last(passed: Pass) -> int:
    calls = _pictures(passed)
    return calls[-1][1].outputs[0][-3] if calls else 0


def _steps(passed: Pass, axis: int) -> list[Step] | None:
    """The way of a side through the pass; None where its rule is not known."""
    for layer in passed.module.modules():
        code = getattr(type(layer).forward, "__code__", None)
        if layer._modules and code is not None and any(word in name for word in _UNSURE for name in code.co_names):
            return None
    root, steps = passed.calls[id(passed.module)], []
    side = root.inputs[0][axis] if root.inputs and len(root.inputs[0]) > 1 else 0
    for layer, call in _pictures(passed):
        if call.times != 1:  # called again and again: only its last call is known
            return None
        for step in (_between(side, call.inputs[0][axis]), _through(layer, call, axis)):
            if step is None:
                return None
            steps.append(step)
        side = call.outputs[0][axis]
    return steps


def _between(before: int, after: int) -> Step | None:
    """What stands between two layers: nothing, or a pooling that is no layer."""
    for stride in range(1, STRIDES + 1):
        if before // stride == after:
            return lambda side: side // stride
    return None


def _through(layer: nn.Module, call: Call, axis: int) -> Step | None:
    """The arithmetic of convolution and pooling, as the documentation of `nn.Conv2d` and `nn.MaxPool2d` gives it."""
    if isinstance(layer, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)):
        kernel, stride = _of(layer.kernel_size, axis), _of(layer.stride, axis)
        dilation = _of(getattr(layer, "dilation", 1), axis)
        if layer.padding == "same":
            return lambda side: side
        margin = 0 if isinstance(layer.padding, str) else _of(layer.padding, axis)
        return _convolution(kernel, stride, dilation, margin, up=bool(getattr(layer, "ceil_mode", False)))
    same = call.inputs[0][axis] == call.outputs[0][axis]
    return (lambda side: side) if same else None


def _convolution(kernel: int, stride: int, dilation: int, margin: int, *, up: bool) -> Step:
    def step(side: int) -> int:
        room = side + 2 * margin - dilation * (kernel - 1) - 1
        whole, rest = divmod(room, stride)
        # With ceil_mode the last window must begin inside the picture or its left margin.
        more = up and rest and (whole + 1) * stride < side + margin
        return whole + 1 + bool(more)

    return step


def _of(value: int | tuple[int, ...], axis: int) -> int:
    return value if isinstance(value, int) else value[axis]
