# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity, on a copy of the checkout, without a download from anywhere but the package index."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from base import CACHE, ROOT, ToolError, apt_install, output, run, source_files
from collection import FOLDER
from venvs import UV, Environment, path_with_interpreters

# ansible-test makes a dozen environments, and for each runs get-pip, which it
# downloads unless it finds it in its cache. This takes its place there and puts
# the wanted pip into the environment in a fraction of the time.
GET_PIP = """\
import shutil, sysconfig
shutil.copytree({pip!r}, sysconfig.get_path("purelib"), dirs_exist_ok=True)
"""

# A module whose documentation names an option that its argument spec lacks.
FAULT = '''\
#!/usr/bin/python
# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: planted_fault
short_description: Has a fault on purpose
version_added: "0.1.0"
description:
  - Its documentation names an option that does not exist.
author:
  - caas.zun contributors (@caas-zun)
options:
  missing:
    description: Not in the argument spec.
    type: str
"""

EXAMPLES = "# none"
RETURN = "# none"

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    AnsibleModule(argument_spec={}).exit_json()


if __name__ == "__main__":
    main()
'''


class Sanity:
    """The sanity tests of one ansible-core version."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.base = CACHE / "sanity" / environment.name
        self.copy = self.base / FOLDER
        self.home = self.base / "home"

    def prepare(self) -> None:
        apt_install("shellcheck")
        shutil.rmtree(self.base / FOLDER.parts[0], ignore_errors=True)
        for name in source_files():
            target = self.copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        # In a folder that git ignores ansible-test finds no targets, skips all
        # and succeeds; a repository of its own makes the copy visible.
        output(["git", "init", "--quiet", self.copy])
        self._prepare_home()

    def _prepare_home(self) -> None:
        """A home of its own: nothing is planted in the user's, and the pip settings of the user apply."""
        self.home.mkdir(parents=True, exist_ok=True)
        for name in (".config", ".cache", ".pip"):
            link = self.home / name
            if not link.is_symlink() and (Path.home() / name).exists():
                link.symlink_to(Path.home() / name)
        cache = self.home / ".ansible" / "test" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        for version in self._pip_versions():
            pip = self.base / f"pip-{version}"
            if not pip.exists():
                partial = pip.with_name("pip-partial")
                shutil.rmtree(partial, ignore_errors=True)
                python = self.environment.bin("python")
                output([UV.bin("uv"), "pip", "install", "--python", python, "--target", partial, f"pip=={version}"])
                partial.rename(pip)
            (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP.format(pip=str(pip)))

    def _pip_versions(self) -> list[str]:
        """The versions of pip that this ansible-test may want: the name of the cached script carries it."""
        code = "import ansible_test._internal.python_requirements as module; print(module.__file__)"
        source = Path(output([self.environment.bin("python"), "-c", code]).strip())
        versions = re.findall(r"""\bpip['"]?\s*[:=]\s*['"]([\d.]+)['"]""", source.read_text())
        if not versions:
            raise ToolError(
                f"No pip version found in {source}: tests/tools/sanity.py must learn where ansible-test keeps it."
            )
        return versions

    def run(self, *options: str, log: Path, live: bool) -> int:
        env = {"HOME": str(self.home), "PATH": path_with_interpreters()}
        command = [self.environment.bin("ansible-test"), "sanity", "--color", "no", *options]
        return run(command, cwd=self.copy, env=env, log=log, live=live)

    @property
    def junit(self) -> Path:
        return self.copy / "tests" / "output" / "junit"

    def plant_fault(self) -> Path:
        path = self.copy / "plugins" / "modules" / "planted_fault.py"
        path.write_text(FAULT)
        return path.relative_to(self.copy)
