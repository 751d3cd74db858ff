"""A run's folder before a start: what may go on, what may not, and where no run may go."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from make import export, talk
from test_train import SMOL, Csb, model

from chatstylebot import card as cards
from chatstylebot.engine import llamafactory
from chatstylebot.errors import UserError
from chatstylebot.models import provenance
from chatstylebot.training import job as jobs
from chatstylebot.training import run as runs
from chatstylebot.training import soundness


@pytest.fixture
def workspace(csb: Csb, place: Path) -> Path:
    """Samples, and two things that look like SmolLM2."""
    model(place / SMOL)
    model(place / "models/other")
    (place / "models/other/config.json").write_text('{"model_type": "llama"}')
    csb("init", ".", "--name", "Mia", "--language", "en", "--model", "smollm2")
    csb(
        "preprocess",
        export(place / "m.csv", talk(*(f"{who}: {who} says {n}" for n in range(50) for who in ("A", "me")))),
    )
    return place


def _job(workspace: Path, *pairs: str) -> jobs.Job:
    return jobs.plan_run(cards.read(workspace / "clone.yaml"), workspace, pairs=pairs)


def _faults(workspace: Path, *pairs: str, resume: bool = False, again: bool = False) -> list[str]:
    return [fault.problem for fault in runs.faults(_job(workspace, *pairs), {}, resume, again)]


def _begun(workspace: Path, *pairs: str) -> Path:
    """A run that was interrupted after its first checkpoint."""
    job = _job(workspace, *pairs)
    provenance.write(job.output, state="interrupted", **runs.fixed(job))
    (job.output / "checkpoint-2").mkdir()
    (job.output / "checkpoint-2" / "trainer_state.json").write_text("{}")
    return job.output


def test_a_run_goes_on_with_what_it_was_begun_with_and_with_more_steps(workspace: Path) -> None:
    _begun(workspace)
    assert _faults(workspace, "max_steps=9", resume=True) == []


@pytest.mark.parametrize(
    ("pairs", "what"),
    [
        (["lora_rank=64"], "lora_rank"),
        (["template=qwen3"], "template"),
        (["model_name_or_path=models/other"], "base model"),
        (["dataset=example"], "dataset"),
        (["lora_rank=64", "dataset=example"], "lora_rank and another dataset"),
    ],
)
def test_a_run_that_was_begun_with_something_else_does_not_go_on(pairs: list[str], what: str, workspace: Path) -> None:
    folder = _begun(workspace)
    before = (folder / provenance.NAME).read_bytes()
    assert _faults(workspace, *pairs, resume=True) == [f"the run in {folder} was begun with another {what}"]
    assert (folder / provenance.NAME).read_bytes() == before


def test_a_run_does_not_go_on_with_samples_that_have_changed_since(workspace: Path) -> None:
    folder, path = _begun(workspace), workspace / "data" / "chat_records.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8"))[1:]), "utf-8")
    assert _faults(workspace, resume=True) == [f"the run in {folder} was begun with another dataset"]


@pytest.mark.parametrize("where", [
    ".", "data", "data/sub", "models", SMOL, f"{SMOL}/run", ".csb", ".csb/cache", "config", "saves", "exported", "..",
    "/",
])  # fmt: skip
@pytest.mark.parametrize("again", [False, True])
def test_no_run_goes_where_other_things_lie(where: str, again: bool, workspace: Path) -> None:
    (problem,) = _faults(workspace, f"output_dir={where}", again=again)[:1]
    assert "is no place for a run" in problem


def test_a_folder_of_something_else_is_no_earlier_run_that_again_puts_aside(workspace: Path) -> None:
    (workspace / "letters").mkdir()
    (workspace / "letters" / "mum.txt").write_text("x")
    for again in (False, True):
        (problem,) = _faults(workspace, "output_dir=letters", again=again)
        assert problem == f"{workspace / 'letters'} holds something that is no training run"


def test_what_a_run_leaves_that_was_killed_at_its_very_start_is_nothing(workspace: Path) -> None:
    folder = workspace / "saves" / "new"
    folder.mkdir(parents=True)
    for name in ("recipe.yaml", ".csb_run.json.x.part"):
        (folder / name).write_text("x")
    assert _faults(workspace, "output_dir=saves/new") == []


def _engine(folder: Path, monkeypatch: pytest.MonkeyPatch, said: list[dict[str, Any]]) -> None:
    """A program in the engine's place, which trains nothing and leaves what it is told to."""
    program = folder / "engine.py"
    program.write_text(
        "import json, sys, yaml\nfrom pathlib import Path\nimport numpy\nfrom safetensors.numpy import save_file\n"
        "out = Path(yaml.safe_load(Path(sys.argv[2]).read_text())['output_dir'])\n"
        "out.mkdir(parents=True, exist_ok=True)\n"
        f"steps = json.loads({json.dumps(json.dumps(said))})\n"
        "for step in steps: print(step, flush=True)\n"
        "save_file({'a': numpy.ones(2, 'float32')}, out / 'adapter_model.safetensors')\n"
        "(out / 'adapter_config.json').write_text('{}')\n"
        "(out / 'trainer_state.json').write_text(json.dumps({'log_history': steps}))\n"
    )

    def call(verb: str, recipe: Path, place: Path, extra: Any = None) -> llamafactory.Call:
        import sys

        return llamafactory.Call((sys.executable, str(program), verb, str(recipe)), dict(extra or {}), place)

    monkeypatch.setattr(llamafactory, "call", call)


def test_a_run_that_learnt_nothing_is_told_and_neither_taken_nor_gone_on_with(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = {"loss": 0.0, "grad_norm": float("nan")}
    _engine(workspace, monkeypatch, [{"loss": 5.5, "grad_norm": 1.0}, dead, dead])
    job = _job(workspace)
    with pytest.raises(soundness.Unsound, match="no numbers any more"):
        runs.train(job, {})
    assert provenance.state(job.output) == "broken"
    with pytest.raises(UserError, match="is broken: it learnt nothing"):
        provenance.check_pair(job.output, workspace / SMOL)
    assert _faults(workspace) == [f"a broken run lies in {job.output}"]
    assert _faults(workspace, resume=True) == [f"nothing to resume in {job.output}: the run there is broken"]
    _engine(workspace, monkeypatch, [{"loss": 5.5, "grad_norm": 1.0}, {"loss": 4.5, "grad_norm": 1.0}])
    runs.train(_job(workspace), {}, again=True)
    assert provenance.state(job.output) == "finished"
    assert provenance.state(job.output.with_name("sft-1")) == "broken"


def test_a_run_that_was_killed_at_its_very_end_goes_on_from_before_and_takes_no_step_too_many(tmp_path: Path) -> None:
    for step in (9, 10, 3):
        (tmp_path / f"checkpoint-{step}").mkdir()
        told = {"global_step": step, "max_steps": 10}
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(json.dumps(told))
    (tmp_path / "checkpoint-11").mkdir()  # cut off while it was written
    assert provenance.resumable(tmp_path, 0) == tmp_path / "checkpoint-9"
    assert provenance.resumable(tmp_path, 12) == tmp_path / "checkpoint-10"  # more steps than before
    assert provenance.resumable(tmp_path, 2) == tmp_path / "checkpoint-10"  # none is before the end: the newest


def test_a_broken_run_of_all_weights_is_taken_nowhere(workspace: Path) -> None:
    from chatstylebot.engine import talk as talks

    folder = workspace / "saves" / "smollm2" / "full" / "sft"
    model(folder)
    provenance.write(folder, state="broken", base=SMOL)
    with pytest.raises(UserError, match="is broken: it learnt nothing"):
        talks.recipe(cards.read(workspace / "clone.yaml"), workspace, None, folder, base=False)


def test_going_on_without_the_base_model_is_two_lines(workspace: Path) -> None:
    _begun(workspace)
    (workspace / SMOL).rename(workspace / "elsewhere")
    [first, *_] = _faults(workspace, resume=True)
    assert "the base model is not here" in first


def test_a_copy_of_a_checkpoint_is_none(workspace: Path) -> None:
    folder = _begun(workspace)
    (folder / "checkpoint-2").rename(folder / "checkpoint-old")
    assert provenance.last_checkpoint(folder) is None


def test_a_record_that_is_no_text_is_none(tmp_path: Path) -> None:
    (tmp_path / provenance.NAME).write_bytes(b"\xff")
    assert provenance.read(tmp_path) == {}


def test_a_base_model_elsewhere_is_no_run_and_a_run_holds_no_other(workspace: Path) -> None:
    model(workspace.parent / "Big")
    assert provenance.state(workspace.parent / "Big") == "foreign"
    folder = _begun(workspace)
    assert "lies in another run" in _faults(workspace, f"output_dir={folder}/checkpoint-2", again=True)[0]
    (workspace / "saves" / "link").symlink_to("nowhere")
    assert "is a link to nowhere" in _faults(workspace, "output_dir=saves/link")[0]


def test_a_home_folder_is_meant_where_one_is_written(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(workspace / "home"))
    monkeypatch.setenv("USERPROFILE", str(workspace / "home"))
    assert _job(workspace, "output_dir=~/x").output == workspace / "home" / "x"


def test_dpo_does_not_go_on_from_another_adapter(workspace: Path) -> None:
    told = {"start": ["1"]}
    folder = _begun(workspace)
    provenance.write(folder, **told)
    assert _faults(workspace, resume=True) == [f"the run in {folder} was begun with another adapter to start from"]


def test_a_name_with_a_token_of_the_tokenizer_s_own_is_no_dead_end(csb: Csb, workspace: Path) -> None:
    added = {"added_tokens": [{"content": "<end_of_utterance>", "special": True}]}
    (workspace / SMOL / "tokenizer.json").write_text(json.dumps(added))
    card = re.sub(r"(?m)^name:.*", 'name: "Mia <end_of_utterance>"', (workspace / "clone.yaml").read_text("utf-8"))
    (workspace / "clone.yaml").write_text(card, "utf-8")
    assert "end_of_utterance" in card
    csb("preprocess", "m.csv")
    assert _faults(workspace) == []
    assert "\u2060end_of_utterance" in _job(workspace).values["default_system"]
