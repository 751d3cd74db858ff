"""A format is one module, one line in FORMATS and one folder in tests/exports/; here is the test that insists."""

import re
from pathlib import Path

import formats
import pytest
from formats import FOLDER, expected, made, mapping, rows

from chatstylebot import importers
from chatstylebot.importers import people

# what the importers share; everything else in the folder is a format
SHARED = {
    "__init__",
    "csv_file",
    "discord_markup",
    "json_file",
    "meta_words",
    "names",
    "people",
    "rows",
    "slack_blocks",
    "sources",
    "summary",
    "telegram_rich",
    "text_file",
    "times",
    "typedstream",
    "wechat",
    "whatsapp_words",
    "whole",
    "zips",
}
KEYS = list(importers.FORMATS)


def test_every_format_is_a_module_a_line_and_a_folder() -> None:
    modules = {path.stem for path in Path(importers.__file__).parent.glob("*.py")} - SHARED
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert modules == folders == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_a_format_s_module_has_what_the_registry_promises(key: str) -> None:
    module = importers.module(key)
    assert module.PLATFORM == module.PLATFORM.lower() != ""
    assert isinstance(module.CHINESE, bool)
    assert all(ending.startswith(".") for ending in module.SUFFIXES)
    assert callable(module.detect)
    assert callable(module.read)


@pytest.mark.parametrize("key", KEYS)
def test_the_samples_are_recognised_and_read_as_written_down(key: str, tmp_path: Path) -> None:
    folder = made(key, tmp_path)
    wanted = expected(key)
    found = importers.load([folder], "Asia/Shanghai", mapping=mapping(key))
    assert {file.form for file in found} == {key}
    together = importers.together(found)
    assert rows(together) == wanted["rows"]
    assert together.owner == frozenset(wanted["owner"])
    assert len(together.damaged) == wanted["damaged"]
    assert wanted["rows"], "a sample without messages proves nothing"


@pytest.mark.parametrize("key", KEYS)
def test_what_a_format_calls_its_owner_is_taken_for_the_owner(key: str, tmp_path: Path) -> None:
    found = importers.load([made(key, tmp_path)], "Asia/Shanghai", mapping=mapping(key))
    told = [file for file in found if people.told(file.export.messages)]
    own = importers.together(told).messages.filter("from_me") if told else None
    for name in sorted({*own["sender_id"], *own["sender_name"]} - {"me"}) if own is not None else ():
        people.check(told, people.find(told, [name]), [name])


@pytest.mark.parametrize("key", [key for key in KEYS if key != "generic"])
def test_no_other_format_takes_the_samples(key: str, tmp_path: Path) -> None:
    for path in made(key, tmp_path).rglob("*"):
        if path.is_file():
            start = importers.head(path)
            takers = [other for other in KEYS if importers.module(other).detect(start)]
            assert takers in ([], [key]) or takers[0] == key, (path.name, takers)


def test_the_samples_are_found_when_the_folder_of_all_formats_is_given(tmp_path: Path) -> None:
    for key in KEYS:
        if key != "generic":
            made(key, tmp_path)
    found = importers.load([tmp_path], "Asia/Shanghai")
    assert {file.form for file in found} == set(KEYS) - {"generic"}
    assert formats.EXTRA


@pytest.mark.parametrize("page", ["exports.md", "exports_zh.md"])
def test_the_docs_list_every_format_and_only_those(page: str) -> None:
    text = (FOLDER.parent.parent / "docs" / page).read_text("utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert sorted(key for row in rows for key in re.findall(r"`(\w+)`", row)) == sorted(KEYS)
