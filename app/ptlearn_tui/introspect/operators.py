"""PyTorch's names of backward nodes in words: ``MulBackward0`` is ``mul``."""

from __future__ import annotations

import re
from functools import lru_cache

_NICER = {
    "accumulate_grad": "leaf",
    "max_pool2d_with_indices": "max_pool2d",
    "max_pool3d_with_indices": "max_pool3d",
    "native_batch_norm": "batch_norm",
    "cudnn_batch_norm": "batch_norm",
    "miopen_batch_norm": "batch_norm",
    "native_layer_norm": "layer_norm",
    "native_group_norm": "group_norm",
    "native_dropout": "dropout",
    "linalg_vector_norm": "norm",
    "unsafe_view": "view",
    "reshape_alias": "reshape",
    "to_copy": "to",
    "copy_backwards": "copy",
    "t": "transpose",
    "mkldnn_linear": "linear",
    "compiled_function": "compiled",
}


@lru_cache(maxsize=1024)
def words(name: str) -> str:
    """The operator of a node's name.

    The digit at the end counts the operator's entries in PyTorch's derivatives.yaml and is dropped. A learner's own
    ``autograd.Function`` keeps its name: ``ClampBackward`` (no digit) is ``Clamp``.
    """
    name = name.rpartition("::")[2]
    own = re.fullmatch(r"(.+)Backward", name)
    if own and own[1] != "CompiledFunction":
        return own[1]
    name = re.sub(r"Backward\d*$", "", name)
    name = re.sub(r"(?<=\d)([A-Z])(?=[A-Z]|$)", lambda found: found[1].lower(), name)  # Pool2DWith, Log1P
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    if name.startswith("scaled_dot_product"):
        return "scaled_dot_product_attention"
    return _NICER.get(name, name)
