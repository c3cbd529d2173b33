"""A card says what torch says, for any tensor, and never raises."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ptlearn_tui.events import Tensor, Tensors, decode, encode
from ptlearn_tui.introspect.groups import members
from ptlearn_tui.introspect.statistics import SAMPLE, sample
from ptlearn_tui.introspect.storages import Storages
from ptlearn_tui.introspect.tensors import card

SHAPES = st.lists(st.integers(0, 7), max_size=5).map(tuple)
REAL = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool]
DTYPES = st.sampled_from([*REAL, torch.complex64])


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """A tensor of some shape and dtype, perhaps a view, perhaps with a few values that are not finite."""
    shape, dtype = draw(SHAPES), draw(DTYPES)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 1000)))
    made = torch.randint(-9, 9, shape, generator=generator).to(dtype)
    if dtype.is_floating_point and made.numel() and draw(st.booleans()):
        made.view(-1)[0] = draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["transpose", "slice", "expand", "step"]))
        if kind == "transpose" and made.dim() > 1:
            made = made.transpose(0, -1)
        elif kind == "slice" and made.dim() and made.shape[0] > 1:
            made = made[1:]
        elif kind == "expand":
            made = made.expand(2, *made.shape)
        elif kind == "step" and made.dim():
            made = made[..., ::2]
    return made


@settings(deadline=None, max_examples=200)
@given(tensors())
def test_a_card_equals_what_torch_says(tensor: torch.Tensor) -> None:
    found = card("t", tensor, 3, Storages())
    assert (found.name, found.line, found.shape) == ("t", 3, list(tensor.shape))
    assert f"torch.{found.dtype}" == str(tensor.dtype)
    assert (found.device, found.numel, found.offset) == ("cpu", tensor.numel(), tensor.storage_offset())
    assert (found.stride, found.contiguous) == (list(tensor.stride()), tensor.is_contiguous())
    assert (found.requires_grad, found.is_leaf, found.grad_fn) == (False, True, None)
    assert found.sampled == (tensor.numel() > SAMPLE)
    if not found.sampled:
        wide = tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)
        finite = wide[wide.isfinite()]
        assert found.nan == int(wide.isnan().sum()) and found.inf == int(wide.isinf().sum())
        if not tensor.is_complex() and finite.numel():
            assert (found.min, found.max) == (finite.min().item(), finite.max().item())
            assert found.mean == pytest.approx(finite.mean().item())
        if not tensor.is_complex() and finite.numel() > 1:
            assert found.std == pytest.approx(finite.std().item())
    check_values(found.values, tensor)
    again = decode(encode(Tensors(cell=0, line=3, items=[found])))
    assert isinstance(again, Tensors)


def check_values(values: Any, tensor: torch.Tensor) -> None:
    """The first 8×8 of the first matrix."""
    if tensor.numel() == 0:
        assert values == []
        return
    corner = tensor[(0,) * max(0, tensor.dim() - 2)]
    corner = corner[(slice(0, 8),) * corner.dim()]
    if tensor.is_complex():
        assert torch.tensor(numbers(values)).equal(corner.to(torch.complex64))
    else:
        assert torch.tensor(values, dtype=torch.float64).equal(corner.to(torch.float64)) or corner.isnan().any()


def numbers(values: Any) -> Any:
    return [numbers(value) for value in values] if isinstance(values, list) else complex(values)


@settings(deadline=None, max_examples=100)
@given(tensors(), tensors())
def test_storage_numbers_are_equal_exactly_where_memory_is_shared(a: torch.Tensor, b: torch.Tensor) -> None:
    storages = Storages()
    views = [a, a.detach(), a.reshape(a.shape), b, a.clone(), b.t() if b.dim() == 2 else b]
    found = [card("t", view, 1, storages).storage for view in views]
    addresses = [view.untyped_storage()._cdata for view in views]
    for first, one in zip(found, addresses, strict=True):
        for second, other in zip(found, addresses, strict=True):
            assert (first == second) == (one == other)


def test_a_storage_number_is_never_given_twice() -> None:
    storages = Storages()
    seen = [storages.number(torch.zeros(8)) for _ in range(3_000)]  # freed at once, at the same address
    assert len(set(seen)) == 3_000
    assert len(storages._seen) < 2_500, "the dead are forgotten"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6).filter(lambda shape: math.prod(shape) < 10**7))
def test_a_sample_is_a_view_of_at_most_4096_values(shape: list[int]) -> None:
    tensor = torch.zeros(1).expand(shape)
    part = sample(tensor)
    assert 0 < part.numel() <= SAMPLE and part.data_ptr() == tensor.data_ptr()
    assert part.numel() == tensor.numel() or part.numel() > SAMPLE // 64


def kinds() -> dict[str, torch.Tensor]:
    """One of every kind of tensor that PyTorch has here."""
    dense = torch.eye(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # prototypes, as they say themselves
        found = {
            "no dimensions": torch.tensor(2.5),
            "empty": torch.empty(0, 3),
            "twelve dimensions": torch.ones((2,) * 12),
            "meta": torch.empty(5, 5, device="meta"),
            "sparse": dense.to_sparse(),
            "sparse rows": dense.to_sparse_csr(),
            "quantized": torch.quantize_per_tensor(dense, 0.1, 0, torch.qint8),
            "nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
            "jagged": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
            "float8": torch.ones(3).to(torch.float8_e4m3fn),
            "uint16": torch.ones(3, dtype=torch.int32).to(torch.uint16),
            "conjugate": torch.ones(3, dtype=torch.complex64).conj(),
            "big": torch.zeros(1).expand(10**5, 10**5),
            "largest": torch.tensor([2**63 - 1, -(2**63)]),
        }
    with torch.inference_mode():
        found["inference"] = torch.ones(2)
    return found


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_of_tensor_has_a_true_card(kind: str) -> None:
    tensor = kinds()[kind]
    found = card(kind, tensor, 1, Storages())
    assert f"torch.{found.dtype}" == str(tensor.dtype) and found.numel == tensor.numel()
    assert encode(Tensors(cell=0, line=1, items=[found]))


def test_particular_cards() -> None:
    found = {name: card(name, tensor, 1, Storages()) for name, tensor in kinds().items()}
    assert found["no dimensions"].values == 2.5 and found["no dimensions"].std is None
    assert found["sparse"].stride is None and found["sparse"].values == torch.eye(3).tolist()
    assert found["meta"].values is None and found["meta"].min is None
    assert found["big"].sampled and found["big"].numel == 10**10
    assert (found["largest"].min, found["largest"].max) == (-(2**63), 2**63 - 1)
    assert found["float8"].values == [1.0, 1.0, 1.0]


class Shy(torch.Tensor):
    """A subclass whose functions must not be called by looking at it."""

    @classmethod
    def __torch_function__(cls, *_: Any, **__: Any) -> Any:
        raise AssertionError("looked at")


def test_looking_at_a_subclass_does_not_run_its_code() -> None:
    shy = torch.ones(2).as_subclass(Shy)
    found = card("shy", shy, 1, Storages())
    assert found.shape == [2] and found.values == [1.0, 1.0]


def test_looking_leaves_no_trace() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    before = torch._C._autograd._get_sequence_nr(), y._version
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # y.grad of a non-leaf would warn
        card("y", y, 1, Storages())
    assert (torch._C._autograd._get_sequence_nr(), y._version) == before


def test_why_there_is_no_gradient() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    storages = Storages()
    assert card("x", x, 1, storages).grad_why == "no backward yet"
    assert card("y", y, 1, storages).grad_why == "not a leaf"
    assert card("d", y.detach(), 1, storages).grad_why == "requires_grad is False"
    assert (card("y", y, 1, storages).grad_fn, card("y", y, 1, storages).operator) == ("MulBackward0", "mul")
    y.retain_grad()
    y.sum().backward()
    for name, tensor, value in (("x", x, 2.0), ("y", y, 1.0)):
        found = card(name, tensor, 1, storages)
        assert found.grad_why is None and found.grad is not None
        assert found.grad.values == [value] * 3 and found.grad.norm == pytest.approx(value * math.sqrt(3))
    x.grad = None
    assert card("x", x, 1, storages, had_grad=True).grad_why == "cleared"


def test_members_of_modules_lists_and_dicts_are_named_and_bounded() -> None:
    net = torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(20)))
    assert [name for name, _ in members("net", net)][:3] == ["net.0.weight", "net.0.bias", "net.1.weight"]
    assert len([*members("net", net)]) == 16
    one = torch.ones(1)
    assert [name for name, _ in members("xs", [one, 3, one])] == ["xs[0]", "xs[2]"]
    assert [name for name, _ in members("d", {"a": one, 2: one, (1,): one})] == ["d['a']", "d[2]"]
    assert [*members("n", 3)] == []


def test_a_card_is_a_tensor_record() -> None:
    assert isinstance(card("x", torch.ones(1), 1, Storages()), Tensor)
