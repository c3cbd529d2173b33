"""The table of derivative rules. A test holds each one's code equal to PyTorch's on numbers, and a film's steps to it.

Inputs are a, b, c (matrices A, B), the result is y; a term of the right side for each input.
"""

from __future__ import annotations

import math

import torch
from torch.nn.functional import sigmoid, softplus

from ptlearn_tui.introspect.rule_forms import (
    ROOT_PI,
    Rule,
    after,
    apart,
    convolved,
    cut,
    each,
    extreme,
    largest,
    more,
    moved,
    normed,
    one_hot,
    phi,
    picked,
    picked_least,
    pooled,
    to,
    whole,
)

# By the operator in words, or by the node's name where its overloads differ.
# fmt: off
RULES: dict[str, Rule] = {
    # two inputs, element by element
    "add": each("d(a + b)", "da; db", lambda y, a, b: (1, 1)),
    "sub": each("d(a − b)", "da; −db", lambda y, a, b: (1, -1)),
    "rsub": each("d(b − a)", "−da", lambda y, a, b: -1),
    "mul": each("d(a·b)", "b·da; a·db", lambda y, a, b: (b, a), a="self", b="other"),
    "div": each("d(a / b)", "da / b; −a·db / b²", lambda y, a, b: (1 / b, -a / b**2), a="self", b="other"),
    "PowBackward0": each("d(aᵖ)", "p·aᵖ⁻¹·da", lambda y, a, p: p * a ** (p - 1), p="exponent"),
    "PowBackward1": each("d(aᵇ)", "b·aᵇ⁻¹·da; aᵇ·ln a·db", lambda y, a, b: (b * a ** (b - 1), y * a.log())),
    "PowBackward2": each("d(cᵃ)", "cᵃ·ln c·da", lambda y, a, c: y * math.log(c), c="self"),
    "maximum": each("d(max(a, b))", "[a > b]·da; [b > a]·db", lambda y, a, b: (more(a, b), more(b, a))),
    "minimum": each("d(min(a, b))", "[a < b]·da; [b < a]·db", lambda y, a, b: (more(b, a), more(a, b))),
    "where": each("d(where(c, a, b))", "c·da; (1 − c)·db", lambda y, a, b, c: (1.0 * c, 1.0 * ~c)),
    "atan2": each(
        "d(atan2(a, b))", "b·da / (a² + b²); −a·db / (a² + b²)",
        lambda y, a, b: (b / (a**2 + b**2), -a / (a**2 + b**2)),
    ),
    "hypot": each("d(√(a² + b²))", "a·da / y; b·db / y", lambda y, a, b: (a / y, b / y)),
    "lerp": each("d(a + w·(b − a))", "(1 − w)·da; w·db", lambda y, a, b, w: (1 - w, w), w="weight"),
    "addcmul": each("d(a + v·b·c)", "da; v·c·db; v·b·dc", lambda y, a, b, c, v: (1, v * c, v * b), v="value"),
    "addcdiv": each(
        "d(a + v·b / c)", "da; v·db / c; −v·b·dc / c²",
        lambda y, a, b, c, v: (1, v / c, -v * b / c**2), v="value",
    ),
    "remainder": each("d(a mod b)", "da", lambda y, a, b: 1),
    "fmod": each("d(a mod b)", "da", lambda y, a, b: 1),
    "logaddexp": each(
        "d(ln(eᵃ + eᵇ))", "eᵃ⁻ʸ·da; eᵇ⁻ʸ·db", lambda y, a, b: ((a - y).exp(), (b - y).exp())
    ),
    # one input, element by element
    "neg": each("d(−a)", "−da", lambda y, a: -1),
    "exp": each("d(eᵃ)", "eᵃ·da", lambda y, a: y),
    "exp2": each("d(2ᵃ)", "2ᵃ·ln 2·da", lambda y, a: y * math.log(2)),
    "expm1": each("d(eᵃ − 1)", "eᵃ·da", lambda y, a: y + 1),
    "log": each("d(ln a)", "da / a", lambda y, a: 1 / a),
    "log2": each("d(log₂ a)", "da / (a·ln 2)", lambda y, a: 1 / (a * math.log(2))),
    "log10": each("d(log₁₀ a)", "da / (a·ln 10)", lambda y, a: 1 / (a * math.log(10))),
    "log1p": each("d(ln(1 + a))", "da / (1 + a)", lambda y, a: 1 / (1 + a)),
    "sqrt": each("d(√a)", "da / (2·√a)", lambda y, a: 1 / (2 * y)),
    "rsqrt": each("d(1/√a)", "−y³·da / 2", lambda y, a: -(y**3) / 2),
    "reciprocal": each("d(1/a)", "−da / a²", lambda y, a: -1 / a**2),
    "abs": each("d|a|", "sign(a)·da", lambda y, a: a.sign()),
    "sign": each("d(sign a)", "0", lambda y, a: 0),
    "floor": each("d⌊a⌋", "0", lambda y, a: 0),
    "ceil": each("d⌈a⌉", "0", lambda y, a: 0),
    "round": each("d(round a)", "0", lambda y, a: 0),
    "trunc": each("d(trunc a)", "0", lambda y, a: 0),
    "sin": each("d(sin a)", "cos a·da", lambda y, a: a.cos()),
    "cos": each("d(cos a)", "−sin a·da", lambda y, a: -a.sin()),
    "tan": each("d(tan a)", "(1 + y²)·da", lambda y, a: 1 + y**2),
    "asin": each("d(arcsin a)", "da / √(1 − a²)", lambda y, a: 1 / (1 - a**2).sqrt()),
    "acos": each("d(arccos a)", "−da / √(1 − a²)", lambda y, a: -1 / (1 - a**2).sqrt()),
    "atan": each("d(arctan a)", "da / (1 + a²)", lambda y, a: 1 / (1 + a**2)),
    "sinh": each("d(sinh a)", "cosh a·da", lambda y, a: a.cosh()),
    "cosh": each("d(cosh a)", "sinh a·da", lambda y, a: a.sinh()),
    "tanh": each("d(tanh a)", "(1 − y²)·da", lambda y, a: 1 - y**2),
    "erf": each("d(erf a)", "2/√π·e^(−a²)·da", lambda y, a: 2 / ROOT_PI * (-(a**2)).exp()),
    "lgamma": each("d(ln Γ(a))", "ψ(a)·da", lambda y, a: a.digamma()),
    "logit": each("d(ln(a / (1 − a)))", "da / (a·(1 − a))", lambda y, a: 1 / (a * (1 - a))),
    "sigmoid": each("d(σ(a))", "y·(1 − y)·da", lambda y, a: y * (1 - y)),
    "relu": each("d(relu a)", "[a > 0]·da", lambda y, a: 1.0 * ~(a <= 0)),  # NaN lets it pass, as in PyTorch
    "leaky_relu": each(
        "d(leaky_relu a)", "(1 if a > 0 else s)·da", lambda y, a, s: torch.where(a > 0, 1.0, s), s="negative_slope"
    ),
    "elu": each(
        "d(elu a)", "(1 if a > 0 else α·eᵃ)·da", lambda y, a, α: torch.where(a > 0, 1.0, α * a.exp()), α="alpha"
    ),
    "gelu": each(
        "d(a·Φ(a))", "(Φ(a) + a·φ(a))·da",
        lambda y, a: phi(a) + a * (-(a**2) / 2).exp() / math.sqrt(2 * math.pi),
    ),
    "silu": each("d(a·σ(a))", "(σ + a·σ·(1 − σ))·da", lambda y, a: sigmoid(a) * (1 + a * (1 - sigmoid(a)))),
    "mish": each(
        "d(a·tanh(s(a)))", "(y / a + a·(1 − (y / a)²)·σ(a))·da",
        lambda y, a: softplus(a).tanh() + a * (1 - softplus(a).tanh() ** 2) * sigmoid(a),
    ),
    "softplus": each("d(ln(1 + eᵃ))", "σ(a)·da", lambda y, a: sigmoid(a)),
    "log_sigmoid": each("d(ln σ(a))", "(1 − σ(a))·da", lambda y, a: 1 - sigmoid(a)),
    "hardtanh": each(
        "d(hardtanh a)", "[l < a < h]·da", lambda y, a, low, high: 1.0 * ((low < a) & (a < high)),
        l="min_val", h="max_val",
    ),
    "clamp": each(
        "d(clamp a)", "[l ≤ a ≤ h]·da", lambda y, a, low, high: 1.0 * ((low <= a) & (a <= high)),
        l="min", h="max",
    ),
    "clamp_min": each("d(max(a, l))", "[a ≥ l]·da", lambda y, a, low: 1.0 * (a >= low), l="min"),
    "clamp_max": each("d(min(a, h))", "[a ≤ h]·da", lambda y, a, h: 1.0 * (a <= h), h="max"),
    "nan_to_num": each("d(nan_to_num a)", "[a is finite]·da", lambda y, a: 1.0 * a.isfinite()),
    "masked_fill": each("d(masked_fill a)", "(1 − mask)·da", lambda y, a, mask, v: 1.0 * ~mask),
    "tril": each("d(tril a)", "tril da", lambda y, a: torch.ones_like(a).tril()),
    "triu": each("d(triu a)", "triu da", lambda y, a: torch.ones_like(a).triu()),
    "clone": each("d(clone a)", "da", lambda y, a: 1),
    "to": whole("d(to a)", "da", lambda g, y, a, dtype: g.to(a.dtype)),
    # many values to one
    "sum": whole("d(Σ a)", "Σ da", lambda g, y, a, dim=None: apart(g, a, dim), dim="dim"),
    "mean": whole(
        "d(mean a)", "Σ da / n", lambda g, y, a, dim=None: apart(g, a, dim) * y.numel() / a.numel(), n="elements"
    ),
    "prod": whole("d(Π a)", "Σ y / a·da", lambda g, y, a: g * y / a),
    "norm": whole(
        "d‖a‖", "Σ sign(a)·|a / y|ᵖ⁻¹·da",
        lambda g, y, a, p=2: g * a.sign() * (a / y).abs() ** (p - 1), p="ord",
    ),
    "var": whole(
        "d(var a)", "2·Σ (a − ā)·da / (n − 1)",
        lambda g, y, a: g * 2 * (a - a.mean()) / (a.numel() - 1), n="elements",
    ),
    "std": whole(
        "d(std a)", "Σ (a − ā)·da / ((n − 1)·y)",
        lambda g, y, a: g * (a - a.mean()) / ((a.numel() - 1) * y), n="elements",
    ),
    "max": whole("d(max a)", "da where a is the largest", picked, dim="dim"),
    "min": whole("d(min a)", "da where a is the smallest", picked_least, dim="dim"),
    "MaxBackward1": whole("d(max a)", "da where a is the largest", extreme),
    "MinBackward1": whole("d(min a)", "da where a is the smallest", extreme),
    "amax": whole("d(max a)", "da where a is the largest", extreme, dim="dim"),
    "amin": whole("d(min a)", "da where a is the smallest", extreme, dim="dim"),
    "logsumexp": whole(
        "d(ln Σ eᵃ)", "Σ eᵃ⁻ʸ·da",
        lambda g, y, a, dim: apart(g, a, dim) * (a - apart(y, a, dim)).exp(), dim="dim",
    ),
    "softmax": whole(
        "d(softmax a)", "y·(da − Σ y·da)",
        lambda g, y, a, dim: y * (g - (g * y).sum(dim, keepdim=True)), dim="dim",
    ),
    "log_softmax": whole(
        "d(log_softmax a)", "da − Σ eʸ·da",
        lambda g, y, a, dim: g - y.exp() * g.sum(dim, keepdim=True), dim="dim",
    ),
    "cumsum": whole("d(cumsum a)", "cumsum da", lambda g, y, a, dim: after(g, dim), dim="dim"),
    "cumprod": whole(
        "d(cumprod a)", "y·cumsum(da / a)", lambda g, y, a, dim: after(g * y, dim) / a, dim="dim"
    ),
    "trace": whole("d(tr A)", "tr dA", lambda g, y, a: g * torch.eye(*a.shape, dtype=a.dtype)),
    # matrices
    "mm": whole("d(A·B)", "dA·B; A·dB", lambda g, y, a, b: (g @ b.mT, a.mT @ g)),
    "bmm": whole("d(A·B)", "dA·B; A·dB", lambda g, y, a, b: (g @ b.mT, a.mT @ g)),
    "mv": whole("d(A·b)", "dA·b; A·db", lambda g, y, a, b: (g.outer(b), a.T @ g)),
    "dot": whole("d(Σ a·b)", "Σ b·da; Σ a·db", lambda g, y, a, b: (g * b, g * a)),
    "addmm": whole(
        "d(c + A·B)", "dc; dA·B; A·dB", lambda g, y, c, a, b: (to(g, c), g @ b.mT, a.mT @ g)
    ),
    "baddbmm": whole(
        "d(C + A·B)", "dC; dA·B; A·dB", lambda g, y, c, a, b: (to(g, c), g @ b.mT, a.mT @ g)
    ),
    "linalg_inv_ex": whole("d(A⁻¹)", "−A⁻¹·dA·A⁻¹", lambda g, y, a: -y.mT @ g @ y.mT),
    "linalg_det": whole("d(det A)", "det A·tr(A⁻¹·dA)", lambda g, y, a: g * y * a.inverse().mT),
    "linalg_solve_ex": whole(
        "d(A⁻¹·b)", "−A⁻¹·dA·y; A⁻¹·db",
        lambda g, y, a, b: (-torch.linalg.solve(a.mT, g).outer(y), torch.linalg.solve(a.mT, g)),
    ),
    "linalg_cross": whole(
        "d(a × b)", "da × b; a × db", lambda g, y, a, b: (torch.linalg.cross(b, g), torch.linalg.cross(g, a))
    ),
    # values that change their place
    "view": moved("view", lambda a, shape: a.view(shape)),
    "reshape": moved("reshape", lambda a, shape: a.reshape(shape)),
    "expand": moved("expand", lambda a, shape: a.expand(shape)),
    "permute": moved("permute", lambda a, dims: a.permute(dims)),
    "transpose": moved("transpose", lambda a, one, other: a.transpose(one, other)),
    "TBackward0": Rule("d(Aᵀ)", ("dAᵀ",), lambda g, y, a: (g.T,), {}),
    "squeeze": moved("squeeze", lambda a, dim: a.squeeze(dim)),
    "unsqueeze": moved("unsqueeze", lambda a, dim: a.unsqueeze(dim)),
    "select": moved("select", lambda a, dim, index: a.select(dim, index), dim="dim", index="index"),
    "slice": moved("slice", lambda a, dim, start, size: a.narrow(dim, start, size), dim="dim"),
    "index": moved("index", lambda a, index: a[index]),
    "index_select": moved("index_select", lambda a, dim, index: a.index_select(dim, index), dim="dim"),
    "gather": moved("gather", lambda a, dim, index: a.gather(dim, index), dim="dim"),
    "embedding": moved("row of", lambda a, index: a[index]),
    "flip": moved("flip", lambda a, dims: a.flip(dims)),
    "roll": moved("roll", lambda a, shift: a.roll(shift)),
    "repeat": moved("repeat", lambda a, times: a.repeat(times)),
    "diagonal": moved("diagonal", lambda a: a.diagonal()),
    "sort": whole(
        "d(sort a)", "da in the same order", lambda g, y, a: torch.zeros_like(a).scatter(-1, a.argsort(-1), g)
    ),
    "cat": whole("d(cat(a, b, …))", "cat(da, db, …)", cut, dim="dim"),
    "stack": whole("d(stack(a, b, …))", "stack(da, db, …)", lambda g, y, parts: g.unbind(0), dim="dim"),
    "unbind": whole("d(unbind a)", "unbind da", lambda g, y, a: torch.stack(g), dim="dim"),
    "split": whole("d(split a)", "split da", lambda g, y, a, size: torch.cat(g), dim="dim"),
    "constant_pad_nd": whole(
        "d(pad a)", "pad da with 0", lambda g, y, a, left, right: g.narrow(-1, left, a.shape[-1])
    ),
    # layers
    "convolution": whole("d(w ∗ a + b)", "w ∗ da; dw ∗ a; db", convolved),
    "batch_norm": whole(
        "d(w·z + b),  z = (a − ā)/s", "w·dz; z·dw; db",
        lambda g, y, a, w, b: normed(g, a, w, [each for each in range(a.dim()) if each != 1], 1e-5),
    ),
    "layer_norm": whole(
        "d(w·z + b),  z = (a − ā)/s", "w·dz; z·dw; db",
        lambda g, y, a, w, b: normed(g, a, w, [a.dim() - 1], 1e-5),
    ),
    "max_pool2d": whole("d(max of windows)", "da where a is the largest", largest),
    "avg_pool2d": whole("d(mean of windows)", "mean of da", pooled),
    "adaptive_avg_pool2d": whole("d(mean of windows)", "mean of da", pooled),
    "upsample_nearest2d": moved("upsample", lambda a, k: a.repeat_interleave(k, -1).repeat_interleave(k, -2)),
    # losses, as means
    "mse_loss": whole(
        "d(mean (a − b)²)", "Σ 2·(a − b)·da / n; −Σ 2·(a − b)·db / n",
        lambda g, y, a, b: (g * 2 * (a - b) / a.numel(), -g * 2 * (a - b) / a.numel()), n="elements",
    ),
    "smooth_l1_loss": whole(
        "d(smooth_l1(a − b))", "Σ clip(a − b)·da / n; −Σ clip(a − b)·db / n",
        lambda g, y, a, b: (g * (a - b).clamp(-1, 1) / a.numel(), -g * (a - b).clamp(-1, 1) / a.numel()),
        n="elements",
    ),
    "huber_loss": whole(
        "d(huber(a − b))", "Σ clip(a − b)·da / n; −Σ clip(a − b)·db / n",
        lambda g, y, a, b: (g * (a - b).clamp(-1, 1) / a.numel(), -g * (a - b).clamp(-1, 1) / a.numel()),
        n="elements",
    ),
    "nll_loss": whole(
        "d(−mean a[target])", "−mean da[target]",
        lambda g, y, a, target: -g * one_hot(a, target) / len(a),
    ),
    "binary_cross_entropy": whole(
        "d(bce(a, t))", "Σ (a − t)·da / (a·(1 − a)) / n",
        lambda g, y, a, t: g * (a - t) / (a * (1 - a)) / a.numel(), n="elements",
    ),
    "binary_cross_entropy_with_logits": whole(
        "d(bce(σ(a), t))", "Σ (σ(a) − t)·da / n",
        lambda g, y, a, t: g * (sigmoid(a) - t) / a.numel(), n="elements",
    ),
}
# fmt: on

ONLY: dict[str, dict[str, tuple[object, ...]]] = {
    # What must be so for the text to hold: a node with anything else has none.
    **{name: {"alpha": (1,)} for name in ("add", "sub", "rsub")},
    **{name: {"alpha": (1,), "beta": (1,)} for name in ("addmm", "baddbmm")},
    **{name: {"correction": (1, None)} for name in ("var", "std")},
    **{name: {"weight": (None,)} for name in ("nll_loss", "binary_cross_entropy")},
    "binary_cross_entropy_with_logits": {"weight": (None,), "pos_weight": (None,)},
    "elu": {"scale": (1,), "input_scale": (1,)},
    "gelu": {"approximate": ("none",)},
    "softplus": {"beta": (1,)},
    "smooth_l1_loss": {"beta": (1,)},
    "huber_loss": {"delta": (1,)},
}

LOSSES = {
    *("mse_loss", "smooth_l1_loss", "huber_loss", "nll_loss"),
    *("binary_cross_entropy", "binary_cross_entropy_with_logits"),
}
"""The table gives them as means."""
