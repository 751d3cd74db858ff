"""A spinner on a terminal when something takes longer than a second; silence elsewhere."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def say(line: str) -> None:
    """One line of the story, on stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


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

        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        bar.add_task(text, total=None)
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
