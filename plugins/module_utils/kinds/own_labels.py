# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The collection's own labels on containers: what a later run needs and no backend reports."""

from __future__ import annotations

from typing import Any

from ..engine.digest import Digest
from .parsers import LABEL_PREFIX

#: The salt of an object's digests; it also tells that the collection made the object.
LABEL_SALT = LABEL_PREFIX + "salt"
#: Names of the environment variables whose values are secret.
LABEL_SECRET_KEYS = LABEL_PREFIX + "secret-keys"
#: Docker: injected files by path, with their digests and modes.
LABEL_FILES = LABEL_PREFIX + "files"
#: Zun: the options Zun never reports, files with digests instead of contents.
LABEL_UNREPORTED = LABEL_PREFIX + "unreported"
#: Zun: names of the options that were said, as Zun reports the image's values for the others.
LABEL_SAID = LABEL_PREFIX + "said"


def file_digest(content: Any, salt: str) -> str:
    """Return the digest of a file's content; one carried over from an old container is a digest already."""
    return content.hexdigest if isinstance(content, Digest) else Digest.of(salt, content).hexdigest
