# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests containers on Zun cost; counted, not timed."""

from __future__ import annotations

import pytest

BUDGET_NO_OP = 6


@pytest.fixture
def task(lab, proxied):
    """A task for many containers, through the proxies."""

    def make(names: list[str], **options):
        return {
            "cloud": proxied.settings,
            "image": lab["images"][0],
            "command": ["sleep", "100000"],
            "nets": [{"network": "front"}],
            "memory": "16M",
            "cpu": 0.1,
            "environment": {"A": "1"},
            "labels": {"team": "one"},
            "state": "stopped",
            "containers": [{"name": entry} for entry in names],
            **options,
        }

    return make


def test_no_op(appcontainer, container_volume, lab, name, nothing_left, proxied, task) -> None:
    """As many requests for twenty containers as for two: none of them is asked for one by one."""
    names = [f"{name}-{index}" for index in range(20)]
    made = appcontainer.ok(**task(names))
    assert [entry["action"] for entry in made["containers"]] == ["created"] * len(names)
    counts = []
    for some in (names[:2], names):
        for check in (True, False):
            proxied.begin()
            assert not appcontainer.ok(check=check, **task(some)).changed
            counts.append(sorted(proxied.requests()))
            assert len(proxied.requests()) <= BUDGET_NO_OP, proxied.requests()
    assert [len(requests) for requests in counts] == [len(counts[0])] * 4

    # Each further kind costs one listing; what containers have for groups is known only by their ports.
    group = [{"security_groups": ["default"]}, 2]
    container_volume.ok(name=f"{name}-data", size=1, volume_type=lab["volume_types"]["multiattach"])
    volume = [{"comparisons": {"mounts": "ignore"}, "mounts": [{"destination": "/a", "volume": f"{name}-data"}]}, 1]
    for options, more in (group, volume):
        proxied.begin()
        assert not appcontainer.ok(**task(names, **options)).changed
        assert len(proxied.requests()) <= len(counts[0]) + more, proxied.requests()

    assert appcontainer.ok(
        state="absent", cloud=proxied.settings, containers=[{"name": entry} for entry in names]
    ).changed
