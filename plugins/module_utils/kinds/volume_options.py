# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Every option of a volume, declared once for both backends."""

from __future__ import annotations

import re
from typing import Any

from ..engine.options import CREATE_ONLY, IGNORE, IN_PLACE, SUPERSET, Option, OptionsTable
from ..engine.options import Supported as On
from ..engine.options import Unsupported as Off
from ..engine.secrets import SECRET
from ..engine.units import format_size
from . import parsers

#: Metadata of a Cinder volume that container_volume made empty, so that Zun may format it.
BLANK_MARK = parsers.LABEL_PREFIX + "blank"

_NO_LABELS_IN_CINDER = Off("Cinder has metadata instead")

# Mount options of network file systems, such as username=x,password=y.
_PASSWORD = re.compile(r"\b(pass(?:word)?2?|credentials|secret)=[^,]*")


def _text(value: Any) -> str:
    text = str(value)
    if len(text) > 255:
        raise ValueError(f"has {len(text)} characters; use at most 255")
    return text


def _name(value: Any) -> str:
    text = _text(value)
    if not text.strip():
        raise ValueError("is empty; a volume is found again by its name, so give it one")
    return text


def _only_cinder(why: str, change: str = IN_PLACE, unset: Any = None, note: str = "", reported: bool = True) -> Any:
    return {"docker": Off(why), "zun": On(change, unset=unset, note=note, reported=reported)}


def _without_passwords(options: dict[str, str]) -> dict[str, str]:
    return {key: _PASSWORD.sub(rf"\1={SECRET}", value) for key, value in options.items()}


VOLUME_OPTIONS = OptionsTable(
    (
        Option(
            "name",
            "str",
            (
                "Name of the volume; it identifies the volume, with O(backend=zun) within the project.",
                "Cinder allows several volumes of one name; such a name is refused with the ids it could mean.",
            ),
            parse=_name,
            backends={"docker": On(CREATE_ONLY), "zun": On(IN_PLACE)},
        ),
        Option(
            "size",
            "str",
            (
                "Size of the volume, such as V(10G); a plain number counts in GiB.",
                "Needed to create a volume, unless it is made from O(snapshot) or O(source), whose size it then has.",
            ),
            parse=parsers.size("g"),
            render=format_size,
            backends={
                "docker": Off("Docker's volumes have no size, they grow with the disk they are on"),
                "zun": On(
                    IN_PLACE,
                    note="A volume can grow, also in use, but not shrink; a file system on it does not grow with it.",
                ),
            },
        ),
        Option(
            "driver",
            "str",
            ("Volume driver; the engine's default is V(local).",),
            backends={"docker": On(CREATE_ONLY, unset="local"), "zun": Off("Cinder has volume types instead")},
        ),
        Option(
            "driver_options",
            "dict",
            ("Options of the volume driver, such as C(type), C(device) and C(o) of the driver V(local).",),
            parse=parsers.texts,
            render=_without_passwords,
            backends={"docker": On(CREATE_ONLY, unset={}), "zun": Off("Cinder has volume types instead")},
        ),
        Option(
            "labels",
            "dict",
            ("Labels. Labels the volume has besides these are left alone, unless O(comparisons) says V(strict).",),
            parse=parsers.labels,
            compare=SUPERSET,
            backends={"docker": On(CREATE_ONLY, unset={}), "zun": _NO_LABELS_IN_CINDER},
        ),
        Option(
            "volume_type",
            "str",
            ("Name or ID of the volume type; without it, the cloud's default.",),
            parse=_name,
            backends=_only_cinder("Docker has volume drivers instead"),
        ),
        Option(
            "migration_policy",
            "str",
            (
                (
                    "Whether the data may be moved to other storage where a change of O(volume_type) needs that; "
                    "V(never) unless it is said."
                ),
            ),
            choices=("never", "on-demand"),
            compare=IGNORE,
            backends=_only_cinder("Docker has volume drivers instead", reported=False),
        ),
        Option(
            "metadata",
            "dict",
            ("Metadata. Keys the volume has besides these are left alone, unless O(comparisons) says V(strict).",),
            parse=parsers.labels,
            compare=SUPERSET,
            backends=_only_cinder("Docker's volumes have labels instead", unset={}),
        ),
        Option(
            "description",
            "str",
            ("Description.",),
            parse=_text,
            backends=_only_cinder("Docker's volumes have none", unset=""),
        ),
        Option(
            "bootable",
            "bool",
            ("Whether a virtual machine may boot from the volume. Without the option it is left as it is.",),
            backends=_only_cinder("containers do not boot from volumes"),
        ),
        Option(
            "availability_zone",
            "str",
            ("Availability zone of the storage.",),
            parse=_name,
            backends=_only_cinder("a Docker Engine has none", CREATE_ONLY),
        ),
        Option(
            "multiattach",
            "bool",
            (
                (
                    "Whether several containers may use the volume at once. Cinder has this from the volume type, so that the "
                    "type must allow it; a change needs another O(volume_type) too."
                ),
            ),
            backends=_only_cinder("all of its volumes can be used several times"),
        ),
        *(
            Option(
                name,
                "str",
                (
                    f"Name or ID of {what} whose data a new volume is to hold.",
                    "Not compared with what exists, as contents change. Only one of O(image), O(snapshot) and O(source).",
                ),
                parse=_name,
                compare=IGNORE,
                backends=_only_cinder("its volumes begin empty", CREATE_ONLY, reported=False),
            )
            for name, what in (
                ("image", "an image"),
                ("snapshot", "a snapshot of a volume"),
                ("source", "another volume"),
            )
        ),
    )
)
