"""A login: a code is shown, scanned with WeChat and confirmed on the phone."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from chatstylebot.bot.channels.ilink_accounts import Login
from chatstylebot.bot.channels.ilink_api import Api, Trouble
from chatstylebot.bot.heard import Ask, Say
from chatstylebot.errors import UserError

PATIENCE = timedelta(seconds=480)
REFRESHES = 3
BREAK, RETRY = 1.0, 2.0  # seconds between polls, and after one that failed
HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")

Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class Code:
    """One code on the screen: where it is asked after, and what the phone wants to be told."""

    id: str
    host: str
    verify: str = ""
    asked: bool = False
    scanned: bool = False


class Attempt:
    """One attempt to log in. Raises UserError when it fails."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        *,
        say: Say,
        show: Callable[[str], None],
        ask: Ask,
        sleep: Sleep,
        now: Callable[[], datetime],
    ) -> None:
        self._api, self._url = Api(http, url), url.rstrip("/")
        self._say, self._show, self._ask, self._sleep, self._now = say, show, ask, sleep, now
        self._end = now() + PATIENCE
        self._fresh = 0  # codes shown

    async def login(self, tokens: Sequence[str]) -> Login | None:
        """What the server gives; None: that WeChat is bound to one of `tokens` already, which stays good."""
        code = await self._code(tokens)
        while self._now() < self._end:
            found = await self._status(code)
            match found.get("status"):
                case "confirmed":
                    return self._confirmed(found)
                case "binded_redirect":
                    return None
                case "expired":
                    code = await self._code(tokens, "the code has expired")
                case "verify_code_blocked":
                    code = await self._code(tokens, "WeChat takes no more numbers for this code")
                case "need_verifycode":
                    await self._verify(code)
                case "scaned_but_redirect":
                    self._redirect(code, found)
                case "scaned" if not code.scanned:
                    code.scanned = True
                    self._say("scanned: confirm on the phone")
            await self._sleep(BREAK)
        raise _late()

    async def _code(self, tokens: Sequence[str], why: str = "") -> Code:
        """A new code on the screen."""
        if self._fresh > REFRESHES:
            raise _late()
        self._fresh += 1
        for last in (False, False, True):
            try:
                id, link = await self._api.code(tokens)
                break
            except Trouble as trouble:
                if last:
                    raise UserError(f"no login: {trouble.reason}", "check the network, then the same line") from None
                await self._sleep(RETRY)
        self._say(f"{why}: here is a new one" if why else "scan this code with WeChat (+ → Scan), and confirm")
        self._show(link)
        return Code(id, self._url)

    async def _status(self, code: Code) -> dict[str, Any]:
        try:
            return await self._api.status(code.host, code.id, code.verify)
        except Trouble:  # a gateway's timeout, or no line for a moment: the code lives on
            await self._sleep(RETRY)
            return {}

    async def _verify(self, code: Code) -> None:
        """Ask for the number on the phone; the next poll takes it along."""
        question = "that was another number; the one on the phone: " if code.asked else "the number on the phone: "
        code.asked = True
        try:
            # seconds that really pass: somebody is to type, or nobody is there
            answer = await asyncio.wait_for(self._ask(question), max(0.0, (self._end - self._now()).total_seconds()))
        except TimeoutError:
            raise _late() from None
        code.verify = answer.strip()
        if not code.verify:
            raise UserError("WeChat wants the number that the phone shows", "the same line again, and type it")

    def _redirect(self, code: Code, found: dict[str, Any]) -> None:
        """This person's accounts live in another data centre: ask there."""
        host = found.get("redirect_host")
        if isinstance(host, str) and HOST.fullmatch(host):
            code.host = f"{httpx.URL(self._url).scheme}://{host}"

    def _confirmed(self, found: dict[str, Any]) -> Login:
        bot, user, token = (str(found.get(key) or "") for key in ("ilink_bot_id", "ilink_user_id", "bot_token"))
        url = str(found.get("baseurl") or self._url)
        # the token goes there with every request: never in the clear
        if not (bot and user and token and url.startswith(httpx.URL(self._url).scheme + "://")):
            raise UserError("WeChat confirmed the login, but its answer is not complete", "try the same line again")
        return Login(bot, user, url.rstrip("/"), token)


def _late() -> UserError:
    return UserError("the code was not scanned and confirmed in time", "the same line again, with the phone at hand")
