# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Containers of Zun."""

from __future__ import annotations

import base64
import re
import shlex
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..engine.compare import Difference, compare
from ..engine.digest import UNKNOWN, Digest, new_salt
from ..engine.errors import EngineError, ItemError, OptionError, PassingError
from ..engine.kind import (
    ABSENT,
    AGAIN,
    FAILED,
    PENDING,
    PRESENT,
    READY,
    Actual,
    Desired,
    Judgement,
    Kind,
    Observed,
    Way,
)
from ..engine.options import IN_PLACE, RECREATE, STRICT, Option
from ..engine.parallel import bounded_map
from ..services.cloud import Cloud
from ..services.errors import ServiceError
from ..services.neutron import Neutron
from ..services.zun import Zun
from . import zun_fields
from .cloud_errors import is_answer_lost
from .container_options import CONTAINER_OPTIONS
from .container_rules import (
    check_said,
    check_together,
    ended_remark,
    file_in,
    item_fault,
    require_image,
    secret_texts,
)
from .own_labels import LABEL_SALT
from .references import Directory, ambiguous
from .service_errors import passed_on
from .zun_errors import explain, hint, is_lost, is_passing, of_rebuild, worded
from .zun_interfaces import mtu_by_mac, mtu_remarks
from .zun_references import References
from .zun_rules import check_for_zun

# Zun's words for the states of a container (zun/common/consts.py).
CREATED = "Created"
RUNNING = "Running"
STOPPED = "Stopped"
PAUSED = "Paused"
RESTARTING = "Restarting"
ERROR = "Error"
_ON_THE_WAY = ("Creating", "Rebuilding", "Deleting", RESTARTING)
_LOST = ("Dead", "Deleted")
#: The status in which an action ends.
_LEADS_TO = {"start": RUNNING, "unpause": RUNNING, "pause": PAUSED, "stop": STOPPED, "kill": STOPPED}

# Goals of a wait.
STARTED = "running"
STARTED_AGAIN = "running again"
HEALTHY = "healthy"
HEALTHY_AGAIN = "healthy again"
READY_GOAL = "ready"
ENDED = "stopped"
HALTED = "paused"
MADE = "created"
REBUILT = "rebuilt"
SETTLED = "settled"

#: A container that is still up after this time was not started with a command that fails at once, in seconds.
SETTLE = 0.5
LOG_LINES = 20
#: Zun may take a container that is just being deleted for broken until it has finished, in seconds.
_PASSING_ERROR = 5.0
#: As old may be what is returned of a container that was found to work, in seconds; Zun's own list is no younger.
_PROOF_LASTS = 60.0
#: Containers on a network that are asked for the MTU of their interfaces before it is given up.
_MTU_TRIES = 3
#: Longest wait for a single action on the way to something else, in seconds; deleting a volume takes Zun up to 60.
_PATIENCE = 90.0
#: A creation that nothing has been heard of for this time may have failed, in seconds.
_SILENCE = 30.0
_PAUSE = 0.4

# A name of an object set aside; the id makes it unique.
_ASIDE = ".caas-zun-old-"
_ASIDE_NAME = re.compile(rf"^(?P<name>.+){re.escape(_ASIDE)}[0-9a-f]{{12}}$")
_LONGEST_NAME = 255

_EXIT_CODE = re.compile(r"Exited\((-?\d+)\)")

# Options that Zun changes in place together, and at once.
_PATCHED = ("name", "cpu", "memory", "auto_heal")

_STARTS = (STARTED, HEALTHY, READY_GOAL)
_JUST_STARTED = "it has just started"

_STATES_THAT_RUN = ("started", "healthy", "restarted", "paused")


class ZunContainers(Kind):
    """Containers of one cloud, by name within the user's project."""

    noun = "container"
    table = CONTAINER_OPTIONS
    backend = "zun"
    # The list is what the database knows, which Zun brings up to date every 60 s ([DEFAULT] sync_container_state_interval).
    lags = True
    poll_pause = (SETTLE, 1.5)

    def __init__(self, cloud: Cloud, parallelism: int = 10) -> None:
        self._cloud = cloud
        self._zun = Zun(cloud)
        self._neutron = Neutron(cloud)
        self._parallelism = parallelism
        self._references = References(cloud, self._zun, self._neutron)
        # What the items say, with ids for names; by the identity of the item, which lives as long as the run.
        self._resolved: dict[int, dict[str, Any]] = {}
        # By container: the request of the last action, when it was first seen at its goal, what it was before.
        self._requests: dict[str, str] = {}
        self._arrived: dict[str, float] = {}
        self._before: dict[str, str] = {}
        # By container: what the task says of one that is being changed.
        self._said: dict[str, Mapping[str, Any]] = {}
        # Why a container is in Error, as listed: asked for the container, its host only says that there is none.
        self._reasons: dict[str, str] = {}
        self._in_error: dict[str, float] = {}
        # Containers that were created and started in one request; of them those whose start is still to be done.
        self._new: set[str] = set()
        self._launched: set[str] = set()
        # By container: what its host said when it had reached its goal, and when, unless something was done to it since.
        self._proved: dict[str, tuple[dict[str, Any], float]] = {}
        # By container, of a few: the MTU of its interfaces by their MAC addresses.
        self._interfaces: dict[str, dict[str, int]] = {}
        # Contents of injected files by their digests, where a container is to be made anew.
        self._contents: dict[str, str] = {}
        self._claims: dict[str, list[dict[str, Any]]] = {}
        # Ports that are given to containers and not made for them.
        self._ports_of_users: set[str] = set()
        # What only one container can have, with the item that says it.
        self._claimed: dict[str, int] = {}

    # Observing ---------------------------------------------------------

    @classmethod
    def validate(cls, values: Mapping[str, Any], state: str) -> None:
        """Refuse what Zun would silently change or ignore, and options that contradict each other."""
        check_said(values, state)
        check_for_zun(values)

    @property
    def directory(self) -> Directory:
        """Networks and security groups as this user sees them."""
        return self._references.directory

    def observe(self, items: Sequence[Desired]) -> list[Observed]:
        """List the containers once, then look up all that the items refer to."""
        with passed_on():
            rows, aside = self._list(items)
            lasting = [item for item in items if item.state != ABSENT]
            self._references.learn([item.values for item in lasting])
            found = [row for row in (self._row_of(item, rows) for item in items) if isinstance(row, dict)]
            self._references.learn_networks_of(found)
            if any("security_groups" in item.values for item in lasting):
                self._references.learn_ports_of([row["uuid"] for row in found])
        return [self._observed(item, rows, aside) for item in items]

    def _list(self, items: Sequence[Desired]) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[Actual]]]:
        """Return the rows by name and by id, and the objects set aside by the name they had."""
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        aside: dict[str, list[Actual]] = defaultdict(list)
        for item_id in sorted({item.id for item in items if item.id}):
            row = self._zun.get_container(item_id)
            if row is not None and row["uuid"] == item_id:
                rows[item_id].append(row)
        if any(item.id is None for item in items):
            for row in self._zun.list_containers():
                match = _ASIDE_NAME.match(row["name"])
                if match:
                    aside[match.group("name")].append(Actual(row["uuid"], row["name"], {}, row["status"], row))
                else:
                    rows[row["name"]].append(row)
        return rows, aside

    @staticmethod
    def _row_of(item: Desired, rows: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any] | ItemError | None:
        found = rows.get(item.id or item.name or "", [])
        if len(found) > 1:
            return ambiguous(item, "containers", (row["uuid"] for row in found))
        return found[0] if found else None

    def _observed(
        self, item: Desired, rows: Mapping[str, list[dict[str, Any]]], aside: Mapping[str, Sequence[Actual]]
    ) -> Observed:
        row = self._row_of(item, rows)
        if isinstance(row, ItemError):
            return row
        leftovers = list(aside.get(item.name or "", ())) if item.id is None else []
        is_set_aside = row is None and bool(leftovers)
        if is_set_aside:
            row = {**leftovers.pop(0).raw, "name": item.name}
        if item.state != ABSENT:
            try:
                self._resolved[id(item)] = self._references.resolve(item.values)
                self._claim(item)
            except OptionError as exc:
                return ItemError(f"{item.label}: {exc}")
        if row is None:
            return None
        return replace(self._actual(row, item), is_set_aside=is_set_aside, leftovers=tuple(leftovers))

    def _claim(self, item: Desired) -> None:
        """Refuse what two items of one task cannot both have; Zun would notice too late, and cut off the one that has it.

        :raises OptionError: another item says it as well.
        """
        said = self._resolved[id(item)]
        claims = [("nets", net["port"]) for net in said.get("nets", ()) if "port" in net]
        claims += [
            ("mounts", mount["volume"])
            for mount in said.get("mounts", ())
            if "volume" in mount and not self._references.is_multiattach(mount["volume"])
        ]
        for option, thing in claims:
            if self._claimed.setdefault(thing, id(item)) != id(item):
                raise OptionError(option, thing.name, "is given to two containers", "give each its own")

    def refresh(self, item: Desired, actual: Actual) -> Actual | None:
        """Ask the container's host, through Zun, unless it was asked last of all."""
        with worded(item.label, {}):
            row, since = self._proved.pop(actual.id, (None, 0.0))
            if row is None or time.monotonic() - since > _PROOF_LASTS:
                row = self._zun.get_container(actual.id)
            if row is None:
                return None
            self._references.learn_networks_of([row])
            self._references.learn_ports_of([row["uuid"]])
        return self._actual(row, item)

    def found_all(self, rows: Sequence[Mapping[str, Any]]) -> list[Actual]:
        """Return containers nobody says anything of, with what they refer to looked up together."""
        self._references.learn_networks_of(rows)
        self._references.learn_ports_of([row["uuid"] for row in rows])
        return [self._actual(row, Desired(row["name"], PRESENT, {})) for row in rows]

    def _actual(self, row: Mapping[str, Any], item: Desired) -> Actual:
        said = self._resolved.get(id(item), {})
        values = zun_fields.read(row, said)
        values["image"] = said["image"] if _same_image(said.get("image"), row["image"]) else row["image"]
        values["nets"] = self._references.nets_of(row)
        if values["mounts"] is not UNKNOWN:
            values["mounts"] = self._references.named_volumes(values["mounts"])
        groups = self._references.security_groups_of(row["uuid"], said.get("security_groups"))
        if groups is not None:
            values["security_groups"] = groups
        if row["status"] == "Creating":
            # Ports come in the middle of the creation.
            values["nets"] = UNKNOWN
            values["security_groups"] = UNKNOWN
        if row.get("registry_id"):
            values["registry"] = self._references.registry(row["registry_id"])
        return Actual(
            id=row["uuid"],
            name=row["name"],
            values=values,
            status=row["status"],
            raw=row,
            managed=zun_fields.is_managed(row),
        )

    def view(self, actual: Actual) -> dict[str, Any]:
        """Return the container in the words of the options, with what only Zun knows."""
        view = super().view(actual)
        view["secret_environment"] = sorted(actual.values.get("secret_environment") or {})
        if actual.raw is not None:
            view.update(self._facts(actual.raw))
        return view

    def _facts(self, row: Mapping[str, Any]) -> dict[str, Any]:
        addresses = {
            self._references.network(network_id).name: [
                {key: entry.get(key) for key in ("addr", "version", "port", "subnet_id")} for entry in entries
            ]
            for network_id, entries in (row.get("addresses") or {}).items()
        }
        facts = {key: row.get(key) for key in ("status_reason", "status_detail", "task_state", "project_id", "user_id")}
        return {
            **facts,
            "exit_code": _exit_code(row) if row["status"] == STOPPED else None,
            "addresses": addresses,
            "created_at": row.get("created_at"),
            "updated_at": row.get("updated_at"),
        }

    def secrets(self, values: Mapping[str, Any]) -> list[str]:
        """Return secret variables, and the lines of injected files, as a log shows lines."""
        return secret_texts(values)

    # Deciding ----------------------------------------------------------

    def differences(
        self, item: Desired, actual: Actual, comparisons: Mapping[str, str]
    ) -> tuple[list[Difference], list[str]]:
        """Compare by ids: a name may mean another object by now."""
        said = self._resolved.get(id(item), item.values)
        if "security_groups" in said and said.get("exposed_ports") == []:
            # Without its ports, the container also loses the group Zun made for them: that takes a new container.
            comparisons = {"exposed_ports": STRICT, **comparisons}
        found, uncompared = compare(
            self.table.of_backend(self.backend), said, actual.values, comparisons, self.change_of
        )
        if not _can_be_rebuilt(actual):
            found = [replace(entry, change=RECREATE) if entry.name == "image" else entry for entry in found]
        return found, uncompared

    def change_of(self, option: Option, before: Any, after: Any) -> str:
        """In place where Zun or Neutron can; the groups of a container that has its own by exposed_ports stay."""
        if option.name == "nets" and not before:
            return RECREATE
        return super().change_of(option, before, after)

    def verify(self, item: Desired, actual: Actual | None, differences: Sequence[Difference]) -> None:
        """Refuse unknown ports, volumes, zones and the like, and what cannot be changed now."""
        if actual is None:
            require_image(item)
            changed = set(item.values)
        else:
            changed = {difference.name for difference in differences}
            self._verify_state(item, actual, differences)
        said = self._resolved.get(id(item), dict(item.values))
        with worded(item.label, self.shown(item.values)):
            self._references.verify(item, {name: said[name] for name in said if name in changed}, actual)
        check_together(item, actual)
        if item.state == "healthy":
            self._verify_health(item, actual)

    def _verify_state(self, item: Desired, actual: Actual, differences: Sequence[Difference]) -> None:
        changed = [difference.name for difference in differences]
        if changed and actual.status in _ON_THE_WAY and actual.status != RESTARTING:
            raise ItemError(f"{item.label}: {changed[0]} cannot be changed now. {self._stuck(actual.raw)}")
        in_place = [difference.name for difference in differences if difference.change == IN_PLACE]
        if len(in_place) == len(changed) and "image" in changed and actual.status == PAUSED:
            raise ItemError(
                f"{item.label}: image: a paused container cannot get another one; start it first (state: started)."
            )
        has_own_group = actual.values.get("exposed_ports") not in ([], UNKNOWN) and "exposed_ports" not in changed
        if "security_groups" in changed and has_own_group:
            raise item_fault(
                item,
                "security_groups",
                "contradicts exposed_ports, for which Zun made a group of its own",
                "say exposed_ports: [] as well, or leave security_groups out",
            )

    def _verify_health(self, item: Desired, actual: Actual | None) -> None:
        check = item.values.get("healthcheck") or (actual.values.get("healthcheck") if actual else None) or {}
        if not check.get("cmd"):
            raise ItemError(
                f"{item.label}: state healthy needs healthcheck: Zun does not tell what the image's own check says; "
                "add healthcheck with a cmd, or use state started."
            )

    def predict(self, base: Actual | None, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a new container; Zun names the image driver and the processor share it chooses."""
        values = super().predict(base, given)
        if "healthcheck" in given:
            values["healthcheck"] = {"disabled": False, "interval": 30.0, "timeout": 30.0, "retries": 3}
        return values

    def status_after(self, state: str, status: str | None) -> str:
        """Return Zun's word for the status."""
        if state == PRESENT:
            return status or CREATED
        if state == ENDED:
            return CREATED if status in (None, CREATED) else STOPPED
        return {"paused": PAUSED, ABSENT: ABSENT}.get(state, RUNNING)

    def path(self, status: str | None, state: str, force: bool = False) -> Way:
        """Return the way Zun allows (zun-api.md 1.7)."""
        if status in ("Creating", "Rebuilding", "Deleting"):
            if state == ABSENT and status == "Deleting":
                return [("wait", ABSENT)]
            return [("wait", SETTLED)] if state in (PRESENT, ABSENT) else self._way_through(state)
        if state == PRESENT:
            return [("wait", SETTLED)] if status is None else []
        if status == PAUSED:
            if state == "paused":
                return []
            # Nobody can delete or stop a paused container, not even with force.
            goal = HEALTHY_AGAIN if state == "healthy" else STARTED_AGAIN
            return [("unpause", goal), *self.path(RUNNING, state, force)]
        if status in (RUNNING, RESTARTING):
            ways: dict[str, Way] = {
                "stopped": [("stop", ENDED)],
                # Zun stops what it deletes, but takes 10 seconds for what does not obey.
                ABSENT: [("kill", ENDED)] if force else [],
                "paused": [("pause", HALTED)],
                "restarted": [("reboot", STARTED)],
            }
            wait: Way = [("wait", STARTED_AGAIN)] if status == RESTARTING and ways.get(state) else []
            return [*wait, *ways.get(state, [])]
        if state == ABSENT:
            return []
        if status is None and state == "stopped":
            return [("wait", MADE)]
        if state == "stopped":
            return []
        start: Way = [("start", HEALTHY if state == "healthy" else STARTED)]
        return [*start, ("pause", HALTED)] if state == "paused" else start

    def _way_through(self, state: str) -> Way:
        """Return the way of a container that another run, or Zun, has not finished yet."""
        ways: dict[str, Way] = {
            "stopped": [("wait", MADE)],
            "paused": [("wait", STARTED), ("pause", HALTED)],
            "healthy": [("wait", HEALTHY)],
        }
        return ways.get(state, [("wait", STARTED)])

    def state_like(self, status: str) -> str:
        """Return the state that keeps a container as it is."""
        return {RUNNING: "started", RESTARTING: "started", PAUSED: "paused"}.get(status, "stopped")

    def awaits(self, item: Desired, actual: Actual) -> str | None:
        """Wait for health, which nobody reports, and for the next start of a container that keeps restarting."""
        if item.state == "healthy":
            return HEALTHY_AGAIN
        return STARTED_AGAIN if item.state == "started" and actual.status == RESTARTING else None

    def ready_goal(self, item: Desired, actual: Actual, goal: str | None) -> str | None:
        """A replacement with a health check must be healthy, whatever the state asked for."""
        return READY_GOAL if goal in (STARTED, STARTED_AGAIN) else goal

    def is_broken(self, actual: Actual) -> bool:
        """Dead containers, those whose creation failed, and those their hosts have lost can only be deleted."""
        if actual.status in _LOST:
            return True
        if actual.status != ERROR:
            return False
        return is_lost(actual.raw.get("status_reason")) or self._never_worked(actual)

    def _never_worked(self, actual: Actual) -> bool:
        """Tell whether the creation failed, so that there is nothing to lose."""
        if actual.status != ERROR:
            return False
        with passed_on():
            actions = self._zun.container_actions(actual.id)
        made = [action for action in actions if action["action"] in ("create", "rebuild")]
        # Without a record, no host was ever found for it; without an end, its host died in the middle.
        return not made or not made[0].get("finish_time") or made[0].get("message") == "Error"

    def make_room(self, item: Desired, actual: Actual) -> tuple[Way, Way]:
        """Ports and fixed addresses go from the old container to the new one; both cannot have them."""
        wanted = self._asked_nets(item, actual)
        ports = {net["port"] for net in wanted if "port" in net}
        fixed = {net[key] for net in wanted for key in ("v4_fixed_ip", "v6_fixed_ip") if key in net}
        claims = [
            net
            for net in actual.values.get("nets", [])
            if net.get("port") in ports or fixed & {net.get("v4_fixed_ip"), net.get("v6_fixed_ip")}
        ]
        if not claims:
            return [], []
        self._claims[actual.id] = claims
        way = self.path(actual.status, "stopped")
        back = self.path(STOPPED, self.state_like(actual.status))
        return [*way, ("release", None)], [("reclaim", None), *back]

    def _asked_nets(self, item: Desired, actual: Actual | None) -> list[dict[str, Any]]:
        """Return the networks as somebody asked for them: with the addresses that were said, and no others.

        What the task does not say is as it was said at the creation; a run that was cut off may have detached it.
        """
        identity = CONTAINER_OPTIONS["nets"].identity
        said = self._resolved.get(id(item), {}).get("nets")
        if said is not None or actual is None:
            return [dict(net) for net in said or ()]
        first = zun_fields.nets_at_creation(actual.raw)
        exact = {identity(net): net for net in first}
        present = actual.values.get("nets") or first
        return [dict(exact.get(identity(net), dict(identity(net)))) for net in present]

    def must_go_first(self, item: Desired, actual: Actual) -> bool:
        """Zun lets go of a volume only when it deletes the container, and renames none that is in Error."""
        said = self._resolved.get(id(item), {})
        if actual.raw.get("project_id") not in (None, self._cloud.project_id):
            raise ItemError(
                f"{item.label}: the container belongs to project {actual.raw['project_id']}; a new one would be made in the "
                "project of this login. Run the task in the container's own project."
            )
        self._refuse_loss(item, actual, said)
        self._keep_contents(item, actual, said)
        old = {mount["volume"] for mount in _known_mounts(actual) if "volume" in mount}
        new = {mount["volume"] for mount in said.get("mounts", _known_mounts(actual)) if "volume" in mount}
        shared = [volume for volume in old & new if not self._references.is_multiattach(volume)]
        return bool(shared) or actual.status in (ERROR, "Unknown", RESTARTING)

    def _refuse_loss(self, item: Desired, actual: Actual, said: Mapping[str, Any]) -> None:
        """Refuse a recreation that would lose data, or what nobody can carry over."""
        own = [mount["destination"] for mount in _known_mounts(actual) if "size" in mount]
        if own and not self._never_worked(actual):
            raise ItemError(
                f"{item.label}: mounts: the volume at {own[0]} belongs to the container, and Zun deletes it with the old "
                "one; keep data on a volume of its own (caas.zun.container_volume), or remove the container first "
                "(state: absent) if the data may be lost."
            )
        unknown = [name for name in zun_fields.UNREPORTED if actual.values.get(name) is UNKNOWN and name not in said]
        if unknown:
            raise ItemError(
                f"{item.label}: {', '.join(unknown)}: the container was not made by this collection, and Zun reports "
                "none of these, so that a recreation would lose them; say them, with an empty list where there is none, "
                "or remove the container first (state: absent)."
            )

    def _keep_contents(self, item: Desired, actual: Actual, said: Mapping[str, Any]) -> None:
        """Have the contents of injected files at hand: only digests of them are kept with a container."""
        wanted = {mount["destination"]: mount for mount in said.get("mounts", ()) if "content" in mount}
        for mount in _known_mounts(actual):
            digest = mount.get("content")
            if not isinstance(digest, Digest):
                continue
            content = wanted.get(mount["destination"], {}).get("content")
            if content is None or not digest.matches(content):
                try:
                    archive = self._zun.container_file(actual.id, mount["destination"])
                except ServiceError as exc:
                    if content is not None and self.is_broken(actual):
                        # Nothing of a broken one is put back, so that its own content is not needed.
                        continue
                    raise ItemError(
                        f"{item.label}: mounts: the file {mount['destination']} of the old container is needed, and cannot be "
                        f"read ({exc.said or exc}); say it in mounts with the content it has, or remove the container first "
                        "(state: absent)."
                    ) from exc
                content = base64.b64encode(file_in(base64.b64decode(archive))).decode()
            self._contents[digest.hexdigest] = content

    def reverts(self, differences: Sequence[Difference]) -> bool:
        """A rebuild that fails leaves no container, so the old image has to come back."""
        return any(difference.name == "image" for difference in differences)

    def stages(
        self, item: Desired, actual: Actual, differences: Sequence[Difference]
    ) -> list[tuple[Sequence[Difference], str | None]]:
        """First what is done at once, then networks and their groups, a new image last."""

        def of(*names: str) -> list[Difference]:
            return [difference for difference in differences if difference.name in names]

        stages: list[tuple[Sequence[Difference], str | None]] = [
            (of(*_PATCHED), None),
            (of("nets"), None),
            (of("security_groups"), None),
            (of("image"), REBUILT),
        ]
        return [stage for stage in stages if stage[0]]

    # Changing ----------------------------------------------------------

    def create(self, item: Desired, base: Actual | None, values: Mapping[str, Any]) -> Actual:
        """Have a container created, and started where that is its state; one that fails at once is removed again."""
        with worded(item.label, self.shown(item.values)):
            given = self._given(item, base, self._references.resolve(values))
            said = set(item.values) | (zun_fields.said_at_creation(base.raw) or set(base.values) if base else set())
            name = item.name or (base.name if base else "")
            state = self.state_like(base.status) if base and item.state == PRESENT else item.state
            by_port = any("port" in net for net in given.get("nets", ()))
            # Zun gives groups to the ports it makes itself, and its default where there are none.
            late_groups = "security_groups" in given and (by_port or not given["security_groups"])
            run = state in _STATES_THAT_RUN and not late_groups
            salt = new_salt()
            body = {**zun_fields.body(given, said, salt), "name": name}
            self._ports_of_users.update(str(net["port"]) for net in given.get("nets", ()) if "port" in net)
            actual = self._create(item, body, run, salt)
            if run:
                self._launched.add(actual.id)
                self._new.add(actual.id)
            if late_groups:
                self._set_groups_early(item, actual, given["security_groups"])
        return actual

    def restore(self, actual: Actual) -> Actual:
        """Make a container anew that had to go first."""
        with worded(actual.name, {}):
            row = self._zun.get_container(actual.id)
        if row is not None:
            raise ItemError(
                f"{actual.name}: the old container is still there, with status {row['status']} ({actual.id})."
            )
        restored = self.create(Desired(actual.name, PRESENT, {}), actual, {})
        return replace(actual, id=restored.id)

    def _given(self, item: Desired, base: Actual | None, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a new container is given: what the old one had, but for what came from its image or by itself."""
        given: dict[str, Any] = {}
        if base is not None:
            at_creation = zun_fields.said_at_creation(base.raw)
            given = {
                name: value
                for name, value in base.values.items()
                # No security groups at all is a wall, not the lack of a value.
                if (value or name == "security_groups")
                and value is not UNKNOWN
                and (name not in zun_fields.INHERITED or name in (at_creation or base.values))
                # An administrator sees where a container runs, which nobody need have asked for.
                and (name not in zun_fields.ADMIN_ONLY or name in (at_creation or ()))
            }
            if at_creation is None and re.fullmatch(r"[0-9a-f]{12}", given.get("hostname", "")):
                # Docker's own choice.
                del given["hostname"]
        given.update(values)
        given.pop("allow_format", None)
        nets = self._asked_nets(item, base)
        if nets:
            given["nets"] = self._with_others(nets, given.get("nets", ()))
        if "mounts" in given:
            given["mounts"] = [self._with_content(mount) for mount in given["mounts"]]
        if given.get("exposed_ports") and "security_groups" not in values:
            given.pop("security_groups", None)
        elif "security_groups" in given and not given.get("exposed_ports"):
            given.pop("exposed_ports", None)
        return given

    @staticmethod
    def _with_others(nets: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Add the networks that only a comparison with superset leaves there; the order is that of the user."""
        identity = CONTAINER_OPTIONS["nets"].identity
        asked = {identity(net) for net in nets}
        return [*map(dict, nets), *(dict(identity(net)) for net in given if identity(net) not in asked)]

    def _with_content(self, mount: Mapping[str, Any]) -> Mapping[str, Any]:
        content = mount.get("content")
        return {**mount, "content": self._contents[content.hexdigest]} if isinstance(content, Digest) else mount

    def _create(self, item: Desired, body: Mapping[str, Any], run: bool, salt: str) -> Actual:
        try:
            row, request_id = self._zun.create_container(body, run)
        except ServiceError as exc:
            # Some refusals come after the row exists (zun-api.md 9.C1), and an answer may be lost.
            left = self._row_with(body["name"], salt)
            if left is None:
                raise
            if not is_answer_lost(exc):
                message = explain(item.label, self.shown(item.values), exc).message
                raise self._failed_at_once(item, left, message) from exc
            row, request_id = left, ""
        if row["status"] == ERROR:
            raise self._failed_at_once(item, row, f"{item.label}: {self._no_host(item, row)}")
        if request_id:
            self._requests[row["uuid"]] = request_id
        return Actual(row["uuid"], row["name"], dict(item.values), row["status"], row)

    def _row_with(self, name: str, salt: str) -> dict[str, Any] | None:
        rows = self._zun.list_containers({"name": name})
        return next((row for row in rows if zun_fields.labels_of(row).get(LABEL_SALT) == salt), None)

    def _no_host(self, item: Desired, row: Mapping[str, Any]) -> str:
        reason = str(row.get("status_reason") or "Zun says no reason").rstrip(".")
        names = [
            name for name in ("availability_zone", "host", "runtime", "cpu", "memory", "disk") if name in item.values
        ]
        asked = ", ".join(f"{name} {CONTAINER_OPTIONS[name].shown(item.values[name])}" for name in names)
        wanted = f" that offers {asked}" if asked else ""
        return f"could not be placed ({reason}); no compute node is up{wanted} and has room. Ask for less, or have nodes added."

    def _failed_at_once(self, item: Desired, row: Mapping[str, Any], message: str) -> ItemError:
        """Remove the row of a creation that failed, and say so where that cannot be done."""
        try:
            self.discard(Actual(row["uuid"], row["name"], dict(item.values), row["status"], row))
        except ItemError as exc:
            message = f"{message} {exc.message}"
        return ItemError(message)

    def _set_groups_early(self, item: Desired, actual: Actual, groups: Sequence[str]) -> None:
        """Give the ports their groups before the container starts."""
        try:
            self._await(actual, MADE)
            self._set_groups(actual.id, groups)
        except (EngineError, ServiceError) as exc:
            error = exc if isinstance(exc, ItemError) else ItemError(f"{item.label}: {exc}")
            failed = self._failed_at_once(item, actual.raw, error.message)
            raise (PassingError(failed.message) if isinstance(exc, PassingError) else failed) from exc

    def _await(self, actual: Actual, goal: str) -> None:
        """Wait for one container outside the common loop, where a step has several parts."""
        end = time.monotonic() + _PATIENCE
        judgement = Judgement(PENDING)
        while time.monotonic() < end:
            judgement = self.judge(self.poll([actual]).get(actual.id), goal, _PATIENCE)
            if judgement.verdict == READY:
                judgement = self.confirm(actual, goal)
            if judgement.verdict == AGAIN:
                raise PassingError(f"{actual.name}: {judgement.reason}.")
            if judgement.verdict == FAILED:
                raise self.post_mortem(actual, f"{actual.name}: {judgement.reason}")
            if judgement.verdict == READY:
                return
            time.sleep(_PAUSE)
        raise ItemError(f"{actual.name}: is not {goal} after {_PATIENCE:g} s: {judgement.reason.rstrip('.')}.")

    def update(self, item: Desired, actual: Actual, differences: Sequence[Difference]) -> None:
        """Change what Zun and Neutron change in place."""
        after = {difference.name: difference.after for difference in differences}
        self._said[actual.id] = item.values
        self._proved.pop(actual.id, None)
        with worded(item.label, self.shown(item.values)):
            if "name" in after:
                self._zun.change_container(actual.id, {"name": after["name"]})
            rest: dict[str, Any] = {name: after[name] for name in ("cpu", "auto_heal") if name in after}
            if "memory" in after:
                rest["memory"] = zun_fields.mebibytes(after["memory"])
            if rest:
                self._zun.change_container(actual.id, rest)
            if "nets" in after:
                self._change_nets(actual, after["nets"])
            if "security_groups" in after:
                self._set_groups(actual.id, after["security_groups"])
            if "image" in after:
                # What a rebuild ends in depends on how it began; after one that failed, that is not as it was observed.
                self._before[actual.id] = (self._zun.get_container(actual.id) or {}).get("status", actual.status)
                self._do(actual.id, "rebuild", {"image": after["image"]})

    def _change_nets(self, actual: Actual, wanted: Sequence[Mapping[str, Any]]) -> None:
        """Detach what goes and attach what comes; an address changes by doing both."""
        identity = CONTAINER_OPTIONS["nets"].identity
        before = {identity(net): net for net in actual.values["nets"]}
        after = {identity(net): net for net in wanted}
        gone = [net for key, net in before.items() if after.get(key) != net]
        for net in gone:
            self._detach(actual, net)
        try:
            self._attach_all(actual, [net for key, net in after.items() if before.get(key) != net])
        except (ItemError, ServiceError):
            # Better the old networks than none.
            self._attach_missing(actual, gone)
            raise

    def _attach_missing(self, actual: Actual, nets: Iterable[Mapping[str, Any]]) -> None:
        """Attach what a container does not have, or no longer."""
        identity = CONTAINER_OPTIONS["nets"].identity
        row = self._zun.get_container(actual.id) or {}
        there = {identity(net) for net in self._references.nets_of(row)}
        self._attach_all(actual, [net for net in nets if identity(net) not in there])

    def _reclaim(self, actual: Actual) -> None:
        """Attach again what was given up for another container, once Neutron has let go of that one's ports."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                self._attach_missing(actual, self._claims[actual.id])
            except (ItemError, ServiceError):
                if time.monotonic() > end:
                    raise
            else:
                return
            time.sleep(_PAUSE)

    def _attach_all(self, actual: Actual, nets: Sequence[Mapping[str, Any]]) -> None:
        """Attach networks and ports; a port Zun makes is given the groups the container has now.

        Zun gives it those of the creation, which may have changed since (zun/container/docker/driver.py, network_attach).
        """
        for net in nets:
            self._attach(actual, net)
        networks = {str(net["network"]) for net in nets if "network" in net}
        if networks and "security_groups" in actual.values:
            self._set_groups(actual.id, actual.values["security_groups"], networks)

    def _detach(self, actual: Actual, net: Mapping[str, Any]) -> None:
        word = {"port": str(net["port"])} if "port" in net else {"network": str(net["network"])}
        self._finish(
            actual, self._zun.detach_network(actual.id, word), f"detach {net.get('port') or net.get('network')}"
        )

    def _attach(self, actual: Actual, net: Mapping[str, Any]) -> None:
        word = {"port": str(net["port"])} if "port" in net else {"network": str(net["network"])}
        fixed = net.get("v4_fixed_ip") or net.get("v6_fixed_ip")
        if fixed:
            word["fixed_ip"] = fixed
        self._finish(
            actual, self._zun.attach_network(actual.id, word), f"attach {net.get('port') or net.get('network')}"
        )

    def _finish(self, actual: Actual, request_id: str, doing: str) -> None:
        """Wait until an action is recorded as finished."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            record = self._zun.container_action(actual.id, request_id)
            if record and record.get("finish_time"):
                if record.get("message") == "Error":
                    raise ItemError(f"{actual.name}: Zun could not {doing}{self._reason(actual.id)}.")
                return
            time.sleep(_PAUSE)
        raise ItemError(f"{actual.name}: Zun has not finished to {doing} after {_PATIENCE:g} s.")

    def _reason(self, container_id: str) -> str:
        row = self._zun.get_container(container_id)
        reason = str((row or {}).get("status_reason") or "").rstrip(".")
        return f" ({reason})" if reason else ""

    def _set_groups(self, container_id: str, groups: Iterable[str], networks: set[str] | None = None) -> None:
        """Give the ports of a container their security groups.

        :param networks: of the ports meant; None for all.
        """
        body = {"security_groups": [str(group) for group in groups]}
        ports = self._references.learn_ports_of([container_id], anew=True)
        ports = [port for port in ports if networks is None or port["network_id"] in networks]
        bounded_map(lambda port: self._neutron.update_port(port["id"], body), ports, self._parallelism)
        self._references.forget_ports_of(container_id)

    def _do(self, container_id: str, verb: str, params: Mapping[str, Any] | None = None) -> None:
        self._arrived.pop(container_id, None)
        try:
            self._requests[container_id] = self._zun.act(verb, container_id, params)
        except ServiceError as exc:
            # Somebody else, or Zun itself, has done it since it was looked at.
            row = self._zun.get_container(container_id) if exc.status == 409 else None
            if row is None or row["status"] != _LEADS_TO.get(verb):
                raise

    def act(self, verb: str, actual: Actual) -> None:
        """Do one step of :meth:`path` or :meth:`make_room`."""
        self._proved.pop(actual.id, None)
        with worded(actual.name, {}):
            if verb == "release":
                for net in self._claims[actual.id]:
                    self._detach(actual, net)
            elif verb == "reclaim":
                self._reclaim(actual)
            elif verb == "start" and actual.id in self._launched:
                self._launched.discard(actual.id)
            elif verb == "stop":
                self._do(actual.id, verb)
            elif verb == "kill":
                self._do(actual.id, verb, {"signal": "SIGKILL"})
            else:
                self._do(actual.id, verb)

    def delete(self, actual: Actual, force: bool = False) -> None:
        """Have the container deleted; Zun stops it first."""
        self._before[actual.id] = actual.status
        self._proved.pop(actual.id, None)
        with worded(actual.name, {}):
            end = time.monotonic() + _PATIENCE
            while not self._try_delete(actual, force, final=time.monotonic() > end):
                # It can be deleted in the moments in which it runs.
                time.sleep(_PAUSE)

    def _try_delete(self, actual: Actual, force: bool, final: bool) -> bool:
        """Return whether Zun accepted; False where another try may help."""
        try:
            self._zun.delete_container(actual.id, stop=True, force=force and self._cloud.is_admin)
        except ServiceError as exc:
            row = self._zun.get_container(actual.id)
            if exc.status != 409 or row is None:
                raise
            if row["status"] != RESTARTING or final:
                raise ItemError(f"{actual.name}: cannot be deleted now. {self._stuck(row).rstrip('.')}.") from exc
            return False
        return True

    def retire(self, actual: Actual) -> None:
        """Delete an object whose replacement works, or is to take its name, and see it gone."""
        if actual.status == PAUSED:
            self.act("unpause", actual)
            self._await(actual, STARTED_AGAIN)
        self.delete(actual)
        self._await(actual, ABSENT)

    def discard(self, actual: Actual) -> None:
        """Delete an object this run made, and what Zun leaves behind when a creation fails (zun-api.md 9.C)."""
        with worded(actual.name, {}):
            row = self._zun.get_container(actual.id)
            end = time.monotonic() + _PATIENCE
            while row is not None and (row["status"] in _ON_THE_WAY or row.get("task_state")) and row.get("host", 1):
                if time.monotonic() > end:
                    break
                time.sleep(_PAUSE)
                row = self._zun.get_container(actual.id)
            if row is not None:
                now = replace(actual, status=row["status"], raw=row)
                self.delete(now, force=True)
                self._await(now, ABSENT)
            left = self._references.remove_left_behind(actual.id, actual.raw or {}, self._ports_of_users)
        if left:
            raise ItemError(f"Zun may have left behind {left}.")

    def set_aside(self, actual: Actual) -> None:
        """Free the name."""
        suffix = f"{_ASIDE}{actual.id.replace('-', '')[:12]}"
        if len(actual.name) + len(suffix) > _LONGEST_NAME:
            raise ItemError(
                f"{actual.name}: the name is too long to keep the old container under another one meanwhile; "
                "remove it first (state: absent)."
            )
        self._proved.pop(actual.id, None)
        with worded(actual.name, {}):
            self._zun.change_container(actual.id, {"name": actual.name + suffix})

    def put_back(self, actual: Actual) -> None:
        """Give the name back."""
        self._proved.pop(actual.id, None)
        with worded(actual.name, {}):
            self._zun.change_container(actual.id, {"name": actual.name})

    # Waiting -----------------------------------------------------------

    def poll(self, actuals: Sequence[Actual]) -> Mapping[str, Any]:
        """List all containers once; those of other projects, which administrators may name by id, are asked for."""
        with passed_on():
            rows = {row["uuid"]: row for row in self._zun.list_containers()}
            for actual in actuals:
                row = None if actual.id in rows else self._zun.get_container(actual.id)
                if row is not None:
                    rows[actual.id] = row
                elif actual.id not in rows and actual.values.get("auto_remove"):
                    # It has ended, and went as it was to.
                    rows[actual.id] = {"uuid": actual.id, "status": _LOST[1], "auto_remove": True, "gone": True}
        return rows

    def judge(self, seen: Any, goal: str, elapsed: float) -> Judgement:
        """Say whether Zun is done with a container; whether that is good, :meth:`confirm` finds out."""
        if seen is None:
            return Judgement(READY) if goal == ABSENT else Judgement(FAILED, "has been deleted by somebody else")
        reason = seen.get("status_reason") if seen["status"] == ERROR else None
        # What Zun says later, when it misses a container, tells less.
        if reason and not (is_lost(reason) and seen["uuid"] in self._reasons):
            self._reasons[seen["uuid"]] = reason
        if seen.get("task_state"):
            return Judgement(PENDING, f"Zun is busy with it ({seen['task_state']}). {self._stuck(seen)}")
        if goal == ABSENT:
            if seen.get("gone"):
                return Judgement(READY)
            if (
                seen["status"] == ERROR
                and self._before.get(seen["uuid"]) != ERROR
                and self._stays_in_error(seen["uuid"])
            ):
                return Judgement(FAILED, f"could not be deleted ({seen.get('status_reason') or 'Zun says no reason'})")
            return Judgement(PENDING, self._stuck(seen))
        if seen["status"] == "Creating" and elapsed > _SILENCE:
            # Some faults of Zun end a creation without a word in its status; the record of the action has it.
            return Judgement(READY)
        if seen["status"] in _ON_THE_WAY and not (seen["status"] == RESTARTING and goal != SETTLED):
            return Judgement(PENDING, self._stuck(seen))
        if goal in _STARTS and seen["status"] == RUNNING and seen["uuid"] in self._new:
            # Its host need not be asked before that could tell anything.
            now = time.monotonic()
            if now - self._arrived.setdefault(seen["uuid"], now) < SETTLE:
                return Judgement(PENDING, _JUST_STARTED)
        return Judgement(READY)

    def _stays_in_error(self, container_id: str) -> bool:
        """Tell whether Error is more than what Zun says in passing when it looks for a container just deleted."""
        now = time.monotonic()
        return now - self._in_error.setdefault(container_id, now) >= _PASSING_ERROR

    def confirm(self, actual: Actual, goal: str) -> Judgement:
        """Ask for the record of the action, and the container's host for the container."""
        if goal == ABSENT:
            return Judgement(READY)
        with passed_on():
            failed = self._action_failed(actual.id)
            if failed is None:
                return Judgement(
                    PENDING, "Zun has not finished the last action; it goes on when the compute node is up"
                )
            asked = time.monotonic()
            row = self._zun.get_container(actual.id)
        if row is None and actual.values.get("auto_remove"):
            return Judgement(READY)
        if row is None:
            return Judgement(FAILED, "has been deleted by somebody else")
        if failed or row["status"] == ERROR:
            reason = self._reasons.pop(actual.id, None) or row.get("status_reason") or "Zun says no reason"
            reason = of_rebuild(reason) if goal == REBUILT else reason
            verdict = AGAIN if is_passing(reason) else FAILED
            return Judgement(verdict, f"Zun failed: {reason.rstrip('.')}")
        if row["status"] in _ON_THE_WAY and row["status"] != RESTARTING:
            return Judgement(PENDING, self._stuck(row))
        judgement = self._judge_row(actual, row, goal, asked)
        if judgement.verdict == READY:
            self._proved[actual.id] = row, asked
        return judgement

    def _action_failed(self, container_id: str) -> bool | None:
        """Tell how the last action ended; None while it goes on."""
        request_id = self._requests.get(container_id)
        if request_id is None:
            return False
        record = self._zun.container_action(container_id, request_id)
        if record is None or not record.get("finish_time"):
            return None
        del self._requests[container_id]
        return bool(record.get("message") == "Error")

    def _judge_row(self, actual: Actual, row: Mapping[str, Any], goal: str, asked: float) -> Judgement:
        status = row["status"]
        if goal == REBUILT:
            goal = STARTED if self._before.get(actual.id) in (RUNNING, RESTARTING) else SETTLED
        if goal == SETTLED or (goal == MADE and status in (CREATED, STOPPED)):
            return Judgement(READY)
        reached = {ENDED: (STOPPED, CREATED), HALTED: (PAUSED,), MADE: (CREATED,)}.get(goal)
        if reached is not None:
            return Judgement(READY if status in reached else PENDING, f"its status is {status}")
        if status in _LOST and row.get("auto_remove"):
            # Nobody tells how it ended.
            return Judgement(READY)
        if status == STOPPED:
            return _judge_ended(row, goal)
        was_restarted = status == RUNNING and self._was_restarted(row, asked)
        if (status == RESTARTING or was_restarted) and goal not in (STARTED_AGAIN, HEALTHY_AGAIN):
            return Judgement(FAILED, "ends again and again, and is restarted by its restart_policy")
        if status != RUNNING:
            return Judgement(PENDING, f"its status is {status}")
        if was_restarted:
            del self._arrived[actual.id]
        # How long it has been up tells whether it is more than a start that fails at once.
        if asked - self._arrived.setdefault(actual.id, time.monotonic()) < SETTLE:
            return Judgement(PENDING, _JUST_STARTED)
        return self._judge_health(row, goal)

    def _was_restarted(self, row: Mapping[str, Any], asked: float) -> bool:
        """Tell whether a container that runs is up for less time than it has been seen running.

        Docker answers nothing about a container while it starts it, so that one that ends at once and is restarted again
        and again may look as if it ran whenever somebody asks.

        :param row: as the container's host knows it.
        :param asked: the moment (monotonic seconds) before which nobody looked at the host.
        """
        arrived = self._arrived.get(row["uuid"])
        return arrived is not None and not row.get("task_state") and zun_fields.longest_up(row) <= asked - arrived

    def _judge_health(self, row: Mapping[str, Any], goal: str) -> Judgement:
        """Run the health check ourselves: Zun passes it on to Docker, but never tells what Docker finds."""
        check = zun_fields.read(row, {}).get("healthcheck")
        if goal in (STARTED, STARTED_AGAIN) or (goal == READY_GOAL and not check):
            return Judgement(READY)
        if not check:
            return Judgement(FAILED, "has no health check")
        try:
            code, output = self._zun.execute(row["uuid"], shlex.join(["sh", "-c", check["cmd"]]))
        except ServiceError as exc:
            code, output = -1, exc.said or str(exc)
        if code == 0:
            return Judgement(READY)
        said = f" ({' '.join(output.split())[:200]})" if output.split() else ""
        reason = f"its health check {'ended with exit code ' + str(code) if code >= 0 else 'could not be run'}{said}"
        # When Docker would first call it unhealthy.
        patience = check["interval"] * check["retries"]
        late = time.monotonic() - self._arrived[row["uuid"]] > patience
        return Judgement(FAILED if late and goal != HEALTHY_AGAIN else PENDING, reason)

    def post_mortem(self, actual: Actual, reason: str) -> ItemError:
        """Add the end of the log."""
        try:
            lines = self._zun.container_logs(actual.id, LOG_LINES)
        except ServiceError:
            lines = []
        said = {**actual.values, **self._said.get(actual.id, {})}
        return ItemError(f"{reason.rstrip('.')}.{hint(reason, self.shown(said))}", lines[-LOG_LINES:])

    def remarks(self, item: Desired, actual: Actual) -> list[str]:
        """Tell of a container that was started and has ended since, and of interfaces with another MTU."""
        if item.state in ("started", "restarted") and actual.status == STOPPED:
            return [ended_remark(item.label, _exit_code(actual.raw))]
        if actual.id not in self._interfaces:
            return []
        with worded(item.label, {}):
            ports = self._references.learn_ports_of([actual.id])
            mtus = {
                port["network_id"]: self.directory.entry("network", port["network_id"]).get("mtu") for port in ports
            }
            return mtu_remarks(item.label, ports, self._interfaces[actual.id], mtus)

    def look_back(self, actuals: Sequence[Actual]) -> None:
        """Look up all ports in one request, and the MTU of one container on each network: it takes a process in it."""
        rows = {actual.id: self._proved.get(actual.id, (actual.raw or {}, 0.0))[0] for actual in actuals}
        running = [container_id for container_id, row in rows.items() if row.get("status") == RUNNING]
        with passed_on():
            self._references.learn_ports_of(running)
            tries: dict[str, int] = defaultdict(int)
            for container_id in running:
                networks = {port["network_id"] for port in self._references.learn_ports_of([container_id])}
                if not any(tries[network] < _MTU_TRIES for network in networks):
                    continue
                interfaces = mtu_by_mac(self._zun, container_id)
                for network in networks:
                    # One that has no shell says nothing.
                    tries[network] += _MTU_TRIES if interfaces else 1
                self._interfaces[container_id] = interfaces

    @staticmethod
    def _stuck(row: Mapping[str, Any]) -> str:
        """Say what can be done about a container that Zun has to finish with first."""
        status = row["status"]
        if status == RESTARTING:
            return "It ends again and again; correct what it runs, or have an administrator delete it with force."
        return (
            f"Zun has it in status {status} (id {row['uuid']}). It goes on when its compute node is up; where that node was "
            "killed in the middle, only an administrator can clear it: openstack appcontainer delete --force "
            f"{row['uuid']}. Then run the task again"
        )


def _same_image(said: Any, reported: str) -> bool:
    """Tell whether two references mean the same tag."""

    def whole(reference: str) -> str:
        return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"

    return said is not None and whole(said) == whole(reported)


def _can_be_rebuilt(actual: Actual) -> bool:
    """Tell whether a rebuild gives a container another image and nothing else.

    When the new image cannot be had, Zun has let go of the volumes already, and deleted those that belong to the container
    (zun/compute/manager.py, _fail_container). It makes a second security group for exposed ports, of which it later
    deletes one. And it keeps the command and entrypoint it once took from the old image.
    """
    if actual.raw is None or actual.values.get("mounts") != [] or actual.values.get("exposed_ports") != []:
        return False
    said = zun_fields.said_at_creation(actual.raw) or set()
    return all(name in said or not actual.values.get(name) for name in ("command", "entrypoint"))


def _exit_code(row: Mapping[str, Any]) -> int | None:
    match = _EXIT_CODE.search(row.get("status_detail") or "")
    return int(match.group(1)) if match else None


def _known_mounts(actual: Actual) -> list[dict[str, Any]]:
    mounts = actual.values.get("mounts")
    return [] if mounts is UNKNOWN or not mounts else list(mounts)


def _judge_ended(row: Mapping[str, Any], goal: str) -> Judgement:
    code = _exit_code(row)
    if code == 0 and goal in (STARTED, STARTED_AGAIN, READY_GOAL):
        # A short job that succeeded; Kind.remarks tells the user.
        return Judgement(READY)
    return Judgement(FAILED, f"ended with exit code {'unknown' if code is None else code}")
