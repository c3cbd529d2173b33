"""The derivative rule of a node in one line, ``d(a·b) = b·da + a·db``, with the node's own numbers filled in."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ptlearn_tui.introspect.operators import words
from ptlearn_tui.introspect.rule_table import LOSSES, ONLY, RULES
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
    leads = tuple([function is not None for function, _ in node.next_functions])
    text, wanted, loss, symbols = _line(node.name(), leads)
    if not text or any(_saved(node, each) not in allowed for each, allowed in wanted):
        return ""
    reduction = _saved(node, "reduction") if loss else None
    if reduction in (_SUM, _NONE):
        text = text.replace(" / n", "").replace("mean ", "Σ ")
        text = text.replace("Σ ", "") if reduction == _NONE else text
    if not numbers or not symbols:
        return text
    found = [f"{symbol} = {value}" for symbol, saved in symbols if (value := _number(node, saved, text))]
    return f"{text},  {', '.join(found)}" if found else text


class _Line(NamedTuple):
    """What is said of all nodes of a name with the same inputs."""

    text: str
    wanted: tuple[tuple[str, tuple[object, ...]], ...]  # what a node must have saved for it to hold
    loss: bool  # it is a mean, unless its node says otherwise
    symbols: tuple[tuple[str, str], ...]  # of numbers, and where the node keeps them


@lru_cache(maxsize=1024)
def _line(name: str, leads: tuple[bool, ...]) -> _Line:
    """`leads`: for each input, whether a gradient goes there."""
    rule = rule_of(name)
    if rule is None:
        return _Line("", (), False, ())
    terms = rule.terms
    if len(terms) == len(leads):
        terms = tuple(term for term, goes in zip(terms, leads, strict=True) if goes)
    elif sum(leads) > 1 and "…" not in rule.left:  # bounds that are tensors, a divisor: the rule knows nothing of them
        return _Line("", (), False, ())
    operator = words(name)
    text = f"{rule.left} = {' + '.join(terms)}".replace("+ −", "− ")
    constant = {"self": 0, "other": 1}  # a number that was written in the code, where no gradient goes
    symbols = tuple(
        (symbol, saved)
        for symbol, saved in rule.numbers.items()
        if saved not in constant or len(leads) == 1 or not leads[constant[saved]]
    )
    return _Line(text, (*ONLY.get(operator, {}).items(),), operator in LOSSES, symbols)


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
