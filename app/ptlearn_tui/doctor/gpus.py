"""GPUs: NVIDIA's through NVML, Apple's by the platform. No torch: the answer comes in milliseconds."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ptlearn_tui.doctor import machine, pytorch
from ptlearn_tui.doctor.python import environment, install
from ptlearn_tui.doctor.report import Check, gigabytes
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FULL = 2**30
"""Less free memory than this (bytes) is too little for a CUDA context of some 500 MB and a small network."""


@dataclass(frozen=True)
class Process:
    """Somebody's work on a GPU."""

    pid: int
    user: str | None  # None where the process can't be seen (a container sees only its own)
    memory: int | None  # bytes; None where the driver does not tell


@dataclass(frozen=True)
class Device:
    """A GPU that this process may use."""

    name: str  # "H200", "GeForce RTX 4090", "Apple GPU"
    memory: int  # bytes in all
    free: int  # bytes
    kind: str = "cuda"  # or "mps"
    index: int = 0  # NVIDIA's own number
    uuid: str = ""
    busy: int | None = None  # percent of the last second
    processes: tuple[Process, ...] = ()


@dataclass(frozen=True)
class Nvidia:
    """What the NVIDIA driver says of itself and its GPUs."""

    driver: str  # "580.65.06"
    cuda: tuple[int, int]  # the newest CUDA that it can run
    devices: tuple[Device, ...] = ()


def nvidia() -> Nvidia | str | None:
    """The driver and every GPU; what it says is wrong, where it does not answer; None where there is no driver."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        code = getattr(error, "value", None)
        return None if code == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND else str(error)
    try:
        newest: int = pynvml.nvmlSystemGetCudaDriverVersion()  # 13020 for 13.2
        found = tuple(_device(pynvml, index) for index in range(pynvml.nvmlDeviceGetCount()))
        return Nvidia(pynvml.nvmlSystemGetDriverVersion(), (newest // 1000, newest % 1000 // 10), found)
    except pynvml.NVMLError as error:
        return str(error)
    finally:
        pynvml.nvmlShutdown()


def _device(pynvml: Any, index: int) -> Device:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        total, free = memory.total, memory.free
    except pynvml.NVMLError:  # one memory for CPU and GPU (GB10, Jetson)
        total, free = machine.memory().total, machine.memory().available
    try:
        busy = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu
    except pynvml.NVMLError:  # GPUs that are cut into parts (MIG) don't say
        busy = None
    try:
        running = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    except pynvml.NVMLError:
        running = []
    return Device(
        name=pynvml.nvmlDeviceGetName(handle).removeprefix("NVIDIA "),
        memory=total,
        free=free,
        index=index,
        uuid=pynvml.nvmlDeviceGetUUID(handle),
        busy=busy,
        processes=tuple(Process(each.pid, machine.owner(each.pid), each.usedGpuMemory) for each in running),
    )


def visible(found: Sequence[Device], setting: str | None) -> list[Device]:
    """What CUDA_VISIBLE_DEVICES leaves of them, in its order; as CUDA does, it ends at the first that is unknown."""
    if setting is None or "MIG-" in setting:
        return list(found)
    chosen = []
    for word in (word.strip() for word in setting.split(",")):
        named = [
            each for each in found if word == str(each.index) or (word[:4] == "GPU-" and each.uuid.startswith(word))
        ]
        if len(named) != 1:
            break
        chosen += named
    return chosen


def devices() -> list[Device]:
    """The GPUs that this process may use, whether or not the installed torch can. Asks NVML: call it from a thread."""
    if sys.platform == "darwin":
        return _apple()
    found = nvidia()
    if isinstance(found, Nvidia):
        return visible(found.devices, os.environ.get("CUDA_VISIBLE_DEVICES"))
    return []


def _apple() -> list[Device]:
    import platform

    if platform.machine() != "arm64":
        return []
    memory = machine.memory()  # one memory for CPU and GPU
    return [Device("Apple GPU", memory.total, memory.available, kind="mps")]


def device_words() -> str:
    """What torch will compute on: "8 × H200", "Apple GPU", "cpu, 2 cores". Asks NVML: call it from a thread."""
    found = _usable()
    if not found:
        cores = machine.cores()
        return t("cpu, {n} core", n=cores) if cores == 1 else t("cpu, {n} cores", n=cores)
    counted = Counter(device.name for device in found)
    return ", ".join(name if count == 1 else f"{count} × {name}" for name, count in counted.items())


def _usable() -> list[Device]:
    """The GPUs that the installed torch was built for, and that the driver can run such a build on."""
    torch = pytorch.build("torch")
    if torch is None:
        return []
    if sys.platform == "darwin":
        return _apple()
    found = nvidia() if torch.kind == "cuda" else None
    if not isinstance(found, Nvidia) or not _knows(found, torch):
        return []
    return visible(found.devices, os.environ.get("CUDA_VISIBLE_DEVICES"))


def _knows(driver: Nvidia, torch: pytorch.Build) -> bool:
    """Within a major version of CUDA, a driver runs what was built for any minor one."""
    built = pytorch.numbers(torch.cuda or "")
    return not built or driver.cuda[0] >= built[0]


def checks() -> Iterator[Check]:
    """The driver beside torch's build, then each GPU."""
    torch = pytorch.build("torch")
    if sys.platform == "darwin":
        for device in _apple():
            yield Check("gpu", "ok", t("{name}, used as mps", name=device.name), facts=asdict(device))
        return
    found = nvidia()
    if isinstance(found, str):
        mismatch = "mismatch" in found.lower()  # the driver was updated under the kernel module that still runs
        wrong = t("the NVIDIA driver does not answer: {why}", why=found)
        yield Check("driver", "bad", wrong, "sudo reboot" if mismatch else "sudo modprobe nvidia-uvm")
    elif found is None:
        yield from _undriven()
    else:
        yield _driver(found, torch)
        left = visible(found.devices, os.environ.get("CUDA_VISIBLE_DEVICES"))
        if not left and found.devices:
            setting = os.environ.get("CUDA_VISIBLE_DEVICES", "")
            wrong = t("CUDA_VISIBLE_DEVICES={setting} hides every GPU", setting=setting)
            yield Check("gpu", "warn", wrong, "unset CUDA_VISIBLE_DEVICES")
        for device in left:
            yield _gpu(device, left)


def _undriven() -> Iterator[Check]:
    """No driver: fine without an NVIDIA card, worth a word with one."""
    cards = [path.parent.name for path in Path("/sys/bus/pci/devices").glob("*/vendor") if _nvidia_card(path)]
    if not cards:
        yield Check("gpu", "ok", t("none; everything here runs on the CPU too"), facts={"cards": 0})
    elif machine.in_container():
        wrong = t("an NVIDIA card is there, but this container was not given it")
        yield Check("driver", "warn", wrong, "docker run --gpus all …", {"cards": len(cards)})
    else:
        wrong = t("an NVIDIA card is there, but no driver")
        yield Check("driver", "warn", wrong, machine.install_driver(), {"cards": len(cards)})


def _nvidia_card(vendor: Path) -> bool:
    try:
        display = (vendor.parent / "class").read_text().startswith("0x03")  # PCI class 3: display controllers
        return display and vendor.read_text().strip() == "0x10de"
    except OSError:
        return False


def _driver(found: Nvidia, torch: pytorch.Build | None) -> Check:
    newest = ".".join(map(str, found.cuda))
    facts = {"version": found.driver, "cuda": newest}
    if torch is not None and torch.kind == "cpu" and found.devices:
        wrong = t("{version} is ready, but torch was built without CUDA", version=found.driver)
        return Check("driver", "warn", wrong, install("torch", "torchvision", anew=True), facts)
    if torch is not None and torch.cuda and not _knows(found, torch):
        wrong = t(
            "{version} runs CUDA up to {newest}; torch is built for CUDA {built}",
            version=found.driver,
            newest=newest,
            built=torch.cuda,
        )
        return Check("driver", "bad", wrong, _older_torch(found.cuda[0]), facts)
    text = t("NVIDIA {version}, runs CUDA up to {newest}", version=found.driver, newest=newest)
    return Check("driver", "ok", text, facts=facts)


def _older_torch(cuda: int) -> str | None:
    """A torch that an older driver runs: up to 2.10 the packages that pip takes were built for CUDA 12."""
    if cuda < 12:
        return machine.install_driver()
    if environment().kind == "uv":
        return install("--torch-backend=auto", "torch", "torchvision", anew=True)
    return install("torch<2.11", "torchvision")


def _gpu(device: Device, others: Sequence[Device]) -> Check:
    text = t(
        "{n}: {name}, {free} of {memory} free",
        n=device.index,
        name=device.name,
        free=gigabytes(device.free),
        memory=gigabytes(device.memory),
    )
    if device.busy is not None:
        text += ", " + t("{n} % busy", n=device.busy)
    users = Counter[str]()
    for process in device.processes:
        users[process.user or t("somebody")] += process.memory or 0
    used = [f"{user} {gigabytes(memory)}" if memory else user for user, memory in users.items()]
    if used:
        text += "; " + t("used by {users}", users=", ".join(used))
    if device.free >= FULL:
        return Check("gpu", "ok", text, facts=asdict(device))
    best = max(others, key=lambda other: other.free)
    elsewhere = f"ptlearn-tui train mnist --device cuda:{others.index(best)}"
    return Check("gpu", "warn", text, elsewhere if best.free >= FULL else "nvidia-smi", asdict(device))
