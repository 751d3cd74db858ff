"""One-time links to the chat page: a word in the address, which the page trades for the owner's key, once.

What is left in a terminal, a photo of it or a browser's history opens nothing. The word stands behind `#`, which no
browser sends anywhere by itself.
"""

import hmac
import secrets
import threading
from collections import deque
from collections.abc import Callable

OPEN = 16  # words that are not used yet; of more, the oldest is void
PART = "#once="


class Links:
    """The words of one gateway; `used` is called after each one that opened the page. May be shared by threads."""

    def __init__(self, key: str, used: Callable[[], None] = lambda: None) -> None:
        self._key, self.used = key, used
        self._open: deque[str] = deque(maxlen=OPEN)
        self._lock = threading.Lock()

    def new(self) -> str:
        """A word that opens the page once."""
        word = secrets.token_urlsafe(18)
        with self._lock:
            self._open.append(word)
        return word

    def take(self, word: str) -> str | None:
        """The owner's key for a word; None where it is void, or used. Every open word is compared."""
        given = word.encode("utf-8", "surrogatepass")
        with self._lock:
            fitting = [known for known in self._open if hmac.compare_digest(given, known.encode())]
            for known in fitting:
                self._open.remove(known)
        if not fitting:
            return None
        self.used()
        return self._key
