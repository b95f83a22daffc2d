# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab: a Zun cloud in containers that act as machines, raised by the molecule scenarios `aio` and `ha`.

The topology `aio` has one control node. `ha` has the same nodes and more, so that a lab can grow from the one into the
other; what goes on with a lab that is there takes the topology that it has.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shlex
import shutil
import string
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import collection
import engine
from base import CACHE, RESULTS, ROOT, ToolError, apt_install, lock, output, run, say
from venvs import BENCH, CLIENT, Environment, main_environment, ready

AIO, HA = "aio", "ha"
TOPOLOGIES = {
    AIO: ("control1", "compute1", "compute2"),
    HA: ("control1", "compute1", "compute2", "zun1", "zun2", "zun3", "lb1", "lb2"),
}
LAB = CACHE / "lab"
DESCRIPTION = LAB / "lab.json"
CLOUDS = LAB / "clouds.yaml"
LOG = LAB / "lab.log"
COMPLETE = LAB / "complete"  # written last
TOPOLOGY = LAB / "topology"
BASE_CONFIG = ROOT / "extensions" / "molecule" / "shared" / "vars" / "lab_base.yml"
# Words for Ansible, with the tags of the scenario `ha`: only what Zun joins, or only Zun.
BASE_ONLY = ("--skip-tags", "lab_extend,lab_zun")
ZUN_ONLY = ("--tags", "lab_zun")
# What a cloud that is to be upgraded has: nothing runs from it yet.
OLDER_RELEASE = ("--tags", "zun_common", "--extra-vars", "zun_common_version=16.0.0")
NETWORKS = ("caas-zun-lab", "caas-zun-lab-tunnel")


@dataclass
class Step:
    name: str
    started: float
    seconds: float = 0.0


class Steps:
    """The plays of Ansible's output as steps, each with its time."""

    def __init__(self, live: bool) -> None:
        self.live = live
        self.origin = time.monotonic()
        self.all: list[Step] = []
        self.running: Step | None = None

    def line(self, line: str) -> None:
        found = re.match(r"PLAY \[(.*)\] \*+$", line.rstrip())
        if found:
            self.begin(found[1])

    def begin(self, name: str) -> None:
        self.end()
        self.running = Step(name, time.monotonic())
        self._say(name)

    def end(self) -> None:
        if self.running:
            self.running.seconds = time.monotonic() - self.running.started
            self.all.append(self.running)
            self._say(f"  took {self.running.seconds:.1f} s")
        self.running = None

    def _say(self, text: str) -> None:
        if self.live:
            say(f"[{time.monotonic() - self.origin:4.0f} s] {text}")

    def table(self) -> str:
        width = max((len(step.name) for step in self.all), default=12)
        total = sum(step.seconds for step in self.all)
        lines = [f"  {step.name:{width}} {step.seconds:7.1f} s" for step in self.all]
        return "\n".join((*lines, f"  {'all together':{width}} {total:7.1f} s"))


def topology() -> str:
    """The topology of the lab that is there."""
    return TOPOLOGY.read_text().strip() if TOPOLOGY.exists() else AIO


def up(wanted: str | None = None, live: bool = True, part: tuple[str, ...] = ()) -> Steps:
    """Raise the lab, or go on with one that was cut off; only a part of it if that is asked for.

    A lab of the topology `aio` grows when `ha` is wanted.
    """
    steps = Steps(live)
    with lock("lab"):
        COMPLETE.unlink(missing_ok=True)
        LAB.mkdir(parents=True, exist_ok=True)
        LOG.unlink(missing_ok=True)
        steps.begin("Environment, collection, Docker Engine")
        ready(main_environment())
        collection.install()
        engine.ready()
        if wanted == HA:
            TOPOLOGY.write_text(f"{HA}\n")
        _molecule("converge", steps, *part)
        if not part:
            COMPLETE.touch()
    return steps


def show_up(wanted: str | None = None) -> int:
    started = time.monotonic()
    say(f"Raising the lab; the log is {LOG.relative_to(ROOT)}.")
    steps = up(wanted)
    say(
        f"\nSteps:\n{steps.table()}\n\nThe lab is up after {time.monotonic() - started:.0f} s. Go on with 'make lab-shell', "
    )
    say("or 'eval \"$(make --silent lab-env)\"' for tools of your own. 'make lab-down' removes it.")
    return 0


def idempotence(live: bool = False) -> Steps:
    """Converge again; an error when anything changed."""
    steps = Steps(live)
    with lock("lab"):
        _molecule("idempotence", steps)
    return steps


def verify(live: bool = False) -> Steps:
    steps = Steps(live)
    with lock("lab"):
        _molecule("verify", steps)
    return steps


def check(live: bool = False) -> Steps:
    """See what deploying Zun would change, which has to work on a cloud with Zun and on one without."""
    steps = Steps(live)
    with lock("lab"):
        _molecule("converge", steps, *ZUN_ONLY, "--check")
    return steps


def is_up(wanted: str | None = None) -> bool:
    if wanted not in (None, topology()):
        return False
    return COMPLETE.exists() and engine.answers() and _running() == set(_containers(topology()))


def down(live: bool = True) -> Steps:
    """Remove the lab and check that nothing of it is left."""
    steps = Steps(live)
    with lock("lab"):
        # Nodes also exist while the engine does not run.
        if engine.answers() or Path("/var/lib/docker").exists():
            ready(main_environment())
            collection.install()
            engine.ready()
            LAB.mkdir(parents=True, exist_ok=True)
            LOG.unlink(missing_ok=True)
            TOPOLOGY.write_text(f"{HA}\n")  # it has all nodes of the other
            _molecule("destroy", steps)
        left = _left()
        if left:
            raise ToolError(f"Of the lab is left: {', '.join(left)}. Remove it by hand, or run this again.")
        shutil.rmtree(LAB, ignore_errors=True)
    return steps


def show_down() -> int:
    down()
    say("Of the lab no container, network, volume, loop device or mount is left.")
    return 0


def show_env() -> int:
    for name, value in _env().items():
        say(f"export {name}={shlex.quote(value)}")
    return 0


def shell() -> int:
    env = {**os.environ, **_env()}
    ready(CLIENT)
    env["PATH"] = f"{CLIENT.path / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
    program = env.get("SHELL") or "/bin/bash"
    if sys.stdin.isatty():
        say(
            "You are the user of the project demo; OS_CLOUD=lab-admin makes you admin. Try: openstack appcontainer list"
        )
    os.execve(program, [program], env)  # noqa: S606  a shell is what was asked for


def bench(words: tuple[str, ...]) -> int:
    """Measure on the lab that is there; it is raised if there is none."""
    if not is_up(AIO):
        if is_up():
            raise ToolError(
                "The benchmark measures a lab with one control node: run 'make lab-down' and 'make lab' first."
            )
        show_up()
    main = main_environment()
    ready(main, BENCH)
    apt_install("busybox")
    script = [BENCH.bin("python"), ROOT / "tests" / "bench" / "bench.py", "--folder", RESULTS / "bench"]
    script += ["--ansible-playbook", main.bin("ansible-playbook"), "--collections", collection.install(), *words]
    return run(script, env={"CAAS_ZUN_LAB": str(DESCRIPTION)})


def _env() -> dict[str, str]:
    if not CLOUDS.exists():
        raise ToolError("There is no lab: run 'make lab' first.")
    return {"OS_CLIENT_CONFIG_FILE": str(CLOUDS), "OS_CLOUD": "lab"}


def _molecule(verb: str, steps: Steps, *words: str) -> None:
    main = main_environment()
    folder = LAB / "molecule"
    env = {
        "ANSIBLE_COLLECTIONS_PATH": str(collection.INSTALLED),
        "CAAS_ZUN_LAB_ID": _lab_id(),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(folder),
        "OS_CLIENT_CONFIG_FILE": str(CLOUDS),
        "PATH": _path(main),
        "PY_COLORS": "0",
        "ANSIBLE_FORCE_COLOR": "0",
    }
    # What molecule remembers may be wrong: a reboot or a person removed nodes.
    # Creating and preparing do nothing where there is nothing to do.
    if verb == "converge":
        (folder / "state.yml").unlink(missing_ok=True)
    command = [main.bin("molecule"), "--base-config", BASE_CONFIG, verb, "--scenario-name", topology()]
    command += ["--", *words] if words else []
    status = run(command, cwd=ROOT / "extensions", env=env, log=LOG, live=False, each=steps.line)
    steps.end()
    if status != 0:
        lines = LOG.read_text(errors="replace").splitlines()
        raise ToolError(
            "\n".join(
                (*lines[-60:], f"'molecule {verb}' of the lab failed: the lines above say why, the log is {LOG}.")
            )
        )


def _lab_id() -> str:
    """Names the lab without telling its password, which is made here; nodes of another lab are replaced."""
    path = LAB / "password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text("".join(secrets.choice(string.ascii_letters + string.digits) for _dummy in range(24)) + "\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _path(environment: Environment) -> str:
    return f"{environment.path / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _containers(of: str) -> list[str]:
    return [f"caas-zun-lab-{name}" for name in TOPOLOGIES[of]]


def _running() -> set[str]:
    return set(output(["docker", "ps", "--format", "{{.Names}}"]).split()) & set(_containers(HA))


def _left() -> list[str]:
    left = []
    if engine.answers():
        containers = set(output(["docker", "ps", "--all", "--format", "{{.Names}}"]).split())
        networks = set(output(["docker", "network", "ls", "--format", "{{.Name}}"]).split())
        volumes = output(["docker", "volume", "ls", "--quiet", "--filter", "name=caas-zun-lab"]).split()
        left += [f"container {name}" for name in _containers(HA) if name in containers]
        left += [f"network {name}" for name in NETWORKS if name in networks]
        left += [f"volume {name}" for name in volumes]
    for line in output(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"]).splitlines():
        if "/caas-zun-lab/" in line:
            left.append(f"loop device {' '.join(line.split())}")
    for line in Path("/proc/mounts").read_text().splitlines():
        if "caas-zun-lab" in line:
            left.append(f"mount {line.split()[1]}")
    return left
