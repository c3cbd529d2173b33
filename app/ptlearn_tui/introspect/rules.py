"""The derivative rule of a node in one line, ``d(a·b) = b·da + a·db``, with the node's own numbers filled in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ptlearn_tui.introspect.operators import words
from ptlearn_tui.introspect.rule_table import ONLY, RULES
from ptlearn_tui.introspect.values import number_text

if TYPE_CHECKING:
    from ptlearn_tui.introspect.rule_forms import Rule

_NONE, _SUM = 0, 2  # a loss's reduction, as its node has it


def rule_of(name: str) -> Rule | None:
    """The rule for a node's name, ``MulBackward0``; None where the table has none."""
    return RULES.get(name) or RULES.get(words(name))


def rule_text(node: Any, *, numbers: bool = True) -> str:
    """The rule of a live node; empty where the table has none, or none that holds for it.

    The right side has a term for each input that a gradient goes to. `numbers`: those that the node tells for free.
    """
    name = node.name()
    rule = rule_of(name)
    if rule is None or not all(_saved(node, each) in allowed for each, allowed in ONLY.get(words(name), {}).items()):
        return ""
    terms, edges = rule.terms, [edge[0] is not None for edge in node.next_functions]
    if len(terms) == len(edges):
        terms = tuple(term for term, leads in zip(terms, edges, strict=True) if leads)
    elif sum(edges) > 1 and "…" not in rule.left:  # bounds that are tensors, a divisor: the rule knows nothing of them
        return ""
    text = f"{rule.left} = {' + '.join(terms)}".replace("+ −", "− ")
    reduction = _saved(node, "reduction")
    if reduction in (_SUM, _NONE):
        text = text.replace(" / n", "").replace("mean ", "Σ ")
        text = text.replace("Σ ", "") if reduction == _NONE else text
    if not numbers:
        return text
    found = [f"{symbol} = {value}" for symbol, saved in rule.numbers.items() if (value := _number(node, saved, text))]
    return f"{text},  {', '.join(found)}" if found else text


def _saved(node: Any, name: str) -> Any:
    """A scalar that the node has saved; None where it has none, or it is freed. A tensor is told, not unpacked."""
    try:
        raw = getattr(node, f"_raw_saved_{name}", None)
        if raw is None:
            return getattr(node, f"_saved_{name}", None)
        if raw.unpack_hook is not None or raw.data is None:
            return raw.unpack_hook
        if raw.data.dim() or not raw.data.is_cpu or not raw.data.is_leaf:
            return raw.data
        return getattr(node, f"_saved_{name}").item()  # raises where it was changed in place
    except (AttributeError, RuntimeError):  # freed by backward(), or told otherwise in this torch
        return None


def _number(node: Any, saved: str, text: str) -> str:
    """As it stands in the line: a number that the node keeps, none for a tensor of several."""
    if saved == "elements":
        return _elements(node) if " n" in text else ""
    value = _saved(node, saved)
    if isinstance(value, tuple | list) and len(value) == 1:
        (value,) = value
    if isinstance(value, int) and value >= 1 << 63:  # a negative dimension
        value -= 1 << 64
    return number_text(value) if isinstance(value, int | float) else ""


def _elements(node: Any) -> str:
    """How many elements of the input one of the output is made of."""
    function, output = node.next_functions[0]
    if function is None:
        return ""
    try:
        before, after = (math.prod(one._input_metadata[at].shape) for one, at in ((function, output), (node, 0)))
    except (AttributeError, IndexError, RuntimeError, TypeError):
        return ""
    return str(before // after) if after else ""
