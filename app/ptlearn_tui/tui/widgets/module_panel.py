"""The panel Modules: the layers of each module, their shapes, parameters and FLOPs; and where a pass broke off."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual.containers import VerticalScroll
from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.glyphs import FOCUS, HERE, cross
from ptlearn_tui.tui.text import fit, spread, thousands, wrap
from ptlearn_tui.tui.theme import ACCENT, BAD, FAINT, MUTED, STRONG
from ptlearn_tui.tui.widgets.layer_detail import LayerDetail, count_words, shapes_words
from ptlearn_tui.tui.widgets.panel import PanelBody

if TYPE_CHECKING:
    from textual.events import Click

    from ptlearn_tui.events import Broken, Layer, Modules
    from ptlearn_tui.tui.record import Record

FOLDED = 40  # layers of a module from which on what is inside its own layers is folded
BOTH = 76  # cells from which on what goes in has a column too
NUMBERS = 9  # cells of the parameters' column
FLOPS = 7
WHY = 3  # lines below a layer that may belong to it


class Place(NamedTuple):
    """A layer that has a line."""

    tree: Modules
    number: int  # of the layer, in its tree

    @property
    def layer(self) -> Layer:
        """What it is."""
        return self.tree.layers[self.number]

    @property
    def failed(self) -> bool:
        """Whether the pass broke off in it."""
        return self.tree.broken is not None and self.tree.broken.path == self.layer.path

    @property
    def key(self) -> tuple[str, str]:
        """The same in the next run."""
        return self.tree.name, self.layer.path


class ModuleBody(PanelBody):
    """The trees of one cell; a line a layer, one of them current."""

    marks_itself = True

    def __init__(self) -> None:
        super().__init__()
        self.at = 0  # index of the current line's layer, among those in sight
        self.turned: set[tuple[str, str]] = set()  # layers that the learner has folded or unfolded
        self._shown: tuple[Record, int, int] | None = None  # and of which run, and where that broke off
        self._rows: list[int] = []  # of each layer in sight, its line

    def empty(self) -> str:
        """How modules come here."""
        return t("No modules yet. Run a cell with r that makes or calls one: its layers stand here, with shapes.")

    def on_mount(self) -> None:
        """What is told of the current layer stands below, and does not scroll."""
        if isinstance(self.parent, VerticalScroll):
            self.parent.mount(LayerDetail(self))

    def changed(self) -> None:
        """What stands below changes too."""
        super().changed()
        if self.is_mounted and self.parent is not None:
            for detail in self.parent.query_children(LayerDetail):
                detail.changed()

    # ---- what is in sight --------------------------------------------------------------------------------------

    @property
    def places(self) -> list[Place]:
        """The layers that have a line."""
        found: list[Place] = []
        for tree in self.record.trees.values() if self.record is not None else ():
            closed: int | None = None  # depth of a layer that is folded
            for index, layer in enumerate(tree.layers):
                if closed is not None and layer.depth > closed:
                    continue
                place = Place(tree, index)
                closed = layer.depth if has_layers(place) and self._is_folded(place) else None
                found.append(place)
        return found

    @property
    def current(self) -> Place | None:
        """The one that the keys are at."""
        places = self.places
        return places[min(self.at, len(places) - 1)] if places else None

    def _is_folded(self, place: Place) -> bool:
        tree, layer = place.tree, place.layer
        inside = tree.broken is not None and tree.broken.path.startswith(layer.path + ".")
        folded = len(tree.layers) > FOLDED and layer.depth >= 1 and not inside
        return folded != (place.key in self.turned)

    # ---- keys --------------------------------------------------------------------------------------------------

    def walk_lines(self, step: int) -> None:
        """To the next layer."""
        if self._rows:
            self.at = max(0, min(len(self._rows) - 1, self.at + step))
            self.changed()
            self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        panel = self.parent
        if isinstance(panel, VerticalScroll) and self._rows:
            below = sum(detail.size.height for detail in panel.query_children(LayerDetail))
            top, rows = panel.scroll_offset.y, max(1, panel.size.height - below)
            line = self._rows[min(self.at, len(self._rows) - 1)]
            if line < rows - WHY:
                panel.scroll_to(y=0, animate=False)
            elif not top < line < top + rows - WHY:
                panel.scroll_to(y=max(0, line - rows // 2), animate=False)

    def enter(self) -> None:
        """Fold a layer with layers inside, or unfold it."""
        place = self.current
        if place is not None and has_layers(place):
            self.turned ^= {place.key}
            self.changed()

    def turn(self, step: int) -> bool:
        """→ unfolds, ← folds."""
        place = self.current
        if place is not None and has_layers(place) and self._is_folded(place) == (step > 0):
            self.enter()
            return True
        return False

    def on_click(self, event: Click) -> None:
        """A click makes a layer current; a second one folds or unfolds it."""
        found = next((at for at, row in enumerate(self._rows) if row == event.y), None)
        if found == self.at:
            self.enter()
        elif found is not None:
            self.at = found
            self.changed()

    # ---- drawing -----------------------------------------------------------------------------------------------

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """Heads of the columns, then a line a layer."""
        places = self.places
        failed = next((at for at, place in enumerate(places) if place.failed), 0)
        if (record, record.number, failed) != self._shown:
            self._shown = record, record.number, failed
            self.at = failed
            self.call_after_refresh(self._keep_in_sight)
        self._rows = []
        if not places:
            return []
        self.at = min(self.at, len(places) - 1)
        columns = _Columns.of(places, width)
        lines = [columns.head(self.of_cell)]
        for at, place in enumerate(places):
            if place.number == 0 and at:
                lines.append(Content())
            mark = (FOCUS if self.focused_panel else HERE, ACCENT) if at == self.at else (" ", "")
            self._rows.append(len(lines))
            lines.append(columns.line(place, mark, folded=has_layers(place) and self._is_folded(place)))
            if place.tree.broken is not None and place.failed:
                lines += _why(place.tree.broken, width)
            if place.tree.left_out and place == Place(place.tree, len(place.tree.layers) - 1):
                lines.append(Content.styled("   " + t("{n} more layers", n=thousands(place.tree.left_out)), MUTED))
        return lines


def has_layers(place: Place) -> bool:
    """Whether there are layers inside."""
    layers = place.tree.layers
    return place.number + 1 < len(layers) and layers[place.number + 1].depth > place.layer.depth


class _Columns(NamedTuple):
    """Widths, in cells."""

    width: int
    name: int
    kind: int
    given: int  # 0: no column of its own
    out: int

    @classmethod
    def of(cls, places: list[Place], width: int) -> _Columns:
        names = max(cell_len(_name(place)) + 2 * place.layer.depth for place in places) + 2
        kinds = max(cell_len(safe(place.layer.kind)) for place in places) + 2
        given = max(cell_len(shapes_words(place.layer.inputs)) for place in places) + 4 if width >= BOTH else 0
        out = max(cell_len(shapes_words(place.layer.outputs)) for place in places)
        room = width - 3 - NUMBERS - FLOPS - 2
        names, kinds = min(names, room // 2), min(kinds, 18)
        out = max(min(out, room - names - kinds - given), 0)
        return cls(width, names, kinds, given if names + kinds + given + out <= room else 0, out)

    def head(self, of_cell: int | None) -> Content:
        """What each column is."""
        given = fit(t("given"), self.given) if self.given else ""
        left = "   " + fit(t("layer"), self.name) + fit(t("kind"), self.kind) + given + t("gives")
        if of_cell is not None:
            left += "   " + t("cell {n}", n=of_cell + 1)
        return Content.styled(self._right(Content(left), t("params"), "FLOPs").plain, MUTED)

    def line(self, place: Place, mark: tuple[str, str], *, folded: bool) -> Content:
        """A layer's line."""
        tree, layer = place.tree, place.layer
        sign = cross() if place.failed else "+" if folded else " "
        left = Content.assemble(
            mark,
            (fit(sign, 2), BAD if place.failed else ACCENT),
            ("· " * layer.depth, FAINT),
            (fit(_name(place), max(self.name - 2 * layer.depth, 4)), BAD if place.failed else STRONG),
            fit(safe(layer.kind), self.kind),
        )
        if layer.calls:
            out = shapes_words(layer.outputs) if layer.outputs else ""
            if self.given and layer.outputs:
                left = Content.assemble(left, fit(shapes_words(layer.inputs), self.given - 3), ("→  ", MUTED), out)
            else:
                left = Content.assemble(left, shapes_words(layer.inputs) if self.given else out)
        elif tree.called:
            left = Content.assemble(left, (t("not reached") if tree.broken is not None else t("not called"), MUTED))
        numbers = thousands(layer.parameters) if layer.parameters else ""
        return self._right(left, numbers, count_words(layer.flops) if layer.flops else "")

    def _right(self, left: Content, numbers: str, flops: str) -> Content:
        right = " " * max(NUMBERS - cell_len(numbers), 0) + numbers + " " * max(FLOPS - cell_len(flops), 0) + flops
        return spread(left, Content(right + "  "), self.width)


def _name(place: Place) -> str:
    """Its own, without those that lead to it."""
    return safe(place.layer.path.rpartition(".")[2] if place.number else place.tree.name)


def _why(broken: Broken, width: int) -> list[Content]:
    """What is wrong, and what would fit."""
    if broken.wants is None or broken.has is None:
        said = t("the pass broke off here")
    elif broken.what == "features":
        said = t("it wants {wants} features and is given {has}", wants=broken.wants, has=broken.has)
    else:
        said = t("it wants {wants} channels and is given {has}", wants=broken.wants, has=broken.has)
    if broken.image and broken.image[0] == broken.image[-1]:
        said += t(": an image of {n}×{n} would fit", n=broken.image[0])
    elif broken.image:
        said += t(
            ": an image of {least}×{least} to {most}×{most} would fit", least=broken.image[0], most=broken.image[-1]
        )
    if broken.repair:
        said += (
            t(", or {layer}", layer=safe(broken.repair)) if broken.image else t(": {layer}", layer=safe(broken.repair))
        )
    return [Content.assemble("     ", line) for line in wrap(Content.styled(said, BAD), max(width - 7, 20))]
