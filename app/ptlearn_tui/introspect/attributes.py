"""What an object has and what its names lead to, read where Python keeps it: no line of the learner's code runs."""

from __future__ import annotations

import inspect
import sys
from types import GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MISSING: Any = object()
"""What a name leads to that leads nowhere, or only by running code: a property, a ``__getattr__``."""

_REGISTRIES = ("_parameters", "_buffers", "_modules")  # where a module keeps what has been assigned to it
_IN_TORCH = ("shape", "dtype", "device")  # of a tensor: read from PyTorch at no cost, and without a warning


def own_names(value: object) -> set[str]:
    """The names that this very object holds, those of its class apart."""
    if isinstance(value, type):
        return set(type.__dict__["__dict__"].__get__(value))
    names = set(_fields(value))
    if isinstance(value, torch.nn.Module):
        for registry in _registries(value):
            names.update(registry)
    return {name for name in names if isinstance(name, str)}


def names(value: object) -> set[str]:
    """Its own names and those of its classes: `dir`, without a ``__dir__`` of the learner's."""
    found = own_names(value)
    for base in type.__dict__["__mro__"].__get__(value if isinstance(value, type) else type(value)):
        found.update(own_names(base))
    return found


def attribute(value: object, name: str) -> Any:
    """What ``value.name`` is, or `MISSING`. Raises nothing."""
    try:
        return _attribute(value, name)
    except Exception:  # nested tensors have no shape, and what C code keeps may be half made
        return MISSING


def follow(namespaces: Sequence[Mapping[str, Any]], dotted: Sequence[str]) -> list[Any]:
    """The objects along a dotted name, its first part out of the first namespace that has it; up to where it ends."""
    found: list[Any] = []
    for name in dotted:
        if found:
            value = attribute(found[-1], name)
        else:
            value = next((namespace[name] for namespace in namespaces if name in namespace), MISSING)
        if value is MISSING:
            break
        found.append(value)
    return found


def _attribute(value: object, name: str) -> Any:
    if isinstance(value, torch.Tensor):
        if name in _IN_TORCH:
            with torch._C.DisableTorchFunctionSubclass():
                return getattr(value, name)
    elif isinstance(value, torch.nn.Module):
        for registry in _registries(value):
            if name in registry:
                return registry[name]
    found = inspect.getattr_static(value, name, MISSING)
    if found is MISSING and isinstance(value, ModuleType):
        return sys.modules.get(f"{_fields(value).get('__name__')}.{name}", MISSING)  # imported by somebody
    if isinstance(found, property):
        return MISSING
    if isinstance(found, staticmethod | classmethod):
        return found.__func__
    if isinstance(found, GetSetDescriptorType | MemberDescriptorType):  # C code, and slots
        return MISSING if isinstance(value, torch.Tensor | type) else found.__get__(value, type(value))
    return found


def _fields(value: object) -> dict[str, Any]:
    try:
        fields = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _registries(module: torch.nn.Module) -> list[dict[str, Any]]:
    fields = _fields(module)
    return [registry for key in _REGISTRIES if isinstance(registry := fields.get(key), dict)]
