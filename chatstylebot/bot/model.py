"""The clone behind the gateway: a question put, an answer or the reason why there is none; votes handed on."""

from collections.abc import Iterable
from typing import Any

from chatstylebot.bot.actions import Ask
from chatstylebot.bot.talk import Answer, Vote
from chatstylebot.client import Client, Trouble
from chatstylebot.words import whole


async def answer(client: Client, ask: Ask) -> Answer:
    """What the clone says. Raises Trouble."""
    body: dict[str, Any] = {"messages": messages(ask.turns), "n": ask.n}
    # by these the memory tells what it tells
    who = {"contact": ask.contact, "owner": ask.owner}
    if told := {key: value for key, value in who.items() if value}:
        body["csb"] = told
    found = await client.complete(body)
    try:
        texts = tuple(whole(str(choice["message"]["content"] or "")) for choice in found["choices"])
        return Answer(str(found["id"]), str(found["model"]), ask.turns, texts, texts)
    except (KeyError, TypeError):
        raise Trouble("the server's answer has another shape than a chat completion", 502) from None


async def vote(client: Client, given: Vote) -> None:
    """Have a vote stored; when this returns, it is on the disk. Raises Trouble."""
    body: dict[str, Any] = {
        "id": given.id,
        "completion": given.answer.completion,
        "verdict": given.verdict,
        "index": given.index,
        "source": given.source,
        "messages": messages(given.answer.asked),
        "candidates": list(given.answer.candidates),
        "model": given.answer.model,
    }
    optional = {"text": given.text, "contact": given.contact}
    await client.post("/v1/feedback", body | {key: value for key, value in optional.items() if value})


def messages(turns: Iterable[tuple[Any, str]]) -> list[dict[str, str]]:
    """Turns as the API wants them."""
    return [{"role": role, "content": text} for role, text in turns]
