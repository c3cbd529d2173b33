"""A made-up set for a machine that has none: every class is a blurred pattern of its own, moved about and disturbed.

It has the shape of the real set and can be learnt, so that all of a recipe can be tried offline. What is learnt on it
says nothing of the real one, and it is called synthetic wherever it is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

COUNTS = {"train": 5_000, "test": 1_000}

SHIFT = 4
"""Pixels that a pattern is moved by at most, in both directions, around the edge."""


def make(split: str, shape: tuple[int, int, int], classes: int) -> tuple[bytearray, bytearray]:
    """Pixels (count · channels · side · side bytes) and labels (count bytes), the same ones each time."""
    import numpy as np  # here: whoever only asks how many there are does not pay for it

    patterns = _blurred(np.random.default_rng(0), classes, shape)
    random = np.random.default_rng(1 if split == "train" else 2)
    count = COUNTS[split]
    labels = random.integers(0, classes, count, dtype=np.uint8)
    disturbance = _blurred(random, 64, shape)
    images = np.empty((count, *shape), np.uint8)
    for place, label in enumerate(labels):
        moved = np.roll(patterns[label], random.integers(-SHIFT, SHIFT + 1, 2), (1, 2))
        image = random.uniform(0.5, 1) * moved + disturbance[random.integers(64)]
        image += random.normal(0, 0.5, shape)
        images[place] = np.clip(128 + 40 * image, 0, 255)
    return bytearray(images.tobytes()), bytearray(labels.tobytes())


def _blurred(random: np.random.Generator, count: int, shape: tuple[int, int, int]) -> np.ndarray:
    """(count, *shape) of mean 0 and spread 1: noise of which only the longest waves are kept."""
    import numpy as np

    waves = np.fft.rfft2(random.normal(size=(count, *shape)))
    high, wide = np.meshgrid(np.fft.fftfreq(shape[1]), np.fft.rfftfreq(shape[2]), indexing="ij")
    waves[..., np.hypot(high, wide) > 0.1] = 0
    waves[..., 0, 0] = 0
    images = np.fft.irfft2(waves, shape[1:])
    return np.asarray(images / images.std(axis=(1, 2, 3), keepdims=True))
