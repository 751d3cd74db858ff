"""Keyed hashes of every redacted value, for the output guard and the leak tests; never the values themselves.

File: b"CSBS1", a key of 16 bytes, then the sorted BLAKE2b digests of 16 bytes each of "type:value", keyed with it.
"""

import hashlib
import secrets
from collections.abc import Iterable

MAGIC = b"CSBS1"
SIZE = 16


def digest(key: bytes, kind: str, value: str) -> bytes:
    """The hash of one value, as `privacy.plain` spells it."""
    return hashlib.blake2b(f"{kind}:{value}".encode(), key=key, digest_size=SIZE).digest()


def pack(values: Iterable[tuple[str, str]], before: bytes = b"") -> bytes:
    """The file for these (type, value) pairs; it keeps the key of the file `before`, so that a rerun is the same."""
    kept = before[len(MAGIC) : len(MAGIC) + SIZE] if before.startswith(MAGIC) and len(before) >= 21 else b""
    key = kept or secrets.token_bytes(SIZE)
    return MAGIC + key + b"".join(sorted(digest(key, kind, value) for kind, value in values))


def holds(packed: bytes, kind: str, value: str) -> bool:
    """Whether the value is among those of the file."""
    key = packed[len(MAGIC) : len(MAGIC) + SIZE]
    rest = packed[len(MAGIC) + SIZE :]
    return digest(key, kind, value) in {rest[at : at + SIZE] for at in range(0, len(rest), SIZE)}
