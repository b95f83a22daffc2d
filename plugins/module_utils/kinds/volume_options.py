# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Every option of a volume, declared once for both backends."""

from __future__ import annotations

import re

from ..engine.options import CREATE_ONLY, IN_PLACE, SUPERSET, Option, OptionsTable
from ..engine.options import Supported as On
from ..engine.options import Unsupported as Off
from ..engine.secrets import SECRET
from ..engine.units import format_size
from . import parsers

_NO_LABELS_IN_CINDER = Off("Cinder has metadata instead")

# Mount options of network file systems, such as username=x,password=y.
_PASSWORD = re.compile(r"\b(pass(?:word)?2?|credentials|secret)=[^,]*")


def _without_passwords(options: dict[str, str]) -> dict[str, str]:
    return {key: _PASSWORD.sub(rf"\1={SECRET}", value) for key, value in options.items()}


VOLUME_OPTIONS = OptionsTable(
    (
        Option(
            "name",
            "str",
            ("Name of the volume; it identifies the volume.",),
            parse=parsers.name,
            backends={"docker": On(CREATE_ONLY), "zun": On(IN_PLACE)},
        ),
        Option(
            "size",
            "str",
            ("Size of the volume, such as V(10G); a plain number counts in GiB.",),
            parse=parsers.size("g"),
            render=format_size,
            backends={
                "docker": Off("Docker's volumes have no size, they grow with the disk they are on"),
                "zun": On(IN_PLACE),
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
    )
)
