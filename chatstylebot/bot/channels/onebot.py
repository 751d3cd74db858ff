"""QQ through a OneBot v11 client (NapCat, LLOneBot …), which connects to us: the reverse WebSocket."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatstylebot import files
from chatstylebot.bot.channels import onebot_history as history
from chatstylebot.bot.channels import onebot_messages as messages
from chatstylebot.bot.channels.onebot_clients import Clients
from chatstylebot.bot.channels.onebot_line import UNKNOWN, Frame, Gone, Line, NoAnswer
from chatstylebot.bot.channels.onebot_sent import Sent, Try
from chatstylebot.bot.heard import Chat, Hear, Heard, NotSent, Say

AGAIN = 5.0  # seconds after which a second try may help
BACK = 3600.0  # seconds: what was written longer ago while nobody listened is not fetched
STEP = 10.0  # seconds between two notes of until when we listened
TEXTS = 2000  # messages whose text is kept, for quotes of them
FINAL = (1400, 1401, 1403, UNKNOWN)  # a second try gets the same answer
OFFLINE = "is offline: log in again in its client"


class Onebot:
    """A server for the QQ clients of the owner's accounts; with `port` 0 it takes a free one, and `port` says which.

    `owner` is the QQ number of the person it belongs to. An action is waited for `patience` seconds, a client that is
    away for `away` seconds.
    """

    name, length, most = messages.NAME, 2000, 0

    def __init__(
        self, folder: Path, say: Say, *, host: str = "127.0.0.1", port: int = 8765, token: str | None = None,
        owner: str | None = None, patience: float = 15, away: float = 10,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self.port, self.ready = port, asyncio.Event()
        self._host, self._owner, self._patience, self._away, self._now = host, owner, patience, away, now
        self._sent = Sent(files.private_folder(folder) / "sent.sqlite", now)
        self._clients = Clients(folder, say, token, lambda line: self._spawn(self._follow(line)))
        self._turns: dict[Chat, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._texts: dict[tuple[str, str], str] = {}
        self._through: dict[Chat, Any] = {}  # the group through which somebody who is no friend writes
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, hear: Hear) -> None:
        """Let the QQ clients in and bring what they tell, until cancelled. Raises UserError when it cannot listen."""
        self._hear, self._over = hear, asyncio.get_running_loop().create_future()
        server = await self._clients.listen(self._host, self.port)
        self.port = next(iter(server.sockets)).getsockname()[1]
        self.ready.set()
        try:
            await self._over  # only what `hear` raises ends it
        finally:
            self.ready.clear()
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(server.wait_closed(), *self._tasks, return_exceptions=True)
            self._sent.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) and not self._over.done():
            self._over.set_exception(error)

    async def _follow(self, line: Line) -> None:
        """First what was written while nobody listened, then what comes."""
        before, whole = self._sent.seen(line.account), True
        if line.acts and before is not None:
            since = max(before - history.SKEW, self._now().timestamp() - BACK)
            missed, whole = await history.missed(line, since)
            for event in missed:
                await self._take(line, event)
        while (found := await line.told.get()) is not None:
            await self._take(line, found)
            if whole:  # otherwise the next line asks again, from the same moment on
                self._sent.see(line.account, STEP)

    async def _take(self, line: Line, event: Frame) -> None:
        if event.get("meta_event_type") == "heartbeat":
            status = event.get("status")
            well = not isinstance(status, dict) or (status.get("online", True) and status.get("good", True))
            self._clients.tell(line.account, "is connected" if well else OFFLINE)
        elif event.get("notice_type") == "bot_offline":
            self._clients.tell(line.account, OFFLINE)
        elif found := messages.heard(event, line.account, self._owner, self._now()):
            await self._bring(event, found[0], found[1])

    async def _bring(self, event: Frame, found: Heard, reply: str) -> None:
        self._remember(found.chat, found.id, found.text)
        if not found.group and event.get("sub_type") == "group" and event.get("group_id"):
            self._through[found.chat] = event["group_id"]
        if messages.own(event, found.chat.account):
            if not self._ours(found):
                self._spawn(self._by_hand(found))
            return
        if reply and (found.mentioned or not found.group):
            found = replace(found, quoted=await self._quoted(found.chat.account, reply))
        await self._hear(found)

    def _ours(self, found: Heard) -> bool:
        return self._sent.ours(found.chat, found.id, found.text, found.at)

    async def _by_hand(self, found: Heard) -> None:
        """An own message that is not known as ours: it may be one whose answer has not come yet."""
        async with self._turns[found.chat]:
            if not self._ours(found):
                await self._hear(found)

    async def _quoted(self, account: str, message: str) -> str:
        known = self._texts.get((account, message))
        if known is None and (line := self._clients.there(account)):
            return await history.quoted(line, message)
        return known or ""

    def _remember(self, chat: Chat, message: str, text: str) -> None:
        self._texts[chat.account, message] = text
        if len(self._texts) > TEXTS:
            del self._texts[next(iter(self._texts))]

    async def send(self, chat: Chat, text: str, id: str) -> None:
        """Send one text, never twice under one `id`. Raises NotSent."""
        line = await self._clients.line(chat.account, self._away)
        async with self._turns[chat]:
            line = self._clients.there(chat.account) or line
            if line is None:
                why, tried = f"the client of QQ {chat.account} is not connected", self._sent.begun(id) is not None
                raise NotSent(why, again=True, after=AGAIN, perhaps=tried)
            if (earlier := self._sent.begun(id)) and await self._arrived(line, chat, text, id, earlier):
                return
            self._sent.begin(id, chat, text)
            self._settle(chat, text, id, await self._act(line, chat, text, id))

    async def _act(self, line: Line, chat: Chat, text: str, id: str) -> Frame:
        place = messages.target(chat)
        action = "send_group_msg" if "group_id" in place else "send_private_msg"
        place |= {"group_id": self._through[chat]} if chat in self._through else {}
        try:
            return await line.act(action, self._patience, **place, message=messages.of_text(text))
        except Gone as error:
            self._sent.end(id, chat)
            raise NotSent(str(error), again=True, after=AGAIN) from None
        except NoAnswer as error:  # it may have arrived: the next try looks
            raise NotSent(str(error), again=True, after=AGAIN, perhaps=True) from None

    async def _arrived(self, line: Line, chat: Chat, text: str, id: str, earlier: Try) -> bool:
        """Whether an earlier try arrived. Raises NotSent where nobody can tell: once too few beats twice."""
        try:
            found = "" if earlier.arrived else await history.find(line, chat, text, earlier.since, self._sent)
        except NoAnswer as error:
            raise NotSent(str(error), again=True, after=AGAIN, perhaps=True) from None
        if found is None:
            self._sent.end(id, chat)
            raise NotSent("this QQ client cannot tell", perhaps=True)
        if found or earlier.arrived:
            self._sent.end(id, chat, found)
        return bool(found or earlier.arrived)

    def _settle(self, chat: Chat, text: str, id: str, answer: Frame) -> None:
        data = answer.get("data")
        message = str(data.get("message_id") or "") if isinstance(data, dict) else ""
        why = " ".join(str(answer.get("wording") or answer.get("message") or "").split())[:120]
        if answer.get("status") == "ok" and message:
            self._remember(chat, message, text)
            self._sent.end(id, chat, message)
        elif answer.get("status") != "failed" or "timeout" in why.lower():
            # NapCat calls it failed when QQ was slow to confirm; the text has often arrived
            raise NotSent(f"QQ did not confirm it {why}".strip(), again=True, after=AGAIN, perhaps=True)
        else:
            self._sent.end(id, chat)
            code = answer.get("retcode")
            raise NotSent(f"QQ refused it ({code}) {why}".strip(), again=code not in FINAL, after=AGAIN)

    async def typing(self, chat: Chat, on: bool) -> None:
        """Show a friend that an answer comes, where the client can (NapCat); it ends by itself."""
        line = self._clients.there(chat.account)
        if on and line and not chat.id.startswith(messages.GROUP):
            await line.try_to("set_input_status", 1, **messages.target(chat), event_type=1)
