"""The one exception a user is meant to see."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can put right: what is wrong, and what to type next."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy

    @property
    def lines(self) -> str:
        """How it is told."""
        return f"error: {self.problem}\ntry: {self.remedy}"


STORY = ("error: ", "try: ")


def heard(text: str) -> UserError | None:
    """What a child of ours told in its two lines, the last ones where there are several; None where it told nothing."""
    found = dict(line.split(": ", 1) for line in text.splitlines() if line.startswith(STORY))
    return UserError(found["error"], found["try"]) if found.keys() == {"error", "try"} else None


def nearest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """The known name that looks most like `name`, or "" when none comes near: `cutoff` of 1 is the same name."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)), "")
