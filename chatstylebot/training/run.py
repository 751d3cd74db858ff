"""A training run from its start to its adapter; nothing that lies there is overwritten."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from chatstylebot import files, progress
from chatstylebot.engine import llamafactory
from chatstylebot.errors import UserError
from chatstylebot.models import provenance
from chatstylebot.training import lock, meter, needs, soundness
from chatstylebot.training.job import Job
from chatstylebot.workspace import Workspace, library


def faults(job: Job, env: dict[str, str], resume: bool = False, again: bool = False) -> list[UserError]:
    """All that stands in the way of a start."""
    found = list(job.prepared.faults)
    for check in (
        lambda: llamafactory.call("train", job.output / "recipe.yaml", job.workspace, env),
        lambda: lock.check(job.output),
        lambda: kept(job.output, resume, again),
        lambda: _same(job) if resume else None,
    ):
        try:
            check()
        except UserError as error:
            found.append(error)
    return found


def train(job: Job, env: dict[str, str], resume: bool = False, again: bool = False, verbose: bool = False) -> str:
    """Run the job to its end; return where the adapter is, and how the loss went. Raises UserError."""
    if found := faults(job, env, resume, again):
        remedies = dict.fromkeys(fault.remedy for fault in found)
        raise UserError("; ".join(fault.problem for fault in found), "; then ".join(remedies))
    output = job.output
    if earlier := kept(output, resume, again):
        output.rename(earlier)
        progress.say(f"the earlier run is kept as {earlier}")
    output.mkdir(parents=True, exist_ok=True)
    if env.get("NODE_RANK", "0") != "0":  # machine 0 holds the folder, which they may share
        return _run(job, env, resume, verbose, lambda engine: None)
    with lock.held(output) as begun:
        return _run(job, env, resume, verbose, begun)


def _run(job: Job, env: dict[str, str], resume: bool, verbose: bool, begun: Callable[[int], None]) -> str:
    values, output = dict(job.values), job.output
    if resume:
        values["resume_from_checkpoint"] = str(provenance.resumable(output, int(values.get("max_steps") or 0)))
    Workspace(job.workspace).private()
    recipe = output / "recipe.yaml"
    same = fixed(job)
    starts = [job.model, *(job.workspace / str(values[key]) for key in STARTS if values.get(key))]
    files.write(recipe, yaml.safe_dump(values, allow_unicode=True, sort_keys=False), private=True)
    provenance.write(
        output, state="interrupted", base=_base(job), system=job.system,
        dataset=values["dataset"], samples=job.prepared.samples, versions=llamafactory.versions(), line=job.line,
        learnt=provenance.both(sorted(same["data"].values()), *map(provenance.learnt, starts)), **same,
    )  # fmt: skip
    need = needs.of(job)
    for note in [*job.prepared.notes, need.memory, *([need.time] if need.time and not resume else [])]:
        progress.say(note)
    log = output / "engine.log"
    size = f"{need.samples:,} samples, {need.steps:,} steps" if job.prepared.counted else job.values["dataset"]
    progress.say(f"training {job.stage} on {size}; the engine's log: {log}")
    if not resume:
        (output / "trainer_log.jsonl").unlink(missing_ok=True)
    watch = soundness.Watch()

    def wrote(piece: str) -> bool:
        forms = {piece, json.dumps(piece)[1:-1], json.dumps(piece, ensure_ascii=False)[1:-1]}
        texts = (one.path.read_text("utf-8", "replace") for one in job.prepared.datasets if one.path)
        return any(form in text for text in texts for form in forms)

    def heard(line: str) -> None:
        shown.heard(line)
        watch.heard(line)

    try:
        with meter.Meter(output / "trainer_log.jsonl", verbose) as shown:
            llamafactory.run(
                llamafactory.call("train", recipe, job.workspace, env), log, heard, begun=begun, wrote=wrote
            )
        if not any((output / name).is_file() for name in provenance.WEIGHTS):
            raise UserError(f"the engine ended without an adapter in {output}", f"read its log: {log}")
        soundness.check(output)
    except soundness.Unsound:
        provenance.write(output, state="broken")
        raise
    provenance.write(output, state="finished")
    return ", ".join(filter(None, (str(output), meter.change(output / "trainer_log.jsonl"))))


def _base(job: Job) -> str:
    """The base model as the record names it: one of the library as models/NAME, which every machine finds."""
    return f"models/{job.model.name}" if job.model.parent == library() else str(job.values["model_name_or_path"])


STARTS = ("adapter_name_or_path",)  # beside the base model: what a run goes on from
# what a run keeps from its first step to its last, as the record names it and as a person does
FIXED = {
    "stage": "stage", "method": "method", "base_fingerprint": "base model", "template": "template",
    "lora_rank": "lora_rank", "data": "dataset", "start": "adapter to start from",
}  # fmt: skip


def fixed(job: Job) -> dict[str, Any]:
    """What must be the same when an interrupted run goes on."""
    return {
        "stage": job.stage,
        "method": job.method,
        "base_fingerprint": provenance.fingerprint(job.model),
        "template": job.values.get("template"),
        "lora_rank": job.values.get("lora_rank"),
        "start": [
            provenance.fingerprint(job.workspace / str(job.values[key])) for key in STARTS if job.values.get(key)
        ],
        "data": {one.name: files.digest(one.path) for one in job.prepared.datasets if one.path},
    }


def _same(job: Job) -> None:
    """Raise UserError where the run that lies there was begun with something else."""
    told, now = provenance.read(job.output), fixed(job)
    if other := [name for key, name in FIXED.items() if key in told and told[key] != now[key]]:
        raise UserError(
            f"the run in {job.output} was begun with another {' and another '.join(other)}",
            "the same line with --again keeps it and starts over",
        )


def goes_on(job: Job) -> str:
    """What to type after an interrupt."""
    if provenance.last_checkpoint(job.output) is None:
        return "interrupted, and nothing was saved yet: the same line starts over"
    return "interrupted: the same line with --resume goes on, with --again starts over"


def kept(output: Path, resume: bool, again: bool) -> Path | None:
    """Where the run that lies in the folder goes, None when it stays; UserError when it would be overwritten."""
    state = provenance.state(output)
    checkpoint = provenance.last_checkpoint(output)
    if state == "interrupted" and checkpoint is None and not any((output / n).is_file() for n in provenance.WEIGHTS):
        state = "none"  # it never got anywhere: nothing to lose
    if state == "foreign":
        raise UserError(f"{output} holds something that is no training run", "output_dir=FOLDER, a new one")
    if resume:
        if state != "interrupted" or checkpoint is None:
            ended = state in ("finished", "broken")
            why = f"the run there is {state}" if ended else "there is no checkpoint there"
            raise UserError(
                f"nothing to resume in {output}: {why}",
                "the same line with --again keeps it and starts over" if ended else "leave --resume out",
            )
        return None
    if state == "none":
        return None
    if again:
        number = next(n for n in range(1, 10_000) if not output.with_name(f"{output.name}-{n}").exists())
        return output.with_name(f"{output.name}-{number}")
    if state == "interrupted":
        begun = str(provenance.read(output).get("line") or "csb train --again").removesuffix(" --again")
        raise UserError(
            f"an interrupted run lies in {output}",
            f"{begun} --resume goes on with it; --again in its place starts over",
        )
    raise UserError(
        f"a {state} run lies in {output}",
        "the same line with --again keeps it under another name, or output_dir=FOLDER",
    )
