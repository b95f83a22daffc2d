# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""From a module's arguments to the engine and back to Ansible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ..engine.compare import check_comparisons
from ..engine.errors import EngineError, OptionError, fault_of_ours
from ..engine.kind import Desired, Kind, Mode
from ..engine.options import Option, OptionsTable
from ..engine.reconcile import reconcile
from ..engine.results import ItemResult, Report
from ..engine.secrets import Masker, texts_in
from ..services.errors import ServiceError
from .connect import Connection, conceal_credentials, connect, of_backend
from .module import Module
from .options import CONNECTION, WORKING
from .spec import argument_spec

_SHORT_SECRET = 4


@dataclass(frozen=True)
class Resource:
    """A kind of resource as its module presents it.

    :param one: result key and word for one object; `many` for the list of items.
    :param identity: options that identify an item besides its name.
    :param working: options of this module alone that say how the task is done.
    :param kinds: the kind of each backend that has such a resource.
    """

    one: str
    many: str
    table: OptionsTable
    states: tuple[str, ...]
    default_state: str
    kinds: Mapping[str, type[Kind]]
    identity: tuple[Option, ...] = ()
    working: tuple[Option, ...] = ()

    @property
    def state_option(self) -> Option:
        """The option ``state``; without a default, as an item may say it or leave it to the task."""
        return Option("state", "str", (f"What the {self.one} is to be.",), choices=self.states)

    @property
    def item_options(self) -> tuple[Option, ...]:
        """All options of one item."""
        return (*self.identity, *self.table, self.state_option)

    @property
    def task_options(self) -> tuple[Option, ...]:
        """All options that say how the task is done."""
        return (*WORKING, *self.working)

    def argument_spec(self) -> dict[str, Any]:
        """Return the module's argument specification."""
        spec = argument_spec((*CONNECTION, *self.task_options, *self.item_options))
        spec["state"]["default"] = self.default_state
        spec[self.many] = {"type": "list", "elements": "dict", "options": argument_spec(self.item_options)}
        return spec


def run(
    resource: Resource,
    make_module: Callable[..., AnsibleModule] = Module,
    connected: Callable[[AnsibleModule], Connection] = connect,
) -> None:
    """Do a module's whole work.

    :param make_module: makes what gives the arguments and takes the result.
    :param connected: returns the connection to the backend that the module's arguments name.
    """
    module = make_module(argument_spec=resource.argument_spec(), supports_check_mode=True)
    masker = Masker()
    try:
        credentials = conceal_credentials(module)
        masker = Masker(credentials)
        kind_of_backend = of_backend(module, resource.kinds, resource.many)
        items = _items(resource, module)
        secrets = [text for item in items for text in _secrets_of(resource.table, item)]
        module.no_log_values.update(secrets)
        masker = Masker([*credentials, *secrets])
        if any(0 < len(text) < _SHORT_SECRET for text in secrets):
            module.warn(
                f"A secret has fewer than {_SHORT_SECRET} characters. Ansible masks it wherever it occurs, "
                "also in IDs and addresses, so that results may be garbled; use longer secrets."
            )
        desired = [_desired(resource, kind_of_backend, item, position, masker) for position, item in enumerate(items)]
        _refuse_repeated(resource, desired)
        mode = _mode(resource, module, desired)
        kind = kind_of_backend(connected(module), mode.parallelism)  # type: ignore[call-arg]
        report = reconcile(kind, desired, mode)
    except (EngineError, ServiceError) as exc:
        module.fail_json(msg=masker.mask(str(exc)))
    except Exception as exc:
        fail_internal(module, exc, masker)
    _finish(module, resource, report, masker)


def fail_internal(module: AnsibleModule, exc: BaseException, masker: Masker) -> NoReturn:
    """Report a fault of the collection itself; the traceback is shown only to those who ask Ansible for it."""
    text = masker.mask(fault_of_ours(exc))
    module.fail_json(msg=f"{text} Set ANSIBLE_DISPLAY_TRACEBACK=error for the traceback.", exception=exc)


def _items(resource: Resource, module: AnsibleModule) -> list[dict[str, Any]]:
    """Return what the user said of each item, the task's own options being the defaults of all."""
    names = [option.name for option in resource.item_options]
    plain = {name: module.params[name] for name in names if module.params[name] is not None}
    listed = module.params[resource.many]
    if listed is None:
        return [plain]
    for name in ("name", *(option.name for option in resource.identity)):
        if name in plain:
            raise OptionError(
                name, plain[name], f"cannot be the same for all {resource.many}", f"put it into each of {resource.many}"
            )
    return [{**plain, **{name: value for name, value in item.items() if value is not None}} for item in listed]


def _secrets_of(table: OptionsTable, item: Mapping[str, Any]) -> list[str]:
    """Return every secret text of an item, wherever its declaration says that one is."""

    def inside(options: Sequence[Option], values: Mapping[str, Any]) -> list[str]:
        found: list[str] = []
        for option in options:
            value = values.get(option.name)
            if value is None:
                continue
            if option.secret:
                found.extend(texts_in(value))
            elif option.holds_secret:
                for entry in value if isinstance(value, list) else [value]:
                    found.extend(inside(option.suboptions, entry))
        return found

    return inside(list(table), item)


def _desired(resource: Resource, kind: type[Kind], item: Mapping[str, Any], position: int, masker: Masker) -> Desired:
    """Turn what the user said into a desired item."""
    name, item_id, state = item.get("name"), item.get("id"), item["state"]
    label = str(name or item_id or f"{resource.many}[{position}]")
    try:
        if not name and not item_id:
            remedy = (
                "give a name or an id" if any(option.name == "id" for option in resource.identity) else "give a name"
            )
            raise OptionError("name", name, "does not say which one is meant", remedy)
        if masker.found_in(label):
            # Ansible masks secrets wherever they occur, and would garble the name in every result.
            raise OptionError(
                "name", "(secret)", "contains the value of a secret", "choose another name or another secret"
            )
        values = resource.table.canonical(item, kind.backend)
        kind.validate(values, state)
    except OptionError as exc:
        raise EngineError(f"{label}: {exc}") from exc
    return Desired(label=label, state=state, values=values, name=values.get("name"), id=item_id)


def _refuse_repeated(resource: Resource, items: Sequence[Desired]) -> None:
    for key in ("name", "id"):
        seen: set[str] = set()
        for item in items:
            value = getattr(item, key)
            if value is not None and value in seen:
                raise OptionError(
                    key, value, f"is given to two {resource.many}", f"give each of the {resource.many} its own"
                )
            seen.add(value)


def _mode(resource: Resource, module: AnsibleModule, items: Sequence[Desired]) -> Mode:
    params = module.params
    faults = check_comparisons(params["comparisons"], [option.name for option in resource.table])
    if faults:
        raise EngineError(f"comparisons: {faults[0][0]!r} {faults[0][1]}.")
    timeout = next(option for option in WORKING if option.name == "timeout").canonical(params["timeout"])
    if params["parallelism"] < 1:
        raise OptionError("parallelism", params["parallelism"], "is too small", "give at least 1")
    if not params["wait"] and any(item.state == "healthy" for item in items):
        raise OptionError("wait", False, "contradicts state healthy, which means to wait", "use state started")
    return Mode(
        check=module.check_mode,
        recreate=params.get("recreate") or "when_needed",
        comparisons=params["comparisons"] or {},
        on_error=params["on_error"],
        force=bool(params.get("force")),
        wait=params["wait"],
        timeout=timeout,
        parallelism=params["parallelism"],
    )


def _finish(module: AnsibleModule, resource: Resource, report: Report, masker: Masker) -> NoReturn:
    """Hand the report to Ansible."""
    results = [_entry(resource, item, module._diff) for item in report.items]
    outcome: dict[str, Any] = {"changed": report.changed, resource.many: results}
    if len(results) == 1 and module.params[resource.many] is None:
        outcome[resource.one] = results[0][resource.one]
    if module._diff:
        outcome["diff"] = [
            {"before_header": item.label, "after_header": item.label, **_diff(item)}
            for item in report.items
            if item.changed
        ]
    for item in report.items:
        for remark in item.remarks:
            module.warn(masker.mask(remark))
        if item.uncompared:
            module.warn(
                f"{item.label}: {', '.join(item.uncompared)} could not be compared, because the {resource.one} was not "
                "made by this collection and its backend does not report the value."
            )
    outcome = masker.mask(outcome)
    if report.failures:
        outcome["failed_items"] = masker.mask([_failure(item) for item in report.failures])
        module.fail_json(msg=masker.mask(_message(resource, report)), **outcome)
    module.exit_json(failed_items=[], **outcome)


def _diff(item: ItemResult) -> dict[str, Any]:
    return {"before": item.before, "after": item.after}


def _entry(resource: Resource, item: ItemResult, with_diff: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": item.name,
        "id": item.id,
        "action": item.action,
        "changed": item.changed,
        resource.one: item.view,
    }
    if with_diff:
        entry["diff"] = _diff(item)
    if item.uncompared:
        entry["uncompared"] = item.uncompared
    return entry


def _failure(item: ItemResult) -> dict[str, Any]:
    return {
        "name": item.name,
        "id": item.id,
        "msg": item.error.message if item.error else "",
        "log": item.error.log_tail if item.error else [],
    }


def _message(resource: Resource, report: Report) -> str:
    """Return one paragraph: what failed and why, with the end of the log of the first failure."""
    first = report.failures[0].error
    texts = [item.error.message for item in report.failures if item.error]
    if len(report.items) > 1:
        skipped = sum(item.action == "skipped" for item in report.items)
        left = f"; {skipped} not tried (on_error: stop)" if skipped else ""
        texts.insert(0, f"{len(report.failures)} of {len(report.items)} {resource.many} failed{left}.")
    if first and first.log_tail:
        texts.append("Last lines of the log:\n" + "\n".join(first.log_tail))
    return "\n".join(texts)
