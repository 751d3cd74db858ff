"""What stands on the terminal: the story, the results, and a spinner when something takes longer than a second.

The only place through which what people wrote, and what files are called, reaches the terminal: control characters
are shown as \\u001b and steer nothing.
"""

import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chatstylebot.errors import UserError

# all but tab and line end; and the marks that turn the direction of writing, behind which a line reads as another
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """The text with control characters as JSON would write them; JSON stays the same JSON."""
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(line: str) -> None:
    """One line of the story, on stderr."""
    sys.stderr.write(plain(line) + "\n")
    sys.stderr.flush()


def tell(text: str) -> None:
    """A result, on stdout."""
    sys.stdout.write(plain(text) + "\n")
    sys.stdout.flush()


def sure(question: str, remedy: str) -> None:
    """Ask on the terminal before something is deleted. Raises UserError unless the answer is yes."""
    agreed(f"{question} it cannot be undone", "nothing was deleted", remedy, "the same line with --yes")


def agreed(question: str, refused: str, remedy: str, alone: str) -> None:
    """Ask on the terminal. Raises UserError `refused` unless the answer is yes, with the remedy `alone` where there is
    nobody to ask."""
    if not sys.stdin.isatty():
        raise UserError(f"{refused}: there is nobody to ask", alone)
    # Polars has put in a handler of its own, behind which a read goes on after Ctrl-C
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))
    sys.stderr.write(f"{question} [y/N]: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes", "是", "好"):
        raise UserError(refused, remedy)


def console() -> Any:
    """A rich console on stdout for lines and tables: what people wrote is text, no markup, and steers nothing."""
    from rich.console import Console

    class Plain(Console):
        def render_str(self, text: str, *parts: Any, **options: Any) -> Any:  # every str goes through here
            return super().render_str(plain(text), *parts, **options)

    return Plain(highlight=False, markup=False, emoji=False)


@contextmanager
def stage(text: str, patience: float = 1.0) -> Iterator[None]:
    """Show `text` with a spinner and the time while the block runs, from `patience` seconds on."""
    if not sys.stderr.isatty():
        yield
        return
    shown: list[object] = []

    def show() -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        bar.add_task(plain(text), total=None)
        bar.start()
        shown.append(bar)

    timer = threading.Timer(patience, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        for bar in shown:
            bar.stop()  # type: ignore[attr-defined]


@contextmanager
def bar(text: str) -> Iterator[Callable[[int], Callable[[int], None]]]:
    """A bar with the time that is left, on a terminal: told how many there are, it gives what is told of each part."""
    if not sys.stderr.isatty():
        yield lambda total: lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:

        def begin(total: int) -> Callable[[int], None]:
            task = shown.add_task(plain(text), total=total)
            return lambda done: shown.advance(task, done)

        yield begin
