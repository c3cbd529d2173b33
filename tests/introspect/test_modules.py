"""Trees of modules say what a real pass did, disturb nothing, and know which image would fit."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from introspect.networks import LENET, pooled
from kernel.cells import Cells
from ptlearn_tui.events import Error, Layer, Modules
from ptlearn_tui.introspect.forward import Forwards, Pass
from ptlearn_tui.introspect.modules import describe


def passes(module: nn.Module, *inputs: Any) -> list[Pass]:
    """What is told of a call; with what it raises, too."""
    found: list[Pass] = []
    forwards = Forwards(found.append)
    forwards.arm()
    try:
        module(*inputs)
    except RuntimeError:
        pass
    finally:
        forwards.disarm()
    return found


def tree(module: nn.Module, *inputs: Any) -> Modules:
    (passed,) = passes(module, *inputs)
    return describe("net", module, 1, passed, cell=0)


def layers(told: Modules) -> dict[str, Layer]:
    return {layer.path: layer for layer in told.layers}


NETWORKS = {
    "resnet18": (lambda: torchvision.models.resnet18(), (2, 3, 64, 64)),
    "mobilenet": (lambda: torchvision.models.mobilenet_v3_small(), (1, 3, 64, 64)),
    "transformer": (lambda: nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), (2, 5, 16)),
    "vit": (lambda: torchvision.models.VisionTransformer(32, 8, 1, 2, 16, 32), (1, 3, 32, 32)),
    "lstm": (lambda: nn.LSTM(4, 8, 2), (5, 3, 4)),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("grad", [True, False])
def test_shapes_parameters_and_flops_are_pytorchs_own(name: str, grad: bool) -> None:
    make, shape = NETWORKS[name]
    net, x = make().eval(), torch.randn(shape)
    seen: dict[nn.Module, list[int]] = {}
    hooks = [
        layer.register_forward_hook(lambda layer, args, out: seen.update({layer: list(first(out).shape)}))
        for layer in net.modules()
    ]
    with torch.set_grad_enabled(grad), FlopCounterMode(display=False) as counter:
        net(x)
    for hook in hooks:
        hook.remove()
    with torch.set_grad_enabled(grad):
        told = tree(net, x)
    by_path = layers(told)
    fused = name == "lstm" or (
        name in ("transformer", "vit") and not grad
    )  # one operator that nobody has a formula for
    for path, layer in net.named_modules():
        row = by_path[path]
        assert row.parameters == sum(p.numel() for p in layer.parameters())
        if not fused:
            assert (row.outputs[0] if row.outputs else None) == seen.get(layer)
        counted = counter.get_flop_counts().get(f"{type(net).__name__}.{path}" if path else type(net).__name__)
        if counted is not None and not fused:
            assert row.flops == sum(counted.values()), path
    assert by_path[""].flops == (None if fused else counter.get_total_flops())
    assert told.bytes == sum(p.numel() * p.element_size() for p in net.parameters())


def first(out: Any) -> torch.Tensor:
    return out if isinstance(out, torch.Tensor) else first(out[0])


def test_inference_mode_counts_too() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    with torch.inference_mode():
        assert layers(tree(net, torch.ones(2, 4)))["0"].flops == 2 * 2 * 4 * 3


def test_activations_are_those_of_the_layer_before_anything_changed_them() -> None:
    net = nn.Sequential(nn.Linear(8, 50), nn.ReLU(inplace=True), nn.Linear(50, 1))
    x = torch.randn(20, 8)
    before = net[0](x).detach()
    rows = layers(tree(net, x))
    linear, relu = rows["0"].activation, rows["1"].activation
    assert linear is not None and relu is not None
    assert linear.min == pytest.approx(before.min().item()) and linear.zeros == 0
    assert relu.min == 0 and relu.zeros == pytest.approx((before <= 0).float().mean().item())
    assert linear.mean == pytest.approx(before.mean().item(), abs=1e-6)


def test_large_activations_are_sampled_and_odd_ones_counted() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(float("nan")))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.scale

    activation = layers(tree(nn.Sequential(Odd()), torch.ones(100, 100)))["0"].activation
    assert activation is not None and activation.sampled and activation.nan > 1_000


def test_a_layer_in_two_places_a_frozen_one_and_one_that_is_not_called() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 4)
            self.again = self.first
            self.frozen = nn.Linear(4, 4).requires_grad_(False)
            self.unused = nn.Linear(4, 4)
            self.unused.eval()

        def forward(self, x: torch.Tensor) -> Any:
            return {"out": self.frozen(self.again(self.first(x)))}

    told = tree(Net(), torch.ones(1, 4))
    rows = layers(told)
    assert rows["again"].same_as == "first" and rows["first"].calls == 2
    assert rows[""].parameters == 60  # each once
    assert rows["frozen"].frozen and not rows["first"].frozen
    assert rows["unused"].calls == 0 and not rows["unused"].training
    assert rows[""].outputs == [[1, 4]]


def test_a_ring_of_modules_ends_and_a_large_tree_is_cut() -> None:
    ring = nn.Module()
    ring.inner = nn.Linear(1, 1)
    ring.inner.outer = ring
    assert [row.path for row in describe("ring", ring, 1, cell=0).layers] == ["", "inner"]
    large = nn.Sequential(*(nn.Linear(1, 1) for _ in range(1_000)))
    told = describe("large", large, 1, cell=0)
    assert told.left_out == 701 and told.layers[0].parameters == 2_000


# ---- where it broke off ----------------------------------------------------------------------------------------


def test_the_notes_network_on_28x28() -> None:
    cells = Cells()
    cells.run(LENET)
    cells.run("out = net(torch.randn(64, 1, 28, 28))")
    (told,) = cells.of(Modules)
    broken = told.broken
    assert broken is not None
    assert (broken.path, broken.what, broken.wants, broken.has) == ("fc1", "features", 400, 256)
    assert broken.image == [32, 35] and broken.repair == "nn.Linear(256, 120)"
    rows = layers(told)
    assert rows["fc1"].inputs == [[64, 256]] and rows["fc1"].outputs == [] and rows["fc2"].calls == 0
    (error,) = cells.of(Error)
    assert "linear.py" in error.traceback and "ptlearn" not in error.traceback and "_dynamo" not in (error.whole or "")


@pytest.mark.parametrize("side", [33, 40])
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_the_image_that_is_said_to_fit_does(side: int, data: st.DataObject) -> None:
    net, wants = pooled(data)
    (passed,) = passes(net, torch.randn(1, 2, side, side))
    if passed.failed is None:
        return
    broken = describe("net", net, 1, passed, cell=0).broken
    if broken is None or not broken.image:
        assert not any(fits(net, wanted) for wanted in (48, 60, 72)) or broken is None or broken.wants != wants
        return
    least, most = broken.image
    assert fits(net, least) and fits(net, most)
    assert not fits(net, least - 1) and not fits(net, most + 1)


def fits(net: nn.Module, side: int) -> bool:
    try:
        net(torch.randn(1, 2, side, side))
    except RuntimeError:
        return False
    return True


def test_wrong_channels_and_what_is_no_layer() -> None:
    broken = tree(nn.Sequential(nn.Conv2d(3, 8, 3)), torch.ones(1, 1, 9, 9)).broken
    assert broken is not None and (broken.path, broken.wants, broken.has) == ("0", 3, 1)
    assert broken.repair == "nn.Conv2d(1, 8, 3)" and broken.image == []

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x).view(7)

    broken = tree(Net(), torch.ones(1, 2)).broken
    assert broken is not None and broken.path == "" and broken.wants is None


def test_a_layer_that_catches_its_own_error_has_not_failed() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            try:
                return self.fc(x)
            except RuntimeError:
                return self.fc(x[:, :2])

    told = tree(Net(), torch.ones(1, 3))
    assert told.broken is None and layers(told)["fc"].outputs == [[1, 2]]


# ---- nothing is disturbed --------------------------------------------------------------------------------------


def at_rest() -> bool:
    from torch.nn.modules import module

    return not (
        module._global_forward_hooks or module._global_forward_pre_hooks or torch._C._len_torch_dispatch_stack()
    )


ENDINGS = {
    "well": "net(x)",
    "broken off": "net(x[:, :1])",
    "interrupted": "net.register_forward_pre_hook(stop); net(x)",
    "ended by SystemExit": "net.register_forward_pre_hook(leave); net(x)",
    "a loop": "for _ in range(100): net(x)",
}


@pytest.mark.parametrize("how", ENDINGS)
def test_nothing_is_left_in_torch_however_a_cell_ends(how: str) -> None:
    cells = Cells()
    cells.run("""net = torch.nn.Sequential(torch.nn.Linear(3, 3))
x = torch.ones(2, 3)
def stop(*_): raise KeyboardInterrupt
def leave(*_): raise SystemExit""")
    cells.run(ENDINGS[how])
    assert at_rest()


def test_of_a_loop_the_first_pass_is_told_and_hooks_let_go() -> None:
    cells = Cells()
    cells.run("net = torch.nn.Linear(3, 3)\nx = torch.ones(2, 3)")
    cells.run("""from torch.nn.modules.module import _global_forward_hooks as hooks
for turn in range(100):
    y = net(x)
    if turn == 10: assert not hooks""")
    assert cells.done().ok and len(cells.of(Modules)) == 1


def test_of_many_passes_that_break_off_each_raises_what_it_would() -> None:
    cells = Cells()
    cells.run("nets = [torch.nn.Sequential(torch.nn.Linear(3, 3)) for _ in range(9)]\nraised = []")
    cells.run("""for net in nets:
    try: net(torch.ones(1, 2))
    except Exception as error: raised.append(("mat1" in str(error), error.__context__))""")
    assert cells.namespace["raised"] == [(True, None)] * 9
    assert at_rest()


def test_made_modules_are_told_and_called_ones_with_the_name_they_have() -> None:
    cells = Cells()
    cells.run("""class Model:
    def __init__(self): self.net = torch.nn.Linear(2, 3)
    def fit(self): return self.net(torch.ones(1, 2))
inner = torch.nn.Sequential(torch.nn.Linear(2, 2))
outer = torch.nn.Sequential(inner)
loss = torch.nn.MSELoss()""")
    assert [(each.name, each.called) for each in cells.of(Modules)] == [("inner", False), ("outer", False)]
    cells.run("y = inner[0](torch.ones(1, 2))\nModel().fit()")
    assert [(each.name, each.line, each.called) for each in cells.of(Modules)] == [
        ("inner.0", 1, True),
        ("Linear", 3, True),
    ]
    assert cells.of(Modules)[1].line_cell == 0


def test_a_cell_that_takes_the_time_is_left_alone() -> None:
    cells = Cells()
    cells.run("net = torch.nn.Linear(2, 2)")
    cells.run("%%timeit\nnet(torch.ones(1, 2))")
    assert cells.done().ok and not [each for each in cells.of(Modules) if each.called]


def test_other_threads_are_left_alone() -> None:
    net, found = nn.Linear(2, 2), list[Pass]()
    forwards = Forwards(found.append)
    forwards.arm()
    thread = threading.Thread(target=net, args=(torch.ones(1, 2),))
    thread.start()
    thread.join()
    forwards.disarm()
    assert not found


def test_what_the_learner_compiles_traces_counts_or_transforms_comes_out_the_same() -> None:
    cells = Cells()
    cells.run("""compiled = []
def backend(graph, inputs):
    compiled.append(graph)
    return graph.forward
net = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.ReLU())
x = torch.ones(2, 3)
fast = torch.compile(net, backend=backend)
call = torch.compile(lambda x: net(x) + 1, backend=backend)""")
    cells.run("a = fast(x)\nb = fast(x)")
    cells.run("a = call(x)\nb = call(x)")
    cells.run("assert len(compiled) == 2, compiled")
    assert cells.done().ok, cells.events
    for source in (
        "traced = torch.jit.trace(net, x)\nassert str(traced.inlined_graph).count('aten::') == 2, traced.inlined_graph",
        "from torch.utils.flop_counter import FlopCounterMode\n"
        "with FlopCounterMode(display=False) as counter: net(x)\nassert counter.get_total_flops() == 36",
        "per = torch.func.vmap(net)(x)\nassert per.shape == (2, 3)",
        "jac = torch.func.jacrev(net)(x[0])\nassert jac.shape == (3, 3)",
        "from torch.fx import symbolic_trace\nassert len(list(symbolic_trace(net).graph.nodes)) == 4",
    ):
        cells.run("del fast, call\n" + source if "fast" in cells.namespace else source)
        assert cells.done().ok, cells.events


def test_nothing_is_kept_alive() -> None:
    cells = Cells()
    cells.run(LENET)
    cells.run("out = net(torch.randn(1, 1, 32, 32))")
    kept = [weakref.ref(cells.namespace.pop(name)) for name in ("out", "net")]
    cells.run("pass")
    gc.collect()
    assert [each() for each in kept] == [None, None]
