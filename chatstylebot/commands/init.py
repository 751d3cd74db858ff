"""a workspace: clone.yaml, config/, data/"""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import card as cards
from chatstylebot import card_text, files, progress
from chatstylebot.workspace import Workspace

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
) -> None:
    """Make a workspace: clone.yaml, config/ and data/."""
    make(folder, name, author, language, model)


def make(folder: Path, name: str, author: str, language: str, model: str) -> None:
    """Put what is missing into the folder; what is there already stays as it is. Raises UserError."""
    from chatstylebot.models import presets
    from chatstylebot.training import datasets, recipes

    if not Path(model).is_dir():
        presets.get(model)
    card = card_text.commented(name, author, language, model)  # type: ignore[arg-type]
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
        progress.say(f"{len(kept)} files were there already and stay as they are")
    typer.echo(f"made {len(wanted) - len(kept)} files in {folder.resolve()}")
    if place.card in kept:
        model = cards.read(place.card).model
        progress.say("note: clone.yaml was there: --name, --author, --language and --model are not applied to it")
    there = "" if folder.resolve() == Path.cwd().resolve() else f"cd {shlex.quote(str(folder))}, "
    progress.say(f"next: {there}edit clone.yaml, then csb preprocess EXPORT, csb download {model}, csb train")
