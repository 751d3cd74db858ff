"""The real engine on a tiny random model: every stage, and no run destroys another. Ids as in facts/pitfalls.md.

They share one workspace and, an engine start takes fifteen seconds, one SFT run and one that was interrupted; each
writes into folders of its own, in whichever order they run.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bot_votes
import pytest
import yaml
from make import export, talk
from patience import until
from tiny_workspace import FAST, csb, make

from chatstylebot.models import folders, provenance

pytestmark = [pytest.mark.engine]
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with chats, samples and a tiny model under the name of smollm2."""
    return make(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="module")
def trained(place: Path) -> subprocess.CompletedProcess[str]:
    """The line that trained the adapter."""
    return csb(place, "train", *FAST, "max_steps=2", "eval_steps=1", "save_steps=1")


@pytest.fixture(scope="module")
def sft(place: Path, trained: subprocess.CompletedProcess[str]) -> Path:
    """An adapter of two steps."""
    assert trained.returncode == 0
    return place / "saves/smollm2/lora/sft"


@dataclass(frozen=True)
class Cut:
    """A run that Ctrl-C ended, and that then went on."""

    folder: Path
    words: Sequence[str]
    code: int
    left: str  # processes of the engine
    state: str
    locked: bool
    reached: int  # the last checkpoint's step
    again: str  # what the same line says without --resume


@pytest.fixture(scope="module")
def cut(place: Path) -> Cut:
    """A long run, interrupted at its first checkpoint, and finished with --resume."""
    if os.name == "nt":
        pytest.skip("POSIX signals")
    words = [*FAST, "num_train_epochs=40", "save_steps=2", "eval_strategy=no", "load_best_model_at_end=false",
             "early_stopping_steps=null", "output_dir=saves/long"]  # fmt: skip
    folder = place / "saves/long"
    run = subprocess.Popen(
        [sys.executable, "-m", "chatstylebot", "train", *words], cwd=place, stderr=subprocess.PIPE, encoding="utf-8"
    )
    until(lambda: provenance.last_checkpoint(folder) or run.poll() is not None)
    run.send_signal(signal.SIGINT)
    run.communicate()
    left = subprocess.run(["pgrep", "-f", str(folder / "recipe.yaml")], capture_output=True, text=True).stdout
    state, locked = provenance.state(folder), (folder / "csb_run.lock").exists()
    again = csb(place, "train", *words, code=1).stderr
    reached = int(provenance.last_checkpoint(folder).name.rpartition("-")[2])  # type: ignore[union-attr]
    csb(place, "train", "--resume", *words, f"max_steps={reached + 2}")
    return Cut(folder, words, run.returncode, left, state, locked, reached, again)


def digests(folder: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


def rewards(log: str, side: str) -> list[float]:
    """The rewards of one side, of each step in an engine's log."""
    return [float(value) for value in re.findall(rf"'rewards/{side}': '?(-?[\d.e-]+)", log)]


def steps(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "trainer_log.jsonl").read_text("utf-8").splitlines()]


def test_sft_leaves_an_adapter_a_loss_a_log_and_its_recipe(
    place: Path, sft: Path, trained: subprocess.CompletedProcess[str]
) -> None:
    done, folder = trained, sft
    assert {"adapter_model.safetensors", "engine.log", "recipe.yaml", "csb_run.json"} <= {
        p.name for p in folder.iterdir()
    }
    assert {p.name for p in folder.glob("checkpoint-*")} == {"checkpoint-1", "checkpoint-2"}
    assert [s["current_steps"] for s in steps(folder) if "loss" in s] == [1, 2]
    assert json.loads((folder / "eval_results.json").read_text("utf-8"))["eval_loss"] > 0
    number = r"\d+\.\d{3}"
    assert re.search(rf", loss {number} → {number} \(first .*\), dev loss {number} → {number}$", done.stdout.strip())
    told = provenance.read(folder)
    assert (told["state"], told["stage"], told["samples"]) == (
        "finished",
        "sft",
        {"chat_records": 48, "identity": 24},
    )
    assert told["base_fingerprint"] == provenance.fingerprint(place / "models/SmolLM2-135M-Instruct")
    assert told["system"] == "You are Mia, texting with a friend. Reply the way you always text."
    recipe = yaml.safe_load((folder / "recipe.yaml").read_text("utf-8"))
    assert recipe["dataset"] == "chat_records,identity"
    assert "Num examples = 72" in (folder / "engine.log").read_text("utf-8")
    assert recipe["default_system"] == "You are Mia, texting with a friend. Reply the way you always text."
    assert "step 2/2" in done.stderr
    assert not (folder / "csb_run.lock").exists()
    assert "done: " in done.stdout
    # nothing of the chats is left but the samples, which only their owner can read, as the adapter
    assert not [path for path in place.rglob("*") if path.suffix == ".arrow" or ".part" in path.name]
    logged = (folder / "engine.log").read_text("utf-8")
    assert "a sample is printed here, and left out" in logged
    said = [row["output"] for row in json.loads((place / "data/chat_records.json").read_text("utf-8"))]
    assert not [text for text in said if len(text) > 11 and text in logged]
    assert os.name == "nt" or not [p for p in folder.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]


def test_a_finished_run_is_neither_resumed_nor_overwritten(place: Path, sft: Path) -> None:
    before = digests(sft)
    done = csb(place, "train", *FAST, "max_steps=2", code=1)
    assert "a finished run lies in" in done.stderr
    assert "--again" in done.stderr
    assert "the run there is finished" in csb(place, "train", "--resume", code=1).stderr
    assert digests(sft) == before


def test_after_a_training_forget_leaves_no_word_of_theirs_and_its_lines_work(
    place: Path, sft: Path, tmp_path: Path
) -> None:
    assert provenance.read(sft)["state"] == "finished"
    copy = shutil.copytree(place, tmp_path / "workspace", symlinks=True)
    (copy / "m.csv").unlink()
    done = csb(copy, "forget", "--contact", "Alice", "--yes")
    assert "nothing is left" in done.stdout
    assert "saves/smollm2/lora/sft remembers them" in done.stderr
    words = re.compile(rb"A says \d+ lol|\\u0041 says")
    held = [path for path in copy.rglob("*") if path.is_file() and words.search(path.read_bytes())]
    assert held == []
    remove, *anew = [line.strip() for line in done.stderr.partition("in this order:\n")[2].splitlines()]
    subprocess.run(remove, shell=True, check=True, cwd=copy)
    assert not (copy / "saves/smollm2/lora/sft").exists()
    line = anew[0].split()
    assert (line[:2], line[-1]) == (["csb", "train"], "--again")
    csb(copy, "preprocess", export(copy / "n.csv", talk("B: hello there", "me: hi", talker=2, name="Bob")), "--replace")
    assert "hello there" in (copy / "data/chat_records.json").read_text("utf-8")
    # one sample and twenty-four identities, and no fault
    assert "25 samples" in csb(copy, *line[1:], "--dry-run", "eval_dataset=null", "eval_strategy=no",
                               "load_best_model_at_end=false", "early_stopping_steps=null").stdout  # fmt: skip


def test_pretraining_runs_on_the_shipped_sample_in_a_folder_of_its_own_REC_5(place: Path) -> None:
    csb(place, "train", "pretrain", *FAST, "max_steps=1", "save_strategy=no")
    folder = place / "saves/smollm2/lora/pretrain"
    assert [s["loss"] > 0 for s in steps(folder) if "loss" in s] == [True]
    assert (folder / "adapter_model.safetensors").is_file()


def test_the_merged_model_is_whole_and_is_base_plus_adapter(place: Path, sft: Path) -> None:
    done = csb(place, "export", "--adapter", "saves/smollm2/lora/sft")
    merged = place / "exported/smollm2_lora_sft"
    assert folders.check(merged) == []
    assert str(merged) in done.stdout
    assert "something in" in csb(place, "export", "--adapter", "saves/smollm2/lora/sft", code=1).stderr
    code = (
        "import sys, json; from safetensors.torch import load_file; from pathlib import Path\n"
        "base, adapter, merged = (load_file(Path(f)) for f in sys.argv[1:4])\n"
        "told = json.loads(Path(sys.argv[4]).read_text())\n"
        "for name in [n for n in adapter if n.endswith('lora_A.weight')]:\n"
        "    key = name.removeprefix('base_model.model.').replace('.lora_A.weight', '.weight')\n"
        "    up = adapter[name.replace('lora_A', 'lora_B')]\n"
        "    change = up @ adapter[name] * told['lora_alpha'] / told['r']\n"
        "    assert change.abs().max() > 0\n"
        "    assert (merged[key].float() - base[key].float() - change.float()).abs().max() < 1e-5\n"
        "    print(key)"
    )
    base = place / "models/SmolLM2-135M-Instruct"
    files = [base / "model.safetensors", sft / "adapter_model.safetensors", merged / "model.safetensors"]
    line = [sys.executable, "-c", code, *map(str, files), str(sft / "adapter_config.json")]
    done = subprocess.run(line, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2 * 7  # every linear of both layers


def test_an_adapter_is_only_paired_with_its_own_base_REC_6(place: Path, sft: Path) -> None:
    other = place / "other"
    subprocess.run([sys.executable, HERE / "tiny_model.py", other, "1"], check=True, capture_output=True)
    done = csb(place, "export", "--model", other, "--adapter", "saves/smollm2/lora/sft", code=1)
    assert "was trained on models/SmolLM2-135M-Instruct" in done.stderr


def test_an_interrupted_run_goes_on_where_it_was_and_ctrl_c_ends_the_engine(cut: Cut) -> None:
    assert cut.code == 130
    assert cut.left == ""
    assert cut.state == "interrupted"
    assert not cut.locked
    assert "--resume goes on with it" in cut.again
    assert [s["current_steps"] for s in steps(cut.folder) if "loss" in s][-2:] == [cut.reached + 1, cut.reached + 2]
    assert provenance.state(cut.folder) == "finished"


def test_again_keeps_the_earlier_run_under_another_name(place: Path, cut: Cut) -> None:
    again = shutil.copytree(cut.folder, place / "saves/again")
    before = sorted(digests(again).values())
    done = csb(place, "train", "--again", *FAST, "max_steps=1", "eval_strategy=no", "load_best_model_at_end=false",
               "early_stopping_steps=null", "save_strategy=no", "output_dir=saves/again")  # fmt: skip
    assert "the earlier run is kept as" in done.stderr
    assert sorted(digests(place / "saves/again-1").values()) == before
    assert provenance.state(again) == "finished"


def test_an_engine_that_fails_says_why_in_one_line_with_a_remedy(place: Path) -> None:
    done = csb(place, "train", *FAST, "template=nonsense", "output_dir=saves/bad", code=1)
    problem, remedy = done.stderr.splitlines()[-2:]
    assert problem.startswith("error: the template is not known to the engine: ")
    assert remedy.startswith("try: template=")
    # it never got anywhere: the next try needs no --again
    csb(place, "train", *FAST, "max_steps=1", "eval_strategy=no", "load_best_model_at_end=false",
        "early_stopping_steps=null", "save_strategy=no", "output_dir=saves/bad")  # fmt: skip


@pytest.fixture(scope="module")
def voted(place: Path) -> None:
    """The workspace with what people said about the bot's answers, to the bot itself."""
    bot_votes.collect(place)


@pytest.mark.usefixtures("voted")
@pytest.mark.parametrize(("stage", "number"), [("dpo", 15), ("kto", 16)])
def test_votes_of_page_and_bot_train_with_no_further_step_and_rewards_move_the_right_way_FBK_5_REC_4(
    place: Path, sft: Path, stage: str, number: int
) -> None:
    before = digests(sft)
    (place / f"data/{stage}_records.json").unlink(missing_ok=True)
    folder = place / f"saves/votes/{stage}"
    # all of them in every step: what a step logs is about the same rows as what the last one logs
    done = csb(
        place, "train", stage, f"output_dir={folder}", *FAST, "max_steps=6", "save_strategy=no", "logging_steps=1",
        f"per_device_train_batch_size={number}", "learning_rate=0.01", "pref_ftx=0",
    )  # fmt: skip
    assert "the votes since the last export are exported: 15 pairs, 16 labels in all" in done.stderr
    logged = (folder / "engine.log").read_text("utf-8")
    assert f"Num examples = {number}" in logged  # none of them was an abnormal one
    assert "abnormal" not in logged
    assert "only has one preference type" not in logged
    # the prompt that was served is the prompt that is trained on
    rows = json.loads((place / f"data/{stage}_records.json").read_text("utf-8"))
    system = "You are Mia, texting with a friend. Reply the way you always text."
    assert str(rows).count(system) == number
    chosen, rejected = (rewards(logged, side) for side in ("chosen", "rejected"))
    assert len(chosen) == len(rejected) == 6
    # policy and reference begin as one; then what was voted for is worth more, and what was voted against less
    assert abs(chosen[0]) < 1e-4 > abs(rejected[0])
    assert chosen[-1] > 0 > rejected[-1], (chosen, rejected)
    assert chosen[-1] - rejected[-1] > 0.05
    assert (folder / "adapter_model.safetensors").is_file()
    assert provenance.read(folder)["samples"] == {f"{stage}_records": number}
    assert provenance.read(folder)["stage"] == stage
    assert digests(sft) == before


def test_the_prompt_at_work_has_the_tokens_of_the_prompt_in_training_SRV_3(place: Path, sft: Path) -> None:
    code = (
        "import sys, json\n"
        "from llamafactory.data import get_template_and_fix_tokenizer\n"
        "from llamafactory.hparams import get_train_args, get_infer_args\n"
        "from llamafactory.model import load_tokenizer\n"
        "train, infer, row = map(json.loads, sys.argv[1:4])\n"
        "m, d, *_ = get_train_args(train)\n"
        "t = load_tokenizer(m)['tokenizer']; tpl = get_template_and_fix_tokenizer(t, d)\n"
        "turns = [x for pair in row['history'] for x in pair] + [row['instruction'], row['output']]\n"
        "msgs = [{'role': 'user' if n % 2 == 0 else 'assistant', 'content': x} for n, x in enumerate(turns)]\n"
        "learnt, _ = tpl.encode_oneturn(t, msgs, row['system'])\n"
        "m, d, *_ = get_infer_args(infer)\n"
        "t = load_tokenizer(m)['tokenizer']; tpl = get_template_and_fix_tokenizer(t, d)\n"
        "served, _ = tpl.encode_oneturn(t, [*msgs[:-1], {'role': 'assistant', 'content': ''}], None)\n"
        "print('SAME' if learnt == served else f'{learnt} {served}')"
    )
    row = json.loads((place / "data/chat_records.json").read_text("utf-8"))[7]
    assert row["history"]
    train = yaml.safe_load((sft / "recipe.yaml").read_text("utf-8"))
    from chatstylebot import card as cards
    from chatstylebot.engine import talk

    infer = talk.recipe(cards.read(place / "clone.yaml"), place, None, Path("saves/smollm2/lora/sft"), base=False)
    train["model_name_or_path"] = infer["model_name_or_path"]
    line = [sys.executable, "-c", code, *(json.dumps(value, default=str) for value in (train, infer, row))]
    done = subprocess.run(line, capture_output=True, encoding="utf-8", cwd=place)
    assert done.stdout.splitlines()[-1:] == ["SAME"], done.stdout + done.stderr[-3000:]


def test_the_terminal_chat_answers_with_the_clone(place: Path, sft: Path) -> None:
    line = ("chat", "--engine", "llamafactory", "--adapter", "saves/smollm2/lora/sft")
    done = subprocess.run(
        [sys.executable, "-m", "chatstylebot", *line], cwd=place, input="hi\n/exit\n", capture_output=True,
        encoding="utf-8", env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("Mia: ") or "error: the answer was empty" in done.stderr
    [recipe] = (place / ".csb").glob("serve-clone-*.yaml")
    assert yaml.safe_load(recipe.read_text("utf-8"))["default_system"].startswith("You are Mia")


def test_memory_is_asked_through_the_clone(place: Path, sft: Path) -> None:
    csb(place, "rag", "index", "--embedding", "none")
    done = csb(place, "rag", "ask", "what did A say 7?", "--embedding", "none", code=None)
    assert "Traceback" not in done.stderr
    if done.returncode == 0:  # a random model may say nothing at all
        assert done.stdout.startswith("Mia: ")
        assert "with Alice: Alice: A says" in done.stderr
    else:
        assert "no answer: the answer was empty" in done.stderr
    # without the model there is a line that brings it
    door = Path(__file__).parent.parent / "scripts" / "rag.py"
    line = [sys.executable, str(door), "hi", "--model", "llama3", "--embedding", "none"]
    away = subprocess.run(line, cwd=place, capture_output=True, encoding="utf-8")
    assert away.returncode == 1
    assert "csb train --model llama3" in away.stderr
