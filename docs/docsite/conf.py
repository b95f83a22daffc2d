# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx settings for `make docs`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from docutils.nodes import Element, reference
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "caas.zun"
copyright = "caas.zun contributors"  # noqa: A001  Sphinx wants this name
title = html_short_title = "caas.zun"
extensions = ["sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_use_index = False
html_copy_source = False
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
nitpicky = True

# Pages of Ansible itself that antsibull-docs refers to, and other collections'.
# Their index is on the web; here such references become links without asking for it.
ANSIBLE_DOCS = "https://docs.ansible.com/projects/ansible/latest"
ELSEWHERE = re.compile(
    r"ansible_collections\.(?!caas\.zun\.)[a-z0-9_]+\.[a-z0-9_]+\."
    r"|(common_return_values|ansible_configuration_settings|check_mode_dry|diff_mode"
    r"|action_groups|action_plugins|module_defaults_groups)$"
)


def link_elsewhere(_app: Sphinx, _env: BuildEnvironment, node: pending_xref, text: Element) -> reference | None:
    """Turn a reference into Ansible's own documentation into a link to its search page."""
    if not ELSEWHERE.match(node.get("reftarget", "")):
        return None
    link = nodes.reference("", "", internal=False, refuri=f"{ANSIBLE_DOCS}/search.html?q={node['reftarget']}")
    link += text
    return link


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("missing-reference", link_elsewhere)
