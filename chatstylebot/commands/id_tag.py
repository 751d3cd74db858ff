"""template → data/identity.json, registered"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace, here

FilePath = Annotated[
    Path | None, typer.Option("--file-path", "--file_path", help="Where the samples go.", show_default=False)
]


def run(
    name: Annotated[str | None, typer.Option(help="What the clone is called; left out, clone.yaml's name.")] = None,
    author: Annotated[str | None, typer.Option(help="Who made it; left out, clone.yaml's author.")] = None,
    file_path: FilePath = None,
    language: Annotated[
        Literal["zh", "en", "all"] | None, typer.Option(help="Rows to keep; left out, clone.yaml's language, else all.")
    ] = None,
) -> None:
    """Fill the bot's name and its author into the identity samples.

    Writes data/identity.json. A file there that still holds {{tags}} is read as the template and kept beside as
    *.template.json; edit that one to change the answers. Running it again with other names works.
    """
    from chatstylebot import card as cards
    from chatstylebot import files, progress
    from chatstylebot.models import special
    from chatstylebot.training import datasets, identity

    workspace = here()
    card = cards.find(workspace)
    name, author = name or (card.name if card else ""), author or (card.author if card else "")
    missing = [flag for flag, value in (("--name", name), ("--author", author)) if not value]
    if missing:
        raise UserError(
            f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing",
            "csb id-tag --name NAME --author AUTHOR",
        )
    output = file_path or Workspace(workspace).identity
    shown = file_path or Path("data/identity.json")
    text, source = _template(output)
    rows = _rows(text, source)
    wanted = language or (card.language if card else "all")
    kept = [row for row in rows if wanted == "all" or identity.language(row) == wanted]
    if rows and not kept:
        raise UserError(f"{source} has no rows in {wanted}", "csb id-tag --language all")

    def system(row: dict[str, Any]) -> str:
        """The prompt that is served; the engine would put its own default into a sample without one."""
        return special.broken((card or cards.Card.model_validate({"language": identity.language(row)})).prompt())

    done = identity.fill(kept, name, author, system)
    info = output.parent / "dataset_info.json"
    current = datasets.known(info)
    beside = _beside(output)
    with files.together() as outputs:
        if not beside.exists():
            outputs.bytes(beside, text, private=False)
        outputs.json(output, special.each(done.rows))
        outputs.json(
            info, datasets.register(current, "identity", output.name, datasets.ENTRIES["identity"]), private=False
        )
    if card and card.name and card.name != name:
        progress.say(f"note: clone.yaml says name: {card.name}, and the system prompt says so, too")
    progress.say(f"the template is {source if source == beside else f'kept beside as {beside.name}'}")
    counts = ", ".join(f"{{{{{tag}}}}} {number}" for tag, number in sorted(done.tags.items(), reverse=True))
    left = f" ({wanted}; {len(rows) - len(kept)} in the other language left out)" if len(kept) < len(rows) else ""
    typer.echo(
        f"{shown}: {sum(done.tags.values())} tags filled ({counts}) in {done.touched} of {len(kept)} rows{left}, "
        "registered as identity"
    )
    progress.say("next: csb train learns from them beside your chats (dataset=chat_records: without them)")


def _beside(output: Path) -> Path:
    return output.with_name(f"{output.stem}.template.json")


def _template(output: Path) -> tuple[bytes, Path]:
    """The template's bytes and where they stand: the output file while it holds tags, the one beside, the shipped."""
    from chatstylebot import files
    from chatstylebot.training import identity

    beside = _beside(output)
    there = output.read_bytes() if output.is_file() else b""
    if identity.tags(there.decode("utf-8-sig", "replace")):
        if beside.is_file() and beside.read_bytes() != there:
            raise UserError(
                f"both {output} and {beside.name} hold tags, and differ", "keep the one you want, move the other away"
            )
        return there, output
    if beside.is_file():
        return beside.read_bytes(), beside
    if there.strip() not in (b"", b"[]"):  # somebody wrote it without tags: nothing here could bring it back
        raise UserError(
            f"{output} holds no {{{{name}}}} or {{{{author}}}}, and there is no {beside.name}",
            f"move it away, or write the tags into it: {output}",
        )
    shipped = files.shipped("data/identity.template.json")
    return shipped.read_bytes(), shipped


def _rows(text: bytes, source: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text.decode("utf-8-sig"))
    except ValueError as error:  # not UTF-8, or not JSON
        raise UserError(f"{source} is not valid JSON: {error}", "repair it, or move it away") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{source} is no list of samples", 'write rows like {"instruction": "…", "output": "…"}')
    return rows
