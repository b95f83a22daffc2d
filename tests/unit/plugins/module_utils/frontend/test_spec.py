# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specifications and documentation come from the same declarations."""

from __future__ import annotations

import json

import pytest

from ansible_collections.caas.zun.plugins.doc_fragments import connection, container
from ansible_collections.caas.zun.plugins.module_utils.frontend.containers import CONTAINERS
from ansible_collections.caas.zun.plugins.module_utils.frontend.options import CONNECTION
from ansible_collections.caas.zun.plugins.module_utils.frontend.spec import argument_spec, document_resource
from ansible_collections.caas.zun.plugins.module_utils.frontend.volumes import VOLUMES


@pytest.mark.parametrize("resource", [CONTAINERS, VOLUMES], ids=lambda resource: resource.one)
def test_documentation_and_specification_have_the_same_options(resource) -> None:
    spec, documented = resource.argument_spec(), document_resource(resource)
    assert set(spec) - set(argument_spec(CONNECTION)) == set(documented)
    assert set(spec[resource.many]["options"]) == set(documented[resource.many]["suboptions"])


def test_an_item_has_no_defaults_so_that_the_task_can_give_them() -> None:
    for option in CONTAINERS.argument_spec()["containers"]["options"].values():
        assert "default" not in option


def test_secrets_are_not_logged() -> None:
    spec = CONTAINERS.argument_spec()
    assert spec["secret_environment"]["no_log"] is True
    assert spec["mounts"]["options"]["content"]["no_log"] is True
    assert spec["containers"]["options"]["secret_environment"]["no_log"] is True
    assert spec["client_key"]["no_log"] is False


def test_fragments_are_json() -> None:
    for fragment in (connection, container):
        assert json.loads(fragment.ModuleDocFragment.DOCUMENTATION)["options"]
