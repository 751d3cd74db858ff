"""one person → out of everything that is stored, with a search that proves it"""

import contextlib
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chatstylebot import progress
from chatstylebot.errors import UserError
from chatstylebot.words import many
from chatstylebot.workspace import Workspace, inside

if TYPE_CHECKING:
    from chatstylebot.forgetting.plan import Plan
    from chatstylebot.forgetting.proof import Proof


def run(
    contact: Annotated[str, typer.Option(help="The chat's or person's id, name, or alias in contacts.yaml.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
) -> None:
    """Take one person out of everything stored, and prove by a search that nothing is left."""
    from chatstylebot.bot import forget as bots
    from chatstylebot.forgetting import carry_out, proof
    from chatstylebot.forgetting import plan as plans

    workspace = inside()
    with contextlib.ExitStack() as alone:
        if not dry_run:
            alone.enter_context(bots.alone(workspace))
            if url := Workspace(workspace).server():
                raise UserError(
                    f"csb serve is running at {url}: a vote there would write down again what is forgotten",
                    "stop it (Ctrl-C there), then the same line again",
                )
            alone.enter_context(Workspace(workspace).alone())
        with progress.stage("looking for them"):
            plan = plans.plan(workspace, contact)
        if not plan.touches:
            progress.tell(f"{contact} was forgotten on {plan.before}: nothing of theirs is stored")
            _anew(plan)
            return
        for line in plan.told():
            progress.tell(line)
        if dry_run:
            _anew(plan)
            progress.say("nothing was changed; next: the same line without --dry-run, which asks first")
            return
        if not yes:
            progress.sure("delete all this?", "--dry-run shows what would go")
        with progress.stage("forgetting"):
            carry_out.carry_out(plan, date.today().isoformat())
        with progress.stage("searching"):
            proved = proof.prove(plan)
        _show(plan, proved)


def _show(plan: "Plan", proof: "Proof") -> None:
    searched = f"searched {many(proof.searched, 'file')} for {proof.pieces:,} texts and ids of theirs"
    _anew(plan)
    if (plan.workspace.folder / ".git").exists():
        progress.say("not searched: .git; where data/ or .csb/ was ever committed, its history holds them")
    for path in proof.yours:
        progress.say(f"a file of your own holds them: rm {_place(path)}, or keep it knowingly")
    for path, why in proof.unreadable.items():
        progress.say(f"cannot be searched: {_place(path)} ({why})")
    left = ", ".join(f"{_place(path)} ({number:,})" for path, number in proof.left.items())
    kept = f"what is looked for stays in {_place(plan.workspace.forgetting)} until nothing is found"
    if left:
        live = [path for path in proof.left if path in plan.live]
        dead = [path for path in proof.left if path not in plan.live]
        what = [f"rm {' '.join(map(_place, dead))}"] if dead else []
        what += ["csb preprocess EXPORT, which makes samples anew without them"] if live else []
        cards = [path for path in live if path.suffix == ".yaml"]
        what += [f"take it out of {' and '.join(map(_place, cards))} by hand"] if cards else []
        raise UserError(
            f"{searched}: something is left in {left}; {kept}", f"{'; '.join(what)}; then the same line again"
        )
    if proof.unreadable:
        raise UserError(
            f"{searched}; {many(len(proof.unreadable), 'file')} cannot be searched; {kept}",
            "unpack them, or move them out of the workspace, then the same line again",
        )
    progress.tell(f"{searched}: nothing is left")
    if plan.mentions:
        named = f"{many(plan.mentions, 'message')} of others {'names' if plan.mentions == 1 else 'name'} them"
        progress.say(f"note: {named}: csb preprocess with --block hides a name")
    progress.say(
        "kept: rhythm.json (quantiles over everybody), secrets.bin (keyed hashes of redacted values) and forgotten.json"
        " (hashes of their names and ids: a later csb preprocess leaves them out; without the file it does not)"
    )
    progress.say("your export files still hold them: delete or keep these yourself")
    if not plan.memory:
        progress.say("next: nothing was trained on them, so nothing more is to be done; csb train learns without them")


def _anew(plan: "Plan") -> None:
    """Say which adapters and models have learnt from what is forgotten, and what to type."""
    from chatstylebot.models import memories

    for one in plan.memory:
        how = "remembers them" if one.sure else "may remember them (what it has learnt from is not known)"
        progress.say(f"{_place(one.path)} {how}")
    if plan.memory:
        progress.say("without them, in this order:")
        for line in memories.lines(plan.memory, Path.cwd()):
            progress.say(f"  {line}")


def _place(path: Path) -> str:
    import shlex

    return shlex.quote(os.path.relpath(path))
