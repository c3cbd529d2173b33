"""Every rule of the table is PyTorch's own, on numbers; its text says only what holds for the node."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ptlearn_tui.introspect.operators import words
from ptlearn_tui.introspect.rule_table import RULES
from ptlearn_tui.introspect.rules import rule_of, rule_text

torch.manual_seed(0)


def r(*shape: int) -> Tensor:
    """Between 0.1 and 0.9, so that logarithms and arc sines have values."""
    return (0.1 + 0.8 * torch.rand(*shape, dtype=torch.float64)).requires_grad_()


INDEX = torch.tensor([1, 0, 1])
MASK = torch.tensor([[True, False, True], [False, True, False]])
TARGET = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], dtype=torch.float64)
CLASSES = torch.tensor([2, 0])
KINDS = (
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "abs",
    "sign",
    "floor",
    "ceil",
)
KINDS += ("round", "trunc", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "erf", "lgamma")
KINDS += ("exp", "neg", "logit", "sigmoid", "relu", "nan_to_num", "tril", "triu", "clone", "prod", "trace", "diagonal")

# How each rule's operator is called, and what with. Negative values come from `b - 0.5`.
EXAMPLES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    **{name: (getattr(torch, name), (r(3, 3),)) for name in KINDS},
    "abs": (torch.abs, (r(2, 3).detach().sub(0.5).requires_grad_(),)),
    "relu": (torch.relu, (r(2, 3).detach().sub(0.5).requires_grad_(),)),
    "add": (torch.add, (r(2, 3), r(3))),
    "sub": (torch.sub, (r(2, 3), r(2, 1))),
    "rsub": (torch.rsub, (r(2, 3), 1)),
    "mul": (torch.mul, (r(2, 3), r(3))),
    "div": (torch.div, (r(2, 3), r(2, 1))),
    "PowBackward0": (torch.pow, (r(2, 3), 3)),
    "PowBackward1": (torch.pow, (r(2, 3), r(2, 3))),
    "PowBackward2": (lambda a, c: torch.pow(c, a), (r(2, 3), 2)),
    "maximum": (torch.maximum, (r(2, 3), r(2, 3))),
    "minimum": (torch.minimum, (r(2, 3), r(2, 3))),
    "where": (lambda a, b, c: torch.where(c, a, b), (r(2, 3), r(2, 3), MASK)),
    "atan2": (torch.atan2, (r(2, 3), r(2, 3))),
    "hypot": (torch.hypot, (r(2, 3), r(2, 3))),
    "lerp": (torch.lerp, (r(2, 3), r(2, 3), 0.3)),
    "addcmul": (lambda a, b, c, v: torch.addcmul(a, b, c, value=v), (r(2, 3), r(2, 3), r(2, 3), 2)),
    "addcdiv": (lambda a, b, c, v: torch.addcdiv(a, b, c, value=v), (r(2, 3), r(2, 3), r(2, 3), 2)),
    "remainder": (torch.remainder, (r(2, 3), 0.3)),
    "fmod": (torch.fmod, (r(2, 3), 0.3)),
    "logaddexp": (torch.logaddexp, (r(2, 3), r(2, 3))),
    "leaky_relu": (F.leaky_relu, (r(2, 3).detach().sub(0.5).requires_grad_(), 0.1)),
    "elu": (F.elu, (r(2, 3).detach().sub(0.5).requires_grad_(), 1.5)),
    "gelu": (F.gelu, (r(2, 3),)),
    "silu": (F.silu, (r(2, 3),)),
    "mish": (F.mish, (r(2, 3),)),
    "softplus": (F.softplus, (r(2, 3),)),
    "log_sigmoid": (F.logsigmoid, (r(2, 3),)),
    "hardtanh": (F.hardtanh, (r(2, 3), 0.3, 0.7)),
    "clamp": (torch.clamp, (r(2, 3), 0.3, 0.7)),
    "clamp_min": (torch.clamp_min, (r(2, 3), 0.5)),
    "clamp_max": (torch.clamp_max, (r(2, 3), 0.5)),
    "masked_fill": (torch.masked_fill, (r(2, 3), MASK, 0)),
    "to": (lambda a, dtype: a.to(dtype), (r(2, 3), torch.float32)),
    "sum": (torch.sum, (r(2, 3), 1)),
    "mean": (torch.mean, (r(2, 3), 0)),
    "norm": (torch.linalg.vector_norm, (r(2, 3), 3)),
    "var": (torch.var, (r(2, 3),)),
    "std": (torch.std, (r(2, 3),)),
    "max": (lambda a, dim: torch.max(a, dim)[0], (r(2, 3), 1)),
    "min": (lambda a, dim: torch.min(a, dim)[0], (r(2, 3), 1)),
    "MaxBackward1": (torch.max, (r(2, 3),)),
    "MinBackward1": (torch.min, (r(2, 3),)),
    "amax": (torch.amax, (torch.ones(2, 3, dtype=torch.float64, requires_grad=True), 1)),  # equal ones share
    "amin": (torch.amin, (r(2, 3), 1)),
    "logsumexp": (torch.logsumexp, (r(2, 3), 1)),
    "softmax": (torch.softmax, (r(2, 3), 1)),
    "log_softmax": (torch.log_softmax, (r(2, 3), 1)),
    "cumsum": (torch.cumsum, (r(2, 3), 1)),
    "cumprod": (torch.cumprod, (r(2, 3), 1)),
    "mm": (torch.mm, (r(2, 3), r(3, 2))),
    "bmm": (torch.bmm, (r(2, 2, 3), r(2, 3, 2))),
    "mv": (torch.mv, (r(2, 3), r(3))),
    "dot": (torch.dot, (r(3), r(3))),
    "addmm": (torch.addmm, (r(2), r(2, 3), r(3, 2))),
    "baddbmm": (torch.baddbmm, (r(2, 2, 2), r(2, 2, 3), r(2, 3, 2))),
    "linalg_inv_ex": (torch.linalg.inv, (r(3, 3),)),
    "linalg_det": (torch.linalg.det, (r(3, 3),)),
    "linalg_solve_ex": (torch.linalg.solve, (r(3, 3), r(3))),
    "linalg_cross": (torch.linalg.cross, (r(2, 3), r(2, 3))),
    "view": (lambda a, shape: a.view(shape), (r(2, 3), (3, 2))),
    "reshape": (lambda a, shape: torch.ops.aten._reshape_alias(a, shape, (2, 1)), (r(2, 3), (3, 2))),
    "expand": (lambda a, shape: a.expand(shape), (r(1, 3), (2, 3))),
    "permute": (torch.permute, (r(2, 3, 2), (2, 0, 1))),
    "transpose": (torch.transpose, (r(2, 3), 0, 1)),
    "TBackward0": (torch.t, (r(2, 3),)),
    "squeeze": (torch.squeeze, (r(2, 1, 3), 1)),
    "unsqueeze": (torch.unsqueeze, (r(2, 3), 1)),
    "select": (torch.select, (r(2, 3), 1, 2)),
    "slice": (torch.narrow, (r(2, 3), 1, 1, 2)),
    "index": (lambda a, index: a[index], (r(2, 3), INDEX)),
    "index_select": (torch.index_select, (r(2, 3), 0, INDEX)),
    "gather": (torch.gather, (r(2, 3), 1, torch.tensor([[0, 0], [2, 1]]))),
    "embedding": (lambda a, index: F.embedding(index, a), (r(2, 3), INDEX)),
    "flip": (torch.flip, (r(2, 3), (1,))),
    "roll": (torch.roll, (r(2, 3), 1)),
    "repeat": (lambda a, times: a.repeat(times), (r(2, 3), (2, 1))),
    "sort": (lambda a: torch.sort(a)[0], (r(2, 3),)),
    "cat": (torch.cat, ([r(2, 3), r(1, 3)], 0)),
    "stack": (torch.stack, ([r(2, 3), r(2, 3)],)),
    "unbind": (torch.unbind, (r(2, 3),)),
    "split": (torch.split, (r(3, 3), 2)),
    "constant_pad_nd": (lambda a, left, right: F.pad(a, (left, right)), (r(2, 3), 1, 2)),
    "convolution": (F.conv2d, (r(2, 2, 4, 4), r(3, 2, 2, 2), r(3))),
    "batch_norm": (lambda a, w, b: F.batch_norm(a, None, None, w, b, True), (r(4, 3), r(3), r(3))),
    "layer_norm": (lambda a, w, b: F.layer_norm(a, [3], w, b), (r(4, 3), r(3), r(3))),
    "max_pool2d": (F.max_pool2d, (r(1, 2, 4, 4), 2)),
    "avg_pool2d": (F.avg_pool2d, (r(1, 2, 4, 4), 2)),
    "adaptive_avg_pool2d": (F.adaptive_avg_pool2d, (r(1, 2, 4, 4), 2)),
    "upsample_nearest2d": (lambda a, k: F.interpolate(a, scale_factor=k), (r(1, 1, 2, 2), 2)),
    "mse_loss": (F.mse_loss, (r(2, 3), r(2, 3))),
    "smooth_l1_loss": (F.smooth_l1_loss, (r(2, 3), r(2, 3))),
    "huber_loss": (F.huber_loss, (r(2, 3), r(2, 3))),
    "nll_loss": (F.nll_loss, (r(2, 3), CLASSES)),
    "binary_cross_entropy": (F.binary_cross_entropy, (r(2, 3), TARGET)),
    "binary_cross_entropy_with_logits": (F.binary_cross_entropy_with_logits, (r(2, 3), TARGET)),
}  # fmt: skip


def test_there_are_rules_for_the_commonest_operators() -> None:
    assert len(RULES) >= 100
    assert RULES.keys() == EXAMPLES.keys()


@pytest.mark.parametrize("key", RULES)
def test_a_rule_gives_pytorchs_gradients(key: str) -> None:
    call, arguments = EXAMPLES[key]
    y = call(*arguments)
    given = (*arguments, *(arguments[0] if isinstance(arguments[0], list) else ()))
    wanted = [each for each in given if isinstance(each, Tensor) and each.requires_grad]
    several = isinstance(y, tuple)
    name = (y[0] if several else y).grad_fn.name()
    assert rule_of(name) is RULES[key] and key in (name, words(name))
    g = tuple(torch.rand_like(each) for each in y) if several else torch.rand_like(y)
    expected = torch.autograd.grad(y, wanted, g, retain_graph=True)
    with torch.no_grad():
        found = RULES[key].backward(g, y, *arguments)
    for one, other in zip(found, expected, strict=False):
        torch.testing.assert_close(one, other)
    assert len(found) >= len(wanted)


@pytest.mark.parametrize("key", RULES)
def test_a_rule_has_a_line_before_and_after_backward(key: str) -> None:
    call, arguments = EXAMPLES[key]
    y = call(*arguments)
    first = y[0] if isinstance(y, tuple) else y
    before = rule_text(first.grad_fn)
    assert before.count(" = ") >= 1 and len(before) <= 75
    first.sum().backward()
    after = rule_text(first.grad_fn)
    assert after.partition(",  ")[0] == before.partition(",  ")[0] or after == ""


def line(y: Tensor) -> str:
    return rule_text(y.grad_fn)


def test_the_line_has_a_term_for_each_input_that_a_gradient_goes_to_and_the_nodes_numbers() -> None:
    a, b = r(2, 2), r(2, 2)
    assert line(a * b) == "d(a·b) = b·da + a·db"
    assert line(a * 3) == "d(a·b) = b·da,  b = 3"
    assert line(torch.tensor(2.5) * b) == "d(a·b) = a·db,  a = 2.5"
    assert line(a - b) == "d(a − b) = da − db"
    assert line(a.detach() - b) == "d(a − b) = −db"
    assert line(a.mean()) == "d(mean a) = Σ da / n,  n = 4"
    assert line(r(2, 3).mean(1)) == "d(mean a) = Σ da / n,  n = 3"
    assert line(a**2) == "d(aᵖ) = p·aᵖ⁻¹·da,  p = 2"
    assert line(a.softmax(-1)) == "d(softmax a) = y·(da − Σ y·da),  dim = -1"
    assert line(F.linear(a, b)) == line(a @ b) == "d(A·B) = dA·B + A·dB"
    assert line(torch.cat([a, b, a])) == "d(cat(a, b, …)) = cat(da, db, …),  dim = 0"
    assert line(F.mse_loss(a, b.detach())) == "d(mean (a − b)²) = Σ 2·(a − b)·da / n,  n = 4"


def test_nothing_is_said_that_does_not_hold_for_the_node() -> None:
    a, b = r(2, 3), r(2, 3)
    assert line(F.mse_loss(a, b, reduction="sum")) == "d(Σ (a − b)²) = Σ 2·(a − b)·da − Σ 2·(a − b)·db"
    assert line(F.nll_loss(a, CLASSES, torch.ones(3, dtype=torch.float64))) == ""
    assert line(torch.add(a, b, alpha=2)) == ""
    assert line(torch.clamp(a, b, b + 1)) == ""
    assert line(F.gelu(a, approximate="tanh")) == ""
    assert line(torch.var(a, correction=0)) == ""
    assert line(F.selu(a)) == ""
    assert line(torch.linalg.matrix_exp(r(2, 2))) == ""


def test_a_saved_number_that_was_changed_in_place_is_not_told() -> None:
    a, b = r(2), torch.tensor(3.0)
    y = a * b
    b.add_(1)
    assert line(y) == "d(a·b) = b·da"


def test_the_learners_saved_tensor_hooks_are_not_run_for_a_number() -> None:
    ran = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: (ran.append(1), t)[1]):
        y = r(2) * 3
    assert line(y).startswith("d(a·b) = b·da") and not ran


def test_equal_values_share_the_gradient_of_a_maximum() -> None:
    a, b = (torch.ones(2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    y = torch.maximum(a, b)
    expected = torch.autograd.grad(y.sum(), (a, b))
    found = RULES["maximum"].backward(torch.ones_like(y), y, a, b)
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    assert math.isclose(float(found[0][0].detach()), 0.5)
