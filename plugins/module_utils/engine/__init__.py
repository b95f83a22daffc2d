# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The reconcile engine: desired items in, results out.

It knows no cloud, no container engine and no Ansible; a kind of resource
teaches it what exists and how to change it (see :mod:`.kind`).
"""
