# SPDX-License-Identifier: BSD-3-Clause
"""Prints, as JSON, what a build of zmalloc is measured on.

usage: machine.py BUILD_DIR [NAME=VALUE...]     the settings of the measurement
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

# Variables that change how the allocators behave.
VARIABLES = ("LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_", "MIMALLOC_", "TCMALLOC_")


def first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.partition("\n")[0].strip()


def cpu() -> dict[str, str]:
    """The fields of lscpu, which combines what the kernel and the processor report."""
    done = subprocess.run(
        ["lscpu"], capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}
    )
    pairs = (line.partition(":") for line in done.stdout.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def cpu_name(fields: dict[str, str]) -> str:
    """Adds the model numbers: in a virtual machine the name may only be the vendor's."""
    numbers = [
        f"{word} {fields[name]}"
        for word, name in (("family", "CPU family"), ("model", "Model"), ("stepping", "Stepping"))
        if name in fields
    ]
    hypervisor = fields.get("Hypervisor vendor")
    name = fields.get("Model name", platform.machine())
    return ", ".join([name, *numbers, *([f"under {hypervisor}"] if hypervisor else [])])


def caches(fields: dict[str, str]) -> str:
    return ", ".join(
        f"{name.removesuffix(' cache')} {value}"
        for name, value in fields.items()
        if name.endswith(" cache")
    )


def distribution() -> str:
    return str(platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"))


def c_library() -> str:
    return " ".join(part for part in platform.libc_ver() if part) or "unknown"


def compile_command(build: Path) -> list[str]:
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        if entry["file"].endswith("src/zmalloc.c"):
            words = shlex.split(entry["command"])
            return words[1:] if Path(words[0]).name == "ccache" else words
    raise SystemExit(f"machine: {build}/compile_commands.json: src/zmalloc.c is missing")


def flags(command: list[str]) -> str:
    """The flags that change the code."""
    return " ".join(
        flag
        for flag in command
        if flag.startswith(("-O", "-f", "-m", "-std", "-DN"))
        and not flag.startswith("-ffile-prefix-map")
    )


def commit(source: Path) -> str:
    return first_line("git", "-C", str(source), "describe", "--always", "--dirty") or "unknown"


def version(build: Path) -> str:
    path = build / "meson-info" / "intro-projectinfo.json"
    return str(json.loads(path.read_text(encoding="utf-8"))["version"])


def facts(build: Path, settings: list[str]) -> dict[str, Any]:
    fields = cpu()
    command = compile_command(build)
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "zmalloc": version(build),
        "commit": commit(Path(__file__).parent),
        "cpu": cpu_name(fields),
        "processors": os.cpu_count(),
        "caches": caches(fields),
        "kernel": f"{platform.system()} {platform.release()}",
        "distribution": distribution(),
        "compiler": first_line(command[0], "--version"),
        "flags": flags(command),
        "libc": c_library(),
        "environment": {
            name: value for name, value in sorted(os.environ.items()) if name.startswith(VARIABLES)
        },
        "settings": dict(setting.split("=", 1) for setting in settings),
    }


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("machine: say the build folder")
    print(json.dumps(facts(Path(sys.argv[1]), sys.argv[2:]), indent=2))
