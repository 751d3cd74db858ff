"""What a first-time user meets: where they stand, what would be replaced, which line comes next."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
import tiny_workspace
import typer.main
import yaml
from conftest import Csb
from hub_server import TINY
from make import export, samples, talk
from screen import Screen

from chatstylebot import onward, workspace
from chatstylebot.card import Card
from chatstylebot.commands import train
from chatstylebot.contacts import read_contacts
from chatstylebot.corpus import directory
from chatstylebot.engine import talk as talking
from chatstylebot.errors import UserError
from chatstylebot.models import folders, presets, tokenizer
from chatstylebot.processes import free_port
from chatstylebot.training import job as jobs
from chatstylebot.training import run as runs
from chatstylebot.workspace import Workspace

SAMPLES = Path("data/chat_records.json")
NEEDS_ONE = (
    ("train",), ("train", "--dry-run"), ("chat",), ("webchat",), ("export",), ("serve",), ("rag", "ask", "x"),
    ("rag", "stats"), ("wechat",), ("bot", "status"), ("feedback", "stats"), ("forget", "--contact", "Ann"),
    ("download",),
)  # fmt: skip


def base(folder: Path) -> Path:
    """A whole base model."""
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / name).write_bytes(TINY[name])
    return folder


def typed(place: Path, argv: list[object], answer: str) -> str:
    """What stood on the terminal; `answer` is typed when it is asked for."""
    screen = Screen(place, *map(str, argv))
    if answer:
        screen.wait("[y/N]")
        screen.type(answer)
    screen.end()
    return " ".join(screen.text.split())


@pytest.mark.parametrize("line", NEEDS_ONE, ids=" ".join)
def test_outside_of_a_workspace_a_command_says_so_and_leaves_nothing(csb: Csb, place: Path, line: list[str]) -> None:
    said = csb(*line, code=1).stderr
    assert f"no workspace here: neither {place} nor a folder above it holds a clone.yaml" in said
    assert "csb init ~/my-clone" in said
    assert list(place.iterdir()) == []


def test_the_workspace_below_is_named(csb: Csb, place: Path) -> None:
    csb("init", "my clone")
    assert "try: cd 'my clone', then the same line again" in csb("train", code=1).stderr


def test_the_original_s_folders_are_a_workspace_and_a_folder_below_one_is_in_it(place: Path) -> None:
    with pytest.raises(UserError, match="no workspace"):
        workspace.inside()
    (place / "config" / "train").mkdir(parents=True)
    (place / "data").mkdir()
    (place / "data" / "dataset_info.json").write_text("{}")
    assert workspace.inside("llama3") == place  # csb train --model llama3, an original's line
    with pytest.raises(UserError, match="no workspace"):
        workspace.inside(None)  # csb train, typed where the program was unpacked
    (place / "clone.yaml").write_text("")
    os.chdir(place / "config")
    assert workspace.inside() == place


def test_preprocess_without_a_workspace_says_what_it_leaves_and_asks_on_a_terminal(csb: Csb, place: Path) -> None:
    path = export(place / "m.csv", talk("A: hi", "me: hey"))
    no = typed(place, ["preprocess", path], "n\n")
    assert f".csb/ keeps the texts of all messages, in {place}" in no
    assert "nothing was written" in no
    assert not (place / ".csb").exists()
    yes = typed(place, ["preprocess", path], "y\n")
    assert "next: csb init . here writes clone.yaml" in yes
    assert "write them here?" not in typed(place, ["preprocess", path], "")  # it was agreed to
    shutil.rmtree(place / ".csb")
    SAMPLES.unlink()
    assert ".csb/ keeps the texts" in csb("preprocess", path).stderr  # a script is not asked


def test_another_export_replaces_nothing_in_silence(csb: Csb, place: Path) -> None:
    csb("init", ".")
    one = export(place / "one.csv", talk("A: hi", "me: hey"))
    two = export(place / "two.csv", talk("A: so", "me: what", "A: no", "me: yes", talker=2, name="Bob"))
    csb("preprocess", one)
    kept = SAMPLES.read_bytes()
    said = csb("preprocess", two, code=1).stderr
    assert "data/chat_records.json holds 1 sample and .csb/ the messages and held-out talk, made of one.csv" in said
    assert f"csb preprocess one.csv {two}, each with its folder, joins them" in said
    assert "--replace replaces" in said
    assert SAMPLES.read_bytes() == kept

    csb("preprocess", one)  # the same again
    moved = one.rename(place / "moved.csv")
    csb("preprocess", moved)  # and under another name
    csb("preprocess", moved, two, "--me", "me")  # and more
    assert len(samples(SAMPLES)) == 3
    said = csb("preprocess", two, code=1).stderr
    assert "made of moved.csv, which this run does not read" in said
    assert f"csb preprocess moved.csv {two}, each" in said
    assert "replace it?" in typed(place, ["preprocess", two], "n\n")
    assert len(samples(SAMPLES)) == 3
    csb("preprocess", two, "--replace")
    assert len(samples(SAMPLES)) == 2
    told = (place / ".csb" / "origin.json").read_text()
    assert "two.csv" not in told


def test_samples_of_nobody_knows_what_are_not_replaced_and_another_output_keeps_them_all_the_same(
    csb: Csb, place: Path
) -> None:
    csb("init", ".")
    SAMPLES.write_text('[{"instruction": "a", "output": "b"}, {"instruction": "c", "output": "d"}]')
    path = export(place / "m.csv", talk("A: hi", "me: hey"))
    assert (
        "holds 2 samples, which this run would replace (of what is not known, as .csb/ is gone)"
        in csb("preprocess", path, code=1).stderr
    )
    csb("preprocess", path, "--output", "data/mine.json")
    other = export(place / "o.csv", talk("A: hi", "me: ho"))
    assert ".csb/ holds messages and held-out talk" in csb("preprocess", other, "-o", "data/x.json", code=1).stderr


def test_ready_made_samples_are_not_replaced_either(csb: Csb, place: Path) -> None:
    csb("init", ".")
    for name, reply in (("a.json", "hey"), ("b.json", "ho")):
        (place / name).write_text(json.dumps([{"instruction": "hi", "output": reply}]))
    csb("preprocess", "a.json")
    csb("preprocess", "a.json")
    assert "holds 1 sample" in csb("preprocess", "b.json", code=1).stderr
    csb("preprocess", "b.json", "--replace")
    assert samples(SAMPLES)[0]["output"] == "ho"


def test_contacts_yaml_gains_the_chats_it_lacks_when_asked_and_keeps_every_byte(csb: Csb, place: Path) -> None:
    csb("init", ".")
    both = [*talk("A: hi", "me: hey"), *talk("A: so", "me: what", talker=2, name="Bob", start=900)]
    path = export(place / "m.csv", both)
    csb("preprocess", path)
    known = list(read_contacts(place))
    mine = f"# my people\n{json.dumps(known[0])}: {{name: Al, relation: 妹妹}}  # since 2019".encode()
    (place / "contacts.yaml").write_bytes(mine)
    assert "1 chat is not in contacts.yaml" in (said := csb("preprocess", path).stderr)
    assert "csb preprocess --update-contacts adds it" in said
    assert (place / "contacts.yaml").read_bytes() == mine
    assert "1 chat added at its end" in csb("preprocess", path, "--update-contacts").stderr
    made = (place / "contacts.yaml").read_bytes()
    assert made.startswith(mine + b"\n")
    assert list(read_contacts(place)) == known
    assert read_contacts(place)[known[0]].relation == "妹妹"
    assert "holds every chat already" in csb("preprocess", path, "--update-contacts").stderr
    assert (place / "contacts.yaml").read_bytes() == made


@pytest.mark.parametrize("text", ["", "# nobody yet\n", "a: {name: A}\r\n", "\ufeffa:\n  name: A"])
def test_chats_are_added_to_any_file_that_has_an_end(text: str) -> None:
    made = directory.more(text.encode(), [("b", "B: b", False), ("c", "#c", True)])
    assert made.startswith(text.encode())
    told = yaml.safe_load(made.decode("utf-8-sig"))
    assert (told["b"]["name"], told["c"]["name"]) == ("B: b", "#c")


@pytest.mark.parametrize("text", ["{a: {name: A}}", "a: {name: A}\n...\n"])
def test_a_file_without_a_place_for_more_gets_the_lines_told(text: str) -> None:
    with pytest.raises(UserError, match="takes nothing at its end") as error:
        directory.more(text.encode(), [("b", "B", False)])
    assert '"b":\n  name: "B"' in error.value.remedy


def test_a_model_of_the_library_serves_every_workspace_and_that_of_the_workspace_comes_first(
    csb: Csb, place: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSB_MODELS", str(place / "library"))
    title = presets.get("qwen3").title
    shared = base(place / "library" / title)
    csb("init", "one", "--name", "A")
    one = Workspace(place / "one")
    assert one.base(title) == shared
    assert tokenizer.find("qwen3", one.folder) == shared / "tokenizer.json"
    assert one.located(f"models/{title}") == shared
    assert one.located("models/other") == one.folder / "models/other"
    assert "is there and whole" in tiny_workspace.csb(one.folder, "download").stdout  # the card's model
    link = one.models / title
    assert (link.is_symlink(), link.resolve()) == (True, shared)
    assert folders.find("qwen3", None, None, one.folder).folder == shared

    shutil.rmtree(shared)
    assert folders.find("qwen3", None, None, one.folder).folder == shared
    assert one.base(title) == shared  # a link to nowhere is no model
    base(shared.with_name("x")).rename(shared)
    link.unlink()
    own = base(link)
    assert one.base(title) == own
    assert folders.find("qwen3", None, None, one.folder).folder == own
    assert not folders.link(shared, one.folder)


def test_a_model_that_is_nowhere_says_where_was_looked(csb: Csb, place: Path, library: Path) -> None:
    csb("init", ".", "--language", "en")
    said = csb("train", "--dry-run", code=1).stderr
    assert f"Qwen3-4B-Instruct-2507 is neither in models/ of the workspace nor in {library}" in said
    assert "csb download qwen3, or without a GPU: csb train --model smollm2" in said


def test_a_clone_that_a_server_speaks_for_needs_no_download(csb: Csb, place: Path) -> None:
    csb("init", ".", "--no-gpu")
    assert "none is needed here" in csb("download", code=1).stderr


def test_a_chinese_card_with_smollm2_is_told_loudly_and_what_to_do_instead(csb: Csb, place: Path) -> None:
    said = csb("init", ".", "--language", "zh", "--model", "smollm2").stderr
    csb("preprocess", export(place / "m.csv", talk("A: 在吗", "me: 在")))
    for story in (said, csb("train", "--dry-run", code=1).stderr, csb("chat", code=1).stderr):
        assert "warning: SmolLM2-135M-Instruct cannot write Chinese" in story
        assert "csb train --model qwen3-0.6b" in story
        assert "a rented GPU" in story
        assert "--no-gpu" in story
    doctor = csb("doctor", code=1).stdout
    assert "✗ model's language" in doctor
    assert presets.for_cpu("zh") == "qwen3-0.6b"
    assert presets.for_cpu("en") == "smollm2"


def test_a_model_made_for_another_language_is_a_note_and_one_of_the_same_nothing() -> None:
    assert presets.mute("llama3", "zh") == [
        "note: Meta-Llama-3-8B-Instruct was made for English, and the card says language: zh"
    ]
    assert presets.mute("smollm2", "en") == presets.mute("qwen3", "zh") == presets.mute("/some/folder", "zh") == []
    assert presets.mute("models/SmolLM2-135M-Instruct", "zh")[0].startswith("warning")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--max_steps", "4"], "--max_steps is no option, but a key of LLaMA-Factory: write max_steps=4"),
        (["--max-steps=4"], "--max-steps is no option, but a key of LLaMA-Factory: write max_steps=4"),
        (["--max_steps", "--dry-run"], "write max_steps=VALUE"),
        (["--metod", "full"], "there is no option --metod; did you mean --method?"),
        (["--lerning_rate", "1"], "did you mean learning_rate=VALUE?"),
        (["--epochs", "1"], "write num_train_epochs=1"),
        (["--lr=2e-5"], "write learning_rate=2e-5"),
        (["-x"], "there is no option -x"),
    ],
)
def test_an_engine_s_key_with_dashes_is_told_how_it_is_written(csb: Csb, words: list[str], told: str) -> None:
    csb("init", ".")
    assert told in " ".join(csb("train", *words, code=2).stderr.replace("│", " ").split())


def test_the_options_that_a_wrong_one_is_held_against_are_those_of_the_command() -> None:
    app = typer.Typer(add_completion=False)
    app.command()(train.run)
    real = {word for param in typer.main.get_command(app).params for word in param.opts if word.startswith("--")}
    assert set(train.OPTIONS) == real


def test_a_checkpoint_that_is_not_there_gets_the_list_of_those_that_are(csb: Csb, place: Path) -> None:
    csb("init", ".", "--language", "en", "--model", "smollm2")
    base(place / "models" / "SmolLM2-135M-Instruct")
    run = place / "saves" / "smollm2" / "lora" / "sft"
    for step in (8, 16, 100):
        (run / f"checkpoint-{step}").mkdir(parents=True)
        (run / f"checkpoint-{step}" / "adapter_model.safetensors").write_bytes(b"x")
    (run / "checkpoint-3").mkdir()  # an empty one
    said = csb("export", "--adapter", f"{run}/checkpoint-99", code=1).stderr
    assert "checkpoint-99 is not there" in said
    there = [f"--adapter saves/smollm2/lora/sft/checkpoint-{step}" for step in (100, 16, 8)]
    assert f"try: {' or '.join(there)}" in said


def test_what_follows_the_samples_depends_on_what_is_here(place: Path) -> None:
    own, card = Workspace(place), Card(language="en", model="smollm2")
    assert onward.samples(place, card, 5_000, False) == [
        "next: csb init . here writes clone.yaml (--name, --language, --model); then csb train --dry-run"
    ]
    own.card.write_text("model: smollm2")
    few = onward.samples(place, card, 999, False)
    assert "a style takes about 1,000 samples" in few[0]
    assert few[-1] == "next: csb download, then csb train --dry-run, then csb train"
    assert onward.samples(place, card, 1_000, True) == ["next: csb train --dry-run, then csb train"]
    url = Card(url="http://127.0.0.1:11434/v1")
    assert onward.samples(place, url, 3, False) == ["next: csb rag index, then csb chat"]
    os.chdir(place.parent)
    assert onward.samples(place, url, 3, False) == [f"next: cd {place.name}, csb rag index, then csb chat"]


def test_preprocess_ends_with_the_line_that_works_here(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "smollm2", "--language", "en")
    path = export(place / "m.csv", talk("A: hi", "me: hey"))
    assert csb("preprocess", path).stderr.endswith("next: csb download, then csb train --dry-run, then csb train\n")
    base(place / "models" / "SmolLM2-135M-Instruct")
    assert csb("preprocess", path).stderr.endswith("next: csb train --dry-run, then csb train\n")


def test_what_was_deleted_by_hand_is_noticed_with_the_line_that_brings_it_back(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "smollm2", "--language", "en")
    path = export(place / "m.csv", talk(*(f"{who}: {n}" for n in range(40) for who in ("A", "me"))))
    base(place / "models" / "SmolLM2-135M-Instruct")
    csb("preprocess", path)
    assert ".csb/ is gone" not in csb("train", "--dry-run").stderr
    shutil.rmtree(place / ".csb")
    gone = "what csb preprocess left in .csb/ is not here"
    assert gone in (said := csb("train", "--dry-run").stderr)
    assert "csb preprocess --replace, with all your exports, brings it back" in said
    assert "csb preprocess --replace, with all your exports" in csb("doctor", code=None).stdout
    assert "whose the samples in chat_records.json are is not known" in csb("forget", "--contact", "A", code=1).stderr
    assert "is gone" not in csb("train", "pretrain", "--dry-run", code=None).stderr
    csb("preprocess", path, "--replace")
    assert gone not in csb("train", "--dry-run").stderr


def test_an_adapter_whose_weights_are_gone_is_told_before_anything_is_made_of_it(csb: Csb, place: Path) -> None:
    csb("init", ".", "--language", "en", "--model", "smollm2")
    base(place / "models" / "SmolLM2-135M-Instruct")
    run = place / "saves" / "smollm2" / "lora" / "sft"
    (run / "checkpoint-8").mkdir(parents=True)
    (run / "adapter_config.json").write_text("{}")
    (run / "csb_run.json").write_text('{"state": "finished"}')
    (run / "checkpoint-8" / "adapter_model.safetensors").write_bytes(b"x")
    for line in (("export",), ("webchat",), ("serve", "--engine", "llamafactory", "--port", free_port())):
        said = csb(*line, code=1).stderr
        assert "its weights are gone (adapter_model.safetensors)" in said
        assert "try: --adapter saves/smollm2/lora/sft/checkpoint-8 or csb train --again" in said
    (place / "clone.yaml").write_text("language: en\nmodel: smollm2\nadapter: saves/mine\n")
    assert f"{place}/saves/mine is not there" in csb("export", code=1).stderr


def test_a_model_of_the_library_is_trained_without_a_link_and_recorded_as_every_machine_finds_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSB_MODELS", str(place / "library"))
    shared, mine = (base(place / "library" / name) for name in ("Qwen3-4B-Instruct-2507", "My-Model"))
    work = place / "work"
    (work / "data").mkdir(parents=True)
    (work / "data" / "chat_records.json").write_text('[{"instruction": "a", "output": "b"}]')
    job = jobs.plan_run(Card(), work, pairs=["dataset=chat_records"])
    assert job.values["model_name_or_path"] == str(shared)
    assert runs._base(job) == "models/Qwen3-4B-Instruct-2507"
    assert talking.base_of("models/My-Model", work)[0] == mine  # as another machine's record names it
    dpo = jobs.plan_run(Card(), work, "dpo", ["dataset=dpo_zh_demo"])
    assert dpo.values["ref_model"] == str(shared)
    own = base(work / "models" / "Qwen3-4B-Instruct-2507")
    job = jobs.plan_run(Card(), work, pairs=["dataset=chat_records"])
    assert (job.values["model_name_or_path"], job.model) == ("models/Qwen3-4B-Instruct-2507", own)


def test_the_home_folder_is_no_workspace_since_all_below_would_belong_to_it(csb: Csb, place: Path) -> None:
    path = export(place / "m.csv", talk("A: hi", "me: hey"))
    assert "csb init ~/my-clone" in csb("init", ".", code=1, HOME=str(place)).stderr
    said = csb("preprocess", path, code=1, HOME=str(place)).stderr
    assert "your home folder is no place for samples" in said
    assert [one.name for one in place.iterdir()] == ["m.csv"]


def test_an_export_that_is_not_there_is_told_before_what_it_would_replace(csb: Csb, place: Path) -> None:
    csb("init", ".")
    csb("preprocess", export(place / "m.csv", talk("A: hi", "me: hey")))
    said = csb("preprocess", "nothere.csv", code=1).stderr
    assert "nothere.csv" in said
    assert "replace" not in said


def test_a_server_that_does_not_answer_is_told_at_once_with_where_ollama_is(csb: Csb, place: Path) -> None:
    csb("init", ".", "--no-gpu", "--url", f"http://127.0.0.1:{free_port()}/v1", "--url-model", "qwen2.5:7b")
    csb("preprocess", export(place / "m.csv", talk("A: hi", "me: hey")))
    for line in (("chat",), ("rag", "ask", "hi")):
        said = csb(*line, code=1).stderr
        assert "does not answer" in said
        assert "ollama serve (Ollama is at https://ollama.com), ollama pull qwen2.5:7b" in said
    assert re.search("✓ memory of past talk +indexed", csb("doctor", code=1).stdout)


def test_an_interrupt_promises_to_go_on_only_where_something_was_saved(place: Path) -> None:
    (place / "data").mkdir()
    (place / "data" / "chat_records.json").write_text('[{"instruction": "a", "output": "b"}]')
    job = jobs.plan_run(Card(), place, pairs=["dataset=chat_records"])
    assert runs.goes_on(job) == "interrupted, and nothing was saved yet: the same line starts over"
    (job.output / "checkpoint-8").mkdir(parents=True)
    (job.output / "checkpoint-8" / "trainer_state.json").write_text("{}")
    assert "--resume goes on" in runs.goes_on(job)


def test_the_plan_of_a_rented_machine_is_the_plan_at_home(csb: Csb, place: Path) -> None:
    csb("init", ".", "--language", "en")
    words = " ".join(["word"] * 40)
    csb("preprocess", export(place / "m.csv", talk(*(f"{who}: {n} {words}" for n in range(90) for who in ("A", "me")))))

    def plan(where: Path) -> list[str]:
        done = tiny_workspace.csb(where, "train", "--dry-run", "--gpu", "24").stdout
        return [line for line in done.splitlines() if line.startswith(("cutoff_len", "memory", "time"))]

    (place / "rented").mkdir()
    for what in ("clone.yaml", "config", "data"):  # as the README's rsync
        target = place / "rented" / what
        shutil.copytree(place / what, target) if (place / what).is_dir() else shutil.copy(place / what, target)
    assert plan(place / "rented") == plan(place)
    assert plan(place)[0] != "cutoff_len: 1024"


def test_a_merged_model_knows_its_template(place: Path) -> None:
    merged, adapter = base(place / "exported" / "mine"), place / "saves" / "qwen3" / "lora" / "sft"
    told = {"base_folder": "/elsewhere/models/Qwen3-4B-Instruct-2507", "adapter_folder": str(adapter), "learnt": []}
    (merged / "csb_merged.json").write_text(json.dumps(told))
    assert talking.base_of(str(merged), place) == (merged, presets.get("qwen3").template)
    adapter.mkdir(parents=True)
    (adapter / "csb_run.json").write_text('{"template": "mine"}')
    assert talking.base_of(str(merged), place) == (merged, "mine")


@pytest.mark.parametrize(
    "damaged", ['{"salt": "a", "talk": [1, 2]}', '{"salt": "z", "talk": [{"path": ["a"], "contents": {}}]}', "[]", "{"]
)
def test_a_damaged_record_of_exports_is_none(csb: Csb, place: Path, damaged: str) -> None:
    csb("init", ".")
    path = export(place / "m.csv", talk("A: hi", "me: hey"))
    csb("preprocess", path)
    (place / ".csb" / "origin.json").write_text(damaged)
    assert "Traceback" not in csb("preprocess", path, code=None).stderr
    csb("preprocess", path, "--replace")


def test_the_same_export_by_another_road_is_the_same(csb: Csb, place: Path) -> None:
    csb("init", "w")
    (place / "ex").mkdir()
    path = export(place / "ex" / "m.csv", talk("A: hi", "me: hey"))
    for way in (place / "ex", path, place / "ex"):
        tiny_workspace.csb(place / "w", "preprocess", way)
    export(place / "ex" / "n.csv", talk("A: so", "me: what", talker=2, name="Bob"))
    tiny_workspace.csb(place / "w", "preprocess", place / "ex")  # it has grown
    said = tiny_workspace.csb(place / "w", "preprocess", path, code=1).stderr
    assert "n.csv, which this run does not read" in said


def test_samples_elsewhere_are_named_to_training(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "smollm2", "--language", "en")
    path = export(place / "m.csv", talk("A: hi", "me: hey"))
    assert "then csb train dataset=mine\n" in csb("preprocess", path, "--output", "data/mine.json").stderr


def test_a_library_that_is_another_folder_everywhere_is_refused(csb: Csb, place: Path) -> None:
    assert "is another folder wherever one stands" in csb("download", "smollm2", code=1, CSB_MODELS="models").stderr
