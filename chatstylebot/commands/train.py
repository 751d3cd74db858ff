"""recipe → llamafactory-cli train → adapter"""

import contextlib
from collections.abc import Collection, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from chatstylebot import card as cards
from chatstylebot import onward, progress
from chatstylebot.errors import UserError, nearest
from chatstylebot.workspace import inside

if TYPE_CHECKING:
    from chatstylebot.feedback.learnt import Refreshed
    from chatstylebot.training.job import Job

# --max_steps 4 is to be told from a wrong option
OPTIONS = (
    "--model", "--method", "--recipe", "--deepspeed", "--dry-run", "--resume", "--again", "--verbose", "--nnodes",
    "--node-rank", "--master-addr", "--master-port", "--gpu",
)  # fmt: skip
CONTEXT = {"ignore_unknown_options": True}
STAGES = ("sft", "dpo", "kto", "pretrain")


def run(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[sft|dpo|kto|pretrain] [KEY=VALUE]...", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A preset (csb recipes models) or the path of a model folder.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="lora (left out), qlora or full.", metavar="lora|qlora|full")
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="A recipe file, or the name of a shipped one.")] = None,
    deepspeed: Annotated[str | None, typer.Option(help="Divide over several GPUs.", metavar="z0|z2|z3")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would run, and what it needs.")] = False,
    gpu: Annotated[
        str | None, typer.Option(help="With --dry-run: plan for a GPU elsewhere, by its memory.", metavar="GB[xN]")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Start over; the earlier run is kept under another name.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show all that the engine says.")] = False,
    nnodes: Annotated[int, typer.Option(help="How many machines train together.")] = 1,
    node_rank: Annotated[int, typer.Option(help="Which of them this one is, from 0.")] = 0,
    master_addr: Annotated[str | None, typer.Option(help="Address of machine 0.")] = None,
    master_port: Annotated[int, typer.Option(help="Port of machine 0.")] = 29500,
) -> None:
    """Fine-tune a model: recipe → llamafactory-cli train → adapter."""
    from chatstylebot.corpus import store
    from chatstylebot.engine import devices, llamafactory
    from chatstylebot.feedback import export
    from chatstylebot.models import presets
    from chatstylebot.training import dataset_files, plan
    from chatstylebot.training import job as jobs
    from chatstylebot.training import run as training

    stage, pairs = _words(words or [])
    if method is not None:
        _choice("--method", method, get_args(plan.Method))
    if recipe:
        _decides(recipe, model, method)
    if deepspeed is not None:
        _choice("--deepspeed", deepspeed, get_args(plan.Zero))
    if resume and again:
        raise typer.BadParameter("it starts over, and --resume goes on: choose one", param_hint="--again")
    elsewhere = devices.elsewhere(gpu) if gpu is not None else []
    if elsewhere and not dry_run:
        raise UserError("--gpu plans for a GPU elsewhere, and trains nothing", f"csb train --dry-run --gpu {gpu}")
    workspace = inside(model or recipe)
    card = cards.find(workspace) or cards.Card()
    asked: Any = {"stage": stage, "pairs": pairs, "model": model, "method": method, "recipe": recipe}
    asked |= {"deepspeed": deepspeed, "elsewhere": elsewhere}
    report = cache(partial(store.report, workspace))
    job = jobs.plan_run(card, workspace, **asked, report=report)
    of_votes = export.DATASETS & set(dataset_files.names(job.values.get("dataset")))
    newer = _newer(workspace, dry_run) if of_votes and not resume else None
    if newer:
        progress.say(newer.line)
        job = jobs.plan_run(card, workspace, **asked, report=report)
    if job.stage != "pretrain":
        for line in [
            *presets.mute(job.preset or "", card.language),
            *(f"note: {one}" for one in onward.bereft(workspace)),
        ]:
            progress.say(line)
    env = llamafactory.distributed(bool(job.values.get("deepspeed")), nnodes, node_rank, master_addr, master_port)
    if dry_run:
        made = [dataset_files.MAKES[name] for name in of_votes] if newer and newer.done else []
        nodes = {
            "--nnodes": nnodes,
            "--node-rank": node_rank,
            "--master-addr": master_addr,
            "--master-port": master_port,
        }
        more = [word for option, value in nodes.items() if nnodes > 1 for word in (option, str(value))]
        more += [word for word, on in (("--resume", resume), ("--again", again), ("--verbose", verbose)) if on]
        _dry(job, env, verbose, resume, again, made, more)
    else:
        try:
            done = training.train(job, env, resume, again, verbose)
        except KeyboardInterrupt:
            progress.say(training.goes_on(job))
            raise
        typer.echo(f"done: {done}")
        progress.say(f"next: csb chat --adapter {job.values['output_dir']}")


def _newer(workspace: Path, dry_run: bool) -> "Refreshed | None":
    """What is done about votes that were not exported yet."""
    from chatstylebot.feedback import learnt  # loads what finds private values

    return learnt.refresh(workspace, dry_run)


def _words(words: list[str]) -> tuple[str | None, list[str]]:
    """The stage, if one is named, and the overrides."""
    for word, after in zip(words, [*words[1:], ""], strict=False):
        if word.startswith("-"):
            raise _unknown(word, after)
    pairs = [word for word in words if "=" in word]
    bare = [word for word in words if "=" not in word]
    for word in bare:
        if word not in STAGES:
            near = nearest(word, STAGES)
            raise typer.BadParameter(
                f"{word!r} is neither a stage ({', '.join(STAGES)}) nor KEY=VALUE"
                + (f"; did you mean {near}?" if near else "")
            )
    if len(bare) > 1:
        raise typer.BadParameter(f"one stage at a time, not {' and '.join(bare)}")
    return (bare[0] if bare else None), pairs


def _unknown(word: str, after: str) -> typer.BadParameter:
    """What to write instead of an option that there is not: LLaMA-Factory's keys have no dashes."""
    from chatstylebot.engine import keys

    name, equals, value = word.partition("=")
    key = name.lstrip("-").replace("-", "_")
    key = keys.MEANT.get(key, key)
    if key in keys.known():
        value = value if equals else after if after and not after.startswith("-") else "VALUE"
        return typer.BadParameter(f"{name} is no option, but a key of LLaMA-Factory: write {key}={value}")
    near = nearest(name, [*OPTIONS, *(f"--{one}" for one in keys.known())])
    meant = near if near in OPTIONS else f"{near[2:]}=VALUE"
    return typer.BadParameter(f"there is no option {name}" + (f"; did you mean {meant}?" if near else ""))


def _decides(recipe: str, model: str | None, method: str | None) -> None:
    """A recipe says which model and method: another word for them would have no effect."""
    if model is not None:
        raise typer.BadParameter(
            f"{recipe} decides which model; write model_name_or_path=FOLDER template=NAME output_dir=FOLDER, "
            "or leave --recipe out",
            param_hint="--model",
        )
    if method is not None:
        raise typer.BadParameter(
            f"{recipe} decides how to train; take the recipe of that method (csb recipes list), or leave --recipe out",
            param_hint="--method",
        )


def _choice(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(known)}", param_hint=option)


def _dry(
    job: "Job",
    env: dict[str, str],
    whole: bool,
    resume: bool,
    again: bool,
    made: Collection[str],
    more: Sequence[str],
) -> None:
    """Show it all; `made` are remedies that the run itself begins with, `more` options that the job knows not."""
    import yaml

    from chatstylebot.engine import llamafactory
    from chatstylebot.training import needs, prepare
    from chatstylebot.training import run as training

    need = needs.of(job, more)
    typer.echo(yaml.safe_dump(job.values, allow_unicode=True, sort_keys=False).rstrip())
    typer.echo("---")
    faults = [fault for fault in training.faults(job, env, resume, again) if fault.remedy not in made]
    with contextlib.suppress(UserError):  # it stands among the faults
        typer.echo(llamafactory.call("train", job.output / "recipe.yaml", job.workspace, env).line(whole))
    if job.elsewhere:
        lacking = [one for one in faults if isinstance(one, prepare.Missing) or one not in job.prepared.faults]
        faults = [one for one in faults if one not in lacking]
        for one in lacking:
            progress.say(f"note: on this machine, {one.problem} ({one.remedy})")
    elif not faults and (earlier := training.kept(job.output, resume, again)):
        progress.say(f"note: the earlier run will be kept as {earlier}")
    each = ", ".join(f"{number:,} {name}" for name, number in job.prepared.samples.items())
    if need.samples and job.prepared.counted:
        on = f" on {len(job.gpus)} GPUs" if len(job.gpus) > 1 else ""
        typer.echo(f"{need.samples:,} samples ({each}), {need.steps:,} steps{on}")
    typer.echo("\n".join(filter(None, (need.memory, need.time))))
    if not job.gpus:
        progress.say("note: planned for this CPU; csb train --dry-run --gpu 24 plans for a GPU elsewhere (of 24 GB)")
    for note in job.prepared.notes:
        progress.say(f"note: {note}")
    for fault in faults:
        progress.say(f"it would not start: {fault.problem}\ntry: {fault.remedy}")
    if faults or not need.fits:
        raise typer.Exit(1)
