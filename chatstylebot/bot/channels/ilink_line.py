"""One account's line to WeChat: its long poll, what it sends, and what happens when either fails."""

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx

from chatstylebot.bot.channels import ilink_accounts as accounts
from chatstylebot.bot.channels import ilink_messages as messages
from chatstylebot.bot.channels.ilink_accounts import Account, Person
from chatstylebot.bot.channels.ilink_api import POLL, Api, Trouble, Updates
from chatstylebot.bot.channels.ilink_login import Sleep
from chatstylebot.bot.heard import Hear, NotSent, Say
from chatstylebot.errors import UserError
from chatstylebot.words import whole

SOON, LATER, PATIENT = 2.0, 30.0, 3  # seconds after a failure, and after so many in a row
PAUSE = 3600.0  # seconds that the official client leaves an account alone whose session has ended
LIMIT = 16 * 1024  # bytes of one text

Renew = Callable[[Account], Awaitable[Account]]


class Line:
    """`listen` runs until it is cancelled; `send` and `typing` may be called meanwhile."""

    def __init__(
        self,
        folder: Path,
        account: Account,
        http: httpx.AsyncClient,
        *,
        say: Say,
        renew: Renew,
        sleep: Sleep,
        now: Callable[[], datetime],
    ) -> None:
        self.account = account
        self._folder, self._http = folder, http
        self._say, self._renew, self._sleep, self._now = say, renew, sleep, now
        self._api = Api(http, account.url, account.token)
        self._state = accounts.load_state(folder, account.id)
        self._stale = False
        self._polls_failed = self._sends_failed = 0
        self._wait = POLL
        self._tickets: dict[str, str] = {}
        self._lost: deque[str] = deque(maxlen=1000)  # ids of texts that WeChat took and did not deliver

    async def listen(self, hear: Hear) -> None:
        """Bring what is said to this account, whatever happens to the line or the session."""
        await self._notify_start()
        try:
            while True:
                began, api = self._now(), self._api
                try:
                    found = await api.updates(self._state.cursor, self._wait)
                except Trouble as trouble:
                    if api is self._api:  # else that token is not ours any more
                        await self._interrupted(trouble)
                else:
                    await self._breathe(await self._bring(found, hear), began)
                if self._stale:
                    await self._log_in()
        finally:
            if not self._stale:
                with contextlib.suppress(Trouble):
                    await self._api.notify("stop")

    async def send(self, user: str, text: str, id: str) -> None:
        """Returns when WeChat has named the delivered message. Raises NotSent."""
        if self._stale:
            raise self._ended()
        person = self._state.people.get(user)
        if reason := accounts.refusal(person, self._now()) or _unfit(text):
            raise NotSent(reason)
        assert person
        self._keep(user, replace(person, sent=person.sent + 1))  # before the line can break: never an 11th
        try:
            got = await self._api.send(user, text, person.context)
        except Trouble as trouble:
            raise self._not_sent(user, person, trouble) from None
        self._sends_failed = 0
        if not got:
            first = id not in self._lost
            self._lost.append(id)
            raise NotSent("WeChat took the text and did not deliver it", again=first, after=SOON)

    async def typing(self, user: str, on: bool) -> None:
        """Show that something is being written, or no longer; what fails is left alone."""
        person = self._state.people.get(user)
        if self._stale or person is None or accounts.refusal(person, self._now()):
            return
        try:
            ticket = self._tickets.get(user, "")
            if on and not ticket:
                ticket = self._tickets[user] = await self._api.ticket(user, person.context)
            if ticket:
                await self._api.typing(user, ticket, on)
        except Trouble as trouble:
            self._tickets.pop(user, None)
            self._stale = self._stale or trouble.kind == "stale"

    async def _notify_start(self) -> None:
        try:
            await self._api.notify("start")
        except Trouble as trouble:
            self._stale = trouble.kind == "stale"  # anything else the poll will meet too
        if self._stale:
            await self._log_in()

    async def _bring(self, found: Updates, hear: Hear) -> bool:
        """Every message to `hear`, then the cursor to the disk: what is not on the disk there comes again.

        False: we are where we were.
        """
        for message in found.messages:
            if heard := messages.heard(self.account, message, self._now()):
                if isinstance(context := message.get("context_token"), str) and context:
                    person, at = self._state.people.get(heard.sender), messages.written(message, self._now())
                    self._state.people[heard.sender] = accounts.heard(person, whole(context), at)
                await hear(heard)
        self._wait = found.wait
        if moved := found.cursor not in ("", self._state.cursor):
            self._state.cursor = found.cursor
            self._save()
        return moved

    async def _breathe(self, moved: bool, began: datetime) -> None:
        """The line is up; a server that answers at once with nothing new is not asked again at once."""
        if self._polls_failed:
            self._polls_failed = 0
            self._say(f"the line of {self.account.whose} is up again")
        if not moved and (self._now() - began).total_seconds() < 1:
            await self._sleep(1)

    async def _interrupted(self, trouble: Trouble) -> None:
        if trouble.kind == "stale":
            self._stale = True
            return
        self._polls_failed += 1
        if self._polls_failed == 1:
            self._say(f"{self.account.whose}: {trouble.reason}; trying again")
        await self._sleep(_after(self._polls_failed))

    async def _log_in(self) -> None:
        """A new session, by a code; when nobody scans it, the old one is tried again after a pause."""
        self._say(f"WeChat has ended the session of {self.account.whose}; the bot is silent there until it is scanned")
        try:
            self.adopt(await self._renew(self.account))
        except UserError as error:
            self._say(
                f"{error.problem}; {self.account.whose} is tried again in an hour; a new start shows a code at once"
            )
            await self._sleep(PAUSE)
        self._stale = False

    def adopt(self, account: Account) -> None:
        """Go on with a new token; another bot's cursor and context tokens mean nothing."""
        if account.bot != self.account.bot:
            self._state = accounts.State()
            self._save()
        self.account = account
        self._api = Api(self._http, account.url, account.token)
        self._tickets.clear()
        self._say(f"{account.whose} is logged in again")

    def _not_sent(self, user: str, person: Person, trouble: Trouble) -> NotSent:
        """What a failed request means for the text, and for the ones after it."""
        current = self._state.people.get(user)
        same = current if current and current.context == person.context else None
        if trouble.kind == "stale":
            self._stale = True
            return self._ended()
        if trouble.code == -2:  # quota, rate, or a token that is too old: only a new message helps
            if same:
                self._keep(user, replace(same, refused=trouble.reason))
            return NotSent(trouble.reason)
        if trouble.kind == "unknown":  # a second try may be a second message
            return NotSent(trouble.reason, perhaps=True)
        if trouble.kind in ("unreached", "failed") and same:
            self._keep(user, replace(same, sent=max(0, same.sent - 1)))
        self._sends_failed += 1
        return NotSent(trouble.reason, again=True, after=_after(self._sends_failed))

    def _ended(self) -> NotSent:
        """Nothing goes out until the code is scanned; that may take a while, and costs no try."""
        return NotSent(f"WeChat has ended the session of {self.account.whose}", again=True, after=30, untried=True)

    def _keep(self, user: str, person: Person) -> None:
        self._state.people[user] = person
        self._save()

    def _save(self) -> None:
        accounts.save_state(self._folder, self.account.id, self._state)


def _after(failures: int) -> float:
    return SOON if failures < PATIENT else LATER


def _unfit(text: str) -> str:
    """Why a text is none that WeChat takes; "" when it is."""
    if not text.strip():
        return "the text is empty"
    return f"the text is longer than {LIMIT} bytes" if len(text.encode(errors="replace")) > LIMIT else ""
