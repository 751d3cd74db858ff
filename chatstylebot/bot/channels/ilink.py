"""WeChat through Tencent's official bot interface: a contact of its own, seen only by who scanned the code."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx

from chatstylebot.bot.channels import ilink_accounts, qr
from chatstylebot.bot.channels.ilink_accounts import Account, Login, enrol
from chatstylebot.bot.channels.ilink_api import URL, connection
from chatstylebot.bot.channels.ilink_line import Line
from chatstylebot.bot.channels.ilink_login import Attempt, Sleep
from chatstylebot.bot.heard import Ask, Chat, Hear, NotSent, Say, Who
from chatstylebot.errors import UserError

ADDRESS = "CSB_ILINK_URL"  # in the environment: another server than Tencent's, for trying


def _now() -> datetime:
    return datetime.now(UTC)


class Ilink:
    """The channel (see bot/heard.py). The first account that logs in is the owner's; friends scan codes of their own.

    `folder` keeps accounts, tokens, cursors and counts. `friend` is shown a code, while who is logged in is heard.
    """

    name = "ilink"
    length = 2000
    most = 8  # of the ten that WeChat takes: two are left for a notice to the owner

    def __init__(
        self,
        folder: Path,
        say: Say,
        ask: Ask,
        *,
        url: str = URL,
        friend: Who | None = None,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], datetime] = _now,
        show_qr: Callable[[str], None] = qr.show,
    ) -> None:
        self._folder, self._say, self._url, self._friend = folder, say, url, friend
        self._sleep, self._now, self._ask, self._show = sleep, now, ask, show_qr
        self._lines: dict[str, Line] = {}
        self._terminal = asyncio.Lock()  # one code on the screen at a time

    async def run(self, hear: Hear) -> None:
        """Log the owner in if need be, and bring what is said to every account; the friend's comes to them."""
        async with connection(self._url) as http:
            if not any(one.role == "owner" for one in self.accounts()):
                await self._new(http, None)
            self._lines = {one.id: self._line(http, one) for one in self.accounts()}
            whose = " and ".join(line.account.whose for line in self._lines.values())
            self._say(f"listening on {whose}; Ctrl-C ends it")
            try:
                async with asyncio.TaskGroup() as group:
                    for line in self._lines.values():
                        group.create_task(line.listen(hear))
                    if self._friend and (joined := await self._joined(http, self._friend)):
                        group.create_task(joined.listen(hear))
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None
            finally:
                self._lines = {}

    async def _joined(self, http: httpx.AsyncClient, friend: Who) -> Line | None:
        """The line of a friend who scans a code now; who has scanned before needs none."""
        if any(one.contact == friend.id for one in self.accounts()):
            self._say(f"{friend.name} has scanned a code before: none is needed")
            return None
        try:
            account = await self._new(http, friend)
        except UserError as error:  # who is logged in goes on
            self._say(f"{friend.name} is not logged in: {error.problem} (a new start shows another code)")
            return None
        line = self._lines[account.id] = self._line(http, account)
        return line

    async def send(self, chat: Chat, text: str, id: str) -> None:
        """Deliver one text. Raises NotSent."""
        await self._of(chat).send(chat.id, text, id)

    async def typing(self, chat: Chat, on: bool) -> None:
        """Show that something is being written, or no longer."""
        if line := self._lines.get(chat.account):
            await line.typing(chat.id, on)

    async def login(self, friend: Who | None = None) -> Account:
        """Log in the owner, or a friend who scans with their own WeChat. Raises UserError."""
        async with connection(self._url) as http:
            return await self._new(http, friend)

    def accounts(self) -> list[Account]:
        """Who is logged in."""
        return ilink_accounts.load(self._folder)

    def _line(self, http: httpx.AsyncClient, account: Account) -> Line:
        async def renew(old: Account) -> Account:
            return await self._again(http, old)

        return Line(self._folder, account, http, say=self._say, renew=renew, sleep=self._sleep, now=self._now)

    def _of(self, chat: Chat) -> Line:
        if line := self._lines.get(chat.account):
            return line
        if self._lines:
            raise NotSent("the account of this chat is not logged in")
        raise NotSent("nobody is logged in yet", again=True, after=2, untried=True)

    async def _new(self, http: httpx.AsyncClient, friend: Who | None) -> Account:
        """An account that was not there before; who is there already logs in again."""
        found = ilink_accounts.load(self._folder)
        contact = friend.id if friend else ""
        if old := next((one for one in found if one.contact == contact and (friend or one.role == "owner")), None):
            return await self._again(http, old)
        login = await self._attempt(http, [one.token for one in found], friend.name if friend else "")
        known = login and next((one for one in found if one.user == login.user), None)
        account = self._enrolled(login, friend) if login else None  # a known person's old token may be dead now
        if account and (line := self._lines.get(account.id)):
            line.adopt(account)
        if account and not known:
            self._say(
                f"{account.whose} is logged in: the clone is a contact of its own on that WeChat; write to it there"
            )
            return account
        whose = known.whose if known else "a WeChat that is bound to a bot already"
        who = f"{friend.name} must scan it, with their own WeChat" if friend else "scan it with another WeChat"
        raise UserError(f"the code was scanned from {whose}", f"{who}, or unbind that one on the phone")

    async def _again(self, http: httpx.AsyncClient, old: Account) -> Account:
        """The same person's account with a new token, or with the old one where WeChat says that it is good."""
        # a dead token in the list would be taken for a binding that lives
        tokens = [one.token for one in ilink_accounts.load(self._folder) if one.token != old.token]
        login = await self._attempt(http, tokens, old.name)
        if login is None:
            return old
        if login.user != old.user:
            raise UserError(
                f"the code was scanned by somebody else: {old.whose} stays with the person who scanned first",
                "let that person scan",
            )
        return self._enrolled(login, Who(old.contact, old.name) if old.role == "friend" else None)

    def _enrolled(self, login: Login, friend: Who | None) -> Account:
        """Keep what the login gave; the accounts are read anew, for another program may have added one."""
        account, all_of_them = enrol(ilink_accounts.load(self._folder), login, friend)
        ilink_accounts.save(self._folder, all_of_them)
        return account

    async def _attempt(self, http: httpx.AsyncClient, tokens: list[str], friend: str) -> Login | None:
        async with self._terminal:
            if friend:
                self._say(f"this code is for {friend}, who scans it with their own WeChat")
            elif not tokens:
                after = f", and {self._friend.name}'s comes after it" if self._friend else ""
                self._say(f"this code is your own: whoever scans it owns the bot{after}")
            attempt = Attempt(
                http, self._url, say=self._say, show=self._show, ask=self._ask, sleep=self._sleep, now=self._now
            )
            return await attempt.login(tokens)
