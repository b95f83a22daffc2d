# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a container, from their declarations."""

from __future__ import annotations

from ansible_collections.caas.zun.plugins.module_utils.frontend.containers import CONTAINERS
from ansible_collections.caas.zun.plugins.module_utils.frontend.spec import document_resource, fragment


class ModuleDocFragment:
    """What a container is to be, for one or for many."""

    # Annotated, as sanity's yamllint reads every plain assignment as a literal text.
    DOCUMENTATION: str = fragment(document_resource(CONTAINERS))
