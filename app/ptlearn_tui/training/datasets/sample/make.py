"""Cut the bundled sample from a whole MNIST: the first 10,000 training and the first 2,000 test images.

Usage: ``python app/ptlearn_tui/training/datasets/sample/make.py DATA`` where ``DATA/MNIST/raw/*.gz`` is torchvision's
layout. Made once; the result is in the repository. Running it again gives the same bytes (gzip without a
time).
"""

from __future__ import annotations

import gzip
import struct
import sys
from pathlib import Path

COUNTS = {"train": 10_000, "t10k": 2_000}


def cut(source: Path, target: Path, count: int) -> None:
    """Write the first `count` items of the idx file `source` to `target`; its header tells their number."""
    whole = gzip.decompress(source.read_bytes())
    dimensions = whole[3]
    header = 4 + 4 * dimensions
    shape = struct.unpack_from(f">{dimensions}I", whole, 4)
    size = 1
    for length in shape[1:]:
        size *= length
    part = whole[:4] + struct.pack(f">{dimensions}I", count, *shape[1:]) + whole[header : header + count * size]
    target.write_bytes(gzip.compress(part, compresslevel=9, mtime=0))


def main() -> None:
    """Cut all four files into the folder that this script stands in."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    here = Path(__file__).parent
    for split, count in COUNTS.items():
        for kind in ("images-idx3", "labels-idx1"):
            name = f"{split}-{kind}-ubyte.gz"
            cut(Path(sys.argv[1]) / "MNIST" / "raw" / name, here / name, count)


if __name__ == "__main__":
    main()
