"""The settings of a run, from the workspace: contacts.yaml counts as it stands now, not as it stood at the start."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import tzlocal

from chatstylebot import progress
from chatstylebot.bot import replies
from chatstylebot.bot.frame import Frame
from chatstylebot.bot.heard import Channel, Who
from chatstylebot.bot.policy import Rules
from chatstylebot.card import Card
from chatstylebot.contacts import read_contacts
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace


class Frames:
    """The settings of now: contacts.yaml is read again as soon as it is another one."""

    def __init__(
        self, workspace: Path, card: Card, pauses: Mapping[str, Any], channel: Channel, trying: Who | None
    ) -> None:
        self._workspace, self._card, self._channel, self._trying = workspace, card, channel, trying
        self._rhythm = replies.rhythm(pauses)
        self._zone = ZoneInfo(card.timezone or tzlocal.get_localzone_name() or "UTC")
        self._seen: float | None = None
        self._frame = self._read()

    def __call__(self) -> Frame:
        """The settings; a contacts.yaml that cannot be read now does not count."""
        if self._stamp() != self._seen:
            try:
                self._frame = self._read()
            except UserError as error:
                progress.say(f"note: {error.problem}: the list as it was stays in force")
        return self._frame

    def _stamp(self) -> float:
        try:
            return Workspace(self._workspace).contacts.stat().st_mtime
        except OSError:
            return 0.0

    def _read(self) -> Frame:
        self._seen = self._stamp()
        people = read_contacts(self._workspace)
        id = self._trying.id if self._trying else ""
        if id in people and people[id].policy == "off":
            people = {**people, id: people[id].model_copy(update={"policy": "auto"})}
        card, channel = self._card, self._channel
        rules = Rules(card.bot, people, self._zone, card.language, card.system_text)
        return Frame(
            rules, self._rhythm, card.separator, card.history, card.gap, channel.length, channel.most, card.quotes
        )
