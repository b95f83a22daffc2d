# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes the modules have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """What a module can be trusted to do."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what it would change, without changing it.
    support: full
  diff_mode:
    description: Returns what differs, before and after, in diff mode; secrets only as changed or not.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
  action:
    description: Has an action plugin, which does the work inside of Ansible where it can, as O(execute) says.
    support: full
  async:
    description: Supports the C(async) keyword, with which the module is always shipped.
    support: full
  action_group:
    description: Belongs to the action group V(caas.zun.all), so that C(module_defaults) can set its connection once.
    support: full
    membership:
      - caas.zun.all
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what it would change, without changing it.
    support: full
    details:
      - This module changes nothing.
  diff_mode:
    description: Returns what differs, before and after, in diff mode.
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
    details:
      - This module changes nothing.
  action:
    description: Has an action plugin, which does the work inside of Ansible where it can, as O(execute) says.
    support: full
  async:
    description: Supports the C(async) keyword, with which the module is always shipped.
    support: full
  action_group:
    description: Belongs to the action group V(caas.zun.all), so that C(module_defaults) can set its connection once.
    support: full
    membership:
      - caas.zun.all
"""
