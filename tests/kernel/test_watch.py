"""Which cards a cell gives: of what it made, of what it changed, and what that was before."""

from __future__ import annotations

import gc
import weakref

import pytest

from ptlearn_tui.events import Tensor, Tensors
from ptlearn_tui.kernel.execute import forget

from .cells import Cells


@pytest.fixture
def cells() -> Cells:
    forget({})  # what another test's variables were
    return Cells()


def told(cells: Cells, source: str) -> dict[str, Tensor]:
    """The cell's cards; of two of one name the newer."""
    cells.run(source)
    assert cells.done().ok
    return {item.name: item for event in cells.of(Tensors) for item in event.items}


def test_what_a_variable_was_in_the_cell_before_stands_on_its_card(cells: Cells) -> None:
    assert all(card.was is None for card in told(cells, "import torch\nx = torch.ones(2, 2)\nx = x * 2").values())
    was = told(cells, "x = torch.zeros(4)")["x"].was
    assert was is not None and (was.how, was.shape, was.mean, was.value) == ("rebound", [2, 2], 2.0, None)
    was = told(cells, "x.add_(1)")["x"].was
    assert was is not None and (was.how, was.shape, was.mean) == ("in place", [4], 0.0)
    assert told(cells, "x = torch.ones(4)")["x"].was is None, "the same values"
    told(cells, "s = torch.tensor(3)")
    was = told(cells, "s += 1")["s"].was
    assert was is not None and (was.how, was.value) == ("in place", 3)


def test_a_change_behind_the_count_is_noticed_at_the_end_of_the_cell(cells: Cells) -> None:
    told(cells, "import torch\nx = torch.ones(2)\nnet = torch.nn.Linear(2, 2)\nwith torch.no_grad(): net.bias.zero_()")
    found = told(cells, "x.data += 1\nnet.bias.data.fill_(7)")
    assert {name: (card.line, card.values) for name, card in found.items()} == {
        "x": (0, [2.0, 2.0]),
        "net.bias": (0, [7.0, 7.0]),
    }
    assert {card.was.how for card in found.values() if card.was} == {"uncounted"}
    assert told(cells, "1") == {}, "it is told once"


def test_arrays_and_what_stands_on_their_memory_change_together(cells: Cells) -> None:
    first = told(cells, "import numpy as np, torch\na = np.zeros(3)\nt = torch.from_numpy(a)")
    assert [other.name for other in first["t"].shared] == ["a"]
    found = told(cells, "a[0] = 5")
    assert {name: (card.was.how if card.was else None, card.values[0]) for name, card in found.items()} == {
        "a": ("in place", 5.0),
        "t": ("uncounted", 5.0),
    }


def test_cards_name_those_that_share_their_storage_from_earlier_cells_too(cells: Cells) -> None:
    told(cells, "import torch\nx = torch.arange(6)\nlonely = torch.ones(2)")
    found = told(cells, "y = x.view(2, 3)\npair = [y.t(), 1]")
    assert [(other.name, other.stride) for other in found["y"].shared] == [("x", [1])]
    assert {other.name for other in found["pair[0]"].shared} == {"x", "y"}
    found = told(cells, "del x\nz = y[0]")
    assert {other.name for other in found["z"].shared} == {"y", "pair[0]"}


def test_changed_items_of_a_list_and_a_dict_have_cards(cells: Cells) -> None:
    told(cells, "import torch\nxs = [torch.ones(2), torch.zeros(2)]\nd = {'a': torch.ones(1), 'b': 3}")
    found = told(cells, "xs[1].add_(3)\nd['a'] *= 5")
    assert {name: card.values for name, card in found.items()} == {"xs[1]": [3.0, 3.0], "d['a']": [5.0]}
    group = found["xs[1]"].group
    assert group is not None and (group.name, group.kind, group.tensors) == ("xs", "list", 2)


def test_what_is_told_keeps_no_tensor_alive(cells: Cells) -> None:
    told(cells, "import torch, numpy as np\nx = torch.ones(3, requires_grad=True)\ny = (x * 2).t()\na = np.ones(3)")
    gone = [weakref.ref(cells.namespace[name]) for name in ("x", "y", "a")]
    told(cells, "del x, y, a")
    gc.collect()
    assert [reference() for reference in gone] == [None, None, None]
