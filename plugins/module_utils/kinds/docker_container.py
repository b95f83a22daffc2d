# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Containers on a Docker Engine."""

from __future__ import annotations

import base64
import contextlib
import io
import ipaddress
import re
import tarfile
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..engine.compare import Difference
from ..engine.digest import UNKNOWN, Digest, new_salt
from ..engine.errors import ItemError, OptionError
from ..engine.kind import ABSENT, FAILED, PENDING, PRESENT, READY, Actual, Desired, Judgement, Kind, Observed, Way
from ..engine.options import RECREATE, Option
from ..engine.parallel import bounded_map
from ..services.docker import DockerEngine
from ..services.errors import NotFoundError, ServiceError, UnreachableError
from . import docker_fields
from .container_options import CONTAINER_OPTIONS, DOCKER_MINIMUM_MEMORY
from .container_rules import (
    check_said,
    check_together,
    ended_remark,
    fault,
    file_in,
    in_said_order,
    item_fault,
    require_image,
    secret_texts,
)
from .docker_errors import explain, worded
from .docker_fields import FIELDS, Body, Inspected
from .own_labels import LABEL_SALT
from .service_errors import passed_on

# Goals of a wait. "ready" is healthy where there is a health check, running otherwise.
RUNNING = "running"
HEALTHY = "healthy"
READY_GOAL = "ready"
RECOVERED = "healthy again"
RUNNING_AGAIN = "running again"
STOPPED = "stopped"
PAUSED = "paused"

# Goals of a container that this run started: to keep ending on the way there is a failure.
_STARTED = (RUNNING, HEALTHY, READY_GOAL)

#: A container that is to become healthy may end a few times before, say until its database is there.
_FORGIVEN = 3

#: A container that is still up after this time was not started with a broken command line or configuration
#: of the kind that shows at once, in seconds.
SETTLE = 0.5

LOG_LINES = 20

# A name of an object set aside; the id makes it unique, so that nothing is in the way of the next attempt.
_ASIDE = ".caas-zun-old-"
_ASIDE_NAME = re.compile(rf"^(?P<name>.+){re.escape(_ASIDE)}[0-9a-f]{{12}}$")

_HEALTH = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)")
_EXIT_CODE = re.compile(r"\((\d+)\)")

# Domain, path in lower case, tag and digest (distribution/reference/reference.go), or the id of an image.
_IMAGE = re.compile(
    r"^(?:(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::[\w][\w.-]{0,127})?(?:@[A-Za-z0-9+._-]+:[0-9a-fA-F]{32,})?$"
)

# Networks that are no networks: a container in them has no others.
_SPECIAL_NETWORKS = ("host", "none")

# Options a container takes from its image where it has no value of its own: the engine's key, and how to read it.
_INHERITED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "command": ("Cmd", lambda value: value or []),
    "entrypoint": ("Entrypoint", lambda value: value or []),
    "workdir": ("WorkingDir", lambda value: value or None),
    "user": ("User", lambda value: value or None),
    "stop_signal": ("StopSignal", lambda value: value or None),
    "healthcheck": ("Healthcheck", lambda value: docker_fields.health_values(value or {})),
}

# More names than this make the filter longer than a full listing.
_MOST_NAMES = 200


class DockerContainers(Kind):
    """Containers of one Docker Engine."""

    noun = "container"
    table = CONTAINER_OPTIONS
    backend = "docker"

    def __init__(self, engine: DockerEngine, parallelism: int = 10) -> None:
        self._engine = engine
        self._parallelism = parallelism
        # What is looked up once per run: images by reference and by id, networks by name, digests by reference.
        self._images = _Lookup(engine.inspect_image)
        self._networks = _Lookup(engine.inspect_network)
        self._registry = _Lookup(engine.registry_digest)
        self._info = _Lookup(lambda dummy: engine.info())
        self._volumes = _Lookup(lambda dummy: {volume["Name"] for volume in engine.list_volumes()})
        self._pulls: dict[str, threading.Lock] = defaultdict(threading.Lock)

    # Observing ---------------------------------------------------------

    @classmethod
    def validate(cls, values: Mapping[str, Any], state: str) -> None:
        """Refuse what Docker cannot have, and options that contradict each other."""
        if not _IMAGE.match(values.get("image", "any")):
            raise fault(
                values, "image", "is not an image reference", "write [registry/]repository[:tag][@digest] in lower case"
            )
        if 0 < values.get("memory", 0) < DOCKER_MINIMUM_MEMORY:
            raise fault(values, "memory", "is below Docker's minimum", "give at least 6M")
        check_said(values, state)
        _check_nets(values)
        _check_mounts(values)

    def observe(self, items: Sequence[Desired]) -> list[Observed]:
        """Find each item's container by one listing (those given by id are asked for directly)."""
        with passed_on():
            found, aside = self._list(sorted({item.name for item in items if item.id is None and item.name}))
            self._look_up(items)
            return bounded_map(lambda item: self._observe_one(item, found, aside), items, self._parallelism)

    def _list(self, names: Sequence[str]) -> tuple[dict[str, str], dict[str, list[Actual]]]:
        """Return the ids by name, and the objects set aside by the name they had."""
        found: dict[str, str] = {}
        aside: dict[str, list[Actual]] = defaultdict(list)
        if not names:
            return found, aside
        filters = None
        if len(names) <= _MOST_NAMES:
            filters = {"name": [f"^/?{re.escape(name)}({re.escape(_ASIDE)}[0-9a-f]{{12}})?$" for name in names]}
        # Newest first, as the engine lists them.
        for summary in self._engine.list_containers(filters):
            for name in (entry.lstrip("/") for entry in summary["Names"]):
                match = _ASIDE_NAME.match(name)
                if match:
                    aside[match.group("name")].append(Actual(summary["Id"], name, {}, summary["State"]))
                else:
                    found[name] = summary["Id"]
        return found, aside

    def _look_up(self, items: Sequence[Desired]) -> None:
        """Ask for every distinct image and network the items name, at the same time."""
        alive = [item for item in items if item.state != ABSENT]
        images = {item.values["image"] for item in alive if "image" in item.values}
        networks = {net["network"] for item in alive for net in item.values.get("nets", ()) if "network" in net}
        bounded_map(self._images.find, sorted(images), self._parallelism)
        bounded_map(self._networks.find, sorted(networks - set(_SPECIAL_NETWORKS)), self._parallelism)

    def _observe_one(self, item: Desired, found: Mapping[str, str], aside: Mapping[str, Sequence[Actual]]) -> Observed:
        name = item.name or ""
        container_id = item.id or found.get(name)
        leftovers = list(aside.get(name, ())) if item.id is None else []
        is_set_aside = container_id is None and bool(leftovers)
        if is_set_aside:
            container_id = leftovers.pop(0).id
        if container_id is None:
            return None
        try:
            actual = self._inspect(item, container_id, name if is_set_aside else None)
        except NotFoundError:
            return None
        except ItemError as exc:
            return exc
        except UnreachableError:
            raise
        except ServiceError as exc:
            return explain(item.label, {}, exc)
        if actual.status == "removing":
            return ItemError(f"{item.label}: the container is just being removed; run the task again when it is gone.")
        return replace(actual, is_set_aside=is_set_aside, leftovers=tuple(leftovers))

    def refresh(self, item: Desired, actual: Actual) -> Actual | None:
        """Inspect the container again."""
        with worded(item.label, {}):
            try:
                return self._inspect(item, actual.id, None)
            except NotFoundError:
                return None

    def inspect(self, container_id: str) -> Actual | None:
        """Return a container nobody says anything of; None when it is gone."""
        with passed_on():
            try:
                return self._inspect(Desired(container_id, PRESENT, {}), container_id, None)
            except NotFoundError:
                return None

    def _inspect(self, item: Desired, container_id: str, name: str | None) -> Actual:
        container = self._engine.inspect_container(container_id)
        said = item.values if item.state != ABSENT else {}
        wanted = [net["network"] for net in said.get("nets", ()) if net["network"] not in _SPECIAL_NETWORKS]
        networks = {word: network for word in wanted if (network := self._networks.find(word))}
        seen = Inspected(container, self._images.find(container["Image"]) or {}, said, networks)
        actual_name = name or container["Name"].lstrip("/")
        values = {option: field.read(seen) for option, field in FIELDS.items()}
        values = {option: value for option, value in values.items() if value is not None}
        values["name"] = actual_name
        values["image"] = self._image_value(item, seen)
        return Actual(
            id=container["Id"],
            name=actual_name,
            values=values,
            status=container["State"]["Status"],
            raw=seen,
            managed=seen.is_managed,
        )

    def _image_value(self, item: Desired, seen: Inspected) -> str:
        """Return the image in the user's words where it is the one wanted, else so that the difference shows."""
        name = seen.config["Image"]
        wanted = seen.said.get("image")
        if wanted is None or self._is_image(item, seen, wanted):
            return wanted or name
        return f"{name} ({seen.container['Image'][7:19]})" if name == wanted else name

    def _is_image(self, item: Desired, seen: Inspected, wanted: str) -> bool:
        """Tell whether a container's image is the one a reference stands for."""
        local = self._images.find(wanted)
        image_id = seen.container["Image"]
        policy = item.values.get("image_pull_policy", "ifnotpresent")
        if local is None and policy != "always" and seen.config["Image"] == wanted:
            # The host has forgotten the reference; nothing says that it stands for another image now.
            return True
        if policy == "always" or (local is None and policy == "ifnotpresent"):
            with worded(item.label, {"image": wanted}):
                digest = self._registry.get(wanted)
            return digest in _digests(self._images.find(image_id) or {})
        return local is not None and local["Id"] == image_id

    def view(self, actual: Actual) -> dict[str, Any]:
        """Return the container in the words of the options, with what only the engine knows."""
        view = super().view(actual)
        view["secret_environment"] = sorted(actual.values.get("secret_environment") or {})
        if actual.raw is not None:
            view.update(_facts(actual.raw))
        return view

    def secrets(self, values: Mapping[str, Any]) -> list[str]:
        """Return secret variables, and the lines of injected files, as a log shows lines."""
        return secret_texts(values)

    # Deciding ----------------------------------------------------------

    def change_of(self, option: Option, before: Any, after: Any) -> str:
        """In place where the engine can; it cannot take a limit away or leave the special networks."""
        if option.name in ("cpu", "memory") and not after:
            return RECREATE
        if option.name == "nets":
            networks = {net["network"] for net in (*(before or ()), *after)}
            if networks & set(_SPECIAL_NETWORKS) or not before:
                return RECREATE
        return super().change_of(option, before, after)

    def verify(self, item: Desired, actual: Actual | None, differences: Sequence[Difference]) -> None:
        """Refuse unknown images, networks, volumes, runtimes and the like."""
        changed = {difference.name for difference in differences}
        if actual is None:
            changed = set(item.values)
            require_image(item)
        values = {name: value for name, value in item.values.items() if name in changed}
        with worded(item.label, self.shown(item.values)):
            self._verify_image(item, values)
            self._verify_nets(item, values)
            self._verify_volumes(item, values)
            self._verify_host(item, values)
            self._verify_health(item, actual)
        check_together(item, actual)

    def _verify_image(self, item: Desired, values: Mapping[str, Any]) -> None:
        policy = item.values.get("image_pull_policy")
        if "image" not in values or (self._images.find(values["image"]) and policy != "always"):
            return
        if policy == "never":
            raise item_fault(
                item,
                "image",
                "is not on the host, and image_pull_policy never forbids pulling it",
                "load or pull it first",
            )
        try:
            self._registry.get(values["image"])
        except ServiceError as exc:
            if self._images.find(values["image"]):
                raise item_fault(
                    item,
                    "image",
                    f"cannot be looked up in its registry, as image_pull_policy always wants ({exc.said or exc})",
                    "check the registry and the login to it, or use image_pull_policy ifnotpresent",
                ) from exc
            raise item_fault(
                item,
                "image",
                f"is neither on the host nor to be had from its registry ({exc.said or exc})",
                "check the reference, log in to the registry, or build the image on the host",
            ) from exc

    def _verify_nets(self, item: Desired, values: Mapping[str, Any]) -> None:
        known: set[str] = set()
        for net in values.get("nets", ()):
            name = net["network"]
            if name in _SPECIAL_NETWORKS:
                continue
            network = self._networks.find(name)
            if network is None:
                raise item_fault(
                    item, "nets", f"names the network {name!r}, which does not exist", "create it or correct it"
                )
            if network["Id"] in known:
                raise item_fault(
                    item, "nets", f"names the network {network['Name']!r} twice, by name and by id", "keep one of them"
                )
            known.add(network["Id"])
            for key in ("v4_fixed_ip", "v6_fixed_ip"):
                if key in net:
                    _check_fixed_ip(item, network, net[key])
            if net.get("aliases") and network["Name"] == "bridge":
                raise item_fault(item, "nets", "has aliases in Docker's default network", "use a network of your own")

    def _verify_volumes(self, item: Desired, values: Mapping[str, Any]) -> None:
        named = [mount["volume"] for mount in values.get("mounts", ()) if "volume" in mount]
        missing = [name for name in named if name not in self._volumes.get("")]
        if missing:
            raise item_fault(
                item,
                "mounts",
                f"names the volume {missing[0]!r}, which does not exist",
                "create it with caas.zun.container_volume (backend: docker), or correct the name",
            )

    def _verify_host(self, item: Desired, values: Mapping[str, Any]) -> None:
        def host(key: str) -> Any:
            return self._info.get("").get(key)

        if "runtime" in values and values["runtime"] not in (host("Runtimes") or {}):
            known = ", ".join(sorted(host("Runtimes") or {}))
            raise item_fault(item, "runtime", f"is not known to the engine, which has {known}", "name one of these")
        if values.get("cpu") and values["cpu"] > host("NCPU"):
            raise item_fault(item, "cpu", f"is more than the {host('NCPU')} processors of the host", "give less")
        drivers = (host("Plugins") or {}).get("Log") if "log_driver" in values else None
        if drivers and values["log_driver"] not in [*drivers, "none"]:
            raise item_fault(
                item, "log_driver", f"is not known to the engine, which has {', '.join(drivers)}", "name one of these"
            )

    def _verify_health(self, item: Desired, actual: Actual | None) -> None:
        if item.state != "healthy":
            return
        values = self.predict(actual, item.values)
        check = {**(values.get("healthcheck") or {}), **(item.values.get("healthcheck") or {})}
        # An image that is not on the host yet may bring a check of its own.
        unknown = actual is None and not self._images.find(item.values["image"])
        if not unknown and not check.get("cmd"):
            raise ItemError(
                f"{item.label}: state healthy needs a health check, and neither the container nor its image has one; "
                "add healthcheck, or use state started."
            )

    def predict(self, base: Actual | None, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a new container: the host's defaults, the old container's, the image's."""
        values = super().predict(base, given)
        old = base.raw.image_config if base else {}
        own = base.raw.config if base else {}
        if "log_driver" in given and given["log_driver"] != values.get("log_driver"):
            # Options belong to a driver; the engine may add its own again.
            values.pop("log_options", None)
        if base and "image" not in given:
            return values
        new = (self._images.find(given.get("image", "")) or {}).get("Config") or {}
        own_entrypoint = "entrypoint" in given or own.get("Entrypoint") != old.get("Entrypoint")
        for option, (key, read) in _INHERITED.items():
            if base and own.get(key) != old.get(key):
                continue
            if option == "command" and own_entrypoint:
                # An entrypoint of its own drops the image's command (daemon/commit.go, merge).
                values.setdefault(option, [])
                continue
            values.pop(option, None)
            inherited = read(new.get(key))
            if inherited is not None:
                values[option] = inherited
        if "healthcheck" in given:
            values["healthcheck"] = {**docker_fields.HEALTH_DEFAULTS, **values.get("healthcheck", {})}
        return values

    def prepare(self, item: Desired, values: Mapping[str, Any]) -> None:
        """Pull the image where the policy says so and the registry has another one."""
        reference = values.get("image")
        if reference is None or item.values.get("image_pull_policy") == "never":
            return
        with worded(item.label, {"image": reference}), self._pulls[reference]:
            local = self._images.find(reference)
            if local and not (
                item.values.get("image_pull_policy") == "always"
                and self._registry.get(reference) not in _digests(local)
            ):
                return
            self._engine.pull_image(reference)
            self._images.forget(reference)

    def status_after(self, state: str, status: str | None) -> str:
        """Return Docker's word for the status."""
        if state == PRESENT:
            return status or "created"
        if state == STOPPED:
            return "created" if status in (None, "created") else "exited"
        return {"paused": "paused", ABSENT: ABSENT}.get(state, "running")

    def path(self, status: str | None, state: str, force: bool = False) -> Way:
        """Return the way Docker allows; it neither stops nor restarts what is paused (20.10)."""
        if state == PRESENT or (state == ABSENT and force):
            return []
        if status == "paused":
            if state == PAUSED:
                return []
            # No check can pass while it is paused, so it may well be unhealthy at first.
            goal = RECOVERED if state == "healthy" else RUNNING_AGAIN
            return [("unpause", goal), *self.path("running", state)]
        if status in ("running", "restarting"):
            ways: dict[str, Way] = {
                STOPPED: [("stop", STOPPED)],
                ABSENT: [("stop", STOPPED)],
                PAUSED: [*([("wait", RUNNING_AGAIN)] if status == "restarting" else []), ("pause", PAUSED)],
                "restarted": [("restart", RUNNING)],
            }
            return ways.get(state, [])
        if state in (STOPPED, ABSENT):
            return []
        start: Way = [("start", HEALTHY if state == "healthy" else RUNNING)]
        return [*start, ("pause", PAUSED)] if state == PAUSED else start

    def state_like(self, status: str) -> str:
        """Return the state that keeps a container as it is."""
        return {"running": "started", "restarting": "started", "paused": PAUSED}.get(status, STOPPED)

    def awaits(self, item: Desired, actual: Actual) -> str | None:
        """Wait for health, or for the next start of a container that keeps restarting."""
        if item.state == "healthy" and _health(actual) != "healthy":
            return RECOVERED
        return RUNNING_AGAIN if item.state == "started" and actual.status == "restarting" else None

    def ready_goal(self, item: Desired, actual: Actual, goal: str | None) -> str | None:
        """A replacement with a health check must be healthy, whatever the state asked for."""
        return READY_GOAL if goal in (RUNNING, RUNNING_AGAIN) else goal

    def excludes(self, item: Desired, actual: Actual) -> bool:
        """Host ports, addresses and devices are exclusive; data must never be written by two containers at once."""
        new = {**actual.values, **item.values}
        excluding = sorted(" ".join(claim) for claim in _claims(actual.values) & _claims(new))
        if actual.raw.config.get("MacAddress"):
            excluding.append("the MAC address")
        if docker_fields.anonymous_volumes(actual.raw.container):
            excluding.append("the data of its volumes")
        if excluding and actual.raw.host.get("AutoRemove") and actual.status not in ("created", "exited", "dead"):
            raise ItemError(
                f"{item.label}: auto_remove: the old container and its replacement cannot both have {excluding[0]}, "
                "and stopping the old one would delete it before the new one works; "
                "remove it first (state: absent) if it may be lost."
            )
        return bool(excluding)

    def remarks(self, item: Desired, actual: Actual) -> list[str]:
        """Tell of a container that was started and has ended since."""
        if item.state in ("started", "restarted") and actual.status == "exited":
            return [ended_remark(item.label, actual.raw.container["State"]["ExitCode"])]
        return []

    # Changing ----------------------------------------------------------

    def create(self, item: Desired, base: Actual | None, values: Mapping[str, Any]) -> Actual:
        """Create a container; one that cannot be completed is removed again."""
        body = Body.like(base.raw) if base else Body()
        for option, field in FIELDS.items():
            if option in values:
                field.write(body, values[option])
        _keep_said_files(body, item)
        body.nets = [dict(net) for net in in_said_order(body.nets, item.values.get("nets", ()))]
        name = item.name or (base.name if base else "")
        salt = base.raw.labels[LABEL_SALT] if base and base.managed else new_salt()
        old = dict(docker_fields.networks_in_order(base.raw.container)) if base else {}
        with worded(item.label, self.shown(item.values)):
            networks = self._networking(body)
            api_body = body.api_config(salt)
            api_body["Image"] = values["image"] if "image" in values or base is None else self._same_image(base)
            if networks:
                first = networks[0]
                endpoint = _endpoint(first, old.get(first["network"]))
                api_body["NetworkingConfig"] = {"EndpointsConfig": {first["network"]: endpoint}}
            container_id = self._engine.create_container(name, api_body)
            try:
                for net in networks[1:]:
                    self._engine.connect_network(net["network"], container_id, _endpoint(net, old.get(net["network"])))
                for entry in body.files:
                    self._put_file(container_id, entry, base)
            except Exception:
                with contextlib.suppress(ServiceError):
                    self._engine.delete_container(container_id, force=True, volumes=True)
                raise
        return Actual(container_id, name, {**(base.values if base else {}), **item.values}, status="created")

    def _same_image(self, base: Actual) -> str:
        """Return what stands for the very image of an old container."""
        reference, image_id = base.raw.config["Image"], base.raw.container["Image"]
        # The tag may stand for another image by now; nobody asked for that one.
        local = self._images.find(reference)
        return reference if local and local["Id"] == image_id else image_id

    def _networking(self, body: Body) -> list[dict[str, Any]]:
        """Set the network mode; return the networks to be configured, by name, as the engine itself does not look."""
        if not body.nets:
            return []
        nets = [{**net, "network": self._network_name(net["network"])} for net in body.nets]
        body.host["NetworkMode"] = nets[0]["network"]
        return [] if nets[0]["network"] in _SPECIAL_NETWORKS else nets

    def _network_name(self, word: str) -> str:
        network = None if word in _SPECIAL_NETWORKS else self._networks.find(word)
        return network["Name"] if network else word

    def _put_file(self, container_id: str, entry: Mapping[str, Any], base: Actual | None) -> None:
        if isinstance(entry["content"], Digest) and base is not None:
            # Nobody said the content this time: take the file from the old container.
            content = file_in(self._engine.get_archive(base.id, entry["destination"]))
        else:
            content = base64.b64decode(entry["content"])
        # From the root, so that the engine makes the directories the image does not have.
        self._engine.put_archive(container_id, "/", _archive(entry["destination"], entry["mode"], content))

    def update(self, item: Desired, actual: Actual, differences: Sequence[Difference]) -> None:
        """Change name, limits, restart policy and networks."""
        after = {difference.name: difference.after for difference in differences}
        with worded(item.label, self.shown(item.values)):
            if "name" in after:
                self._engine.rename_container(actual.id, after["name"])
            limits = _update_body(actual.raw.host, after)
            if limits:
                self._engine.update_container(actual.id, limits)
            if "nets" in after:
                self._update_nets(actual, after["nets"])

    def _update_nets(self, actual: Actual, after: Sequence[Mapping[str, Any]]) -> None:
        before = {net["network"]: net for net in actual.values["nets"]}
        wanted = {net["network"]: net for net in after}
        endpoints = dict(docker_fields.networks_in_order(actual.raw.container))
        for name, net in wanted.items():
            if name not in before:
                self._engine.connect_network(self._network_name(name), actual.id, _endpoint(net))
        for name, net in before.items():
            if name not in wanted:
                self._engine.disconnect_network(self._network_name(name), actual.id)
            elif wanted[name] != net:
                network, old = self._network_name(name), endpoints.get(self._network_name(name))
                self._engine.disconnect_network(network, actual.id)
                try:
                    self._engine.connect_network(network, actual.id, _endpoint(wanted[name], old))
                except ServiceError:
                    self._engine.connect_network(network, actual.id, _endpoint(net, old))
                    raise

    def delete(self, actual: Actual, force: bool = False) -> None:
        """Delete a container; volumes nobody named stay, as they may hold data."""
        with worded(actual.name, {}):
            self._engine.delete_container(actual.id, force=force)

    def retire(self, actual: Actual) -> None:
        """Stop the container as it wants to be stopped, then delete it; volumes nobody named stay."""
        for verb, _goal in self.path(actual.status, STOPPED):
            # Whatever is in the way of stopping it is not in the way of deleting it.
            with contextlib.suppress(ItemError):
                self.act(verb, actual)
        self.delete(actual, force=True)

    def discard(self, actual: Actual) -> None:
        """Delete a container that did not work, and the volumes that came into being with it."""
        with worded(actual.name, {}):
            self._engine.delete_container(actual.id, force=True, volumes=True)

    def act(self, verb: str, actual: Actual) -> None:
        """Start, stop, restart, pause or unpause."""
        grace = float(actual.values.get("stop_timeout", 10)) if verb in ("stop", "restart") else None
        with worded(actual.name, self.shown(actual.values)):
            self._engine.act_on_container(actual.id, verb, grace)

    def set_aside(self, actual: Actual) -> None:
        """Free the name."""
        with worded(actual.name, {}):
            self._engine.rename_container(actual.id, f"{actual.name}{_ASIDE}{actual.id[:12]}")

    def put_back(self, actual: Actual) -> None:
        """Take the name back."""
        with worded(actual.name, {}):
            try:
                self._engine.rename_container(actual.id, actual.name)
            except ServiceError as exc:
                # Its name was never taken away.
                if "same name" not in exc.said:
                    raise

    # Waiting -----------------------------------------------------------

    def poll(self, actuals: Sequence[Actual]) -> Mapping[str, Any]:
        """List the containers waited for, in one request."""
        with passed_on():
            listed = self._engine.list_containers({"id": [actual.id for actual in actuals]})
        return {summary["Id"]: summary for summary in listed}

    def judge(self, seen: Any, goal: str, elapsed: float) -> Judgement:
        """Judge a container by the engine's listing."""
        if goal == ABSENT:
            return Judgement(READY if seen is None else PENDING)
        if seen is None:
            if goal == STOPPED:
                return Judgement(READY)
            return Judgement(FAILED, "ended and is gone (auto_remove); without auto_remove its exit code and log stay")
        state, text = seen["State"], seen["Status"]
        if goal == STOPPED:
            return Judgement(READY if state in ("exited", "created", "dead") else PENDING, f"it is {state}")
        if goal == PAUSED:
            return Judgement(READY if state == "paused" else PENDING, f"it is {state}")
        if state in ("exited", "dead") or (state == "restarting" and goal in (RUNNING, READY_GOAL)):
            return _judge_ended(state, text, goal)
        if state == "restarting" and goal == HEALTHY:
            # Only an inspection tells how often: see confirm.
            return Judgement(READY)
        if state != "running":
            return Judgement(PENDING, f"it is {state} ({text})")
        return _judge_running(text, goal, elapsed)

    def confirm(self, actual: Actual, goal: str) -> Judgement:
        """Tell a container that runs from one that is met between two of its ends."""
        if goal not in _STARTED or actual.values.get("restart_policy", "no") == "no":
            return Judgement(READY)
        with worded(actual.name, {}):
            container = self._engine.inspect_container(actual.id)
        restarts, state = container["RestartCount"], container["State"]
        if goal == HEALTHY:
            if (state.get("Health") or {}).get("Status") == "healthy":
                return Judgement(READY)
            if restarts < _FORGIVEN or state["Status"] == "running":
                return Judgement(PENDING, f"it was restarted {restarts} times")
        # A start resets the engine's count; what was only waited for may have old ones.
        restarts -= actual.raw.container["RestartCount"] if goal == READY_GOAL and actual.raw else 0
        if restarts <= 0:
            return Judgement(READY)
        times = "once" if restarts == 1 else f"{restarts} times"
        # While it runs again, the engine no longer tells how it ended.
        code = "" if state["Status"] == "running" else f" with exit code {state['ExitCode']}"
        return Judgement(FAILED, f"ended{code} right after its start and was restarted {times} by its restart_policy")

    def post_mortem(self, actual: Actual, reason: str) -> ItemError:
        """Add exit code, lack of memory, the last health check and the end of the log."""
        with worded(actual.name, {}):
            container = self._engine.inspect_container(actual.id)
        log: list[str] = []
        # Some log drivers cannot be read.
        with contextlib.suppress(ServiceError):
            log = self._engine.container_logs(actual.id, LOG_LINES)
        state = container["State"]
        details = []
        if state.get("OOMKilled"):
            details.append("it was killed for lack of memory; raise memory")
        elif state.get("ExitCode") == 137 and container["HostConfig"].get("Memory"):
            # The engine does not always hear of it from the kernel.
            details.append("it was killed, perhaps for lack of memory; if so, raise memory")
        if state.get("Error"):
            details.append(state["Error"])
        checks = (state.get("Health") or {}).get("Log") or []
        if checks and state["Health"]["Status"] != "healthy":
            output = " ".join(checks[-1]["Output"].split())
            details.append(
                f"the last health check ended with exit code {checks[-1]['ExitCode']}: {output or 'no output'}"
            )
        if not log:
            details.append("its log is empty or cannot be read")
        return ItemError("; ".join([reason, *details]) + ".", log)


class _Lookup:
    """Answers looked up once each, from any thread; None for what does not exist."""

    def __init__(self, ask: Any) -> None:
        self._ask = ask
        self._answers: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def get(self, key: str) -> Any:
        """Return the answer; raises what asking raises."""
        with self._lock:
            lock = self._locks[key]
        with lock:
            if key not in self._answers:
                answer = self._ask(key)
                self._answers[key] = answer
                if isinstance(answer, dict) and "Id" in answer:
                    # An image found by its reference is known by its id as well.
                    self._answers.setdefault(answer["Id"], answer)
            return self._answers[key]

    def find(self, key: str) -> Any:
        """Return the answer, None where there is no such thing."""
        try:
            return self.get(key)
        except NotFoundError:
            with self._lock:
                self._answers[key] = None
            return None

    def forget(self, key: str) -> None:
        """Ask again next time."""
        self._answers.pop(key, None)


def _check_nets(values: Mapping[str, Any]) -> None:
    nets = values.get("nets") or []
    for index, net in enumerate(nets):
        if "port" in net:
            raise OptionError(
                f"nets[{index}].port",
                net["port"],
                "cannot be used with backend docker: only Neutron has ports",
                "name a network instead",
            )
    special = [net["network"] for net in nets if net["network"] in _SPECIAL_NETWORKS]
    if special and (len(nets) > 1 or len(nets[0]) > 1):
        raise fault(
            values, "nets", f"has {special[0]}, which excludes other networks, addresses and aliases", "keep one"
        )
    if special and values.get("published_ports"):
        raise fault(
            values,
            "published_ports",
            f"cannot be reached in network {special[0]}",
            "leave it out, or use another network",
        )


def _check_mounts(values: Mapping[str, Any]) -> None:
    mounts = values.get("mounts") or []
    memory = [mount["destination"] for mount in mounts if mount.get("tmpfs")]
    for index, mount in enumerate(mounts):
        where = f"mounts[{index}]"
        if "size" in mount and "tmpfs" not in mount:
            raise OptionError(
                f"{where}.size",
                mount["destination"],
                "cannot have a size: a Docker volume has none, only a tmpfs has",
                "leave size out, or add tmpfs: true",
            )
        if "content" not in mount:
            continue
        if values.get("read_only"):
            raise OptionError(
                where,
                mount["destination"],
                "is a file to be written into a container that is read_only",
                "put it on a volume or host_path, or leave read_only out",
            )
        for directory in memory:
            if mount["destination"].startswith(f"{directory.rstrip('/')}/"):
                raise OptionError(
                    where, mount["destination"], f"would be hidden by the tmpfs at {directory}", "use another path"
                )


def _check_fixed_ip(item: Desired, network: Mapping[str, Any], address: str) -> None:
    subnets = [entry["Subnet"] for entry in (network.get("IPAM") or {}).get("Config") or [] if entry.get("Subnet")]
    inside = any(ipaddress.ip_address(address) in ipaddress.ip_network(subnet, strict=False) for subnet in subnets)
    if subnets and not inside:
        raise item_fault(
            item,
            "nets",
            f"has the address {address}, which is not in {', '.join(subnets)} of network {network['Name']}",
            "give an address of the network",
        )


def _digests(image: Mapping[str, Any]) -> set[str]:
    """Return the digests under which registries know an image."""
    return {reference.rpartition("@")[2] for reference in image.get("RepoDigests") or []}


def _health(actual: Actual) -> str:
    return (actual.raw.container["State"].get("Health") or {}).get("Status", "none")


def _claims(values: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """Return what a container cannot share with its replacement."""
    claims: set[tuple[str, ...]] = set()
    for mapping in values.get("published_ports", ()):
        rest, _dummy, container_port = mapping.rpartition(":")
        host_port = rest.rpartition(":")[2]
        if host_port:
            claims.add(("port", host_port, container_port.rpartition("/")[2]))
    for net in values.get("nets", ()):
        if net["network"] == "host":
            claims.add(("host network",))
        claims.update(("address", net[key]) for key in ("v4_fixed_ip", "v6_fixed_ip") if key in net)
    for mount in values.get("mounts", ()):
        source = mount.get("volume") or mount.get("host_path")
        if source and not mount.get("read_only"):
            claims.add(("data", source))
    claims.update(("device", device.partition(":")[0]) for device in values.get("devices", ()))
    return claims


def _facts(seen: Inspected) -> dict[str, Any]:
    """Return what the engine knows of a container beyond its options."""
    state = seen.container["State"]
    settings = seen.container["NetworkSettings"]
    addresses: dict[str, list[dict[str, Any]]] = {}
    for name, endpoint in docker_fields.networks_in_order(seen.container):
        found = [(4, endpoint.get("IPAddress")), (6, endpoint.get("GlobalIPv6Address"))]
        addresses[name] = [{"addr": address, "version": version} for version, address in found if address]
    ports = {
        port: [f"{binding['HostIp']}:{binding['HostPort']}" for binding in bindings]
        for port, bindings in (settings.get("Ports") or {}).items()
        if bindings
    }
    return {
        "health": (state.get("Health") or {}).get("Status"),
        "exit_code": state.get("ExitCode") if state["Status"] in ("exited", "dead") else None,
        "image_id": seen.container["Image"],
        "created_at": seen.container.get("Created"),
        "started_at": state.get("StartedAt"),
        "restart_count": seen.container.get("RestartCount", 0),
        "addresses": addresses,
        "ports": ports,
    }


def _keep_said_files(body: Body, item: Desired) -> None:
    """Use the contents the user said where an old container only has their digests, or not even these."""
    said = {entry["destination"]: entry for entry in item.values.get("mounts", ()) if "content" in entry}
    for index, entry in enumerate(body.files):
        wanted, content = said.get(entry["destination"]), entry["content"]
        if wanted and (content is UNKNOWN or (isinstance(content, Digest) and content.matches(wanted["content"]))):
            body.files[index] = {**entry, **wanted}


def _archive(destination: str, mode: str, data: bytes) -> bytes:
    """Return a tar archive with one file; its directories are made by the engine."""
    member = tarfile.TarInfo(destination.lstrip("/"))
    member.size = len(data)
    member.mode = int(mode, 8)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _endpoint(net: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an EndpointConfig of the engine's API; what no option can say stays as it was."""
    kept = {key: old[key] for key in ("Links", "DriverOpts", "GwPriority") if old.get(key)} if old else {}
    fixed = {"IPv4Address": net.get("v4_fixed_ip"), "IPv6Address": net.get("v6_fixed_ip")}
    return {
        **kept,
        "IPAMConfig": {key: value for key, value in fixed.items() if value} or None,
        "Aliases": list(net.get("aliases") or ()),
    }


def _update_body(host: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of an update; limits of memory and swap have to be changed together."""
    body: dict[str, Any] = {}
    if "cpu" in after:
        if not host.get("NanoCpus") and (host.get("CpuQuota") or 0) > 0:
            # The engine refuses NanoCpus on a container that was given a quota and a period.
            period = host.get("CpuPeriod") or 100_000
            body.update(CpuPeriod=period, CpuQuota=round(after["cpu"] * period))
        else:
            body["NanoCpus"] = docker_fields.nano_cpus(after["cpu"])
    if "memory" in after:
        body.update(Memory=after["memory"], MemorySwap=-1 if host.get("MemorySwap") == -1 else 2 * after["memory"])
    if "pids_limit" in after:
        body["PidsLimit"] = after["pids_limit"] or -1
    if "restart_policy" in after:
        body["RestartPolicy"] = docker_fields.restart_policy_body(after["restart_policy"])
    return body


def _judge_ended(state: str, text: str, goal: str) -> Judgement:
    match = _EXIT_CODE.search(text)
    code = match.group(1) if match else "unknown"
    if state == "restarting":
        return Judgement(FAILED, f"ended with exit code {code} and is restarted by its restart_policy")
    if code == "0" and goal in (RUNNING, RUNNING_AGAIN, READY_GOAL):
        # A short job that succeeded; Kind.remarks tells the user.
        return Judgement(READY)
    return Judgement(FAILED, f"ended with exit code {code}")


def _judge_running(text: str, goal: str, elapsed: float) -> Judgement:
    match = _HEALTH.search(text)
    health = match.group(1) if match else "none"
    if goal in (RUNNING, RUNNING_AGAIN) or (goal == READY_GOAL and health == "none"):
        return Judgement(READY if elapsed >= SETTLE else PENDING)
    if health == "healthy":
        return Judgement(READY)
    if health == "unhealthy" and goal != RECOVERED:
        return Judgement(FAILED, "is unhealthy")
    return Judgement(PENDING, f"its health is {health}")
