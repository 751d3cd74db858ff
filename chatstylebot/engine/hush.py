"""What the engine says, without what people wrote: it prints a training example, and every sample that it drops."""

import re
from collections.abc import Callable

# LLaMA-Factory 0.9.5: data/loader.py (_get_preprocessed_dataset) and print_data_example in data/processor/*.py; one of
# these lines, then ids or text, up to the next line that a logger or a progress bar writes
BEGINS = re.compile(
    r"(?:training|eval) example:|(?:chosen_|rejected_)?(?:input_ids|inputs|label_ids|labels):", re.ASCII
)
SAYS = re.compile(
    r"\[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\|(?:[\w.]+:\d+\] )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"  # a logger
    r"|(?:[A-Z][\w ()=,.-]{4,60}:)?\s*\d{1,3}%\|.*\| \d+/\d+ \["  # a progress bar
    r"|\{'(?:loss|eval_loss|train_runtime)': "
)
# data/processor/*.py, data/converter.py: and the messages, in one line
QUOTES = re.compile(r"(.*?\b(?:Dropped invalid example: |Invalid (?:message count|role tag) in ))", re.ASCII)
TRACEBACK = "Traceback (most recent call last):"


class Hush:
    """Passes lines on, or keeps them to itself; `wrote` says whether a piece stands in what people wrote."""

    def __init__(self, wrote: Callable[[str], bool] = lambda piece: False) -> None:
        self._held: list[str] | None = None
        self._wrote = wrote

    def passed(self, line: str) -> str | None:
        """The line as it may be shown and kept, None where it is (or may be) somebody's."""
        if BEGINS.fullmatch(line):
            self._held = []
            return "(a sample is printed here, and left out)" if line.endswith("example:") else None
        says = SAYS.match(line)
        # somebody may have pasted a log into the talk
        if self._held is not None and (not says or self._wrote(says[0])):
            self._held.append(line)
            return None
        self._held = None
        quotes = QUOTES.match(line)
        return f"{quotes[1]}(left out)" if quotes else line

    def end(self) -> list[str]:
        """Why the engine ended, where it did so in the middle of a sample: its last traceback."""
        held = self._held or []
        return held[max((n for n, line in enumerate(held) if line.startswith(TRACEBACK)), default=len(held)) :]
