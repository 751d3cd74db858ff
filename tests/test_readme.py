"""Both READMEs (and docs/): every line that a reader may copy is one that works here."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from chatstylebot.cli import COMMANDS, Table
from chatstylebot.commands import train
from chatstylebot.engine import keys, llamafactory
from chatstylebot.models import presets
from chatstylebot.training import recipes

ROOT = Path(__file__).parent.parent
READMES = (ROOT / "README.md", ROOT / "README_zh.md")
PAGES = (*READMES, *sorted((ROOT / "docs").glob("*.md")))
ORIGINAL_LINES = (ROOT / "docs/original_lines.md", ROOT / "docs/original_lines_zh.md")
# every page but the READMEs, in both languages
PAIRS = [(page.with_name(page.name.replace("_zh", "")), page) for page in PAGES[2:] if page.stem.endswith("_zh")]
SHELLS = ("bash", "powershell")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STARTS = re.compile(r"^ExecStart=(.*)$", re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MODEL = re.compile(r"^\| `([\w.-]+)`.*?" + r" \| (.+?)" * 6 + r" \|$", re.MULTILINE)  # a row of the model table
# what the original's README told its users to run
ORIGINAL = (
    "scripts/preprocess.py", "scripts/id_tag.py", "scripts/api_service.py", "scripts/wechat.py", "scripts/rag.py",
    "huggingface-cli download", "huggingface-cli login", "train/llama3_lora_sft.yaml", "train/llama3_lora_sft_ds3.yaml",
    "train/llama3_qlora_sft.yaml", "train/llama3_full_sft_ds3.yaml", "train/llama3_lora_dpo.yaml",
    "train/llama3_lora_kto.yaml", "train/llama3_lora_pretrain.yaml", "export config/merge_lora/llama3_lora_sft.yaml",
    "chat config/inference/llama3_lora_sft.yaml", "chat config/inference/llama3.yaml",
    "webchat config/inference/llama3_lora_sft.yaml", "api config/inference/llama3_lora_sft.yaml",
)  # fmt: skip
# where the engine's verbs look for their recipes
FOLDERS = {"train": "train", "export": "merge_lora", "chat": "inference", "webchat": "inference", "api": "inference"}


def blocks(page: Path) -> list[tuple[str, str]]:
    """Every fenced block: its language, and its text without the comments of a shell."""
    found = FENCE.findall(page.read_text("utf-8"))
    return [(kind, re.sub(r"\s+# .*", "", text) if kind in SHELLS else text) for kind, text in found]


def spans(page: Path) -> list[str]:
    """The `code` in running text and tables."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", page.read_text("utf-8")))


def commands(page: Path) -> Iterator[list[str]]:
    """Every single command of the page as words, without the environment before it."""
    lines = [line for kind, text in blocks(page) if kind in SHELLS for line in text.splitlines()]
    # of a unit of systemd, what it starts
    lines += [line.rpartition("/")[2] for kind, text in blocks(page) if kind == "ini" for line in STARTS.findall(text)]
    for line in [*lines, *spans(page)]:
        if not re.search(r"\b(csb|llamafactory-cli|python) ", line):
            continue
        words = shlex.split(line.removeprefix("nohup ").partition(" > ")[0])
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            one, words = words[:end], words[end + 1 :]
            while one and re.fullmatch(r"[A-Z_]+=.*", one[0]):
                one = one[1:]
            if one:
                yield one


def starting(page: Path, program: str) -> list[list[str]]:
    return [words[1:] for words in commands(page) if words[0] == program]


def parse(argv: list[str]) -> dict[str, Any]:
    """What the real command line makes of the words, without running them; a wrong word raises."""
    name, *rest = argv
    assert name in COMMANDS, f"there is no csb {name}"
    command: Any = Table().get_command(None, name)
    if rest and rest[0] in getattr(command, "commands", {}):
        command, rest = command.commands[rest[0]], rest[1:]
    return dict(command.make_context(name, rest).params)


LINES = [(page.name, argv) for page in PAGES for argv in starting(page, "csb")]
ENGINE = [(page.name, argv) for page in PAGES for argv in starting(page, "llamafactory-cli")]
DOORS = [(page.name, argv) for page in PAGES for argv in starting(page, "python")]


def name(case: object) -> str:
    return shlex.join(case) if isinstance(case, list) else str(case)


@pytest.mark.parametrize(
    ("page", "least"),
    [*((page, (40, 0, 0)) for page in READMES), *((page, (10, 10, 1)) for page in ORIGINAL_LINES)],
    ids=lambda case: getattr(case, "name", None),
)
def test_lines_are_found(page: Path, least: tuple[int, ...]) -> None:
    of_page = [[line for where, line in found if where == page.name] for found in (LINES, ENGINE, DOORS)]
    assert [len(found) > number or number == 0 for found, number in zip(of_page, least, strict=True)] == [True] * 3


@pytest.mark.parametrize(("page", "argv"), LINES, ids=name)
def test_a_csb_line_is_one_that_the_command_line_takes(page: str, argv: list[str]) -> None:
    if len(argv) == 1:  # named in running text
        assert argv[0] in COMMANDS
        return
    given = parse(argv)
    known = presets.load()
    asked = given.get("model")
    assert asked is None or asked in known, f"{asked} is no preset"
    if argv[0] == "train":
        _, pairs = train._words(given["words"] or [])
        values = keys.parse(pairs)
        keys.check(values)
        told = json.loads((ROOT / "data" / "dataset_info.json").read_text("utf-8"))
        assert set(str(values.get("dataset", "example")).split(",")) <= set(told)
        assert given["recipe"] is None or (ROOT / given["recipe"]).is_file()
    if argv[:2] == ["recipes", "show"]:
        recipes.get(given["name"])


@pytest.mark.parametrize(("page", "argv"), ENGINE, ids=name)
def test_a_line_for_the_engine_names_a_verb_it_knows_and_a_file_that_is_there(page: str, argv: list[str]) -> None:
    verb, recipe, *pairs = argv
    assert verb in {*get_args(llamafactory.Verb), "chat"}
    assert (ROOT / recipe).is_file()
    assert Path(recipe).parts[:2] == ("config", FOLDERS[verb])
    keys.check(keys.parse(pairs))


@pytest.mark.parametrize(("page", "argv"), DOORS, ids=name)
def test_a_line_of_the_original_goes_through_its_door(page: str, argv: list[str]) -> None:
    script, *rest = argv
    door = re.search(r'main\(\[((?:"[\w-]+", )+)\*sys\.argv', (ROOT / script).read_text("utf-8"))
    assert door, f"{script} is no door to a command"
    parse([*re.findall(r'"([\w-]+)"', door[1]), *rest])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_not_there_yet_does_not_look_like_a_line_to_run(page: Path) -> None:
    absent = ("serve", "api-service", "wechat", "bot", "rag", "evaluate", "feedback", "inspect", "forget")
    missing = [word for word in absent if word not in COMMANDS]
    assert [span for span in spans(page) if re.match(rf"csb ({'|'.join(missing)})\b", span)] == []
    scripts = [span for span in spans(page) if re.match(r"(python )?scripts/\w+\.py", span)]
    doors = {path.name for path in (ROOT / "scripts").glob("*.py")}
    runnable = [span for span in scripts if span.startswith("python") and span.split()[1].split("/")[1] not in doors]
    assert runnable == []


def anchors(page: Path) -> set[str]:
    titles = HEADING.findall(FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_inside_the_repository_exists(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    inside = [target for target in targets if "://" not in target]
    assert inside or page not in READMES
    for target in inside:
        path, _, anchor = target.partition("#")
        assert not path or (page.parent / path).is_file(), target
        assert not anchor or anchor in anchors(page.parent / path if path else page), target


def test_both_readmes_hold_the_same_code_in_the_same_order() -> None:
    english, chinese = (blocks(page) for page in READMES)
    assert len(english) > 10
    assert english == chinese
    runnable = [[words for words in commands(page) if words[0] in ("csb", "llamafactory-cli")] for page in READMES]
    assert runnable[0] == runnable[1]


def test_a_page_holds_the_same_code_in_both_languages() -> None:
    assert len(PAIRS) == len(PAGES[2:]) / 2
    for pair in PAIRS:
        if pair[0].name == "memory.md":  # asks in each language's own words
            continue
        english, chinese = ([(kind, re.sub(r"\s+# .*", "", text)) for kind, text in blocks(page)] for page in pair)
        assert english == chinese, pair[0].name


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_readme_is_read_in_ten_minutes_and_its_roads_stand_at_the_top(page: Path) -> None:
    text = page.read_text("utf-8")
    assert len(text.splitlines()) <= 420
    own = text.split("\n## ")[1]
    roads = own.split("\n### ")[1:]
    assert [road[-1500:].count("\ncsb chat") > 0 for road in roads] == [True, True]
    pages = {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)}
    same_language = [other for other in PAGES[2:] if other.stem.endswith("_zh") == page.stem.endswith("_zh")]
    assert [other.name for other in same_language if f"docs/{other.name}" not in pages] == []


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_first_screen_has_the_picture_the_two_commands_and_the_other_language(page: Path) -> None:
    first = page.read_text("utf-8").split("\n## ")[0]
    for wanted in ("assets/logo.png", "assets/demo.png", "bash scripts/demo.sh", "bash scripts/test.sh"):
        assert wanted in first
    assert f'href="{next(other.name for other in READMES if other != page)}"' in first
    assert (ROOT / "scripts/demo.sh").is_file()
    assert (ROOT / "scripts/test.sh").is_file()


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_every_command_has_its_place(page: Path) -> None:
    used = {argv[0] for argv in starting(page, "csb")}
    assert set(COMMANDS) - used == set()


@pytest.mark.parametrize("page", ORIGINAL_LINES, ids=lambda page: page.name)
def test_every_command_of_the_original_has_its_row(page: Path) -> None:
    rows = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert [line for line in ORIGINAL if not any(line in row for row in rows)] == []


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_model_table_says_what_the_recipes_say(page: Path) -> None:
    expected = [
        (key, preset.title, f"{preset.params / 1e9:.1f} B", *recipes.needs(preset), preset.licence)
        for key, preset in presets.load().items()
    ]
    assert expected
    assert MODEL.findall(page.read_text("utf-8")) == expected
