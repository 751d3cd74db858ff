"""A world for the session: a clock that jumps, a model that answers at once or not, a channel that confirms or not."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from chatstylebot.bot import sending, session
from chatstylebot.bot.actions import Action, Ask, Count, Send, Show, Tell, Typing
from chatstylebot.bot.frame import Frame
from chatstylebot.bot.heard import Chat, Heard, NotSent
from chatstylebot.bot.policy import Rules
from chatstylebot.bot.replies import rhythm
from chatstylebot.bot.talk import Answer, State, Talk
from chatstylebot.card_parts import Manners
from chatstylebot.contacts import Contact

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ANN, BOB, OWNER = Chat("onebot", "1", "ann"), Chat("onebot", "1", "bob"), Chat("onebot", "1", "me")
PEOPLE = {
    "wx_ann": Contact(name="Ann", policy="auto", aliases={"onebot": "ann"}),
    "wx_bob": Contact(name="Bob", policy="draft", aliases={"onebot": "bob"}),
    "team": Contact(name="Team", policy="auto"),
}


def frame(language: str = "en", people: dict[str, Contact] | None = None, **manners: object) -> Frame:
    """Settings with everything at its default but `manners`."""
    made = Manners.model_validate({"two_answers": 0, **manners})
    rules = Rules(made, PEOPLE if people is None else people, ZoneInfo("Asia/Shanghai"), language)
    return Frame(rules, rhythm({}), "\n", 5, timedelta(hours=1), 500, 0)


@dataclass
class World:
    """What happens, step by step. `model` gives the answers to a question, None: it does not answer by itself."""

    frame: Frame = field(default_factory=frame)
    model: Callable[[Ask], tuple[str, ...] | None] = lambda ask: (f"re: {ask.turns[-1][1]}",)
    confirm: bool = True
    now: datetime = START
    state: State = field(default_factory=State)
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def __post_init__(self) -> None:
        self.sent: list[tuple[str, str]] = []  # chat, text
        self.asks: list[Ask] = []
        self.told: list[str] = []
        self.typed: list[tuple[Chat, bool]] = []
        self.shown: list[Show] = []
        self.counts: list[str] = []
        self.flying: list[Send] = []
        self._ids = 0

    def take(self, step: tuple[State, list[Action]]) -> None:
        """Keep the state, do what is to be done."""
        self.state, actions = step
        for action in actions:
            match action:
                case Ask():
                    self.asks.append(action)
                    texts = self.model(action)
                    if texts is not None:
                        self.answer(action, *texts)
                case Send():
                    if self.confirm:
                        self.arrive(action)
                    else:
                        self.flying.append(action)
                case Tell():
                    self.told.append(action.text)
                case Show():
                    self.shown.append(action)
                case Typing():
                    self.typed.append((action.chat, action.on))
                case Count():
                    self.counts.append(action.what)

    def answer(self, ask: Ask, *texts: str) -> None:
        """The model's answer to a question arrives."""
        found = Answer(f"c{ask.chat.id}-{ask.number}", "clone", ask.turns, texts, texts)
        self.take(session.answered(self.frame, self.state, ask.chat, ask.number, found, self.now, self.dice))

    def arrive(self, send: Send) -> None:
        """The channel confirms a bubble."""
        self.sent.append((send.chat.id, send.bubble.text))
        self.take(sending.sent(self.frame, self.state, send.chat, send.bubble.id, self.now))

    def refuse(self, send: Send, why: str = "lost", again: bool = False, perhaps: bool = False) -> None:
        """The channel could not deliver a bubble."""
        error = NotSent(why, again, perhaps=perhaps)
        step = sending.not_sent(self.frame, self.state, send.chat, send.bubble.id, error, self.now)
        self.take(step)

    def hear(self, text: str, chat: Chat = ANN, **more: object) -> Heard:
        """A message arrives now."""
        self._ids += 1
        name = more.get("name", chat.id.title())
        told = {"id": f"m{self._ids}", "sender": name if more.get("group") else chat.id, "name": name, "at": self.now}
        heard = Heard(chat=chat, text=text, **(told | more))  # type: ignore[arg-type]
        if chat == OWNER:
            heard = replace(heard, owner=True)
        self.take(session.hear(self.frame, self.state, heard, self.now, self.dice))
        return heard

    def again(self, heard: Heard) -> None:
        """The same message once more."""
        self.take(session.hear(self.frame, self.state, heard, self.now, self.dice))

    def wait(self, seconds: float = 120) -> None:
        """Time passes, and says what it has to say at each moment."""
        end = self.now + timedelta(seconds=seconds)
        while (due := session.due(self.state)) is not None and due <= end:
            self.now = max(self.now, due)
            self.take(session.tick(self.frame, self.state, self.now, self.dice))
        self.now = end

    def restart(self) -> None:
        """The process died and comes back with what was saved."""
        self.flying.clear()
        self.take(session.recover(self.frame, self.state, self.now, self.dice))

    def talk(self, chat: Chat = ANN) -> Talk:
        return self.state.talk(chat)

    def history(self, chat: Chat = ANN) -> list[tuple[str, str]]:
        return [(turn.role, turn.text) for turn in self.talk(chat).turns]
