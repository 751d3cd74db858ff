"""Who may connect: the token, the handshake, and the lines that the owner puts into the QQ client."""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from chatstylebot import files
from chatstylebot.errors import UserError

PATH = "/onebot/v11/ws"
PATHS = ("/", PATH, PATH + "/", "/onebot/v11", "/ws")
ROLES = ("universal", "api", "event")
SHORTEST = 16  # characters: fewer can be guessed


def token(folder: Path, given: str | None) -> tuple[str, bool]:
    """The token, and whether it was made just now. Raises UserError when it is weak, or others can read it."""
    path = folder / "token"
    fresh = given is None and not path.is_file()
    if fresh:
        files.write(path, secrets.token_urlsafe(24) + "\n", private=True)
    elif given is None and os.name != "nt" and path.stat().st_mode & 0o077:
        raise UserError(
            f"others can read the token in {path}", f"delete {path}, and put the new one into the QQ client"
        )
    found = given if given is not None else path.read_text("utf-8-sig").strip()
    if len(found) < SHORTEST:
        raise UserError(f"the token of the QQ client is shorter than {SHORTEST} characters", "take a longer one")
    return found, fresh


def refusal(path: str, headers: Mapping[str, str], wanted: str) -> tuple[HTTPStatus, str] | None:
    """Why a client may not connect; a missing token and a wrong one get the same answer, before any other."""
    split = urlsplit(path)
    kind, _, sent = headers.get("Authorization", "").partition(" ")
    given = sent.strip() if kind.lower() in ("bearer", "token") else ""
    given = given or next(iter(parse_qs(split.query).get("access_token", [])), "")
    if not hmac.compare_digest(_digest(given), _digest(wanted)):
        return HTTPStatus.FORBIDDEN, "the token is missing or wrong"
    if split.path not in PATHS:
        return HTTPStatus.NOT_FOUND, f"the path is {PATH}"
    if not headers.get("X-Self-ID", "").isalnum():
        return HTTPStatus.BAD_REQUEST, "the header X-Self-ID is missing"
    if headers.get("X-Client-Role", "universal").lower() not in ROLES:
        return HTTPStatus.BAD_REQUEST, "the header X-Client-Role is none of Universal, API, Event"
    return None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def instructions(host: str, port: int, token: str) -> list[str]:
    """What to put into NapCat; said once, for it holds the token."""
    client = {
        "name": "chat-style-bot", "enable": True, "url": address(host, port), "token": token,
        "messagePostFormat": "array", "reportSelfMessage": True, "reconnectInterval": 3000, "heartInterval": 30000,
    }  # fmt: skip
    return [
        "In NapCat's web page: 网络配置 → 新建 → Websocket客户端, with these values:",
        f"  URL    {client['url']}",
        f"  Token  {token}",
        "  消息格式 Array; 上报自身消息 on, so that the bot is quiet where you answer by hand",
        'or in config/onebot11_<QQ>.json, under "network", "websocketClients":',
        "  " + json.dumps(client, ensure_ascii=False),
    ]


def address(host: str, port: int) -> str:
    """Where a QQ client connects to; for an address that means all of them, from this machine."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    return f"ws://{shown}:{port}{PATH}"
