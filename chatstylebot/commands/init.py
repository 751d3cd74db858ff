"""a workspace: clone.yaml, config/, data/"""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import yaml

from chatstylebot import card as cards
from chatstylebot import card_text, files, progress
from chatstylebot.errors import UserError
from chatstylebot.words import many
from chatstylebot.workspace import Workspace

OLLAMA = "http://127.0.0.1:11434/v1"

# a person's chats, models and runs are nobody else's, wherever the workspace is pushed to
IGNORED = """\
.csb/
.*.part
data/*
!data/dataset_info.json
!data/identity.template.json
models/
saves/
exported/
contacts.yaml
facts.yaml
"""


def run(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where; made if need be.")] = Path(),
    name: Annotated[str, typer.Option(help="Who the clone is.")] = "",
    author: Annotated[str, typer.Option(help="Who made it.")] = "",
    language: Annotated[str, typer.Option(help="Of the chats.", metavar="zh|en")] = "zh",
    model: Annotated[str, typer.Option(help="The base model: a preset, or the path of a model folder.")] = "qwen3",
    no_gpu: Annotated[
        bool, typer.Option("--no-gpu", help="Nothing is trained: a server's model speaks as the clone, with memory.")
    ] = False,
    url: Annotated[str | None, typer.Option(help=f"--no-gpu: the server, ending in /v1; default: {OLLAMA}.")] = None,
    url_model: Annotated[
        str | None, typer.Option(help="--no-gpu: what it calls the model; its first one if left out.")
    ] = None,
) -> None:
    """Make a workspace: clone.yaml, config/ and data/."""
    if not no_gpu and (url is not None or url_model is not None):
        raise UserError(
            f"{'--url-model' if url is None else '--url'} is for --no-gpu", "csb init --no-gpu, and the rest"
        )
    there = Elsewhere(url or OLLAMA, url_model or "") if no_gpu else None
    make(folder, name, author, language, model, there)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The server whose model is to speak as the clone."""

    url: str
    model: str


def make(folder: Path, name: str, author: str, language: str, model: str, elsewhere: Elsewhere | None = None) -> None:
    """Put what is missing into the folder; what is there already stays as it is. Raises UserError."""
    from chatstylebot.models import presets
    from chatstylebot.training import datasets, recipes

    if folder.resolve() == Path.home().resolve():
        raise UserError(
            "your home folder is no workspace: every folder below it would belong to it", "csb init ~/my-clone"
        )
    if not Path(model).is_dir():
        presets.get(model)
    model_asked = model
    there = (elsewhere.url, elsewhere.model, True) if elsewhere else ("", "", False)
    card = card_text.commented(name, author, language, model, *there)  # type: ignore[arg-type]
    cards.parse(yaml.safe_load(card), "the options")
    place = Workspace(folder)
    wanted = {place.config / path: text.encode() for path, text in recipes.files().items()}
    for sample in datasets.SHIPPED:
        wanted[place.data / f"{sample}.json"] = files.shipped(f"data/{sample}.json").read_bytes()
    template = "data/identity.template.json"
    wanted[folder / template] = files.shipped(template).read_bytes()
    wanted[place.card] = card.encode()
    wanted[folder / ".gitignore"] = IGNORED.encode()
    info = place.registry
    told = datasets.known(info)
    with files.together() as outputs:
        kept = [path for path in wanted if path.exists()]
        for path, data in wanted.items():
            if path not in kept:
                outputs.bytes(path, data, private=False)
        outputs.json(info, told | {k: v for k, v in datasets.dataset_info().items() if k not in told}, private=False)
    if kept:
        were = "were there already and stay as they are" if len(kept) > 1 else "was there already and stays as it is"
        progress.say(f"{many(len(kept), 'file')} {were}")
    new = len(wanted) - len(kept)
    typer.echo(
        f"made {many(new, 'file')} in {folder.resolve()}" + (" (most are recipes, in config/)" if new > 99 else "")
    )
    if place.card in kept:
        model = cards.read(place.card).model
        if (name, author, language, model_asked, elsewhere) != ("", "", "zh", "qwen3", None):
            progress.say("note: clone.yaml was there: what was typed behind csb init is not applied to it; edit it")
    if not elsewhere:
        card_now = cards.read(place.card)
        for line in presets.mute(card_now.model, card_now.language):
            progress.say(line)
    first = "" if folder.resolve() == Path.cwd().resolve() else f"cd {shlex.quote(str(folder))}, "
    then = "csb rag index, csb chat" if elsewhere else f"csb download {model}, csb train"
    made = "" if place.samples.is_file() else "csb preprocess EXPORT, "
    progress.say(f"next: {first}look through clone.yaml, then {made}{then}")
