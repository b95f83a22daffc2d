# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print as JSON the revision of Zun's database, null for an empty one, and the one that this release needs.

Runs in the virtualenv of Zun; the only argument is zun.conf.
"""

from __future__ import annotations

import json
import os
import sys

import zun.conf
from alembic.config import Config
from alembic.script import ScriptDirectory
from zun.db import migration
from zun.db.sqlalchemy import migration as own

CONF = zun.conf.CONF
CONF(["--config-file", sys.argv[1]], project="zun")
migration.get_backend()
# Services wait for a database for ever, this does not.
CONF.set_override("max_retries", 2, "database")
CONF.set_override("retry_interval", 2, "database")
settings = Config(os.path.join(os.path.dirname(own.__file__), "alembic.ini"))
settings.set_main_option("script_location", os.path.join(os.path.dirname(own.__file__), "alembic"))
print(json.dumps({"revision": migration.version(), "head": ScriptDirectory.from_config(settings).get_current_head()}))
