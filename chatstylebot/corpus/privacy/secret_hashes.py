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


def alias(key: bytes, value: str) -> str:
    """What stands for an id that is a private value: the same in every run with this key, and no way back."""
    return f"id-{digest(key, 'id', value).hex()[:12]}"


def key_of(before: bytes) -> bytes:
    """The key of an earlier file, so that a rerun gives the same; a new one where there is none."""
    kept = before[len(MAGIC) : len(MAGIC) + SIZE] if before.startswith(MAGIC) and len(before) >= 21 else b""
    return kept or secrets.token_bytes(SIZE)


def pack(values: Iterable[tuple[str, str]], key: bytes) -> bytes:
    """The file for these (type, value) pairs."""
    return MAGIC + key + b"".join(sorted(digest(key, kind, value) for kind, value in values))


def holds(packed: bytes, kind: str, value: str) -> bool:
    """Whether the value is among those of the file."""
    key = packed[len(MAGIC) : len(MAGIC) + SIZE]
    rest = packed[len(MAGIC) + SIZE :]
    return digest(key, kind, value) in {rest[at : at + SIZE] for at in range(0, len(rest), SIZE)}
