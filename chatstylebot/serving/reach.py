"""Whether a server elsewhere answers and has the model, and what to do where it does not."""

import asyncio
import os
from dataclasses import dataclass

from chatstylebot.client import Client, Trouble, root
from chatstylebot.errors import UserError
from chatstylebot.serving import engines
from chatstylebot.serving.leaving import Elsewhere

PATIENCE = 3.0  # seconds


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen, and the remedy where that is a fault ("": it is none)."""

    detail: str
    remedy: str = ""


def look(where: Elsewhere) -> Look:
    """Ask the server for its models. What is said goes nowhere."""
    key, near = os.environ.get(engines.KEY, ""), where.beyond == ""

    async def models() -> list[str]:
        client = Client(f"{root(where.url)}/v1", key)
        try:
            return await client.models(PATIENCE)
        finally:
            await client.close()

    try:
        names = asyncio.run(models())
    except Trouble as error:
        if error.status in (401, 403):
            detail = f"{where.url} refuses the key" if key else f"{where.url} asks for a key"
            return Look(detail, f"{engines.KEY}=… csb doctor, and the same before csb serve or csb chat")
        start = f"start what is to answer there: ollama serve (Ollama is at https://ollama.com), {_pull(where)}"
        return Look(f"{where.url} does not answer: {error.message}", start if near else "check url, and the network")
    if not names or (where.model and not {where.model, f"{where.model}:latest"} & {*names}):
        told = f"; it has {', '.join(names[:5])}" if names else ""
        remedy = _pull(where) if near else "url_model in clone.yaml"
        return Look(f"{where.url} answers, and has no {where.model or 'model'}{told}", remedy)
    return Look(f"{where.url} answers, with {where.model or names[0]}")


def check(where: Elsewhere | None) -> None:
    """Raise UserError where the server does not answer, or lacks the model."""
    if where is not None and (seen := look(where)).remedy:
        raise UserError(seen.detail, seen.remedy)


def _pull(where: Elsewhere) -> str:
    return f"ollama pull {where.model or 'qwen2.5:7b'}"
