"""plain text, tables, tweets → pre-training samples, registered"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from chatstylebot.errors import UserError
from chatstylebot.words import many
from chatstylebot.workspace import here

if TYPE_CHECKING:
    from chatstylebot.corpus.privacy import Finder


def run(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help=".txt .md .csv .json .jsonl, tweets.js, or a folder.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the samples go, a .json file.")],
    name: Annotated[str | None, typer.Option(help="Its name in dataset_info.json; left out, the file's.")] = None,
    text_column: Annotated[str | None, typer.Option(help="The column that holds the text.")] = None,
    min_length: Annotated[int, typer.Option(min=1, help="Characters a text must have.")] = 1,
    privacy: Annotated[
        Literal["redact", "off"],
        typer.Option(help="Phone numbers, addresses, passwords and the like: replaced, or left."),
    ] = "redact",
    as_json: Annotated[bool, typer.Option("--json", help="The counts as JSON.")] = False,
) -> None:
    """Turn plain text or tweets into pre-training samples.

    Reads text and Markdown by paragraph, tables and JSON by their text column, the tweets.js of an X archive and the
    files of the Trump Twitter Archive. Retweets, bare links and duplicates are dropped, and counted.
    """
    from chatstylebot import files, progress
    from chatstylebot.corpus import texts
    from chatstylebot.models import special
    from chatstylebot.training import datasets

    entry = name or output.stem
    sources = _sources(paths, texts.SUFFIXES)
    if output.suffix != ".json":
        raise UserError(f"the engine would not read {output.name}", f"--output {output.with_suffix('.json')}")
    if output.resolve() in {path.resolve() for path in sources}:
        raise UserError(f"{output} is one of the files to read", "choose another --output")
    if not entry or set(entry) & set(", "):
        raise UserError(f"the engine cannot take {entry!r} as the name of a dataset", "--name without commas or blanks")
    info = output.parent / "dataset_info.json"
    current = datasets.known(info)
    there = current.get(entry, datasets.TEXT)
    if not isinstance(there, dict) or there.get("columns") != datasets.TEXT["columns"]:
        raise UserError(f"{entry} is the name of another kind of dataset in {info}", f"--name my_{entry}")

    posts: list[texts.Post] = []
    with progress.stage("reading"):
        for path in sources:
            found = texts.read(path.name, path.read_bytes(), text_column)
            progress.say(f"{path.name}: {len(found):,} text{'s' * (len(found) != 1)}")
            posts += found
    done = texts.clean(posts, min_length)
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in done.dropped.items())
    if not done.texts:
        raise UserError(
            f"nothing is left of {many(done.read, 'text')}: {reasons or 'there are none'}", "give other files"
        )
    finder = _finder()
    kept = [finder.replace(text) if privacy == "redact" else text for text in done.texts]
    with files.together() as outputs:
        outputs.json(output, [{"text": special.broken(text)} for text in kept])
        outputs.json(info, datasets.register(current, entry, output.name, datasets.TEXT), private=False)
    counts = {"in": done.read, "kept": len(done.texts), "dropped": dict(done.dropped), "redacted": finder.counts}
    if as_json:
        more = {"characters": sum(map(len, done.texts)), "output": str(output), "dataset": entry}
        typer.echo(json.dumps(counts | more, ensure_ascii=False))
        return
    typer.echo(f"{done.read:,} in → {len(done.texts):,} kept" + (f" ({reasons})" if reasons else ""))
    if finder.counts:
        typer.echo("redacted: " + ", ".join(f"{number:,} {kind}" for kind, number in sorted(finder.counts.items())))
    progress.say(f"{output}, registered as {entry}; next: csb train pretrain dataset={entry}")


def _finder() -> "Finder":
    """What finds private values, with placeholders in the card's language."""
    from chatstylebot import card as cards
    from chatstylebot.corpus.privacy import Finder

    return Finder((cards.find(here()) or cards.Card()).language)


def _sources(paths: list[Path], suffixes: tuple[str, ...]) -> list[Path]:
    """The files to read; of a folder its tweets, where it is (in) an X archive, else every text file below it."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UserError(f"there is no {path}", "check the path")
        if path.is_dir():
            tweets = sorted(p for folder in (path, path / "data") for p in folder.glob("tweet*.js") if _of_tweets(p))
            inside = tweets or sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
            if not inside:
                raise UserError(f"there are no texts in {path}", f"it should hold {' '.join(suffixes)}")
            found += inside
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _of_tweets(path: Path) -> bool:
    # tweet-headers.js and tweetdeck.js lie beside them
    return path.stem in ("tweet", "tweets") or path.stem.startswith(("tweets-part", "tweet-part"))
