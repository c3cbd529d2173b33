"""Errors and warnings that learners meet, by codes that stay: what each looks like, and what can be read of it.

PyTorch has few classes of errors, and words them anew between versions, so a `Known` is found by the few words that
carry its sense. The numbers in its message and the live tensors on the line become facts, which the texts of
`locale.explained` have places for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.introspect.known import autograd, data, indices, kinds, modules, networks, python, shapes, warned
from ptlearn_tui.introspect.known.known import compiled

if TYPE_CHECKING:
    import re

    from ptlearn_tui.introspect.known.known import Facts, Known
    from ptlearn_tui.introspect.scene import Scene

KNOWN: tuple[Known, ...] = (
    *warned.KNOWN,
    *python.KNOWN,  # before the others: an attribute's name, a message's word may be anything
    *data.KNOWN,
    *modules.KNOWN,
    *networks.KNOWN,
    *autograd.KNOWN,
    *kinds.KNOWN,
    *indices.KNOWN,  # an assignment says what `expand` says
    *shapes.KNOWN,
)
_PATTERNS = [(known, pattern) for known in KNOWN for pattern in compiled(known)]  # in the server: 50 ms
READ = 8_000  # characters of a message: that of a state dict has a line for each key
LONGEST = 80  # characters of a fact


def recognise(scene: Scene) -> tuple[str, Facts] | None:
    """The code of what was raised or warned of, and its facts; None for anything that is not known."""
    try:
        message = str(scene.raised)[:READ]
    except Exception:  # a `__str__` of the learner's
        return None
    for known, pattern in _PATTERNS:
        if isinstance(scene.raised, known.kinds) and (found := pattern.search(message)):
            facts = _facts(known, scene, found)
            if facts is not None:
                return known.code, facts
    return None


def _facts(known: Known, scene: Scene, found: re.Match[str]) -> Facts | None:
    """Those of the message, then those that are read from what is alive; None if it is not this error after all."""
    facts = {name: value for name, value in found.groupdict().items() if value}
    if known.facts is not None:
        try:
            more = known.facts(scene, found)
        except Exception:  # an odd line, an odd tensor: the words of the message still say what it is
            more = {}
        if more is None:
            return None
        facts |= {name: value for name, value in more.items() if value}
    return {name: value for name, value in facts.items() if len(value) <= LONGEST and "\n" not in value}
