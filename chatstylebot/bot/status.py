"""What stands on the owner's screen while the bot runs."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from chatstylebot import progress
from chatstylebot.bot.talk import Draft

HEAD = ("heard", "answered", "drafted")
# what is told in words of its own, or is no reason why nothing comes
QUIET = {*HEAD, "good", "bad", "edited", "rejected", "voted", "not delivered", "perhaps not delivered", "not allowed"}


class Line:
    """The status line: one line that is kept up to date on a terminal; elsewhere nothing but what is told.

    `talk`: the talk itself stands on this terminal, and no line may stand in its way: what is held back is then told.
    """

    def __init__(self, talk: bool = False, live: Callable[[], bool] = sys.stderr.isatty) -> None:
        self._live, self._talk, self._shown = live(), talk, ""
        self._counts: Counter[str] = Counter()

    def counted(self, counts: Counter[str]) -> None:
        """Show how often each thing has happened since the start."""
        parts = [f"{counts[what]} {what}" for what in HEAD]
        held = {what: number for what, number in counts.items() if what not in HEAD}
        if held:
            parts.append(", ".join(f"{number} {what}" for what, number in sorted(held.items())))
        self._shown = " · ".join(parts)
        self._draw()
        if self._talk:
            for what in (counts - self._counts).keys() - QUIET:
                self.tell(f"no answer now: {what}")
            self._counts = counts.copy()

    def tell(self, text: str) -> None:
        """A line above the status line, with the time."""
        self.say(f"{datetime.now():%H:%M:%S} {text}")

    def say(self, text: str) -> None:
        """A line above the status line."""
        with self.aside():
            progress.say(text)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Something else is written on this terminal during the block."""
        self._clear()
        yield
        self._draw()

    def show(self, draft: Draft) -> None:
        """A draft, on a terminal only: what people wrote goes into no log."""
        if not self._live:
            self.tell(f"draft {draft.number} waits: csb bot drafts, or the chat page")
            return
        heard, text = (" / ".join(part.splitlines()) for part in (draft.heard, draft.text))
        number = draft.number
        self.tell(f"draft {number} for {draft.name}: {heard}\n  → {text}")
        # what is typed here may be the contact's words
        here = f"csb bot drafts --send terminal-{number}, --edit, --no; or the chat page"
        self.tell(here if self._talk else f"send {number}, edit {number}: …, or no {number}")

    def end(self) -> None:
        """Leave what was counted."""
        if self._shown:
            self._clear()
            progress.say(self._shown)

    def _clear(self) -> None:
        if self._live and (self._shown or self._talk):
            sys.stderr.write("\r\x1b[K")

    def _draw(self) -> None:
        if self._live and self._shown and not self._talk:
            sys.stderr.write("\r\x1b[K" + progress.plain(self._shown))
            sys.stderr.flush()
