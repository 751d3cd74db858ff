"""The requests of Tencent's iLink bot interface, text only: the protocol of openclaw-weixin 2.4.9."""

import base64
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from chatstylebot import __version__
from chatstylebot.client import LOOPBACK

URL = "https://ilinkai.weixin.qq.com"
VERSION = "2.4.9"  # of the protocol
APP = {"iLink-App-Id": "bot", "iLink-App-ClientVersion": str(2 << 16 | 4 << 8 | 9)}
BASE_INFO = {"channel_version": VERSION, "bot_agent": f"ChatStyleBot/{__version__}"}
STALE = -14
POLL = 35.0  # seconds a poll is held, unless the server names another time
SHORT, CONNECT = 15.0, 10.0

# httpx tells every address at INFO; who has the id of a login's code can fetch the token with it
logging.getLogger("httpx").addFilter(lambda record: "qrcode" not in record.getMessage())

# unreached: certainly not done; unknown: perhaps done; failed: the server broke; refused: it said no;
# stale: the token is dead
Kind = Literal["unreached", "unknown", "failed", "refused", "stale"]


class Trouble(Exception):
    """A request that did not end well; `code` is the server's own number, or the HTTP status."""

    def __init__(self, kind: Kind, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.kind, self.reason, self.code = kind, reason, code


@dataclass(frozen=True, slots=True)
class Updates:
    """What one poll brought. `cursor` "" means: as before; `wait` is how long the next poll may be held, in seconds."""

    messages: Sequence[Mapping[str, Any]] = ()
    cursor: str = ""
    wait: float = POLL


def connection(url: str) -> httpx.AsyncClient:
    """A pool of connections; the proxies of the environment are for servers elsewhere only."""
    elsewhere = httpx.URL(url).host not in LOOPBACK
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
    return httpx.AsyncClient(trust_env=elsewhere, limits=limits)


class Api:
    """One account's requests (or, without a token, a login's). Every method raises Trouble."""

    def __init__(self, http: httpx.AsyncClient, url: str, token: str = "") -> None:
        self._http, self._url, self._token = http, url.rstrip("/"), token
        self._last = ""

    async def code(self, tokens: Sequence[str]) -> tuple[str, str]:
        """A new login code, and the link that its picture shows; `tokens` are those we have already."""
        body = {"local_token_list": list(tokens[:10])}
        found = await self._post("get_bot_qrcode", body, SHORT, params={"bot_type": "3"})
        code, link = found.get("qrcode"), found.get("qrcode_img_content")
        if not (isinstance(code, str) and code and isinstance(link, str) and link):
            raise Trouble("failed", "the server gave no login code")
        return code, link

    async def status(self, host: str, code: str, verify: str = "") -> dict[str, Any]:
        """How far the login with that code is; a poll that was held to its end says "wait"."""
        params = {"qrcode": code} | ({"verify_code": verify} if verify else {})
        try:
            request = self._http.build_request(
                "GET", f"{host}/ilink/bot/get_qrcode_status", params=params, headers=APP, timeout=_timeout(POLL)
            )
            return _value(await self._http.send(request))
        except httpx.ReadTimeout:
            return {"status": "wait"}
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _told(error) from error

    async def updates(self, cursor: str, wait: float) -> Updates:
        """The messages after `cursor`; none when the poll was held to its end."""
        try:
            found = await self._post("getupdates", {"get_updates_buf": cursor}, wait)
        except Trouble as trouble:
            if isinstance(trouble.__cause__, httpx.ReadTimeout):
                return Updates(wait=wait)
            raise
        messages, after, hold = (found.get(key) for key in ("msgs", "get_updates_buf", "longpolling_timeout_ms"))
        return Updates(
            [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else (),
            after if isinstance(after, str) else "",
            min(hold / 1000, 120.0) if isinstance(hold, int) and hold > 0 else wait,
        )

    async def send(self, user: str, text: str, context: str) -> str:
        """The id that the server gave to the text; "" when it gave none, which means that the text is lost."""
        message = {
            "from_user_id": "",
            "to_user_id": user,
            "client_id": f"csb-{secrets.token_hex(12)}",
            "message_type": 2,
            "message_state": 2,
            "context_token": context,
            "item_list": [{"type": 1, "text_item": {"text": text}}],
        }
        return str((await self._post("sendmessage", {"msg": message}, SHORT)).get("message_id") or "")

    async def ticket(self, user: str, context: str) -> str:
        """What `typing` wants to see for that person; "" when there is none."""
        found = await self._post("getconfig", {"ilink_user_id": user, "context_token": context}, CONNECT)
        return str(found.get("typing_ticket") or "")

    async def typing(self, user: str, ticket: str, on: bool) -> None:
        """Show that something is being written, or no longer."""
        body = {"ilink_user_id": user, "typing_ticket": ticket, "status": 1 if on else 2}
        await self._post("sendtyping", body, CONNECT)

    async def notify(self, what: Literal["start", "stop"]) -> None:
        """Tell the server that we listen, or no longer."""
        await self._post(f"msg/notify{what}", {}, 5.0)

    async def _post(
        self, path: str, body: Mapping[str, Any], seconds: float, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        headers = APP | {"AuthorizationType": "ilink_bot_token", "X-WECHAT-UIN": self._uin()}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            answer = await self._http.post(
                f"{self._url}/ilink/bot/{path}",
                json={**body, "base_info": BASE_INFO},
                params=params,
                headers=headers,
                timeout=_timeout(seconds),
            )
            return _checked(_value(answer))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _told(error) from error

    def _uin(self) -> str:
        """A random number as the header wants it, another one each time."""
        before = self._last
        while self._last == before:
            self._last = base64.b64encode(str(secrets.randbits(32)).encode()).decode()
        return self._last


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=CONNECT, pool=CONNECT, write=CONNECT)


def _told(error: httpx.HTTPError | httpx.InvalidURL) -> Trouble:
    """What an interruption means; its own text may hold an address, and stays out."""
    early = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.InvalidURL)
    return Trouble("unreached" if early else "unknown", f"no line to WeChat ({type(error).__name__})")


def _value(answer: httpx.Response) -> dict[str, Any]:
    """The object in an answer. Raises Trouble."""
    if answer.status_code >= 300:
        # a gateway that gave up waiting does not know what the server behind it has done
        kind: Kind = "unknown" if answer.status_code in (504, 524) else "failed"
        raise Trouble(kind, f"WeChat's server answered {answer.status_code}", answer.status_code)
    try:
        found = answer.json()
    except ValueError:  # json.JSONDecodeError and UnicodeDecodeError alike
        found = None
    if not isinstance(found, dict):
        raise Trouble("unknown", "WeChat's server did not answer in JSON")
    return found


def _checked(found: dict[str, Any]) -> dict[str, Any]:
    """The answer itself; Trouble where it says no, which it does with HTTP status 200."""
    codes = [code for code in (found.get("ret"), found.get("errcode")) if isinstance(code, int) and code]
    if STALE in codes:
        raise Trouble("stale", "WeChat has ended the session", STALE)
    if codes:
        words = "".join(c for c in str(found.get("errmsg") or "") if c.isprintable())[:80]
        raise Trouble("refused", f"WeChat refused it ({codes[0]}{' ' + words if words else ''})", codes[0])
    return found
