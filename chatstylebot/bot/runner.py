"""The bot at work: events in, state on the disk, then what is to be done. The only place where time passes."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chatstylebot.bot import decisions, model, replies, sending, session
from chatstylebot.bot.actions import Action, Ask, Count, Send, Show, Tell, Typing, Withdraw
from chatstylebot.bot.frame import Frame
from chatstylebot.bot.heard import Channel, Chat, Heard, NotSent
from chatstylebot.bot.store import Store
from chatstylebot.bot.talk import Draft, State
from chatstylebot.client import Client, Trouble
from chatstylebot.feedback.drafts import Choice, Drafts
from chatstylebot.feedback.drafts import Draft as Waiting

GLANCE = 0.5  # seconds between two looks at the off switch and at what was decided elsewhere
AGAIN = 5.0  # seconds before a vote is handed on again
QUIET = timedelta(minutes=10)  # in which the owner is not told the same thing twice
SHOWN = 400  # characters of what a draft answers, in the owner's chat
PATIENCE = 20  # tries of a notice while nobody is logged in
NOTICES = 12  # an hour, into the owner's own chat
REFUSED = (400, 404, 409, 422)  # a vote like this will never be taken


@dataclass(frozen=True, slots=True)
class Outside:
    """What the runner needs of the world. `paused` and `pause` are the off switch, `tell` and `show` the screen."""

    channel: Channel
    client: Client
    store: Store
    drafts: Drafts
    frame: Callable[[], Frame]
    paused: Callable[[], bool]
    pause: Callable[[bool], None]
    tell: Callable[[str], None]
    show: Callable[[Draft], None]
    counted: Callable[[Counter[str]], None]
    now: Callable[[], datetime]
    dice: random.Random


class Runner:
    """One channel's bot."""

    def __init__(self, outside: Outside) -> None:
        self._out = outside
        self.state = outside.store.load()
        self.counts: Counter[str] = Counter()
        self._asking: dict[Chat, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._wrong: asyncio.Queue[BaseException] = asyncio.Queue()
        self._told: dict[str, datetime] = {}
        self._notices: list[datetime] = []

    async def run(self, *more: Callable[[], Awaitable[None]]) -> None:
        """Work until cancelled, or until the channel has nothing more to bring and all is said; `more` is done beside
        it. Raises UserError."""
        out = self._out
        before = self.state.house.silent
        self._look()  # it may have been silenced meanwhile
        if before and self.state.house.silent:
            out.tell(
                f"the bot is silent since it was stopped: {out.frame().rules.manners.go} or csb bot resume ends it"
            )
        elif open := sum(self._open(chat) for chat in self.state.talks):
            out.tell(f"going on where it ended: {open} still to be answered")
        self._step(session.recover(out.frame(), self.state, out.now(), out.dice))
        out.drafts.keep(out.channel.name, {draft.number for draft in self.state.house.drafts})
        for draft in self.state.house.drafts:
            self._show(draft)
        chores = [asyncio.create_task(work()) for work in (self._clock, self._glances, self._votes)]
        chores.append(asyncio.create_task(self._trouble()))
        chores += [asyncio.create_task(_beside(work)) for work in more]
        coming = asyncio.create_task(out.channel.run(self.heard))
        try:
            while not coming.done():
                await asyncio.wait({coming, *chores}, return_when=asyncio.FIRST_COMPLETED)
                for chore in chores:
                    if chore.done():
                        chore.result()
            coming.result()
            await self._finished()
        finally:
            for task in (coming, *chores, *self._asking.values(), *self._tasks):
                task.cancel()
            await asyncio.gather(coming, *chores, *self._asking.values(), *self._tasks, return_exceptions=True)

    async def heard(self, heard: Heard) -> None:
        """A message; on the disk when this returns."""
        out = self._out
        self._step(session.hear(out.frame(), self.state, heard, out.now(), out.dice))

    async def decide(self, number: int, choice: Choice, text: str = "") -> None:
        """The owner's word on a draft."""
        out = self._out
        self._step(decisions.decide(out.frame(), self.state, number, choice, text, out.now(), out.dice))

    def _step(self, step: tuple[State, list[Action]]) -> None:
        """Save the state, then do what is to be done: never the other way round."""
        state, actions = step
        if state.house.silent != self.state.house.silent:
            self._out.pause(state.house.silent)
        counted = [action.what for action in actions if isinstance(action, Count)]
        sending = [action.bubble.text for action in actions if isinstance(action, Send)]
        self._out.store.save(self.state, state, self._out.now(), counted, sending)
        self.state = state
        for chat, task in list(self._asking.items()):  # what nobody waits for any more
            if not state.talk(chat).asking:
                task.cancel()
        for action in actions:
            self._do(action)
        if counted:
            self.counts.update(counted)
            self._out.counted(self.counts)
        self._changed.set()

    def _do(self, action: Action) -> None:
        match action:
            case Ask():
                task = asyncio.create_task(self._ask(action))
                self._asking[action.chat] = task
                task.add_done_callback(lambda done: self._asked(action.chat, done))
            case Send():
                self._start(self._send(action))
            case Typing():
                self._start(self._out.channel.typing(action.chat, action.on))
            case Tell():
                self._tell(action)
            case Show():
                self._show(action.draft)
            case Withdraw():
                self._out.drafts.keep(self._out.channel.name, {draft.number for draft in self.state.house.drafts})

    def _start(self, work: Awaitable[None]) -> None:
        async def whole() -> None:
            await work

        task = asyncio.create_task(whole())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, done: "asyncio.Task[None]") -> None:
        self._tasks.discard(done)
        if not done.cancelled() and (error := done.exception()):
            self._wrong.put_nowait(error)

    async def _trouble(self) -> None:
        """What goes wrong in a task that nobody waits for, a full disk perhaps, ends the bot; its state is kept."""
        raise await self._wrong.get()

    def _asked(self, chat: Chat, done: "asyncio.Task[None]") -> None:
        if self._asking.get(chat) is done:
            del self._asking[chat]
        self._ended(done)

    async def _ask(self, ask: Ask) -> None:
        out = self._out
        try:
            answer = await model.answer(out.client, ask)
        except Trouble as error:
            why = "the server cannot be reached" if error.status == 0 else f"{error.message} ({error.status})"
            self._step(session.failed(out.frame(), self.state, ask.chat, ask.number, why, out.now()))
            return
        self._step(session.answered(out.frame(), self.state, ask.chat, ask.number, answer, out.now(), out.dice))

    async def _send(self, send: Send) -> None:
        out, id = self._out, send.bubble.id
        try:
            await out.channel.send(send.chat, send.bubble.text, id)
        except NotSent as error:
            self._step(sending.not_sent(out.frame(), self.state, send.chat, id, error, out.now()))
            return
        self._step(sending.sent(out.frame(), self.state, send.chat, id, out.now()))

    def _tell(self, told: Tell) -> None:
        """A line for the owner: here, and in their own chat where it is for them alone to know; not over and over."""
        now = self._out.now()
        if told.text in self._told and now - self._told[told.text] < QUIET and not told.reply:
            return
        self._told = {text: at for text, at in self._told.items() if now - at < QUIET} | {told.text: now}
        self._out.tell(told.text)
        if told.reply or told.aloud:
            self._home(told.text, now, told.reply)

    def _home(self, text: str, now: datetime, asked: bool = False) -> None:
        home = self.state.house.home
        self._notices = [at for at in self._notices if now - at < timedelta(hours=1)]
        if home is None or self._out.channel.name == "terminal" or (len(self._notices) >= NOTICES and not asked):
            return
        self._notices.append(now)
        self._start(self._notice(home, text))

    async def _notice(self, home: Chat, text: str) -> None:
        out = self._out
        for number, part in enumerate(replies.split(text, "\0", out.channel.length, 0)):
            for _ in range(PATIENCE):
                try:
                    await out.channel.send(home, part, f"notice-{out.now().timestamp()}-{number}")
                    break
                except NotSent as error:
                    if not error.untried:
                        return
                    await asyncio.sleep(error.after)

    def _show(self, draft: Draft) -> None:
        """A draft for the owner: on the chat page, here, and in their own chat."""
        out, name = self._out, self._out.channel.name
        waiting = Waiting(f"{name}-{draft.number}", name, draft.number, draft.name, draft.heard, draft.text, draft.at)
        out.drafts.put(waiting)
        out.show(draft)
        number, zh = draft.number, out.frame().zh
        how = f"发 {number} / 改 {number}：… / 不 {number}" if zh else f"send {number} / edit {number}: … / no {number}"
        heard = " / ".join(draft.heard.splitlines())  # in one line: nobody writes a line of ours
        heard = heard if len(heard) <= SHOWN else f"{heard[: SHOWN // 2]} … {heard[-SHOWN // 2 :]}"
        self._home(f"{draft.name}: {heard}\n→ {draft.text}\n{how}", out.now())

    async def _clock(self) -> None:
        """Let time have its say."""
        out = self._out
        while True:
            self._changed.clear()
            due = session.due(self.state)
            wait = None if due is None else (due - out.now()).total_seconds()
            if wait is None or wait > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), None if wait is None else min(wait, 3600))
                continue
            self._step(session.tick(out.frame(), self.state, out.now(), out.dice))
            await asyncio.sleep(0)

    async def _glances(self) -> None:
        """The off switch, and what was decided about drafts on the chat page."""
        out = self._out
        while True:
            self._look()
            for each in () if self.state.house.silent else out.drafts.decided(out.channel.name):
                await self.decide(each.number, each.choice, each.text)
                out.drafts.keep(out.channel.name, {draft.number for draft in self.state.house.drafts})
            await asyncio.sleep(GLANCE)

    def _look(self) -> None:
        """See to the off switch."""
        out = self._out
        if (paused := out.paused()) != self.state.house.silent:
            self._step(decisions.silence(out.frame(), self.state, paused))

    async def _votes(self) -> None:
        """Hand votes on until the feedback store has them."""
        out = self._out
        while True:
            for vote in self.state.house.votes:
                try:
                    await model.vote(out.client, vote)
                except Trouble as error:
                    if error.status not in REFUSED:
                        await asyncio.sleep(AGAIN)
                        break
                    if error.status != 409:
                        out.tell(f"a vote could not be stored: {error.message}")
                self._step((decisions.stored(self.state, vote.id), []))
            else:
                await self._moved()

    async def _moved(self) -> None:
        """Wait a little, or until something happens."""
        await asyncio.sleep(0.2)

    async def _finished(self) -> None:
        """Wait until everything is said that is to be said."""
        while any(self._open(chat) for chat in self.state.talks) or self.state.house.votes or self._tasks:
            await asyncio.sleep(0.05)

    def _open(self, chat: Chat) -> bool:
        talk = self.state.talks[chat]
        return bool(talk.asking or talk.reply or (talk.ripe and not talk.held))


async def _beside(work: Callable[[], Awaitable[None]]) -> None:
    """Do it; what has an end of its own ends nothing else."""
    await work()
    await asyncio.Event().wait()
