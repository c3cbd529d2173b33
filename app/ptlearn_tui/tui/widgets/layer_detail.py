"""What is told of the current layer of a module: what it says of itself, its shapes, the values that came out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import spread
from ptlearn_tui.tui.theme import ACCENT, BAD, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.tensor_numbers import shape_words, short, size_words
from ptlearn_tui.tui.widgets.tensor_pictures import bars

if TYPE_CHECKING:
    from ptlearn_tui.events import Activation, Layer, Modules
    from ptlearn_tui.tui.widgets.module_panel import ModuleBody

_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def count_words(count: float) -> str:
    """`833 k`, `4.1 G`."""
    for size, unit in _UNITS:
        if count >= size:
            return f"{count / size:.3g} {unit}" if count < 999.5 * size else f"{count / size:.0f} {unit}"
    return f"{count:.0f}"


def shapes_words(shapes: list[list[int]]) -> str:
    """`(1, 6, 28, 28)`; of several tensors the first, and that there are more."""
    return shape_words(shapes[0]) + (" …" if len(shapes) > 1 else "") if shapes else ""


class LayerDetail(Lines):
    """At the foot of the Modules panel."""

    DEFAULT_CSS = "LayerDetail { dock: bottom; height: auto; padding: 1 0 0 0; background: $background; }"

    def __init__(self, body: ModuleBody) -> None:
        super().__init__()
        self.body = body

    def lay(self, width: int) -> list[Content]:
        """Nothing without a layer."""
        place = self.body.current
        if place is None:
            return []
        layer, tree = place.layer, place.tree
        name = f"{tree.name}.{layer.path}" if layer.path else tree.name
        said = safe(layer.said) or _size(tree, layer)
        lines = [
            spread(
                Content.assemble("   ", (safe(name), STRONG), "   ", said),
                Content.styled(t("line {n}", n=tree.line) + "  ", MUTED),
                width,
            )
        ]
        if layer.inputs or layer.outputs:
            lines.append(self._row(_shapes(layer), width))
        if layer.activation is not None:
            lines.append(self._row(_values(layer.activation), width))
        notes = _notes(tree, layer)
        if notes:
            lines.append(self._row(Content.styled("   ".join(notes), MUTED), width))
        return lines

    @staticmethod
    def _row(content: Content, width: int) -> Content:
        return Content.assemble("   ", content).truncate(width - 1, ellipsis=True)


def _size(tree: Modules, layer: Layer) -> str:
    """Of a module without words of its own."""
    return size_words(tree.bytes) if not layer.path and tree.bytes else ""


def _shapes(layer: Layer) -> Content:
    given = ", ".join(map(shape_words, layer.inputs)) or "?"
    out = ", ".join(map(shape_words, layer.outputs)) or "?"
    times = "   " + t("{n} calls, the last of them", n=layer.calls) if layer.calls > 1 else ""
    return Content.assemble(given, ("  →  ", ACCENT), out, ("  " + layer.dtype, MUTED), (times, MUTED))


def _values(found: Activation) -> Content:
    pieces: list[str | tuple[str, str]] = []
    if found.min is not None and found.max is not None:
        pieces.append(f"{short(found.min)} … {short(found.max)}")
    if found.mean is not None:
        pieces += [(f"   {t('mean')} ", MUTED), short(found.mean)]
    if found.std is not None:
        pieces += [("   std ", MUTED), short(found.std)]
    if found.zeros:
        pieces += [(f"   {t('zeros')} ", MUTED), f"{100 * found.zeros:.0f} %"]
    if found.nan or found.inf:
        pieces.append((f"   {found.nan} NaN, {found.inf} inf", BAD))
    if found.histogram:
        pieces += ["   ", (bars(found.histogram, 12), ACCENT)]
    return Content.assemble(*pieces)


def _notes(tree: Modules, layer: Layer) -> list[str]:
    notes = []
    if layer.same_as is not None:
        notes.append(t("the same layer as {other}", other=safe(layer.same_as or tree.name)))
    if layer.frozen:
        notes.append(t("frozen: no parameter wants a gradient"))
    if not layer.training:
        notes.append(t("in eval mode"))
    return notes
