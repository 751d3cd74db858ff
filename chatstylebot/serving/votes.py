"""A vote → a feedback record: what was really sent and answered, where the gateway still knows it, or can tell."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import cast

from fastapi.concurrency import run_in_threadpool

from chatstylebot.errors import UserError
from chatstylebot.feedback.records import Message, Record, Role
from chatstylebot.recalled import NOTHING, Past
from chatstylebot.serving import prompt, recent
from chatstylebot.serving.answers import Served
from chatstylebot.serving.asking import remembered
from chatstylebot.serving.recent import Completion
from chatstylebot.serving.refusals import Refusal, not_stored
from chatstylebot.serving.schema import FeedbackRequest
from chatstylebot.serving.state import State


async def record(state: State, vote: FeedbackRequest) -> Record:
    """The record of a vote. Raises Refusal."""
    try:
        completion = state.recent.get(vote.completion) or await _told(state, vote)
        await _still(state, completion)
        return Record(
            id=vote.id,
            at=state.now(),
            source=vote.source,
            contact=completion.contact,
            model=completion.model,
            adapter=completion.adapter,
            messages=tuple(Message(cast(Role, m["role"]), m["content"]) for m in completion.messages),
            candidates=tuple(completion.candidates),
            verdict=vote.verdict,
            index=vote.index,
            text=vote.text,
            whose=tuple(sorted(completion.past.whose)),
        )
    except ValueError as error:
        raise Refusal(400, "invalid_vote", str(error)) from None


async def _told(state: State, vote: FeedbackRequest) -> Completion:
    """A completion that is not known any more, as the client tells it. Raises Refusal, Unfit.

    An id of ours is sealed with the prompt: what was really sent is found again, or the vote is about something that
    the clone is not asked any more.
    """
    if not vote.messages or not vote.candidates:
        why = "this completion is not known (any more): send messages and candidates as well"
        raise Refusal(404, "unknown_completion", why)
    card, model = state.card, state.served(vote.model)
    who = state.contact(vote.contact) if vote.contact else None
    said = prompt.said([(message.role, message.content) for message in vote.messages], card.separator, card.language)
    turns = prompt.window(said.turns, card.history)
    extra = said.system if state.choices.client_system else ()
    names = (who[1].name, who[1].relation) if who else (None, None)
    id, adapter = model.engine.spec.id, model.engine.spec.adapter
    async for past in _recalled(state, model, turns, who and who[0], recent.asked_at(vote.completion)):
        system = prompt.system_text(card, names, past, extra)
        for gone in range(0, len(turns), 2):  # the oldest pairs may have had no room
            sent = prompt.messages(system, turns[gone:], model.rule)
            fits = recent.answers(vote.completion, state.keys, sent, id, adapter)
            if fits is not False:
                return Completion(
                    tuple(sent), list(vote.candidates), id, adapter if fits else None, who and who[0], past
                )
    why = "this answer was given to another prompt: clone.yaml, the adapter or what was remembered is not the same now"
    raise Refusal(409, "another_prompt", why)


async def _still(state: State, completion: Completion) -> None:
    """Raise Refusal where something in the prompt was taken out of the memory since: a vote would keep it."""
    if state.memory is None or not completion.past.passages:
        return
    try:
        still = await run_in_threadpool(state.memory.still, completion.past.passages)
    except UserError as error:
        raise not_stored(error, "a vote was not stored", "what was remembered for it cannot be read") from None
    if not still:
        raise Refusal(409, "another_prompt", "what was remembered for this answer is not in the memory any more")


async def _recalled(
    state: State, model: Served, turns: Sequence[prompt.Turn], contact: str | None, at: datetime | None
) -> AsyncIterator[Past]:
    """What the prompt may have held of the past at that moment: nothing, or as much of it as had room."""
    yield NOTHING
    for owner in (True, False):  # the vote does not tell whether it was the owner who asked
        past = await remembered(state, model, turns, contact, owner, at) if at else NOTHING
        while past:
            yield past
            past = past.less()
