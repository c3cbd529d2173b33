"""What is told of the current node of a graph: its rule, the gradients that a film has of it, what it keeps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.events import Tensor
from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.screens.base import WIDE
from ptlearn_tui.tui.text import fit, spread, wrap
from ptlearn_tui.tui.theme import ACCENT, GOOD, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.tensor_numbers import block, number, shape_words

if TYPE_CHECKING:
    from ptlearn_tui.events import Film, Grad, Node, NoGraph, Shot
    from ptlearn_tui.tui.widgets.graph_panel import GraphBody

LABEL = 8  # cells of `in`, `out`, `keeps`
FEW = 4  # values that are written out in a line


def name_of(node: Node) -> str:
    """The leaf's own name, or the operator in words."""
    return safe(node.variable if node.variable is not None else node.operator)


def line_words(node: Node) -> str:
    """`line 3`."""
    return t("line {n}", n=node.line) if node.line is not None else t("line unknown")


def why_none(told: NoGraph) -> Content:
    """`y has no graph: .detach() cuts it off`."""
    because = ", ".join(map(safe, told.because))
    match told.why:
        case "leaf":
            why = t("it is a leaf: a graph ends there")
        case "dtype":
            why = t("it is {dtype}, and only floats and complex numbers have gradients", dtype=because)
        case "inference_mode":
            why = t("it was made in torch.inference_mode()")
        case "no_grad":
            why = t("it was made in torch.no_grad()")
        case "cut":
            why = t("{what} cuts it off", what=because)
        case "no_input" if because:
            why = t("what it was made of does not require grad: {names}", names=because)
        case "no_input":
            why = t("it was made without requires_grad")
        case _:
            why = t("its requires_grad is False")
    return Content.assemble((safe(told.root), STRONG), (" " + t("has no graph: {why}", why=why), MUTED))


# ---- mathematics in ASCII ---------------------------------------------------------------------------------------

_RAISED = dict(zip("⁻¹²³ᵃᵇᵖʸᵀ", "-123abpyT", strict=True))
_WORDS = {
    "−": "-", "·": "*", "∗": "*", "×": "x", "√": "sqrt ", "Σ": "sum", "Π": "prod", "σ": "sigma", "Φ": "Phi", "φ": "phi",
    "ψ": "psi", "Γ": "Gamma", "α": "alpha", "π": "pi", "‖": "||", "≥": ">=", "≤": "<=", "₂": "2", "₁": "1", "₀": "0",
    "ā": "mean a", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "…": "...",
}  # fmt: skip


def in_ascii(rule: str) -> str:
    """A rule as a keyboard has it: `d(a^2) = 2*a*da`."""

    def raised(found: re.Match[str]) -> str:
        inside = "".join(_RAISED[character] for character in found[0])
        return f"^{inside}" if len(inside) == 1 or inside == "-1" else f"^({inside})"

    rule = re.sub(f"[{''.join(_RAISED)}]+", raised, rule)
    return "".join(_WORDS.get(character, character) for character in rule)


# ---- gradients --------------------------------------------------------------------------------------------------


def brief(grad: Grad | None, *, shape: bool = True) -> str:
    """A gradient in a few characters: `0.25 ×4`, `[4.0, 2.0]`, or its norm."""
    if grad is None:
        return t("none")
    values = _flat(grad.values)
    count = 1
    for size in grad.shape:
        count *= size
    if values and len(values) == count and all(value == values[0] for value in values):
        return _short(values[0]) + (f" ×{count}" if count > 1 else "")
    if values and len(values) == count <= FEW:
        return "[" + ", ".join(map(_short, values)) + "]"
    if grad.norm is None:
        return shape_words(grad.shape)
    norm = t("norm {n}", n=number(_real(grad.norm), 3))
    return f"{shape_words(grad.shape)} {norm}" if shape else norm


def _flat(values: Any) -> list[Any]:
    if not isinstance(values, list):
        return [] if values is None else [values]
    return [inner for value in values for inner in _flat(value)]


def _short(value: Any) -> str:
    text = number(_real(value), 4)
    return text.rstrip("0") + "0" * text.rstrip("0").endswith(".") if "." in text and "e" not in text else text


def _real(value: Any) -> Any:
    return float(value) if value in ("nan", "inf", "-inf") else value


class NodeDetail(Lines):
    """At the foot of the Graph panel. Much where the window is wide, two lines where it is a sheet."""

    DEFAULT_CSS = "NodeDetail { dock: bottom; height: auto; padding: 1 0 0 0; background: $background; }"

    def __init__(self, body: GraphBody) -> None:
        super().__init__()
        self.body = body

    def lay(self, width: int) -> list[Content]:
        """Nothing without a node."""
        node, body = self.body.node, self.body
        if node is None or body.shown is None:
            return []
        shot = body.reel.shot
        shot = shot if shot is not None and shot.node == node.id else None
        wide = self.app.size.width >= WIDE
        lines = [self._rule(node, width)]
        if shot is not None and body.reel.film is not None:
            lines += (self._gradients if wide else self._briefly)(node, shot, body.reel.film, width)
            if wide:
                lines.append(_row("", Content.assemble(("← ", ACCENT), (t("towards out") + "   ", MUTED),
                                                       ("→ ", ACCENT), (t("towards the leaves"), MUTED))))  # fmt: skip
        elif node.saved:
            lines += self._saved(node, width)
        return lines

    def _rule(self, node: Node, width: int) -> Content:
        if node.variable is not None or node.name == "AccumulateGrad":
            said = t("a leaf: what comes is added to .grad")
        elif node.rule:
            said = in_ascii(node.rule) if self.app.has_class("-ascii") else node.rule
        elif re.fullmatch(r".+Backward", node.name) and node.name != "CompiledFunctionBackward":
            said = t("its rule is the backward() that it came with")
        else:
            said = node.name
        name = fit(name_of(node), max(LABEL, min(cell_len(name_of(node)) + 2, 24)))
        left = Content.assemble("   ", (name, STRONG), said)
        places = [t("node {n} of {total}", n=node.id + 1, total=self._total())]
        if self.body.reel.film is not None:  # its title may have scrolled away
            places = [f"{self.body.reel.place}  {self.body.reel.state}", self.body.reel.place]
        at = next((each for each in places if left.cell_length + cell_len(each) + 4 <= width), "")
        return spread(left, Content.styled(at + "  ", MUTED), width)

    def _total(self) -> int:
        shown = self.body.shown
        return len(shown.nodes) + shown.left_out if shown is not None else 0

    def _saved(self, node: Node, width: int) -> list[Content]:
        """`keeps   self (2, 2)   other ()`, or each with its values, where they were asked for."""
        looked = self.body.saved
        if not looked:
            words = "   ".join(
                f"{safe(each.name)} {shape_words(each.shape) if each.shape is not None else t('packed')}"
                for each in node.saved
            )
            return [_row(t("keeps"), Content(words), width)]
        lines = []
        for index, (name, card) in enumerate(looked.items()):
            if isinstance(card, Tensor):
                words = f"{safe(name)} {shape_words(card.shape)}   {_values(card)}"
            else:
                words = f"{safe(name)}   {_why(card)}"
            lines.append(_row(t("keeps") if index == 0 else "", Content(words), width))
        return lines

    def _briefly(self, node: Node, shot: Shot, film: Film, width: int) -> list[Content]:
        """In one line: `in 1.0   → mul 0.25 ×4`."""
        if shot.after is not None or shot.before is not None:
            line = _row(".grad", _sum(shot))
            rows = block(film.jacobian) if film.jacobian is not None and node.variable == film.leaf else []
            matrix = Content.assemble(("   J ", MUTED), "[" + "; ".join(rows) + "]") if rows else Content()
            return [Content.assemble(line, matrix) if line.cell_length + matrix.cell_length < width else line]
        pieces: list[Any] = [(t("in") + " ", MUTED), "  ".join(brief(each) for each in shot.incoming)]
        for flow in shot.outgoing:
            pieces += [("   → ", ACCENT), (_target(film, flow.to) + " ", MUTED), brief(flow.gradient)]
        return [_row("", Content.assemble(*pieces), width)]

    def _gradients(self, node: Node, shot: Shot, film: Film, width: int) -> list[Content]:
        """What came, what went where, with values and shapes; a leaf's sum, and the Jacobian if there is one."""
        lines: list[Content] = []
        for grad in shot.incoming:
            lines += _block("v" if film.shape and shot.node == 0 else t("in"), grad, width)
        for flow in shot.outgoing:
            lines += _block(t("out"), flow.gradient, width, "→ " + _target(film, flow.to))
        if shot.after is not None or shot.before is not None:
            lines.append(_row(".grad", _sum(shot), width))
            if film.jacobian is not None and node.variable == film.leaf:
                lines += self._jacobian(film, width)
        return lines

    def _jacobian(self, film: Film, width: int) -> list[Content]:
        """J, and what it has to do with what has arrived."""
        product = in_ascii("vᵀJ") if self.app.has_class("-ascii") else "vᵀJ"
        said = t(
            "in is {product}: a row of J for each element of {root}, a column for each of {leaf}",
            product=product,
            root=safe(film.root),
            leaf=safe(film.leaf or "?"),
        )
        lines = [_row("J" if at == 0 else "", Content(row), width) for at, row in enumerate(block(film.jacobian))]
        return [*lines, *(_row("", line) for line in wrap(Content.styled(said, MUTED), max(width - LABEL - 5, 20)))]


def _target(film: Film, number: int) -> str:
    return name_of(film.nodes[number]) if number < len(film.nodes) else "?"


def _row(label: str, content: Content, width: int | None = None) -> Content:
    line = Content.assemble("   ", (fit(label, LABEL), MUTED), content)
    return line if width is None else line.truncate(width - 1, ellipsis=True)


def _values(card: Tensor) -> str:
    values = _flat(card.values)
    if card.numel == len(values) and len(values) <= 2 * FEW:
        return "[" + ", ".join(map(_short, values)) + "]" if card.shape else _short(values[0])
    return f"{_short(card.min)} … {_short(card.max)}   mean {_short(card.mean)}" if card.mean is not None else ""


def _why(reason: str) -> str:
    """Why the kernel can't show what a node keeps."""
    if reason.endswith("backward() has run"):
        return t("freed: backward() has run")
    if reason.endswith(("by now", "any more", "not a tensor", "no plain name", "no graph")):
        return t("the variable has another graph by now")
    return t("busy: ask again when nothing runs") if reason == "the kernel is busy" else safe(reason)


def _sum(shot: Shot) -> Content:
    """What a leaf had, what came, what it has."""
    added = brief(shot.incoming[0], shape=False) if shot.incoming else t("none")
    before = (t("none"), MUTED) if shot.before is None else brief(shot.before, shape=False)
    return Content.assemble(before, (" + ", WARN), added, " = ", (brief(shot.after, shape=False), GOOD))


def _block(label: str, grad: Grad | None, width: int, target: str = "") -> list[Content]:
    if grad is None:
        return [spread(_row(label, Content.styled(t("none"), MUTED)), Content.styled(target + "  ", MUTED), width)]
    rows = block(grad.values) or [brief(grad)]
    rows = rows if len(rows) <= FEW else [*rows[: FEW - 1], "…"]
    where = Content.styled("   ".join(each for each in (shape_words(grad.shape), target) if each) + "  ", MUTED)
    first = spread(_row(label, Content(rows[0])), where, width)
    return [first, *(_row("", Content(row), width) for row in rows[1:])]
