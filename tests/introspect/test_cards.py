"""What many cards cost together, what they say of memory, pictures, arrays and layers; and that they hold nothing."""

from __future__ import annotations

import gc
import math
import warnings
import weakref
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from ptlearn_tui.events import Tensor, Tensors, decode, encode
from ptlearn_tui.introspect import reading, tensors
from ptlearn_tui.introspect.groups import members
from ptlearn_tui.introspect.statistics import BINS
from ptlearn_tui.introspect.storages import Storages
from ptlearn_tui.introspect.tensors import SAMPLE, Wanted, card, cards

if TYPE_CHECKING:
    from collections.abc import Callable


def of(value: Any, **options: Any) -> Tensor:
    """Its card, as it comes over the wire."""
    (found,) = cards([Wanted("t", value, 1)], Storages(), **options)
    event = decode(encode(Tensors(cell=0, line=1, items=[found])))
    assert isinstance(event, Tensors)
    return event.items[0]


# ---- cost ----------------------------------------------------------------------------------------------------


class Touched(TorchDispatchMode):
    """How large the results of operators are that are no views, and which operators ran."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(func.overloadpacket.__name__)
        if func is torch.ops.aten.copy_.default and args[0].device != args[1].device:
            return args[0].zero_()  # what lies on no device can't be read: as if it were zeros
        found = func(*args, **(kwargs or {}))
        inputs = {each.untyped_storage()._cdata for each in args if isinstance(each, torch.Tensor)}
        for each in found if isinstance(found, tuple | list) else [found]:
            if isinstance(each, torch.Tensor) and each.untyped_storage()._cdata not in inputs:
                self.largest = max(self.largest, each.numel())
        return found


def plain_enough(tensor: torch.Tensor) -> bool:
    """As `plain`, but for the mode that a test looks with, and tensors without memory."""
    return tensor.layout is torch.strided


def huge() -> dict[str, Callable[[], torch.Tensor]]:
    base = torch.zeros(1)
    return {
        "expanded": lambda: base.expand(10_000, 10_000),
        "twelve dimensions": lambda: base.expand((5,) * 12),
        "contiguous": lambda: torch.empty(10_000, 10_000, dtype=torch.uint8),
        "transposed": lambda: torch.empty(20_000, 10_000, dtype=torch.uint8).t(),
        "stepped": lambda: torch.empty(10_000, 20_000, dtype=torch.uint8)[:, ::2],
        "pictures": lambda: base.expand(100, 3, 600, 600),
        "one row": lambda: base.expand(10**8),
        "quantized": lambda: torch._empty_affine_quantized(
            [10_000, 10_000], scale=0.1, zero_point=0, dtype=torch.qint8
        ),
    }


@pytest.mark.parametrize("kind", huge())
@pytest.mark.parametrize("full", [False, True])
def test_a_card_never_makes_anything_as_large_as_its_tensor(
    kind: str, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensors, "plain", plain_enough)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # quantization is deprecated, as it says
        tensor = huge()[kind]()
    with Touched() as touched:
        (found,) = cards([Wanted("t", tensor, 1)], Storages(), full=full)
    assert found.sampled and found.min is not None and found.values is not None
    assert 0 < touched.largest <= 10 * SAMPLE


def test_a_copy_as_large_as_the_tensor_would_be_noticed() -> None:
    with Touched() as touched:
        torch.zeros(1).expand(1_000, 1_000).abs()
    assert touched.largest == 10**6


def test_a_large_gradient_costs_a_sample_too_and_its_norm_is_called_an_estimate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tensors, "plain", plain_enough)
    leaf = torch.zeros(1).expand(10_000, 10_000).detach().requires_grad_()
    leaf.grad = torch.full((1,), 2.0).expand(10_000, 10_000)
    with Touched() as touched:
        found = card("leaf", leaf, 1, Storages())
    assert touched.largest <= 10 * SAMPLE
    assert found.grad is not None and found.grad.norm_sampled
    assert found.grad.norm == pytest.approx(2.0 * 10_000)


def test_all_cards_of_an_event_are_read_from_a_device_with_one_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No GPU here: tensors without memory stand for it, since nothing can wait for their values but by a copy."""
    monkeypatch.setattr(tensors, "plain", plain_enough)
    monkeypatch.setattr(tensors, "unreadable", lambda tensor: False)
    leaf = torch.zeros(30, 40, device="meta", requires_grad=True)
    leaf.grad = torch.zeros(30, 40, device="meta")
    kinds = [torch.float32, torch.bool, torch.complex128, torch.float16, torch.int64, torch.uint8]
    there = [torch.zeros(3, 50, 50, dtype=dtype, device="meta") for dtype in kinds]
    there += [leaf, torch.zeros((), device="meta"), torch.zeros(5, device="meta", dtype=torch.complex64).conj()]
    with Touched() as touched:
        found = cards([Wanted(f"t{index}", tensor, 1) for index, tensor in enumerate(there)], Storages())
    assert touched.names.count("copy_") == 1
    assert all(each.values is not None for each in found)
    assert found[6].grad is not None and found[6].grad.norm == 0.0
    assert found[0].image is not None and (found[0].min, found[0].max) == (0.0, 0.0)


def test_a_piece_that_a_device_cannot_give_costs_no_other_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "elsewhere", lambda tensor: True)
    reader = reading.Reader()
    good, bad = reader.add(torch.arange(4)), reader.add(torch.zeros(2, device="meta"))
    reader.read()
    assert reader[good] is not None and reader[good].tolist() == [0, 1, 2, 3]
    assert reader[bad] is None


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([torch.float64, torch.bool, torch.complex64, torch.int16, torch.uint8]), min_size=1))
def test_what_is_read_together_is_what_was_there(kinds: list[torch.dtype]) -> None:
    pieces = [
        torch.randint(0, 2, (index % 3, 2, index), dtype=torch.int64).to(kind) for index, kind in enumerate(kinds)
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "elsewhere", lambda tensor: True)
        reader = reading.Reader()
        numbers = [reader.add(piece.transpose(0, 1)) for piece in pieces]
        reader.read()
    for number, piece in zip(numbers, pieces, strict=True):
        values = reader[number]
        assert values is not None and values.equal(piece.transpose(0, 1)) and values.dtype is piece.dtype


# ---- nothing is held -----------------------------------------------------------------------------------------


def test_a_card_keeps_no_tensor_alive() -> None:
    storages = Storages()
    leaf = torch.ones(3, 40, requires_grad=True)
    leaf.sum().backward()
    array = np.ones((3, 40))
    given = {"leaf": leaf, "view": leaf.detach().t(), "array": array}
    found = cards([Wanted(name, value, 1) for name, value in given.items()], storages, living=given)
    assert [other.name for other in found[0].shared] == ["view"]
    gone = [weakref.ref(value) for value in (leaf, leaf.grad, array, *given.values())]
    del leaf, array, given
    gc.collect()
    assert [reference() for reference in gone] == [None] * len(gone)
    assert found[0].values is not None


# ---- kinds ---------------------------------------------------------------------------------------------------


def test_sparse_tensors_say_what_they_store() -> None:
    small = of(torch.eye(3).to_sparse())
    assert (small.layout, small.stored, small.stride) == ("sparse_coo", 3, None)
    assert small.bytes == 3 * 4 + 2 * 3 * 8 and (small.min, small.max) == (0.0, 1.0)
    rows = of(torch.eye(300).to_sparse_csr())
    assert (rows.layout, rows.stored, rows.mean) == ("sparse_csr", 300, None)


def test_what_can_hardly_be_asked_has_a_short_card() -> None:
    with FakeTensorMode():
        fake = torch.ones(3, 4)
    found = of(fake)
    assert (found.kind, found.shape, found.values, found.mean) == ("FakeTensor", [3, 4], None, None)
    seen: list[Tensor] = []

    def look(x: torch.Tensor) -> torch.Tensor:
        seen.append(of(x))
        return x

    torch.func.vmap(look)(torch.ones(5, 2))
    assert (seen[0].kind, seen[0].shape, seen[0].values) == ("functorch", [2], None)
    lazy = of(torch.nn.LazyLinear(3).weight)
    assert (lazy.kind, lazy.shape, lazy.numel) == ("UninitializedParameter", [-1], 0)
    meta = of(torch.empty(3, 5, device="meta"))
    assert (meta.bytes, meta.storage_bytes, meta.values) == (60, 60, None)


def test_a_parameter_of_a_layer_names_its_dimensions_and_its_module() -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(4, 6, 5, groups=2), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    found = cards([Wanted(name, value, 1, root=net) for name, value in members("net", net)], Storages())
    assert {each.name: each.dims for each in found} == {
        "net.0.weight": ["out", "in/groups", "kh", "kw"],
        "net.0.bias": ["out"],
        "net.2.weight": ["out", "in"],
        "net.2.bias": ["out"],
    }
    group = found[0].group
    assert group is not None and {each.group for each in found} == {group}
    assert (group.name, group.kind, group.tensors, group.numel) == ("net", "Sequential", 4, 6 * 2 * 25 + 6 + 6 + 2)
    assert {each.kind for each in found} == {"parameter"}

    class Own(torch.nn.Linear):
        pass

    own = torch.nn.ModuleList([Own(2, 3)])
    assert cards([Wanted("own.0.weight", own[0].weight, 1, root=own)], Storages())[0].dims == []


# ---- memory --------------------------------------------------------------------------------------------------


@st.composite
def views(draw: st.DrawFn) -> torch.Tensor:
    """Of a storage of 0 to 4·5·6 elements, by up to four steps; some dimensions may be empty."""
    shape = draw(st.lists(st.integers(0, 6), max_size=5).filter(lambda sizes: math.prod(sizes) <= 720))
    made = torch.arange(math.prod(shape), dtype=draw(st.sampled_from([torch.float32, torch.int64, torch.uint8])))
    made = made.reshape(shape)
    for _ in range(draw(st.integers(0, 4))):
        if not made.dim():
            break
        dim = draw(st.integers(0, made.dim() - 1))
        size = made.shape[dim]
        match draw(st.sampled_from(["permute", "step", "select", "expand", "narrow"])):
            case "permute":
                made = made.permute(draw(st.permutations(range(made.dim()))))
            case "step":
                made = made[(slice(None),) * dim + (slice(None, None, draw(st.integers(1, 3))),)]
            case "select" if size:
                made = made.select(dim, draw(st.integers(0, size - 1)))
            case "expand" if made.dim() < 5:
                made = made.expand(draw(st.integers(1, 3)), *made.shape)
            case "narrow" if size:
                made = made.narrow(dim, draw(st.integers(0, size - 1)), 1)
    return made


@settings(deadline=None, max_examples=200)
@given(views())
def test_a_card_says_which_elements_of_its_storage_it_reads(tensor: torch.Tensor) -> None:
    found = of(tensor)
    assert found.stride == list(tensor.stride()) and found.offset == tensor.storage_offset()
    assert found.bytes == tensor.numel() * tensor.element_size()
    assert found.storage_bytes == tensor.untyped_storage().nbytes()
    if tensor.numel():
        assert found.mean == pytest.approx(tensor.double().mean().item())
        assert sum(found.histogram) in (0, tensor.numel()) and len(found.histogram) <= BINS
        assert bool(found.histogram) == (found.min != found.max)
        again = torch.as_strided(tensor, found.shape, found.stride, found.offset)
        assert again.equal(tensor)


@settings(deadline=None, max_examples=200)
@given(views())
@example(torch.zeros(10_000))  # its sample is every third value
def test_a_card_from_a_device_says_what_one_from_the_cpu_says(tensor: torch.Tensor) -> None:
    """Here the CPU passes for a device: what is read crosses in one copy."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "elsewhere", lambda tensor: True)
        there = of(tensor)
    assert msgspec.structs.asdict(there) == msgspec.structs.asdict(of(tensor))
    assert not tensor.numel() or there.values is not None


def test_the_histogram_counts_each_value_once() -> None:
    assert of(torch.tensor([0, 1, 1, 3])).histogram == [1, 2, 0, 1]
    assert of(torch.tensor([True, False, True])).histogram == [1, 2]
    assert sum(of(torch.tensor([1.0, math.nan, math.inf, 2.0])).histogram) == 2
    assert sum(of(torch.tensor([-1.7e308, 1.7e308, 0.0], dtype=torch.float64)).histogram) == 3
    assert sum(of(torch.tensor([5e-324, 0.0, 1e-320], dtype=torch.float64)).histogram) in (0, 3)
    wide = of(torch.arange(1000))
    assert len(wide.histogram) == 24 and set(wide.histogram[:-1]) == {42}


def test_a_matrix_at_a_glance() -> None:
    heat = of(torch.arange(10.0).expand(20, 10)).heat
    assert heat is not None and heat.rows == ["0123456789"] * 7 and heat.steps == [3, 1]
    odd = torch.zeros(1, 9)
    odd[0, :4] = torch.tensor([math.nan, math.inf, -math.inf, 1.0])
    heat = of(odd).heat
    assert heat is not None and heat.rows == ["n+-900000"]
    assert of(torch.ones(20, 20)).heat is None, "all equal: nothing to see"
    assert of(torch.randn(3, 3)).heat is None, "its numbers are shown"


def test_arrays_share_memory_with_the_tensors_made_of_them() -> None:
    storages = Storages()
    array = np.arange(12.0)
    tensor = torch.from_numpy(array)[4:]
    back = tensor.numpy()[::2]
    other = np.ones(3)
    given = {"array": array, "tensor": tensor, "back": back, "other": other}
    found = {each.name: each for each in cards([Wanted(n, v, 1) for n, v in given.items()], storages, living=given)}
    assert found["array"].storage == found["tensor"].storage == found["back"].storage != found["other"].storage
    assert (found["array"].kind, found["array"].dtype, found["array"].values) == ("array", "float64", [*range(8)])
    assert [(each.name, each.offset, each.stride) for each in found["array"].shared] == [
        ("tensor", 4, [1]),
        ("back", 4, [2]),
    ]
    assert found["array"].storage_bytes == 96 and found["back"].bytes == 32


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (np.broadcast_to(np.arange(3.0), (2, 3)), [[0, 1, 2]] * 2),  # read-only
        (np.arange(4)[::-1], [3, 2, 1, 0]),
        (np.arange(3, dtype=">i4"), [0, 1, 2]),
        (np.array(5.0), 5.0),
        (np.zeros((0, 3)), []),
        (np.array([1 + 2j]), ["(1+2j)"]),
        (np.array(["a", "b"]), None),
        (np.array([object()]), None),
        (np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]), None),
    ],
)
def test_every_array_has_a_true_card(array: Any, values: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = of(array)
    assert (found.kind, found.shape, found.numel, found.values) == ("array", [*array.shape], array.size, values)


# ---- pictures ------------------------------------------------------------------------------------------------


def test_what_may_be_a_picture_is_made_small() -> None:
    grey = torch.zeros(28, 28, dtype=torch.uint8)
    grey[0, 1] = 255
    image = of(grey).image
    assert image is not None and (image.height, image.width, image.colour) == (28, 28, False)
    assert len(image.rows) == 28 and image.rows[0].startswith("00ff00") and image.low is None
    batch = torch.zeros(64, 3, 64, 48)
    batch[0, 0] = 1.0
    image = of(batch).image
    assert image is not None and image.colour and image.index == [0]
    assert len(image.rows) == 32 and image.rows[0] == "ff0000" * 24
    image = of(torch.linspace(-2, 2, 100).reshape(1, 10, 10)).image
    assert image is not None and (image.low, image.high) == (-2.0, 2.0)
    assert image.rows[0][:2] == "00" and image.rows[-1][-2:] == "ff"


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(28, 28),  # a matrix of floats
        torch.zeros(2, 28, 28),
        torch.zeros(1, 28, 4),
        torch.zeros(1, 10, 300),
        torch.zeros(1, 28, 28, dtype=torch.int64),
        torch.full((1, 28, 28), math.nan),
        torch.zeros(0, 3, 28, 28),
        torch.zeros(1, 28, 28, requires_grad=True),
    ],
)
def test_what_is_no_picture_is_not_drawn(tensor: torch.Tensor) -> None:
    assert of(tensor).image is None


def test_in_full_a_card_holds_more_of_the_values() -> None:
    tensor = torch.arange(200 * 100).reshape(200, 100)
    assert of(tensor, full=True).values == tensor[:128, :64].tolist()
    assert of(torch.arange(10_000), full=True).values == [*range(8_192)]
    assert of(torch.arange(24).reshape(2, 3, 4), full=True).values == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
