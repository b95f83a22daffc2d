# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of options in the documentation is the one that the declarations give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[5]


def test_the_page_of_options_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "docs" / "options_table.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
