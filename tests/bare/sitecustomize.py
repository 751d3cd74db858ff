"""On PYTHONPATH of a program under test: the packages that BARE names (with commas) are not installed."""

import os
import sys
from typing import Any

GONE = tuple(filter(None, os.environ.get("BARE", "").split(",")))


class _Without:
    """A finder of modules that does not find these."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        return None if name.partition(".")[0] in GONE else self._real.find_spec(name, path, target)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


if GONE:
    sys.meta_path[:] = [_Without(finder) for finder in sys.meta_path]
