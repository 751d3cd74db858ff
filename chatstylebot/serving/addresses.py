"""Host names and origins: as the user writes them, and as a browser sends them."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from chatstylebot.client import LOOPBACK
from chatstylebot.errors import UserError

HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?", re.IGNORECASE)


def host(header: str) -> str | None:
    """The name in a Host header, in small letters and without port; None where it is no host name at all."""
    found = HOST.fullmatch(header)
    return found[1].strip("[]").rstrip(".").lower() if found else None


def hosts(given: Iterable[str]) -> tuple[str, ...]:
    """Further names of this server. Raises UserError for what no browser could send."""
    found = [(text, host(text)) for text in given]
    for text, name in found:
        if name is None:
            raise UserError(f"--allow-host {text} is no host name", "--allow-host my-machine.local")
    return tuple(name for _, name in found if name)


def origins(given: Iterable[str]) -> tuple[str, ...]:
    """Sites whose pages may ask, as a browser names them. Raises UserError."""
    found = []
    for text in given:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or host(parts.netloc) is None or parts.path.strip("/"):
            why = "every site could read what the clone says" if text == "*" else "a site is scheme and host"
            raise UserError(f"--cors {text}: {why}", "--cors https://example.org")
        found.append(f"{parts.scheme}://{parts.netloc.lower()}")
    return tuple(found)


def not_ours(url: str | None, port: int) -> None:
    """Raise UserError where --url names the very server that is about to start."""
    try:
        parts = urlsplit(url or "")
        same = parts.hostname in LOOPBACK and (parts.port or 80) == port
    except ValueError:
        raise UserError(f"--url {url} is no address", "--url http://127.0.0.1:8001/v1") from None
    if same:
        raise UserError(f"--url {url} is this server itself", f"--port {port + 1 if port < 65535 else 8000}")
