"""Local times to UTC, also where clocks change."""

import polars as pl
import pytest

from chatstylebot.importers import times


def utc(zone: str, *walls: tuple[int, ...]) -> list[str]:
    moments = times.utc(pl.Series([times.wall(*wall) for wall in walls]), zone)
    return [f"{moment:%d %H:%M}" for moment in moments]


def test_a_chat_across_midnight_in_Shanghai_is_one_stretch_in_UTC() -> None:
    assert utc("Asia/Shanghai", (2024, 5, 1, 23, 58), (2024, 5, 2, 0, 3)) == ["01 15:58", "01 16:03"]


def test_the_hour_that_comes_twice_is_read_in_order() -> None:
    walls = [(2024, 10, 27, h, m) for h, m in ((1, 50), (2, 10), (2, 50), (2, 5), (2, 40), (3, 1))]
    assert utc("Europe/Berlin", *walls) == ["26 23:50", "27 00:10", "27 00:50", "27 01:05", "27 01:40", "27 02:01"]


def test_an_hour_that_was_skipped_is_the_hour_after_it() -> None:
    walls = [(2024, 3, 31, 1, 59), (2024, 3, 31, 2, 30), (2024, 3, 31, 3, 31)]
    assert utc("Europe/Berlin", *walls) == ["31 00:59", "31 01:30", "31 01:31"]


def test_summer_time_of_Shanghai_in_1991_is_known() -> None:
    assert utc("Asia/Shanghai", (1991, 7, 1, 12, 0), (1992, 7, 1, 12, 0)) == ["01 03:00", "01 04:00"]


def test_an_offset_is_needed_for_unix_time() -> None:
    assert times.unix("2023-11-15T06:15:00+08:00") == 1_700_000_100_000
    assert times.unix("2023-11-14T22:15:00Z") == 1_700_000_100_000
    with pytest.raises(ValueError, match="no offset"):
        times.unix("2023-11-15T06:15:00")


def test_a_chosen_zone_comes_before_the_app_s_and_the_machine_s(monkeypatch: pytest.MonkeyPatch) -> None:
    assert times.zone("Europe/Rome", chinese=True) == "Europe/Rome"
    assert times.zone(None, chinese=True) == "Asia/Shanghai"
    monkeypatch.setattr("tzlocal.get_localzone_name", lambda: "America/Lima")
    assert times.zone(None, chinese=False) == "America/Lima"
