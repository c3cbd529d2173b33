"""The files of each set as its authors publish them, with their checksums. Needs no torch.

The md5 sums are torchvision's (a test compares them), and CIFAR-10's own page has the archive's. The sha256 sums of
MNIST's unpacked files were computed from files with the right md5, the sha1 sums are those of CIFAR-10's binary
version. For Fashion-MNIST only the sums of the packed files are known.
"""

from __future__ import annotations

from dataclasses import dataclass

ROOM = 1 << 16
"""Bytes by which a packed file may be longer than what it holds: gzip's own, and a name in its header."""


@dataclass(frozen=True)
class File:
    """One file of a set."""

    name: str  # unpacked, as it is kept
    most: int  # bytes that it has, or at most has where its size is not known
    sized: bool = True  # it has exactly `most`
    digest: str | None = None  # "sha256:…" of its bytes; None where that is not known
    packed: str | None = None  # "md5:…" of NAME.gz as it is published; None where it isn't published so
    needed: bool = True  # False for what only torchvision wants

    def names(self) -> tuple[str, ...]:
        """What it may be called elsewhere; ``train-images.idx3-ubyte`` is what some unpackers make of it."""
        plain = (self.name, self.name.replace("-idx", ".idx"))
        return (*plain, *(f"{name}.gz" for name in plain)) if self.may_be_packed else plain[:1]

    @property
    def may_be_packed(self) -> bool:
        """Whether NAME.gz stands for it."""
        return "-idx" in self.name


@dataclass(frozen=True)
class Version:
    """One layout of a set, complete."""

    folder: str  # of its files, below a data folder; a layout of the set has the same
    files: tuple[File, ...]
    archive: str | None = None  # the one file that it is published as; None where each is published by itself


def _idx(folder: str, *sums: tuple[str, str | None]) -> Version:
    """Four idx files of 60,000 and 10,000 images; `sums` are md5 of the packed and sha256 of the unpacked ones."""
    counts = {"train": 60_000, "t10k": 10_000}
    sizes = [
        size
        for word, n in counts.items()
        for size in ((f"{word}-images-idx3-ubyte", 16 + n * 784), (f"{word}-labels-idx1-ubyte", 8 + n))
    ]
    files = tuple(
        File(name, size, digest=f"sha256:{sha256}" if sha256 else None, packed=f"md5:{md5}")
        for (name, size), (md5, sha256) in zip(sizes, sums, strict=True)
    )
    return Version(folder, files)


MNIST = _idx(
    "MNIST/raw",
    ("f68b3c2dcbeaaa9fbdd348bbdeb94873", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ("d53e105ee54ea40749a09fcbcd1e9432", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ("9fb629c4189551a2d022fa330f9573f3", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ("ec29112dd5afa0611ce80d1b7f02629c", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
)

FASHION = _idx(
    "FashionMNIST/raw",
    ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", None),
    ("25c81989df183df01b3e8a0aad5dffbe", None),
    ("bef4ecab320f06d8554ea6380940ec79", None),
    ("bb300cfdad3c16e7a12a480ee83cd310", None),
)

PICKLED = Version(
    "cifar-10-batches-py",
    (
        *(
            File(name, 40_000_000, sized=False, digest=f"md5:{md5}")
            for name, md5 in (
                ("data_batch_1", "c99cafc152244af753f735de768cd75f"),
                ("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
                ("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
                ("data_batch_4", "634d18415352ddfa80567beed471001a"),
                ("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
                ("test_batch", "40351d587109b95175f43aff81a1287e"),
            )
        ),
        File("batches.meta", 4096, sized=False, digest="md5:5ff9c542aee3614f3951f8cda6e48888", needed=False),
    ),
    "cifar-10-python.tar.gz",
)

BINARY = Version(
    "cifar-10-batches-bin",
    tuple(
        File(f"{name}.bin", 30_730_000, digest=f"sha1:{sha1}")
        for name, sha1 in (
            ("data_batch_1", "aadd24acce27caa71bf4b10992e9e7b2d74c2540"),
            ("data_batch_2", "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795"),
            ("data_batch_3", "1dd00a74ab1d17a6e7d73e185b69dbf31242f295"),
            ("data_batch_4", "aab85764eb3584312d3c7f65fd2fd016e36a258e"),
            ("data_batch_5", "26e2849e66a845b7f1e4614ae70f4889ae604628"),
            ("test_batch", "67eb016db431130d61cd03c7ad570b013799c88c"),
        )
    ),
    "cifar-10-binary.tar.gz",
)

VERSIONS = {"mnist": (MNIST,), "fashion": (FASHION,), "cifar10": (PICKLED, BINARY)}
"""By the name of the set; the first is preferred."""


def whose(digest: str) -> str | None:
    """The set one of whose files has this digest, packed or not; None for any other."""
    for name, versions in VERSIONS.items():
        if any(digest in (file.digest, file.packed) for version in versions for file in version.files):
            return name
    return None
