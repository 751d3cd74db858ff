"""Who may talk to the gateway: API keys from a 0600 file or the environment, compared in constant time."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chatstylebot import files
from chatstylebot.errors import UserError

OWNER = "owner"
OWNER_ENV, KEYS_ENV = "CSB_OWNER_KEY", "CSB_API_KEYS"
SHORTEST = 16  # characters: fewer can be guessed
HEAD = """\
# Keys of `csb serve`, one a line: NAME KEY. The key of `owner` may say who is talking (csb.contact) and vote anywhere.
# Whoever has a key can talk to the clone. Take a line out to lock a client out, then start `csb serve` again.
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the key's name ("" without one), and whether it is the owner."""

    name: str = ""
    owner: bool = False


class Keys:
    """The known keys by name; the keys themselves are not kept, only what it takes to compare."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._known = [(name, _digest(key)) for name, key in keys.items()]

    def __len__(self) -> int:
        return len(self._known)

    def caller(self, key: str | None) -> Caller | None:
        """Whose key it is, None when it is nobody's. Every known key is compared, whichever fits."""
        given = _digest(key or "")
        fitting = [name for name, known in self._known if hmac.compare_digest(given, known)]
        return Caller(fitting[0], fitting[0] == OWNER) if fitting and key else None

    def seal(self, text: str) -> str:
        """16 hexadecimal digits that only a gateway with the same owner's key makes of the text, also after a start."""
        owner = next((known for name, known in self._known if name == OWNER), b"")
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=owner, digest_size=8).hexdigest()


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def bearer(headers: Mapping[str, str]) -> str | None:
    """The key in a request's headers: `Authorization: Bearer …`, or `api-key`, `x-api-key` as some clients send it."""
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and key.strip():
        return key.strip()
    return headers.get("x-api-key") or headers.get("api-key") or None


def parse(text: str, source: str) -> dict[str, str]:
    """The keys of a file by name. Raises UserError for a line that is none, without repeating it."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or words[0] in found or len(words[1]) < SHORTEST or not words[1].isascii():
            why = f"needs NAME KEY, each name once, a key of {SHORTEST} letters, digits and signs (ASCII) or more"
            raise UserError(f"line {number} of {source} {why}", f"correct {source}")
        found[words[0]] = words[1]
    return found


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    keys = [key for key in re.split(r"[,\s]+", env.get(KEYS_ENV, "")) if key]
    found = {f"key{number}": key for number, key in enumerate(keys, 1)}
    if env.get(OWNER_ENV):
        found[OWNER] = env[OWNER_ENV]
    if any(len(key) < SHORTEST or not key.isascii() for key in found.values()):
        raise UserError(
            f"a key in {KEYS_ENV} or {OWNER_ENV} is shorter than {SHORTEST} characters, or not ASCII",
            "take a longer one: csb serve makes one",
        )
    return found


def load(path: Path, env: Mapping[str, str]) -> tuple[Keys, str]:
    """All keys of file and environment, and the owner's, which is made and written when there is none. UserError."""
    found: dict[str, str] = {}
    if path.is_file():
        if os.name != "nt" and path.stat().st_mode & 0o077:
            raise UserError(f"others can read the keys in {path}", f"chmod 600 {path}, and change the keys")
        try:
            found = parse(path.read_text("utf-8-sig"), str(path))
        except UnicodeDecodeError:
            raise UserError(f"{path} is not UTF-8 text", f"save {path} as UTF-8") from None
    given = _environment(env)
    if OWNER not in found | given:
        found[OWNER] = "csb-" + secrets.token_urlsafe(24)
        _write(path, found)
    found |= given
    return Keys(found), found[OWNER]


def _write(path: Path, keys: Mapping[str, str]) -> None:
    before = path.read_text("utf-8-sig").rstrip("\n") + "\n" if path.is_file() else HEAD
    files.write(path, f"{before}{OWNER} {keys[OWNER]}\n", private=True)
