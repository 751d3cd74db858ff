"""A simulated week through the real program, with kills, broken lines, duplicates and reordering; seeded."""

from datetime import timedelta
from pathlib import Path

import pytest
import week as weeks
import week_ilink
import week_virtual

from chatstylebot.processes import free_port


@pytest.mark.parametrize(("seed", "messages", "kills"), [(2, 2_000, 0.002), (5, 2_000, 0.002), (10, 200, 0.15)])
def test_whatever_happens_everybody_in_contacts_and_groups_is_answered_once_and_nobody_else(
    tmp_path: Path, seed: int, messages: int, kills: float
) -> None:
    with week_virtual.week(tmp_path, seed, messages, 30, 8, timedelta(hours=8), kills) as world:
        assert week_virtual.wrong(world) == []
        assert world.kills > 20
        assert len(world.arrived) > messages / 4
        assert {"answered", "drafted", "quiet hours", "owner stepped in", "stopped"} <= world.counts.keys()
        assert len(world.votes) > 40
        assert {each["verdict"] for each in world.votes.values()} == {"chosen", "good", "bad", "edited", "rejected"}


def test_a_week_with_kill_9_answers_everybody_once_and_nobody_who_is_not_allowed(tmp_path: Path) -> None:
    week, client, _ = weeks.run(tmp_path, seed=11, messages=150, kills=4, contacts=10, port=free_port())
    assert week.kills == 4
    assert weeks.check(week, client) == []
    assert sum(len(words) for words in week.heard.values()) > 60
    assert week.voted == 3
    assert not [line for line in week.story if "w1x" in line or "Traceback" in line]


def test_a_week_on_six_ilink_accounts_of_one_process_with_kill_9_and_broken_lines(tmp_path: Path) -> None:
    week, phones, _ = week_ilink.run(tmp_path, seed=5, messages=80, kills=3, contacts=3)
    assert week.kills == 3
    assert week_ilink.check(week, phones) == []
    assert sum(len(words) for words in week.heard.values()) > 40
    assert week.voted == 1
    assert not [line for line in week.story if "w1x" in line or "secret" in line or "Traceback" in line]
