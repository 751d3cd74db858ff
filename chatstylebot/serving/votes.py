"""A vote → a feedback record: what was really sent and answered, where the gateway still knows it."""

from datetime import datetime
from typing import cast

from chatstylebot.card import Card
from chatstylebot.contacts import Contact
from chatstylebot.feedback.records import Message, Record, Role
from chatstylebot.serving import prompt
from chatstylebot.serving.answers import Served
from chatstylebot.serving.recent import Completion
from chatstylebot.serving.refusals import Refusal
from chatstylebot.serving.schema import FeedbackRequest

Named = tuple[str, Contact]  # a contact under its id


def record(
    vote: FeedbackRequest, known: Completion | None, card: Card, model: Served, who: Named | None, at: datetime
) -> Record:
    """The record of a vote; card, `model` and `who` fill in what a client does not know. Raises Refusal."""
    try:
        completion = known or _told(vote, card, model, who)
        return Record(
            id=vote.id,
            at=at,
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


def _told(vote: FeedbackRequest, card: Card, model: Served, who: Named | None) -> Completion:
    """A completion that is not known any more, as the client tells it. Raises Refusal, Unfit."""
    if not vote.messages or not vote.candidates:
        why = "this completion is not known (any more): send messages and candidates as well"
        raise Refusal(404, "unknown_completion", why)
    told = [(message.role, message.content) for message in vote.messages]
    said = prompt.said(told, card.separator, card.language)
    id, names = (who[0], (who[1].name, who[1].relation)) if who else (None, (None, None))
    sent = prompt.messages(prompt.system_text(card, names), prompt.window(said.turns, card.history), model.rule)
    return Completion(tuple(sent), list(vote.candidates), vote.model or model.engine.spec.id, None, id)
