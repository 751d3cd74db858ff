"""The terminal at which a bot runs: what stands there, what is typed there, and neither in the other's way."""

from chatstylebot.bot.channels import qr
from chatstylebot.bot.keyboard import Keyboard
from chatstylebot.bot.status import Line


class Console:
    """The owner at the terminal. `talk`: the talk itself stands there, as on the channel `terminal`."""

    def __init__(self, talk: bool) -> None:
        self.line, self.keyboard = Line(talk), Keyboard()

    def say(self, text: str) -> None:
        """A line of the story."""
        self.line.say(text)

    async def ask(self, question: str) -> str:
        """What is typed next; "" where nobody can type any more."""
        with self.line.aside():
            return await self.keyboard.ask(question)

    def draw(self, link: str) -> None:
        """A link as a QR code."""
        with self.line.aside():
            qr.show(link)
