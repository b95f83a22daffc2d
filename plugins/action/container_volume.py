# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module container_volume inside of Ansible."""

from __future__ import annotations

from ansible_collections.caas.zun.plugins.module_utils.frontend.run import run
from ansible_collections.caas.zun.plugins.module_utils.frontend.volumes import VOLUMES
from ansible_collections.caas.zun.plugins.plugin_utils.in_process import Connect, InProcessAction, MakeModule


class ActionModule(InProcessAction):
    """Does the module's work here where it can."""

    def work(self, make_module: MakeModule, connected: Connect) -> None:
        """Do what the module does."""
        run(VOLUMES, make_module, connected)
