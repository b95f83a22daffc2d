# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What Ansible gives to a module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule


class Module(AnsibleModule):
    """AnsibleModule without its entry in the log of the host.

    That entry has all arguments, and masks no secret that has several lines, such as a file. What `no_log` says to
    AnsibleModule is overruled by the task, where it is about the output too.
    """

    def log(self, msg: str, log_args: Mapping[str, Any] | None = None) -> None:
        """Write nothing."""
