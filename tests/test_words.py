"""Words that are put together."""

import pytest

from chatstylebot.words import many


@pytest.mark.parametrize(("number", "told"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1200, "1,200 files")])
def test_one_is_told_as_one(number: int, told: str) -> None:
    assert many(number, "file") == told
