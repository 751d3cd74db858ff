"""WeChat as your own account, through the web protocol and itchat-uos. Unofficial: accounts have been banned for it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from chatstylebot import files
from chatstylebot.bot.channels import itchat_kept as kept
from chatstylebot.bot.channels import itchat_messages as messages
from chatstylebot.bot.channels import qr
from chatstylebot.bot.channels.itchat_core import URL, Raw, Receipt, Trouble, WeChat
from chatstylebot.bot.channels.itchat_login import Sleep, agree, blocking, login
from chatstylebot.bot.channels.itchat_people import People, Unclear
from chatstylebot.bot.channels.onebot_sent import Sent
from chatstylebot.bot.heard import Chat, Hear, Heard, NotSent, Say

SOON, LATER = 5.0, 60.0  # seconds until another try may help
KEEP = 5.0  # seconds between two copies of the login on the disk
OVER = (1100, 1101, 1102)  # what WeChat says to a login that has ended
OFTEN = 1205
MARKS = 2_000  # lines that were told once


class Itchat:
    """The channel (see bot/heard.py). `confirm` shows the warning and says whether the owner goes on; once is enough.

    The owner talks to the bot in their own filehelper (文件传输助手); what they write to others by hand is theirs.
    """

    name, length, most = messages.NAME, 2000, 0

    def __init__(
        self, folder: Path, say: Say, *, confirm: Callable[[str], Awaitable[bool]],
        show_qr: Callable[[str], None] = qr.show, url: str = URL, sleep: Sleep = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._folder, self._say, self._confirm, self._show = files.private_folder(folder), say, confirm, show_qr
        self._url, self._sleep, self._now = url, sleep, now
        self._sent = Sent(folder / "sent.sqlite", now)
        self._wechat: WeChat | None = None
        self._people = People()
        self._sending = asyncio.Lock()
        self._told: set[str] = set()
        self._kept_at: datetime | None = None

    async def run(self, hear: Hear) -> None:
        """Log in and bring messages until cancelled; a login that WeChat ends is asked for again. Raises UserError."""
        await agree(self._folder, self._confirm)
        try:
            while True:
                wechat = await self._log_in()
                self._wechat = wechat
                await self._listen(wechat, hear)
                self._wechat = None
                kept.forget(self._folder)
                self._say(
                    "WeChat has ended this login (from the phone, or by itself); the bot is silent until the next"
                )
        finally:
            self._wechat = None
            self._sent.close()

    async def _log_in(self) -> WeChat:
        wechat = WeChat(self._url)
        self._people, self._told = People(), set()
        file = kept.checked(self._folder)
        if not (file and await self._resumed(wechat, file)):
            wechat = WeChat(self._url)
            await login(wechat, self._say, self._show, self._sleep)
            kept.keep(self._folder, wechat.kept())
        self._say(f"logged in, with {len(wechat.contacts())} contacts and groups")
        return wechat

    async def _resumed(self, wechat: WeChat, file: Path) -> bool:
        """The login of the last time, if WeChat still takes it; while nobody answers, it is not given up."""
        failures = 0
        while True:
            try:
                return await blocking(wechat.resume, file)
            except Trouble as trouble:
                failures = await self._interrupted(trouble, failures)

    async def _interrupted(self, trouble: Trouble, failures: int) -> int:
        if not failures:
            self._say(f"{trouble.reason}; trying again")
        await self._sleep(min(2.0**failures, 30))
        return failures + 1

    async def _listen(self, wechat: WeChat, hear: Hear) -> None:
        """Bring what comes until WeChat ends the login."""
        failures = ended = 0
        found: list[Raw] | None = wechat.held
        while ended < 2:  # once may be a page of somebody else's on the way
            if found is None:
                ended += 1
                await self._sleep(1)
            else:
                ended = 0
                await self._all(wechat, found, hear)
            try:
                began = self._now()
                found = await blocking(wechat.poll)
                if failures:
                    self._say("WeChat answers again")
                failures = 0
            except Trouble as trouble:
                failures, found = await self._interrupted(trouble, failures), []
                continue
            if found == [] and (self._now() - began).total_seconds() < 1:
                await self._sleep(1)  # a server that has nothing new and says so at once

    async def _all(self, wechat: WeChat, found: list[Raw], hear: Hear) -> None:
        """Every message to `hear`, then the place in the talk to the disk: what is not heard comes again."""
        for raw in found:
            if messages.wanted(raw, wechat.user) and (heard := await self._read(wechat, raw)):
                await hear(heard)
        due = self._kept_at is None or (self._now() - self._kept_at).total_seconds() >= KEEP
        if found and due:
            self._kept_at = self._now()
            kept.keep(self._folder, wechat.kept())

    async def _read(self, wechat: WeChat, raw: Raw) -> Heard | None:
        failures = 0
        while True:
            try:
                read = await blocking(wechat.read, messages.plain(raw))
                break
            except Trouble as trouble:
                if trouble.reached and failures:
                    self._once(f"a message could not be read: {trouble.reason}")
                    return None
                failures = await self._interrupted(trouble, failures)
        if read is None:
            return None
        contacts = wechat.contacts()
        try:
            found = messages.heard(
                read,
                wechat.user,
                wechat.nick,
                wechat.account,
                lambda user: self._people.id(contacts, user),
                self._now(),
            )
        except Unclear as error:
            self._once(f"not answered: {error.reason}")
            return None
        ours = (found.own or found.owner) and self._sent.ours(found.chat, found.id, found.text, found.at)
        return None if ours else found

    def _once(self, line: str) -> None:
        if line not in self._told and len(self._told) < MARKS:
            self._told.add(line)
            self._say(line)

    async def send(self, chat: Chat, text: str, id: str) -> None:
        """Send one text, never twice under one `id`. Raises NotSent."""
        async with self._sending:
            wechat, user = self._way(chat)
            if not text.strip():
                raise NotSent("the text is empty")
            if earlier := self._sent.begun(id):
                self._sent.end(id, chat)
                if earlier.arrived:
                    return
                raise NotSent("web WeChat cannot tell", perhaps=True)
            self._sent.begin(id, chat, text)
            try:
                receipt = await blocking(wechat.send, user, text)
            except Trouble as trouble:
                if trouble.reached:  # it stays noted: its echo would tell
                    raise NotSent(trouble.reason, perhaps=True) from None
                self._sent.end(id, chat)
                raise NotSent(trouble.reason, again=True, after=SOON) from None
            self._settle(chat, id, receipt)

    def _way(self, chat: Chat) -> tuple[WeChat, str]:
        wechat = self._wechat
        if wechat is None:
            raise NotSent("WeChat is not logged in", again=True, after=LATER)
        if chat.account != wechat.account:
            raise NotSent("this chat belongs to another WeChat account")
        try:
            return wechat, self._people.user(wechat.contacts(), chat.id)
        except Unclear as error:
            raise NotSent(error.reason) from None

    def _settle(self, chat: Chat, id: str, receipt: Receipt) -> None:
        if receipt.code < 0:  # no answer of WeChat's own: a gateway, an error page
            raise NotSent("WeChat's answer is not as expected", perhaps=True)
        self._sent.end(id, chat, receipt.message)
        if receipt.code in OVER:
            raise NotSent(f"WeChat has ended the login ({receipt.code})", again=True, after=LATER)
        if receipt.code:
            raise NotSent(f"WeChat refused it ({receipt.code})", again=receipt.code == OFTEN, after=LATER)
        if not receipt.message:
            raise NotSent("WeChat took the text and gave it no number", perhaps=True)

    async def typing(self, chat: Chat, on: bool) -> None:
        """Web WeChat shows nobody that something is being written."""
