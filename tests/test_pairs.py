"""Records become pairs and labels in the engine's formats; the last word wins, and every row is accounted for."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from feedback_records import SYSTEM, prompt, record

from chatstylebot.feedback import figures, pairs
from chatstylebot.feedback.pairs import resolve
from chatstylebot.feedback.records import Record

DATA = Path(__file__).parent.parent / "data"


def pick(id: str, minute: int = 0, index: int = 0, candidates: tuple[str, ...] = ("a", "b"), **more: Any) -> Record:
    return record(id, minute, candidates=candidates, verdict="chosen", index=index, **more)


def edit(id: str, text: str, draft: str = "a", **more: Any) -> Record:
    return record(id, candidates=(draft,), verdict="edited", text=text, **more)


def thumb(id: str, verdict: str, text: str = "a", **more: Any) -> Record:
    return record(id, candidates=(text,), verdict=verdict, **more)


def pairs_of(*records: Record) -> list[tuple[str, str]]:
    return [(pair.chosen, pair.rejected) for pair in resolve(records).pairs]


def labels_of(*records: Record) -> list[tuple[str, bool]]:
    return [(label.text, label.good) for label in resolve(records).labels]


def shape(value: Any) -> Any:
    """The keys and kinds of a row, without what is said."""
    if isinstance(value, dict):
        return {key: item if key in ("from", "role") else shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else type(value)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("dpo_zh_demo", pairs.dpo(resolve([pick("a")]).pairs[0])),
        ("kto_en_demo", pairs.kto(resolve([thumb("a", "good")]).labels[0])),
    ],
)
def test_rows_have_the_shape_of_the_shipped_ones_FBK_7(name: str, made: dict[str, Any]) -> None:
    shipped = json.loads((DATA / f"{name}.json").read_text("utf-8"))[0]
    assert shape(made) == shape(shipped)
    assert list(made) == list(shipped)


def test_the_first_turn_is_the_system_prompt_that_was_served() -> None:
    talk = record("a", 0, "hi", "yo", "free?", candidates=("no", "yes"), verdict="chosen", index=1)
    assert pairs.dpo(resolve([talk]).pairs[0]) == {
        "conversations": [
            {"from": "system", "value": SYSTEM},
            {"from": "human", "value": "hi"},
            {"from": "gpt", "value": "yo"},
            {"from": "human", "value": "free?"},
        ],
        "chosen": {"from": "gpt", "value": "yes"},
        "rejected": {"from": "gpt", "value": "no"},
    }


def test_text_is_trained_on_as_the_model_said_it_FBK_3() -> None:
    said = " 嗯，，好,的\n\n😂 "
    [label] = resolve([thumb("a", "bad", said)]).labels
    assert pairs.kto(label)["messages"][-1] == {"role": "assistant", "content": said}


def test_a_pick_is_a_pair_for_every_answer_passed_over() -> None:
    assert pairs_of(pick("a", index=1, candidates=("x", "y", "z"))) == [("y", "x"), ("y", "z")]


def test_an_edit_is_a_pair_and_a_thumb_is_a_label_and_neither_is_both_FBK_8() -> None:
    found = resolve([edit("e", "mine"), thumb("g", "good", "x"), thumb("b", "bad", "y"), thumb("r", "rejected", "z")])
    assert [(p.chosen, p.rejected) for p in found.pairs] == [("mine", "a")]
    assert [(one.text, one.good) for one in found.labels] == [("x", True), ("y", False), ("z", False)]


def test_a_draft_of_several_that_is_not_sent_says_nothing_of_the_others() -> None:
    one = record("a", candidates=("x", "y"), verdict="rejected", index=1)
    assert (pairs_of(one), labels_of(one)) == ([], [("y", False)])


@pytest.mark.parametrize(
    ("votes", "left", "dropped"),
    [
        # the same again
        ([pick("1"), pick("2")], [("a", "b")], {"repeated": 1}),
        ([thumb("1", "good"), thumb("2", "good")], [("a", True)], {"repeated": 1}),
        # the opposite
        ([pick("1"), pick("2", index=1)], [("b", "a")], {"overruled": 1}),
        ([thumb("1", "good"), thumb("2", "bad")], [("a", False)], {"overruled": 1}),
        ([thumb("1", "bad"), thumb("2", "good"), thumb("3", "bad")], [("a", False)], {"overruled": 2}),
        # an edit says more than a thumb, before it or after it
        ([thumb("1", "good"), edit("2", "mine")], [("mine", "a")], {"overruled": 1}),
        ([thumb("1", "bad"), edit("2", "mine")], [("mine", "a")], {"repeated": 1}),
        ([edit("1", "mine"), thumb("2", "bad")], [("mine", "a")], {"repeated": 1}),
        # but after it, "good" takes it back
        ([edit("1", "mine"), thumb("2", "good")], [("a", True)], {"overruled": 1}),
        # edited again
        ([edit("1", "mine"), edit("2", "better")], [("better", "a")], {"overruled": 1}),
        # picked, then marked
        ([pick("1"), thumb("2", "good", "a")], [("a", "b")], {"repeated": 1}),
        ([pick("1"), thumb("2", "good", "b")], [("b", True)], {"overruled": 1}),
        ([thumb("1", "bad", "a"), pick("2")], [("a", "b")], {"overruled": 1}),
        # what does not contradict stays: the better of two may still be edited
        ([pick("1"), edit("2", "mine")], [("a", "b"), ("mine", "a")], {}),
        ([pick("1"), pick("2", candidates=("b", "c"))], [("a", "b"), ("b", "c")], {}),
        ([thumb("1", "good", "a"), thumb("2", "bad", "b")], [("a", True), ("b", False)], {}),
        # edited into itself: it is good, and an earlier edit or thumb is taken back
        ([edit("1", "mine"), edit("2", "a\n")], [("a", True)], {"overruled": 1}),
        ([thumb("1", "bad"), edit("2", "a")], [("a", True)], {"overruled": 1}),
        # useless
        ([pick("1", candidates=("a", "a"))], [], {"same": 1}),
        ([pick("1", candidates=("ok", "ok\n"))], [], {"same": 1}),
        ([thumb("1", "bad", " \n")], [], {"empty": 1}),
    ],
)
def test_the_last_word_wins_and_nothing_is_said_twice(
    votes: list[Record], left: list[Any], dropped: dict[str, int]
) -> None:
    assert [*pairs_of(*votes), *labels_of(*votes)] == left
    assert dict(resolve(votes).dropped) == dropped


def test_verdicts_on_another_prompt_do_not_meet() -> None:
    other = [thumb("1", "good"), thumb("2", "bad", messages=prompt("hello"))]
    strange = [thumb("1", "good"), thumb("2", "bad", messages=prompt("hi", system="You are Bo."))]
    for votes in (other, strange):
        assert labels_of(*votes) == [("a", True), ("a", False)]


def test_after_redaction_equal_answers_are_no_pair_and_the_card_s_prompt_stays() -> None:
    def clean(text: str) -> str:
        return text.replace("5551234", "[PHONE_1]").replace("5559876", "[PHONE_1]").replace("Mia", "[NAME_1]")

    one = pick("a", candidates=("call 5551234", "call 5559876"), messages=prompt("Mia, your number?"))
    two = thumb("b", "good", "it is 5551234", messages=prompt("Mia, your number?"))
    found = resolve([one, two], clean, ours=[SYSTEM])
    assert dict(found.dropped) == {"same": 1}
    [label] = found.labels
    assert [m.content for m in label.prompt] == [SYSTEM, "[NAME_1], your number?"]
    assert label.text == "it is [PHONE_1]"
    assert resolve([two], clean).labels[0].prompt[0].content.startswith("You are [NAME_1]")
    assert dict(resolve([one, two, thumb("c", "bad")], clean, [SYSTEM], "drop").dropped) == {"same": 1, "private": 1}


def test_whatever_is_voted_rows_add_up_and_no_answer_is_judged_both_ways() -> None:
    dice = random.Random(5)
    for _ in range(300):
        votes: list[Record] = []
        for n in range(dice.randrange(1, 25)):
            said = tuple(dice.choice("abcd") for _ in range(dice.choice((1, 2, 2, 3))))
            verdict = dice.choice(["good", "bad", "rejected", "edited"] + ["chosen"] * 2 * (len(said) > 1))
            text = dice.choice("abe") if verdict == "edited" else None
            at = dice.randrange(len(said))
            turns = [dice.choice(("hi", "yo"))]
            votes.append(record(str(n), n, *turns, candidates=said, verdict=verdict, index=at, text=text))
        found = resolve(votes)
        into = sum(len(pairs.rows(vote)) for vote in votes)
        assert into == len(found.pairs) + len(found.labels) + found.dropped.total()
        seen = {(label.prompt, label.text): label.good for label in found.labels}
        assert len(seen) == len(found.labels)
        for pair in found.pairs:
            assert (pair.prompt, pair.chosen) not in seen
            assert (pair.prompt, pair.rejected) not in seen
        directions = {(pair.prompt, pair.chosen, pair.rejected) for pair in found.pairs}
        assert len(directions) == len(found.pairs)
        assert not any((p, worse, better) in directions for p, better, worse in directions)
        # the very last vote counts, unless it is useless or was said before
        last = pairs.rows(votes[-1])[-1]
        if isinstance(last, pairs.Label):
            kept = seen.get((last.prompt, last.text))
            assert kept in (last.good, None)


def test_uneven_labels_come_with_the_engine_s_weights() -> None:
    assert figures.weights(10, 40) == {"kto_chosen_weight": 4.0}
    assert figures.weights(30, 10) == {"kto_rejected_weight": 3.0}
    assert figures.weights(13, 10) == {}  # as even as KTO asks
    assert figures.weights(10, 0) == {}
    found = figures.amount(resolve([thumb("1", "good", "x"), thumb("2", "good", "y"), edit("3", "mine")]))
    assert found["kto"] == {"labels": 2, "desirable": 2, "undesirable": 0, "weights": {}}
    assert found["dpo"] == {"pairs": 1, "picks": 0, "edits": 1, "self_play": 0}
    assert "2 labels, all of them good: KTO learns from the difference" in " ".join(figures.advice(found))


@pytest.mark.parametrize(("number", "word"), [(0, "none"), (7, "too few"), (8, "see that it works"), (50, "first try")])
def test_a_plain_word_says_whether_it_is_enough(number: int, word: str) -> None:
    assert word in figures.enough(number)


def test_both_answers_rejected_are_two_bad_labels_and_no_pair() -> None:
    neither = [record(id, candidates=("a", "b"), verdict="rejected", index=at) for at, id in enumerate("xy")]
    assert (pairs_of(*neither), labels_of(*neither)) == ([], [("a", False), ("b", False)])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_both_rejected_after_a_pick_overrule_it_in_either_order(order: tuple[int, int]) -> None:
    later = [record(f"r{at}", 1, candidates=("a", "b"), verdict="rejected", index=at) for at in order]
    assert pairs_of(pick("p"), *later) == []
    assert sorted(labels_of(pick("p"), *later)) == [("a", False), ("b", False)]


def test_a_thumb_that_a_pick_repeated_counts_again_when_the_pick_is_overruled() -> None:
    votes = [thumb("t", "bad", "b"), pick("p", 1), pick("q", 2, candidates=("a", "c"))]
    assert (pairs_of(*votes), labels_of(*votes)) == ([("a", "b"), ("a", "c")], [])
    votes.append(thumb("u", "bad", "a"))
    assert (pairs_of(*votes), labels_of(*votes)) == ([], [("b", False), ("a", False)])
    assert resolve(votes).dropped == {"overruled": 2}
