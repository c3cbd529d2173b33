"""The doctor on machines with real faults: folders of made-up packages, a dumb terminal, no place to write."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import platformdirs
import pytest

import ptlearn_lessons
import ptlearn_tui
from ptlearn_tui import doctor
from ptlearn_tui.cli.doctor import lines
from ptlearn_tui.doctor import Check, gpus, machine, pytorch, terminal
from ptlearn_tui.doctor.gpus import Device

SOURCES = [Path(ptlearn_tui.__file__).parents[1], Path(ptlearn_lessons.__file__).parents[1]]
START = "import sys; from ptlearn_tui.cli import main; raise SystemExit(main())"


class Machine:
    """A machine of its own: its packages are those that a test puts there, its home is empty."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"
        self.site.mkdir()
        # Without it there is no state folder; of all that is really installed, this alone is in reach.
        (self.site / "platformdirs").symlink_to(Path(platformdirs.__file__).parent)
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "PYTHONPATH": os.pathsep.join(map(str, [self.site, *SOURCES])),
        }

    def install(self, name: str, version: str, *, files: str | None = None, **more: str) -> None:
        """Made-up metadata, and a package whose version.py says `files`; `init` is the package's own code."""
        metadata = self.site / f"{name.replace('-', '_')}-{version.partition('+')[0]}.dist-info"
        metadata.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        if "requires" in more:
            lines.append(f"Requires-Dist: {more['requires']}")
        (metadata / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if files is not None:
            package = self.site / name
            package.mkdir()
            (package / "version.py").write_text(files, encoding="utf-8")
            (package / "__init__.py").write_text(more.get("init", ""), encoding="utf-8")

    def install_torch(
        self, version: str = "2.15.0", cuda: str | None = None, init: str = "from . import version"
    ) -> None:
        """A torch that imports, and says what the real one would say of itself."""
        local = "+cpu" if cuda is None else "+cu" + cuda.replace(".", "")
        files = f"__version__ = '{version}{local}'\ncuda: Optional[str] = {cuda!r}\nhip = None\n"
        files = "from typing import Optional\n" + files
        self.install("torch", version, files=files, init=init)

    def install_vision(self, version: str = "0.29.2+cpu", requires: str = "torch (>=2.14.0)", init: str = "") -> None:
        """A torchvision that imports."""
        text = f"__version__ = '{version}'\nfrom torchvision.extension import _check_cuda_version\n"
        self.install("torchvision", version.partition("+")[0], files=text, requires=requires, init=init)

    def start(self, *arguments: str, code: str = START, **environ: str) -> subprocess.CompletedProcess[str]:
        """Python without its own site-packages (-S), in an empty folder, without a terminal."""
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-S", "-c", code, *arguments],
            cwd=work,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
        )

    def doctor(self, *arguments: str, **environ: str) -> tuple[int, dict[str, dict[str, Any]]]:
        """Exit status, and the checks by name; the JSON has to be strict."""
        done = self.start("doctor", "--json", *arguments, **environ)
        assert done.stderr == ""
        assert done.stdout.count("\n") == 1
        whole = json.loads(done.stdout, parse_constant=pytest.fail)
        assert set(whole) == {"ok", "checks"}
        assert whole["ok"] is (done.returncode == 0)
        for check in whole["checks"]:
            assert set(check) == {"name", "status", "text", "mend", "facts"}
            assert check["status"] in ("ok", "warn", "bad")
            assert check["text"]
            assert "\n" not in check["text"]
        return done.returncode, {check["name"]: check for check in whole["checks"]}


@pytest.fixture
def box(tmp_path: Path) -> Machine:
    """Nothing installed."""
    return Machine(tmp_path)


@pytest.fixture
def well(box: Machine) -> Machine:
    """torch and torchvision that fit."""
    box.install_torch()
    box.install_vision()
    return box


def test_missing_torch_is_bad_and_the_command_installs_both(box: Machine) -> None:
    status, checks = box.doctor()
    assert status == 1
    assert checks["torch"]["status"] == "bad"
    assert checks["torch"]["mend"].endswith("pip install torch torchvision")
    assert "torchvision" not in checks  # one fault, said once
    assert "import" not in checks


def test_a_pair_that_fits_is_imported_in_a_process_of_its_own(well: Machine) -> None:
    status, checks = well.doctor()
    assert status == 0
    assert checks["torch"]["facts"] == {"version": "2.15.0", "build": "cpu", "cuda": None, "hip": None}
    assert checks["torchvision"]["facts"]["fits"] is True
    assert checks["import"]["status"] == "ok"


def test_torchvision_missing_keeps_the_torch_that_is_there(box: Machine) -> None:
    box.install_torch(cuda="13.2")
    status, checks = box.doctor()
    assert status == 1
    assert checks["torchvision"]["status"] == "bad"
    assert checks["torchvision"]["mend"].endswith("install torch==2.15.0 torchvision")


def test_torchvision_that_wants_another_torch_is_bad(box: Machine) -> None:
    box.install_torch("2.6.0", cuda="12.4")
    box.install_vision("0.20.1+cu124", requires="torch==2.5.1")
    status, checks = box.doctor()
    assert status == 1
    assert checks["torch"]["status"] == "ok"
    assert "torch ==2.5.1" in checks["torchvision"]["text"]
    assert checks["torchvision"]["mend"].endswith("install torch==2.6.0 torchvision")


def test_without_a_pin_in_the_metadata_the_minor_versions_have_to_pair(box: Machine) -> None:
    box.install_torch("2.6.0")
    box.install_vision("0.20.1+cpu", requires="torch")
    assert box.doctor()[1]["torchvision"]["status"] == "bad"


def test_cpu_torch_beside_cuda_torchvision_is_bad(box: Machine) -> None:
    box.install_torch()
    box.install_vision("0.29.2+cu132")
    status, checks = box.doctor()
    assert status == 1
    assert checks["torchvision"]["text"] == "built for CUDA 13, and torch for CPU"
    assert "--force-reinstall torch torchvision" in checks["torchvision"]["mend"]


def test_two_major_versions_of_cuda_are_bad(box: Machine) -> None:
    box.install_torch(cuda="13.2")
    box.install_vision("0.29.2+cu128")
    assert box.doctor()[1]["torchvision"]["text"] == "built for CUDA 12, and torch for CUDA 13"


def test_metadata_without_files_is_bad(box: Machine) -> None:
    box.install("torch", "2.15.0")
    assert box.doctor()[1]["torch"]["text"] == "2.15.0, but its files are not there"


def test_one_version_over_another_is_bad(box: Machine) -> None:
    box.install("torch", "2.15.0", files="__version__ = '2.13.0+cu130'\ncuda = '13.0'\n")
    assert "2.13.0+cu130" in box.doctor()[1]["torch"]["text"]


def test_a_torch_that_does_not_import_is_bad_with_its_own_words(box: Machine) -> None:
    box.install_torch(init="raise OSError('libcudart.so.13: cannot open shared object file')")
    box.install_vision()
    status, checks = box.doctor()
    assert status == 1
    assert checks["import"]["text"] == "OSError: libcudart.so.13: cannot open shared object file"


def test_a_torch_that_kills_its_process_is_bad(box: Machine) -> None:
    box.install_torch(init="import os; os.kill(os.getpid(), 4)")  # SIGILL: a CPU without what it was built for
    box.install_vision()
    status, checks = box.doctor()
    assert status == 1
    assert "-4" in checks["import"]["text"]


def test_a_file_called_torch_py_is_found(well: Machine) -> None:
    (well.folder / "work").mkdir()
    (well.folder / "work" / "torch.py").write_text("", encoding="utf-8")
    status, checks = well.doctor()
    assert status == 1
    assert checks["shadow"]["mend"] == "mv torch.py my_torch.py"


def test_what_ptlearn_needs_and_is_not_there_is_named(well: Machine) -> None:
    well.install("ptlearn-tui", "0.1.0", requires="texicode>=1.0.5")
    status, checks = well.doctor()
    assert status == 1
    assert checks["packages"]["facts"] == {"missing": ["texicode"]}


def test_a_file_in_place_of_the_state_folder_is_bad(well: Machine, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("", encoding="utf-8")
    status, checks = well.doctor("--home", str(taken))
    assert status == 1
    assert checks["state"]["status"] == "bad"
    assert "PTLEARN_HOME" in checks["state"]["mend"]
    assert str(taken) in checks["state"]["text"]


def test_a_file_in_place_of_the_data_folder_is_bad(well: Machine, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("", encoding="utf-8")
    status, checks = well.doctor(PTLEARN_DATA=str(taken / "data"))
    assert status == 1
    assert checks["data"]["status"] == "bad"


def test_the_sample_is_called_a_sample(well: Machine) -> None:
    mnist = well.doctor()[1]["mnist"]
    assert mnist["facts"]["kind"] == "sample"
    assert "sample" in mnist["text"]
    assert "data get mnist" in mnist["text"]


def test_an_explicit_data_folder_without_the_set_is_bad(well: Machine, tmp_path: Path) -> None:
    status, checks = well.doctor("--data", str(tmp_path))
    assert status == 1
    assert checks["mnist"]["status"] == "bad"


def test_no_terminal_is_a_warning_only(well: Machine) -> None:
    status, checks = well.doctor(TERM="dumb", SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22")
    assert status == 0
    assert (checks["terminal"]["status"], checks["terminal"]["mend"]) == ("warn", "ssh -t …")
    assert "colours" not in checks


def test_plain_c_locale_is_well_since_every_container_has_it(well: Machine) -> None:
    assert well.doctor(LANG="C")[1]["characters"]["status"] == "ok"


def test_a_stream_that_is_not_utf8_is_bad_and_json_is_utf8_all_the_same(well: Machine) -> None:
    status, checks = well.doctor("--lang", "zh", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert status == 1
    assert checks["characters"]["mend"] == "export PYTHONUTF8=1"


def test_an_ascii_stream_does_not_end_the_doctor(well: Machine) -> None:
    done = well.start("doctor", "--lang", "zh", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert "Python" in done.stdout
    assert done.stderr == ""


def _in_a_terminal(well: Machine, columns: int, rows: int, **environ: str) -> tuple[int, str]:
    """Exit status and output of the doctor on a real pty of this size."""
    import fcntl
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", START, "doctor"],
        cwd=well.folder,
        env=well.environ | environ,
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    said = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux: the last holder of the other end has gone
            break
        if not part:
            break
        said += part
    os.close(master)
    return process.wait(), said.decode().replace("\r\n", "\n")


def test_a_dumb_terminal_is_bad(well: Machine) -> None:
    status, said = _in_a_terminal(well, 80, 24, TERM="dumb")
    assert status == 1
    assert "bad   terminal        TERM=dumb: a screen can't be drawn on it\n      export TERM=xterm-256color\n" in said


def test_a_small_terminal_is_a_warning_with_the_sequence_that_enlarges_it(well: Machine) -> None:
    status, said = _in_a_terminal(well, 60, 20)
    assert status == 0
    assert "look  terminal        xterm-256color, 60×20: smaller than 80×22\n      printf '\\033[8;24;80t'\n" in said


def test_the_fewest_lines_and_columns_are_well(well: Machine) -> None:
    status, said = _in_a_terminal(well, 80, 22)
    assert status == 0
    assert "ok    terminal        xterm-256color, 80×22\n" in said
    assert "ok    colours         256 colours\n" in said


def test_killed_at_logout_is_said_with_the_way_round_it(well: Machine, tmp_path: Path) -> None:
    loginctl = tmp_path / "bin" / "loginctl"
    loginctl.parent.mkdir()
    loginctl.write_text("#!/bin/sh\necho yes\n", encoding="utf-8")
    loginctl.chmod(0o755)
    path = f"{loginctl.parent}{os.pathsep}{os.environ['PATH']}"
    ssh = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22", "PATH": path}
    assert "enable-linger" in well.doctor(**ssh)[1]["logout"]["mend"]
    loginctl.write_text("#!/bin/sh\necho no\n", encoding="utf-8")
    assert well.doctor(**ssh)[1]["logout"]["status"] == "ok"
    loginctl.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")  # no systemd behind it
    assert "logout" not in well.doctor(**ssh)[1]
    assert "logout" not in well.doctor(PATH=path)[1]  # not over ssh


def test_the_doctor_imports_neither_torch_nor_the_interface(well: Machine) -> None:
    code = """
import sys
from ptlearn_tui.cli import main
main(["doctor"])
print(sorted({"torch", "torchvision", "numpy", "textual", "msgspec", "ptlearn_tui.tui"} & set(sys.modules)))
"""
    done = well.start(code=code)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_real_environment_is_well() -> None:
    report = doctor.examine(imported=False)
    found = {check.name: check for check in report.checks}
    assert found["torch"].status == "ok"
    assert found["torchvision"].status == "ok"
    assert doctor.torch_version() == found["torch"].facts["version"]
    assert "+" not in (doctor.torch_version() or "")
    assert doctor.device_words()


@pytest.mark.parametrize(
    ("version", "requirement", "met"),
    [
        ("2.15.0", "torch (>=2.14.0)", True),
        ("2.13.0", "torch (>=2.14.0)", False),
        ("2.5.1+cpu", "torch==2.5.1", True),
        ("2.6.0", "torch==2.5.1", False),
        ("2.5", "torch==2.5.0", True),
        ("2.5.9", "torch ==2.5.*", True),
        ("2.6.0", "torch !=2.5.*,<3", True),
        ("2.10.0", "torch ~=2.4", True),
        ("3.0.0", "torch ~=2.4", False),
        ("2.10.0", "torch >2.9,<=2.10", True),
        ("2.4.0", "torch", True),
        ("2.4.0", "torch; python_version > '3.8'", True),
    ],
)
def test_requirements_are_read_as_pip_reads_them(version: str, requirement: str, met: bool) -> None:
    assert pytorch.satisfies(version, requirement) is met


@pytest.mark.parametrize(
    ("term", "colorterm", "system"),
    [
        ("xterm", "", "16"),
        ("linux", "", "16"),
        ("xterm-256color", "", "256"),
        ("tmux-256color", "", "256"),
        ("xterm-256color", "truecolor", "truecolor"),
        ("xterm", "24bit", "truecolor"),
        ("dumb", "truecolor", "none"),
        ("", "", "none"),
    ],
)
def test_colours_follow_term_and_colorterm(term: str, colorterm: str, system: str) -> None:
    assert terminal.colour_system({"TERM": term, "COLORTERM": colorterm}) == system


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_cgroup_two_limits_cores_and_memory(tmp_path: Path) -> None:
    root = _write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user.slice/job\n",
            "sys/fs/cgroup/user.slice/job/memory.max": "max\n",
            "sys/fs/cgroup/user.slice/memory.max": str(100 * 2**20),
            "sys/fs/cgroup/user.slice/memory.current": str(40 * 2**20),
            "sys/fs/cgroup/user.slice/job/cpu.max": "50000 100000\n",
        },
    )
    assert machine.cores(root) == 1  # half a core is still one
    assert machine.memory(root) == machine.Memory(100 * 2**20, 60 * 2**20, limited=True)


def test_every_cgroup_above_counts_and_its_file_cache_does_not(tmp_path: Path) -> None:
    root = _write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user.slice/job\n",
            "sys/fs/cgroup/user.slice/job/memory.max": str(100 * 2**20),
            "sys/fs/cgroup/user.slice/job/memory.current": str(90 * 2**20),
            "sys/fs/cgroup/user.slice/job/memory.stat": f"anon 1\ninactive_file {60 * 2**20}\n",
            "sys/fs/cgroup/user.slice/memory.max": str(200 * 2**20),  # looser, and fuller
            "sys/fs/cgroup/user.slice/memory.current": str(180 * 2**20),
        },
    )
    assert machine.memory(root) == machine.Memory(100 * 2**20, 20 * 2**20, limited=True)


def test_cgroup_one_in_a_container_limits_at_the_mount(tmp_path: Path) -> None:
    root = _write(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/docker/0123\n1:cpu,cpuacct:/docker/0123\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": str(100 * 2**20),
            "sys/fs/cgroup/memory/memory.usage_in_bytes": str(10 * 2**20),
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        },
    )
    assert machine.memory(root).available == 90 * 2**20
    assert machine.cores(root) == machine.cores(tmp_path / "nothing")


GPUS = [Device("H200", 140 * 2**30, 139 * 2**30, index=n, uuid=f"GPU-{n}abc") for n in range(3)]


@pytest.mark.parametrize(
    ("setting", "chosen"),
    [(None, [0, 1, 2]), ("", []), ("-1", []), ("2,0", [2, 0]), ("1,7,0", [1]), ("GPU-2", [2]), ("MIG-x", [0, 1, 2])],
)
def test_hidden_gpus_are_not_counted(setting: str | None, chosen: list[int]) -> None:
    assert [device.index for device in gpus.visible(GPUS, setting)] == chosen


PYNVML = """
class NVMLError(Exception):
    value = 0
NVML_ERROR_LIBRARY_NOT_FOUND = 12
class Record:
    def __init__(self, **fields): self.__dict__.update(fields)
def nvmlInit(): {init}
def nvmlShutdown(): pass
def nvmlSystemGetCudaDriverVersion(): return {cuda}
def nvmlSystemGetDriverVersion(): return "{driver}"
def nvmlDeviceGetCount(): return 8
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetName(handle): return "NVIDIA H200"
def nvmlDeviceGetUUID(handle): return f"GPU-{{handle}}"
def nvmlDeviceGetMemoryInfo(handle):
    return Record(total=140 << 30, free=(1 << 20) if handle == 0 else (120 << 30))
def nvmlDeviceGetUtilizationRates(handle): return Record(gpu=97 if handle == 0 else 0)
def nvmlDeviceGetComputeRunningProcesses(handle):
    return [Record(pid=2 ** 22 + 1, usedGpuMemory=139 << 30)] if handle == 0 else []
"""


def _nvml(box: Machine, *, cuda: int = 13000, driver: str = "580.65.06", init: str = "pass") -> None:
    (box.site / "pynvml.py").write_text(PYNVML.format(cuda=cuda, driver=driver, init=init), encoding="utf-8")


def _words(box: Machine, **environ: str) -> str:
    return box.start(code="from ptlearn_tui import doctor; print(doctor.device_words())", **environ).stdout.strip()


def test_eight_gpus_one_of_them_taken_by_somebody(box: Machine) -> None:
    _nvml(box)
    box.install_torch(cuda="13.2")
    done = box.start("doctor")
    assert "NVIDIA 580.65.06, runs CUDA up to 13.0" in done.stdout
    full = "look  GPU             0: H200, 0.0 GB of 140 GB free, 97 % busy; used by somebody 139 GB\n"
    assert full + "      ptlearn-tui train mnist --device cuda:1\n" in done.stdout
    assert _words(box) == "8 × H200"
    assert _words(box, CUDA_VISIBLE_DEVICES="3") == "H200"
    assert _words(box, CUDA_VISIBLE_DEVICES="").startswith("cpu, ")


def test_a_driver_too_old_for_the_build_is_bad(box: Machine) -> None:
    _nvml(box, cuda=12020, driver="535.183.01")
    box.install_torch(cuda="13.2")
    driver = box.doctor()[1]["driver"]
    assert driver["status"] == "bad"
    assert driver["mend"].endswith("install 'torch<2.11' torchvision")
    assert _words(box).startswith("cpu, ")  # what torch will compute on, not what stands in the machine


def test_a_cpu_only_torch_beside_a_gpu_is_a_warning(box: Machine) -> None:
    _nvml(box)
    box.install_torch()
    assert box.doctor()[1]["driver"]["status"] == "warn"
    assert _words(box).startswith("cpu, ")


def test_a_driver_updated_under_a_running_kernel_wants_a_reboot(box: Machine) -> None:
    _nvml(box, init='raise NVMLError("RM has detected an NVML/RM version mismatch.")')
    box.install_torch(cuda="13.2")
    assert box.doctor()[1]["driver"]["mend"] == "sudo reboot"


def test_a_gpu_that_torch_cannot_use_is_bad(box: Machine) -> None:
    _nvml(box)
    init = """
from . import version
class cuda:
    @staticmethod
    def init(): raise RuntimeError("Error 802: system not yet initialized")
"""
    box.install_torch(cuda="13.2", init=init)
    box.install_vision("0.29.2+cu132")
    tried = box.doctor()[1]["import"]
    assert tried["status"] == "bad"
    assert tried["mend"] == "sudo systemctl start nvidia-fabricmanager"


def test_lines_are_aligned_in_both_languages_and_the_command_is_indented(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines(Check("memory", "warn", "low", "free")) == "look  memory          low\n      free\n"
    monkeypatch.setattr("ptlearn_tui.cli.doctor._label", lambda name: "内存")
    assert lines(Check("memory", "ok", "好")) == "ok    内存            好\n"  # a Chinese character takes two cells
