"""A question before a cell: what the learner says it will make, against what it made."""

from __future__ import annotations

import re
from typing import NamedTuple

ASKS = ("shape", "dtype", "value", "error")
MARKS = ("Predict:", "先猜：")  # a question's paragraph begins with one, in bold

CLOSE = 0.01  # of the true value: "2.3" is right where 2.302585 is; whole numbers have to be exact

_DTYPES = {
    "float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32", "short": "int16",
    "byte": "uint8", "cfloat": "complex64",
}  # fmt: skip
_NUMBER = re.compile(
    r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?:\s*/\s*\d+)?|[-+]?inf|nan|true|false|none", re.IGNORECASE
)
_ASIDE = re.compile(r",\s*(?:dtype|grad_fn|requires_grad|size|device)=[^,)]*(?:\([^)]*\))?")
_RAISES = ("2", "error", "raises", "raise", "it raises", "yes", "y", "报错", "会报错", "会", "出错")
_RUNS = ("1", "runs", "run", "it runs", "no", "n", "ok", "不报错", "不会报错", "不会", "正常", "能运行")
_SCALAR = ("scalar", "empty", "标量", "空")


class Truth(NamedTuple):
    """What a cell made, as far as questions go."""

    value: str | None  # the text of its last bare expression
    error: str | None  # the kind of what it raised


def is_question(markdown: str) -> bool:
    """Whether a paragraph is one."""
    return markdown.startswith(tuple(f"**{mark}**" for mark in MARKS))


def told(ask: str, truth: Truth) -> str:
    """The right answer, as people would write it."""
    if ask == "error":
        return truth.error or "runs"
    text = truth.value or ""
    match ask:
        case "shape":
            return str(_whole(text)) if _whole(text) is not None else text
        case "dtype":
            return text.removeprefix("torch.")
        case "value":
            return _ASIDE.sub("", text)
    return text


def readable(ask: str, answer: str) -> bool:
    """Whether it can be read as an answer at all; of a string only the truth would show it."""
    made = {"shape": "()", "dtype": "torch.float32", "value": "''"}
    return judge(ask, answer, Truth(made.get(ask), None)) is not None


def judge(ask: str, answer: str, truth: Truth) -> bool | None:
    """Whether the answer is right; None where it can't be read as one."""
    said = answer.strip().translate(_WIDE).lower()
    if ask == "error":
        raises = said in _RAISES or said.endswith("error")
        return None if not raises and said not in _RUNS else raises == (truth.error is not None)
    if truth.value is None:
        return None if not said else False
    match ask:
        case "shape":
            shape = _whole(said)
            return None if shape is None else shape == _whole(truth.value)
        case "dtype":
            name = said.removeprefix("torch.")
            if not re.fullmatch(r"[a-z]+\d*", name):
                return None
            return _DTYPES.get(name, name) == truth.value.removeprefix("torch.")
    if truth.value.startswith(("'", '"')):
        return said.strip("'\"") == truth.value.strip("'\"").lower() if said else None
    given, made = _values(said), _values(_ASIDE.sub("", truth.value.lower()))
    if not given:
        return None
    if len(given) == 1:
        given *= max(1, len(made))  # "2.25", of each
    return len(given) == len(made) and all(map(_alike, given, made))


# Full-width forms, which an input method writes.
_WIDE: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    ord("，"): ",",
    ord("。"): ".",
    ord("×"): "x",
}


def _whole(text: str) -> tuple[int, ...] | None:
    numbers = tuple(int(number) for number in re.findall(r"\d+", text))
    return numbers if numbers or text in _SCALAR or re.fullmatch(r".*[(\[]\s*[)\]].*", text) else None


def _values(text: str) -> list[float | str]:
    return [_value(word) for word in _NUMBER.findall(text)]


def _value(word: str) -> float | str:
    if word.lstrip("+-") in ("true", "false", "none", "nan"):
        return word
    above, _, below = word.partition("/")
    return float(above) / float(below) if below.strip().strip("0") else float(above)


def _alike(given: float | str, made: float | str) -> bool:
    if isinstance(given, str) or isinstance(made, str):
        return given == made or {given, made} in ({1.0, "true"}, {0.0, "false"})
    return given == made or (not made.is_integer() and abs(given - made) <= CLOSE * abs(made))
