# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking at containers and volumes."""

from __future__ import annotations

import pytest


@pytest.fixture
def pair(appcontainer, image, name) -> list[str]:
    """Two containers: one that runs and one that does not."""
    names = [f"{name}-one", f"{name}-two"]
    appcontainer.ok(
        image=image,
        containers=[
            {
                "name": names[0],
                "labels": {"test": name},
                "memory": "64M",
                "secret_environment": {"PASS": "very-secret"},
                "command": ["sh", "-c", "echo pass=$PASS; echo plain; exec sleep 1000"],
            },
            {"name": names[1], "labels": {"test": name}, "state": "present"},
        ],
    )
    return names


def names_of(result) -> list[str]:
    return [container["name"] for container in result["containers"]]


def test_by_name_id_and_filters(pair, appcontainer_info, name) -> None:
    by_name = appcontainer_info.ok(name=pair)
    assert not by_name.changed
    assert names_of(by_name) == pair
    ids = [container["id"] for container in by_name["containers"]]
    assert names_of(appcontainer_info.ok(name=pair[0])) == pair[:1]
    assert names_of(appcontainer_info.ok(id=[ids[1][:12]])) == pair[1:]
    assert names_of(appcontainer_info.ok(name=[pair[0]], id=[ids[1]])) == pair
    assert names_of(appcontainer_info.ok(filters={"label": f"test={name}"})) == pair
    assert names_of(appcontainer_info.ok(filters={"label": [f"test={name}"], "status": ["running"]})) == pair[:1]
    assert set(pair) <= set(names_of(appcontainer_info.ok()))


def test_none_found_is_an_empty_list(appcontainer_info, container_volume_info, name) -> None:
    assert appcontainer_info.ok(name=name)["containers"] == []
    assert appcontainer_info.ok(id="0" * 64)["containers"] == []
    assert appcontainer_info.ok(filters={"label": name})["containers"] == []
    assert container_volume_info.ok(name=name)["volumes"] == []


def test_gather(pair, appcontainer_info, engine) -> None:
    result = appcontainer_info.ok(name=pair, gather=["stats", "processes", "logs", "networks"])
    up, down = result["containers"]
    reading = engine.stats(up["id"], stream=False)
    if "usage" in reading["memory_stats"]:
        assert up["stats"]["memory_limit_mib"] == 64
        assert up["stats"]["memory_used_mib"] > 0
        assert up["stats"]["processes"] == 1
    else:
        # An engine in a container on cgroup v1 may have no figures; then there is nothing to return.
        assert up["stats"] is None
    assert [process["cmd"] for process in up["processes"]] == ["sleep 1000"]
    assert up["logs"] == ["pass=(secret)", "plain"]
    assert up["networks"][0]["network"] == "bridge"
    assert up["networks"][0]["addr"] == up["addresses"]["bridge"][0]["addr"]
    assert up["networks"][0]["mac_address"]
    assert down["stats"] is None
    assert down["processes"] is None
    assert down["logs"] == []


def test_log_lines(pair, appcontainer_info) -> None:
    assert appcontainer_info.ok(name=pair[0], gather=["logs"], log_lines=1)["containers"][0]["logs"] == ["plain"]


def test_secrets_stay_secret(pair, appcontainer_info) -> None:
    result = appcontainer_info.ok(name=pair, gather=["stats", "processes", "logs", "networks"])
    assert "very-secret" not in str(result)
    assert result["containers"][0]["secret_environment"] == ["PASS"]
    assert "PASS" not in result["containers"][0]["environment"]


def test_same_words_as_appcontainer(pair, appcontainer, appcontainer_info) -> None:
    managed = appcontainer.ok(name=pair[0])
    assert not managed.changed
    assert appcontainer_info.ok(name=pair[0])["containers"] == [managed["container"]]


def test_unknown_filter_names_the_known_ones(appcontainer_info, container_volume_info) -> None:
    message = appcontainer_info.fails(filters={"colour": "red"})
    assert "'colour' is not a filter" in message
    assert "health, image, label, network, status, volume" in message
    assert "dangling, driver, label" in container_volume_info.fails(filters={"colour": "red"})


def test_volumes(container_volume, container_volume_info, name) -> None:
    container_volume.ok(volumes=[{"name": f"{name}-b", "labels": {"test": name}}, {"name": f"{name}-a"}])
    assert [volume["name"] for volume in container_volume_info.ok(name=[f"{name}-a", f"{name}-b"])["volumes"]] == [
        f"{name}-a",
        f"{name}-b",
    ]
    (labelled,) = container_volume_info.ok(filters={"label": f"test={name}", "dangling": True})["volumes"]
    assert labelled["name"] == f"{name}-b"
    assert labelled["labels"] == {"test": name}
    assert labelled["mountpoint"]


def test_check_mode_reads_all_the_same(pair, appcontainer_info) -> None:
    assert names_of(appcontainer_info.ok(check=True, name=pair)) == pair
