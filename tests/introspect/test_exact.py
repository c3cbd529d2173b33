"""Exact statistics are those that PyTorch computes of the whole, in double precision, whatever the layout."""

from __future__ import annotations

import math

import pytest
import torch

from ptlearn_tui.introspect import exact

LARGE = torch.randn(1500, 1000, generator=torch.Generator().manual_seed(0)) + 1e4


@pytest.mark.parametrize(
    "tensor",
    [
        LARGE,
        LARGE.t(),
        LARGE[::3, 5:-5],
        LARGE.expand(3, 1500, 1000),
        LARGE.reshape(-1),
        LARGE.to(torch.float16).reshape(50, 30, 1000),
        torch.arange(3_000_000, dtype=torch.int32),
        torch.tensor(2.5),
    ],
    ids=lambda tensor: f"{tuple(tensor.shape)} {tensor.dtype}",
)
def test_they_are_those_of_the_whole(tensor: torch.Tensor) -> None:
    found, whole = exact.statistics(tensor), tensor.double()
    assert (found.min, found.max) == (tensor.min().item(), tensor.max().item())
    assert found.mean == pytest.approx(whole.mean().item(), rel=1e-12)
    if tensor.numel() > 1:
        assert found.std == pytest.approx(whole.std().item(), rel=1e-9)
    assert (found.nan, found.inf) == (0, 0)
    counts = exact.histogram(tensor, found)
    assert sum(counts) == (0 if found.min == found.max else tensor.numel())
    if tensor.dtype is torch.float32 and tensor.numel() > 1:
        span = torch.histc(whole, 24, found.min, found.max)
        assert counts == pytest.approx(span.tolist(), abs=2)


def test_what_is_not_finite_is_counted_apart() -> None:
    values = LARGE.clone()
    values[7, 7], values[1400, 3], values[0, 0] = math.nan, math.inf, -math.inf
    found = exact.statistics(values)
    assert (found.nan, found.inf) == (1, 2)
    assert found.mean == pytest.approx(values[values.isfinite()].double().mean().item(), rel=1e-12)
    assert exact.statistics(torch.tensor([math.nan, math.inf])) == (None, None, None, None, 1, 1)
    assert exact.statistics(torch.empty(0)) == (None, None, None, None, 0, 0)


def test_large_integers_keep_their_last_digit() -> None:
    found = exact.statistics(torch.tensor([2**62 + 1, -(2**62) - 1]))
    assert (found.min, found.max) == (-(2**62) - 1, 2**62 + 1)


def test_what_nobody_waits_for_is_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        exact.statistics(torch.ones(1).expand(2**32))
