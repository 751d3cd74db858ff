"""GGUF files without weights, written by hand."""

import struct
from pathlib import Path
from typing import Any

KINDS = {bool: (7, "?"), int: (4, "I"), float: (6, "f")}


def string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def value(given: Any) -> bytes:
    if isinstance(given, str):
        return struct.pack("<I", 8) + string(given)
    if isinstance(given, list):
        inner = b"".join(value(one)[4:] for one in given)
        return struct.pack("<I", 9) + value(given[0])[:4] + struct.pack("<Q", len(given)) + inner
    kind, code = KINDS[type(given)]
    return struct.pack(f"<I{code}", kind, given)


def gguf(path: Path, head: dict[str, Any], version: int = 3) -> Path:
    """A GGUF without weights."""
    keys = b"".join(string(key) + value(given) for key, given in head.items())
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", version, 0, len(head)) + keys)
    return path
