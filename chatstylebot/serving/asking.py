"""A client's request → what the engine is asked: the prompt of training, the card's sampling, within all limits."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi.concurrency import run_in_threadpool

from chatstylebot import progress, recalled
from chatstylebot.card import Language
from chatstylebot.errors import UserError
from chatstylebot.recalled import NOTHING, Past
from chatstylebot.serving import budget, engines, prompt, recent
from chatstylebot.serving.answers import Job, Served
from chatstylebot.serving.engines import Spec
from chatstylebot.serving.guard import Guard
from chatstylebot.serving.keys import Caller
from chatstylebot.serving.refusals import Refusal
from chatstylebot.serving.schema import ChatRequest, Extra
from chatstylebot.serving.state import State


@dataclass(frozen=True, slots=True)
class Asked:
    """What the engine is asked, by whom (an id of contacts.yaml), when, and what of the past stands in it."""

    job: Job
    contact: str | None
    at: datetime
    past: Past


async def job(state: State, asked: ChatRequest, caller: Caller) -> Asked:
    """What the engine is asked, in the shape of training. Raises Unfit, Refusal, Full, Trouble."""
    card, served, limits = state.card, state.served(asked.model), state.choices.limits
    _known_to(served.engine.spec, asked)
    sent = [(message.role, message.content) for message in asked.messages]
    said = prompt.said(sent, card.separator, card.language)
    ours = asked.csb or Extra()
    if not caller.owner and (ours.contact or ours.owner or ours.memory):
        raise Refusal(403, "owner_only", "only the owner's key may say who is talking, or what is remembered (csb)")
    known = state.contact(ours.contact) if ours.contact else None
    names = (known[1].name, known[1].relation) if known else (None, None)
    extra = said.system if state.choices.client_system else ()
    turns, at = prompt.window(said.turns, card.history), recent.moment(state.now())
    served.slots.check(asked.n or 1)
    if ours.memory is not None:
        past = Past(tuple(ours.memory))
    else:
        past = await remembered(state, served, turns, known and known[0], ours.owner, at)
    most = min(asked.limit or card.sampling.max_new_tokens, limits.tokens)
    if served.engine.spec.context:
        most = min(most, served.engine.spec.context // 2)
        room = served.engine.spec.context - most
        past = await fitting(served, past, card.language, room // 2, limits.patience)
        system = prompt.system_text(card, names, past, extra)
        turns = await fitted(served, system, turns, room, limits.patience)
    else:
        system = prompt.system_text(card, names, past, extra)
    wish = engines.wish(
        prompt.messages(system, turns, served.rule),
        card.sampling,
        max_tokens=most,
        temperature=asked.temperature,
        top_p=asked.top_p,
        seed=asked.seed,
        stop=asked.stops or None,
        presence_penalty=asked.presence_penalty,
        frequency_penalty=asked.frequency_penalty,
    )

    def guard() -> Guard:
        return Guard(state.secrets, lambda kind: state.metrics.masked.labels(kind).inc(), card.separator)

    made = Job(served, wish, asked.n or 1, bool(asked.stream), limits.seconds, guard)
    return Asked(made, known[0] if known else None, at, past)


async def remembered(
    state: State, served: Served, turns: Sequence[prompt.Turn], contact: str | None, owner: bool, at: datetime
) -> Past:
    """What the memory brings up for the last of these turns; nothing where it cannot be read: the clone answers."""
    if state.memory is None:
        return NOTHING
    from chatstylebot.memory.at_work import Asks

    begun = time.monotonic()
    try:
        said, asks = [text for _, text in turns], Asks(contact, owner)
        return await run_in_threadpool(state.memory.past, said, asks, at, served.engine.spec.tuned)
    except UserError as error:
        progress.say(f"note: an answer without memory: {error.problem}")
        return NOTHING
    finally:
        state.metrics.recalled.observe(time.monotonic() - begun)


def _known_to(spec: Spec, asked: ChatRequest) -> None:
    """Raise Refusal for what this engine cannot do: ignored, it would look as if it had been done."""
    if spec.dialect != "llamafactory":
        return
    wanted = {
        "seed": asked.seed is not None,
        "presence_penalty": bool(asked.presence_penalty),
        "frequency_penalty": bool(asked.frequency_penalty),
    }
    if missing := [name for name, there in wanted.items() if there]:
        why = f"LLaMA-Factory's engine has no {' and no '.join(missing)}: leave it out, or csb serve --engine llamacpp"
        raise Refusal(400, "unsupported_by_engine", why)


async def fitting(served: Served, past: Past, language: Language, room: int, patience: float) -> Past:
    """As much of the past as fits. Raises Full, Trouble."""
    while past and sum(await _sizes(served, [recalled.block(past, language)], room, patience)) > room:
        past = past.less()
    return past


async def fitted(
    served: Served, system: str, turns: list[prompt.Turn], room: int, patience: float
) -> list[prompt.Turn]:
    """The turns without their oldest pairs, until prompt and reply fit into the context. Raises Unfit."""
    sizes = await _sizes(served, [system, *(text for _, text in turns)], room, patience)
    gone = budget.keep(sizes, room)
    if gone is None:
        raise prompt.Unfit("the last message is longer than the model can read", "context_length_exceeded")
    return turns[gone:]


async def _sizes(served: Served, texts: Sequence[str], room: int, patience: float) -> list[int]:
    """The tokens of each text, as exactly as is needed to tell whether they fit together."""
    sizes = budget.certain(texts)
    if sum(sizes) <= room:
        return sizes
    if served.engine.spec.dialect == "llamacpp":
        return await budget.asked(texts, await served.engine.ready(patience))
    return budget.counted(texts, served.count) if served.count else budget.guessed(texts)
