"""The one exception a user is meant to see."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can put right: what is wrong, and what to type next."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like `name`, or "" when none comes near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)), "")
