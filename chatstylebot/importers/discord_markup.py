"""Discord's raw markup (exports made with `--markdown false`) as Discord shows it.

Format: shared facts, formats.md, "Added 2026-11-27". Where an id has no name in the file, a word stands for it ("@someone",
"@role", "#channel"). Times are shown in the offset of the message's own time, which is the exporter's. Spoilers stay.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

MARK = re.compile(
    r"<(?:@!?(?P<user>\d+)|@&(?P<role>\d+)|#(?P<channel>\d+)|a?:(?P<emoji>\w+):\d+"
    r"|t:(?P<time>-?\d+)(?::(?P<style>\w))?|/(?P<command>[^:<>\n]+):\d+|id:(?P<guide>[\w-]+)(?::\d+)?)>"
    r"|https?://(?:\w+\.)?discord(?:app)?\.com/channels/(?:@me|\d+)(?:/(?P<place>\d+))?(?:/\d+)?"
    r"|https?://(?:cdn|media)\.discordapp\.(?:com|net)/emojis/\d+(?:\.\w+)?(?:\?(?:\S*?\bname=(?P<name>\w+))?\S*)?"
    r"|https?://(?:cdn|media)\.discordapp\.(?:com|net)/(?:ephemeral-)?attachments/\d+/\d+/(?P<file>[^\s?>]+)(?:\?[^\s>]*)?"
    r"|(?<!\d)(?P<bare>\d{17,20})(?!\d)"
)
SIGN = re.compile(r"<|discord|\d{17}")  # without one of these there is no markup
STYLES = {
    "t": "{0:%H:%M}",
    "T": "{0:%H:%M:%S}",
    "d": "{0:%d/%m/%Y}",
    "D": "{0.day} {0:%B %Y}",
    "f": "{0.day} {0:%B %Y %H:%M}",
    "F": "{0:%A}, {0.day} {0:%B %Y %H:%M}",
    "s": "{0:%d/%m/%Y, %H:%M}",
    "S": "{0:%d/%m/%Y, %H:%M:%S}",
}
UNITS = (("year", 31_536_000), ("month", 2_592_000), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
SOMEONE, ROLE, CHANNEL = "someone", "role", "channel"


@dataclass
class Reader:
    """The names that the file has for ids."""

    people: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)

    def meet(self, person: Any) -> None:
        """Remember an author or somebody mentioned: the nickname before the name."""
        if isinstance(person, dict):
            key, name = person.get("id"), person.get("nickname") or person.get("name")
            if isinstance(key, str) and isinstance(name, str) and name:
                self.people[key] = name

    def plain(self, text: str, stamp: Any = None) -> str:
        """A message's text as it was seen; `stamp` is the message's own time, ISO 8601."""
        return MARK.sub(lambda found: self._shown(found, stamp), text) if SIGN.search(text) else text

    def _shown(self, found: re.Match[str], stamp: Any) -> str:
        value = found[found.lastgroup] if found.lastgroup else ""
        match found.lastgroup:
            case "user":
                return "@" + self.people.get(value, SOMEONE).lstrip("@")
            case "role":
                return "@" + ROLE
            case "channel" | "place":
                return "#" + self.channels.get(value, CHANNEL).lstrip("#")
            case "emoji" | "name":
                return f":{value}:"
            case "time" | "style":
                return _moment(int(found["time"][:20]), found["style"] or "f", stamp)
            case "command":
                return "/" + value
            case "guide":
                return "#" + value
            case "file":
                return value
            case "bare":  # an id only where the file knows it as one: a number may be anything
                return self._known(value)
        return ":emoji:" if "/emojis/" in found[0] else "#" + CHANNEL

    def _known(self, value: str) -> str:
        if value in self.people:
            return "@" + self.people[value].lstrip("@")
        return "#" + self.channels[value].lstrip("#") if value in self.channels else value


def _moment(unix: int, style: str, stamp: Any) -> str:
    """A time as Discord shows it in English: in the zone of `stamp`, and "in 2 hours" counted from there."""
    try:
        sent = datetime.fromisoformat(str(stamp))
    except ValueError:
        sent = datetime.fromtimestamp(0, UTC)
    zone: tzinfo = sent.tzinfo or UTC
    try:
        meant = datetime.fromtimestamp(unix, zone)
    except (ValueError, OverflowError, OSError):
        return "some time"
    if style == "R":
        return _distance(unix - sent.replace(tzinfo=zone).timestamp())
    return STYLES.get(style, STYLES["f"]).format(meant)


def _distance(seconds: float) -> str:
    unit, size = next(((unit, size) for unit, size in UNITS if abs(seconds) >= size), UNITS[-1])
    number = round(abs(seconds) / size)
    told = f"{number} {unit}{'s' * (number != 1)}"
    return f"in {told}" if seconds >= 0 else f"{told} ago"
