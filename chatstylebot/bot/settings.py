"""The settings of a run, from the workspace: contacts.yaml counts as it stands now, not as it stood at the start."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import tzlocal

from chatstylebot.bot import replies
from chatstylebot.bot.frame import Frame
from chatstylebot.bot.heard import Channel, Who
from chatstylebot.bot.policy import Rules
from chatstylebot.card import Card
from chatstylebot.contacts import Contact, read_contacts
from chatstylebot.live import Live
from chatstylebot.workspace import Workspace


class Frames:
    """The settings of now: contacts.yaml is read again as soon as it is another one."""

    def __init__(
        self, workspace: Path, card: Card, pauses: Mapping[str, Any], channel: Channel, trying: Who | None
    ) -> None:
        self._card, self._channel, self._trying = card, channel, trying
        self._rhythm = replies.rhythm(pauses)
        self._zone = ZoneInfo(card.timezone or tzlocal.get_localzone_name() or "UTC")
        self._people = Live(Workspace(workspace).contacts, lambda: read_contacts(workspace))
        self._known = self._people()
        self._frame = self._made(self._known)

    def __call__(self) -> Frame:
        """The settings; a contacts.yaml that cannot be read now does not count."""
        if (people := self._people()) is not self._known:
            self._known, self._frame = people, self._made(people)
        return self._frame

    def _made(self, people: Mapping[str, Contact]) -> Frame:
        id = self._trying.id if self._trying else ""
        if id in people and people[id].policy == "off":
            people = {**people, id: people[id].model_copy(update={"policy": "auto"})}
        card, channel = self._card, self._channel
        rules = Rules(card.bot, people, self._zone, card.language, card.system_text)
        return Frame(
            rules, self._rhythm, card.separator, card.history, card.gap, channel.length, channel.most, card.quotes
        )
