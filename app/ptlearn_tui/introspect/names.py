"""What the learner calls the leaves of a graph, and where they were made; remembered without keeping them alive."""

from __future__ import annotations

import weakref
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MODULES = 64  # roots that are looked through for parameters
PARAMETERS = 4_096  # of one module that are named


class Place(NamedTuple):
    """A line of a cell."""

    cell: int
    line: int


class Named(NamedTuple):
    """What something is called, and the statement that bound it, where that is known."""

    name: str
    place: Place | None


class Names:
    """The names of leaves and modules, noted as statements bind them.

    A leaf keeps its first name: rebinding ``x`` to another tensor does not rename the leaf that a graph holds.
    """

    def __init__(self) -> None:
        self._leaves: dict[int, tuple[weakref.ref[torch.Tensor], Named]] = {}
        self._modules: dict[int, tuple[weakref.ref[torch.nn.Module], Named]] = {}
        self._had_grad: dict[int, weakref.ref[torch.Tensor]] = {}
        self._sweep_at = 1_000

    def note(self, name: str, value: object, place: Place) -> None:
        """A statement bound `name` to `value`; a leaf that requires grad, or a module, is remembered."""
        if isinstance(value, torch.Tensor):
            if value.is_leaf and value.requires_grad and self._leaf(value) is None:
                self._leaves[id(value)] = (weakref.ref(value), Named(name, place))
                self._sweep()
        elif isinstance(value, torch.nn.Module):
            known = self._modules.get(id(value))
            if known is None or known[0]() is not value:
                self._modules[id(value)] = (weakref.ref(value), Named(name, place))

    def reader(self, namespace: Mapping[str, Any]) -> Callable[[torch.Tensor], Named | None]:
        """A function from a leaf to its name: a variable's, or a parameter's within its module, ``conv1.weight``.

        Good as long as nothing is bound anew: what it has to look up, it looks up once.
        """
        parameters: dict[int, Named] | None = None
        variables: dict[int, str] | None = None

        def name_of(leaf: torch.Tensor) -> Named | None:
            nonlocal parameters, variables
            known = self._leaf(leaf)
            if known is not None and namespace.get(known.name) is leaf:
                return known
            if parameters is None:
                parameters = self._parameters(namespace)
            if id(leaf) in parameters:
                return parameters[id(leaf)]
            if variables is None:
                variables = {id(v): name for name, v in list(namespace.items()) if isinstance(v, torch.Tensor)}
            if id(leaf) in variables and not (known and "[" in known.name):
                return Named(variables[id(leaf)], known.place if known else None)
            return known

        return name_of

    def saw_grad(self, tensor: torch.Tensor) -> bool:
        """Whether this tensor has been seen with a gradient; remembers it if it has one now."""
        seen = self._had_grad.get(id(tensor))
        if seen is not None and seen() is tensor:
            return True
        if tensor.is_leaf and tensor.grad is not None:
            self._had_grad[id(tensor)] = weakref.ref(tensor)
        return False

    def _leaf(self, tensor: torch.Tensor) -> Named | None:
        known = self._leaves.get(id(tensor))
        return known[1] if known is not None and known[0]() is tensor else None

    def _parameters(self, namespace: Mapping[str, Any]) -> dict[int, Named]:
        named: dict[str, list[tuple[str, int]]] = {}  # "conv1.weight" -> the modules that have one
        seen: set[int] = set()
        for root, module in islice(self._roots(namespace), MODULES):
            for inner, parameter in islice(module.named_parameters(), PARAMETERS):
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    named.setdefault(inner, []).append((root, id(parameter)))
        places = self._places()
        found: dict[int, Named] = {}
        for inner, owners in named.items():
            for root, key in owners:
                name = inner if len(owners) == 1 else f"{root}.{inner}"  # two nets: which one's conv1?
                found[key] = Named(name, places.get(key))
        return found

    def _roots(self, namespace: Mapping[str, Any]) -> Iterator[tuple[str, torch.nn.Module]]:
        """Modules by the learner's own variables, largest first, so that ``net`` comes before its own ``layer``."""
        roots = [(name, value) for name, value in list(namespace.items()) if isinstance(value, torch.nn.Module)]
        for reference, known in list(self._modules.values()):
            module = reference()
            if module is not None and known.name.isidentifier():
                roots.append((known.name, module))
        return iter(sorted(roots, key=lambda root: -sum(1 for _ in islice(root[1].parameters(), PARAMETERS))))

    def _places(self) -> dict[int, Place]:
        """Parameter -> the statement that made the innermost module it belongs to."""
        places: dict[int, tuple[int, Place]] = {}
        for reference, known in list(self._modules.values()):
            module = reference()
            if module is None or known.place is None:
                continue
            parameters = list(islice(module.parameters(), PARAMETERS))
            for parameter in parameters:
                other = places.get(id(parameter))
                if other is None or len(parameters) <= other[0]:
                    places[id(parameter)] = (len(parameters), known.place)
        return {key: place for key, (_, place) in places.items()}

    def _sweep(self) -> None:
        """Forget the dead, now and then: an address may be another tensor's by now, so each look-up checks too."""
        if len(self._leaves) + len(self._had_grad) + len(self._modules) < self._sweep_at:
            return
        self._leaves = {key: item for key, item in self._leaves.items() if item[0]() is not None}
        self._modules = {key: item for key, item in self._modules.items() if item[0]() is not None}
        self._had_grad = {key: item for key, item in self._had_grad.items() if item() is not None}
        self._sweep_at = max(1_000, 2 * (len(self._leaves) + len(self._had_grad) + len(self._modules)))
