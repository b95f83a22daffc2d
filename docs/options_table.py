# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/docsite/rst/options_table.rst from the options tables.

    python3 docs/options_table.py            write the page
    python3 docs/options_table.py --check    fail when the page is not what would be written

Needs neither Ansible nor Docker: the options tables know neither.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "docsite" / "rst" / "options_table.rst"
PREFIX = "ansible_collections.caas.zun.docsite"

HEAD = f"""\
..
  Copyright: (c) 2026, caas.zun contributors
  GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later
  Written by docs/options_table.py; change the options tables in plugins/module_utils/kinds instead.

.. _{PREFIX}.options_table:

How options change
==================

For each option: how it is compared unless ``comparisons`` says otherwise, and how each backend removes a difference.

in place
  The object is changed; it keeps its id.
recreate
  The object is replaced by a new one.
at creation only
  The object cannot be changed; a difference is an error.
not compared
  The option says how to create the object; it is no difference.
refused
  The backend does not have the option; a task that uses it fails and says why.

:ref:`{PREFIX}.guide_docker` explains comparing and recreating.
"""

BACKENDS = {"docker": "Docker", "zun": "Zun"}
MACRO = re.compile(r"\b[A-Z]+\(([^)]*)\)")


def literal(text: str) -> str:
    """Return a text of the options tables as reStructuredText."""
    return MACRO.sub(r"``\1``", text)


def cell(option, backend: str) -> str:
    """Return what a backend makes of an option."""
    backing = option.backends[backend]
    if hasattr(backing, "reason"):
        return f"refused: {literal(backing.reason)}"
    if option.compare == "ignore":
        return "not compared"
    words = {"in_place": "in place", "recreate": "recreate", "create_only": "at creation only"}[backing.change]
    return f"{words}. {literal(backing.note)}" if backing.note else words


def section(title: str, module: str, table) -> list[str]:
    """Return the table of one module's options."""
    backends = [name for name in BACKENDS if any(name in option.backends for option in table)]
    widths = f"   :widths: 20 14{' 33' * len(backends)}"
    lines = ["", title, "-" * len(title), "", ".. list-table::", "   :header-rows: 1", widths, ""]
    rows = [["Option", "Compared as", *(BACKENDS[name] for name in backends)]]
    for option in table:
        compared = "" if option.compare == "ignore" else f"``{option.compare}``"
        cells = [cell(option, backend) for backend in backends]
        rows.append([f":ansopt:`{module}#module:{option.name}`", compared, *cells])
    for row in rows:
        for mark, text in zip("*   ", row):
            lines.append(f"   {mark} - {text}".rstrip())
    return lines


def page() -> str:
    """Return the whole page."""
    # The collection need not be installed as ansible_collections.caas.zun for this.
    sys.path.insert(0, str(ROOT / "plugins"))
    from module_utils.kinds.container_options import CONTAINER_OPTIONS
    from module_utils.kinds.port_options import PORT_OPTIONS
    from module_utils.kinds.volume_options import VOLUME_OPTIONS

    lines = [
        *section("Containers", "caas.zun.appcontainer", CONTAINER_OPTIONS),
        *section("Ports", "caas.zun.container_port", PORT_OPTIONS),
        *section("Volumes", "caas.zun.container_volume", VOLUME_OPTIONS),
    ]
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Write or check the page."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        raise SystemExit(f"{PAGE.relative_to(ROOT)} is out of date: run python3 docs/options_table.py")


if __name__ == "__main__":
    main()
