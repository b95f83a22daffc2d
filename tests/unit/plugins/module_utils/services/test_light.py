# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of a package without the rest of it, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.caas.zun.plugins.module_utils.services import light

BEGIN = f"""
import sys
sys.path.insert(0, {str(Path(light.__file__).parents[1])!r})
from services.light import parts_only
parts_only("openstack")
"""


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_rest_is_not_loaded() -> None:
    run("""
import openstack.config, openstack.exceptions
assert openstack.config.get_cloud_region
assert "openstack.compute" not in sys.modules and "openstack.connection" not in sys.modules
""")


def test_others_get_all_of_it() -> None:
    run("""
import openstack.config
parts = openstack.config
import openstack
assert not hasattr(openstack, "__nothing__")
assert openstack.connect and openstack.config is parts
from openstack import connection
assert connection.Connection is openstack.connection.Connection
""")


def test_what_is_loaded_stays_as_it_is() -> None:
    run("""
del sys.modules["openstack"]
import openstack
before = openstack
parts_only("openstack")
assert sys.modules["openstack"] is before
""")


def test_a_package_that_is_absent() -> None:
    run("""
parts_only("no_such_package")
try:
    import no_such_package
except ImportError:
    pass
else:
    raise AssertionError
""")
