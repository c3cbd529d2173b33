"""Whether torch and torchvision import, and see the GPU: tried in a process of their own, which may fail or hang."""

from __future__ import annotations

import json
import subprocess
import sys

from ptlearn_tui.doctor.python import install
from ptlearn_tui.doctor.report import Check
from ptlearn_tui.locale import t

PATIENCE = 180
"""Seconds. A first import from a cold network disk can take a minute."""

TRIAL = """
import json, sys, time
begin = time.perf_counter()
import torch, torchvision
seconds = time.perf_counter() - begin
gpus, why = 0, None
if torch.version.cuda and sys.argv[1] == "gpu":
    try:
        torch.cuda.init()
        gpus = torch.cuda.device_count()
    except Exception as error:
        why = str(error)
print(json.dumps({"seconds": seconds, "gpus": gpus, "why": why}))
"""


def check(gpu: bool) -> Check:
    """Import both, and with `gpu` begin to use CUDA. 3 to 8 seconds."""
    try:
        tried = subprocess.run(
            [sys.executable, "-c", TRIAL, "gpu" if gpu else "cpu"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        wrong = t("not imported after {n} seconds", n=PATIENCE)
        return Check("import", "bad", wrong, install("torch", "torchvision", anew=True))
    if tried.returncode != 0:
        said = tried.stderr.strip().splitlines()
        why = said[-1] if said else t("the process ended with {status}", status=tried.returncode)
        return Check("import", "bad", why, install("torch", "torchvision", anew=True), {"why": why})
    answer = json.loads(tried.stdout.strip().splitlines()[-1])
    facts = {"seconds": round(answer["seconds"], 1), "gpus": answer["gpus"]}
    if gpu and not answer["gpus"]:
        why = answer["why"] or t("it finds none")
        wrong = t("torch can't use the GPU: {why}", why=why.splitlines()[0])
        # 802 on machines with NVSwitch: the service that joins their GPUs is not running.
        fabric = "802" in why or "not yet initialized" in why
        command = "sudo systemctl start nvidia-fabricmanager" if fabric else "sudo modprobe nvidia-uvm"
        return Check("import", "bad", wrong, command, facts)
    return Check("import", "ok", t("torch and torchvision, in {n} s", n=facts["seconds"]), facts=facts)
