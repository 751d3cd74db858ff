"""What the engine says, without what people wrote: it prints a training example, and every sample that it drops."""

import re

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
DROPPED = "Dropped invalid example: "  # and the messages, in one line
TRACEBACK = "Traceback (most recent call last):"


class Hush:
    """Passes lines on, or keeps them to itself."""

    def __init__(self) -> None:
        self._held: list[str] | None = None

    def passed(self, line: str) -> str | None:
        """The line as it may be shown and kept, None where it is (or may be) somebody's."""
        if BEGINS.fullmatch(line):
            self._held = []
            return "(a sample is printed here, and left out)" if line.endswith("example:") else None
        if self._held is not None and not SAYS.match(line):
            self._held.append(line)
            return None
        self._held = None
        before, dropped, _ = line.partition(DROPPED)
        return before + dropped + "(left out)" if dropped else line

    def end(self) -> list[str]:
        """Why the engine ended, where it did so in the middle of a sample: its last traceback."""
        held = self._held or []
        return held[max((n for n, line in enumerate(held) if line.startswith(TRACEBACK)), default=len(held)) :]
