"""A vote → a feedback record: what was really sent and answered, where the gateway still knows it, or can tell."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import cast

from chatstylebot.feedback.records import Message, Record, Role
from chatstylebot.recalled import Past
from chatstylebot.serving import prompt, recent
from chatstylebot.serving.answers import Served
from chatstylebot.serving.asking import remembered
from chatstylebot.serving.recent import Completion
from chatstylebot.serving.refusals import Refusal
from chatstylebot.serving.schema import FeedbackRequest
from chatstylebot.serving.state import State


async def record(state: State, vote: FeedbackRequest) -> Record:
    """The record of a vote. Raises Refusal."""
    try:
        completion = state.recent.get(vote.completion) or await _told(state, vote)
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
                return Completion(tuple(sent), list(vote.candidates), id, adapter if fits else None, who and who[0])
    why = "this answer was given to another prompt: clone.yaml, the adapter or what was remembered is not the same now"
    raise Refusal(409, "another_prompt", why)


async def _recalled(
    state: State, model: Served, turns: Sequence[prompt.Turn], contact: str | None, at: datetime | None
) -> AsyncIterator[Past]:
    """What the prompt may have held of the past at that moment: nothing, or as much of it as had room."""
    yield prompt.NOTHING
    # the vote does not tell whether a stranger asked, or the owner
    for owner in (False,) if contact else (True, False):
        past = await remembered(state, model, turns, contact, owner, at) if at else prompt.NOTHING
        while past:
            yield past
            past = past.less()
