"""An answer to a question is judged as a teacher would: by what it means, not by how it is written."""

from __future__ import annotations

import pytest

from ptlearn_tui.course.page import Cell, Prose, parse
from ptlearn_tui.course.question import Truth, judge, readable, told

PAGE = """---
title: One
---

Before.

**Predict:** what?

```python tags=["predict"] id="one" ask="value"
1
```

Why it is so.

$$
1
$$

**Predict:** and now?

```python tags=["predict"] id="two" ask="shape"
2
```

Because.

## Next

More.
"""


@pytest.mark.parametrize(
    ("ask", "truth", "right", "wrong", "unreadable"),
    [
        ("shape", "torch.Size([3, 3])", ["(3, 3)", "3,3", "3x3", "3 × 3", "[3, 3]", "（3，3）", "torch.Size([3, 3])"],
         ["(3,)", "3", "(3, 4)", "()", "3 3 1"], ["", "three", "no idea"]),
        ("shape", "torch.Size([])", ["()", "( )", "[]", "scalar", "标量"], ["0", "(1,)", "1"], ["", "none"]),
        ("shape", "torch.Size([6])", ["6", "(6,)", "[6]"], ["(6, 1)", "(1, 6)"], []),
        ("dtype", "torch.int64", ["int64", "torch.int64", "long", "torch.long", "INT64", "ｉｎｔ64"],
         ["int", "int32", "float32", "bool"], ["", "64", "a b"]),
        ("dtype", "torch.float32", ["float", "float32"], ["double", "float64"], []),
        ("value", "tensor([[2.2500, 2.2500],\n        [2.2500, 2.2500]])", ["2.25", "2.25 2.25 2.25 2.25", "9/4"],
         ["2", "2.25 2.25", "4.5", "-2.25"], ["", "?"]),
        ("value", "tensor([2., 4.], dtype=torch.float64, grad_fn=<MulBackward0>)", ["2 4", "[2., 4.]", "2，4"],
         ["2", "4 2", "2 4 64"], []),
        ("value", "2.302585", ["2.3", "2.303"], ["2", "2.2", "2.4"], []),
        ("value", "100", ["100", "100.0"], ["101", "99"], []),
        ("value", "tensor([1, 0, 1])", ["1 0 1"], ["1", "0 1 1"], []),
        ("value", "True", ["True", "true", "1"], ["False", "0"], ["maybe"]),
        ("value", "tensor([ True, False])", ["True False", "1 0"], ["True"], []),
        ("value", "None", ["None", "none"], ["0", "2.25"], []),
        ("value", "tensor(nan)", ["nan"], ["inf", "0"], []),
        ("value", "0.0", ["0"], ["0.001"], []),
        ("value", "1e-08", ["1e-8"], ["0", "1e-7"], []),
        ("value", "'MulBackward0'", ["MulBackward0", "'mulbackward0'"], ["AddBackward0"], [""]),
    ],
)  # fmt: skip
def test_answers(ask: str, truth: str, right: list[str], wrong: list[str], unreadable: list[str]) -> None:
    made = Truth(truth, None)
    assert judge(ask, told(ask, made), made), "the right answer as it is told"
    assert {text: judge(ask, text, made) for text in right} == dict.fromkeys(right, True)
    assert {text: judge(ask, text, made) for text in wrong} == dict.fromkeys(wrong, False)
    assert {text: judge(ask, text, made) for text in unreadable} == dict.fromkeys(unreadable)
    assert all(readable(ask, text) for text in [*right, *wrong])


@pytest.mark.parametrize("text", ["2", "error", "RuntimeError", "it raises", "会报错", "YES", "２"])
def test_whether_it_raises(text: str) -> None:
    assert judge("error", text, Truth(None, "RuntimeError")) is True
    assert judge("error", text, Truth("1", None)) is False
    assert readable("error", text)
    assert told("error", Truth(None, "RuntimeError")) == "RuntimeError"


@pytest.mark.parametrize("text", ["1", "runs", "不会报错", "no"])
def test_whether_it_runs(text: str) -> None:
    assert judge("error", text, Truth("1", None)) is True
    assert judge("error", text, Truth(None, "RuntimeError")) is False


def test_where_the_cell_raised_no_value_is_right() -> None:
    assert judge("value", "2", Truth(None, "RuntimeError")) is False
    assert not readable("error", "perhaps")


def test_an_explanation_ends_at_the_next_question_or_heading() -> None:
    blocks = parse(PAGE).blocks
    kinds = [
        block.ask if isinstance(block, Cell) else block.explains for block in blocks if isinstance(block, Cell | Prose)
    ]
    assert kinds == [False, "value", True, False, "shape", True, False]
    third = blocks[2]
    assert isinstance(third, Prose)
    assert [token.type for token in third.tokens] == ["paragraph_open", "inline", "paragraph_close", "math_block"]
