"""A reply is cut at stop strings and split where training joined."""

from hypothesis import given
from hypothesis import strategies as st

from chatstylebot.serving.reply import Stops, bubbles


def test_the_separator_trained_is_the_separator_split_on_SRV_8() -> None:
    assert bubbles("好的\n\n马上来 ", "\n") == ["好的", "马上来"]
    assert bubbles("a | b", " | ") == ["a", "b"]
    assert bubbles("  ", "\n") == []


def test_a_stop_string_across_two_chunks_is_found_and_never_said_SRV_6() -> None:
    stops = Stops(["END"])
    assert [stops.feed("hello E"), stops.feed("N"), stops.feed("D more"), stops.end()] == ["hello ", "", "", ""]
    assert stops.found


def test_what_only_began_like_a_stop_string_is_said() -> None:
    stops = Stops(["END"])
    assert stops.feed("the EN") + stops.feed("try") + stops.end() == "the ENtry"


@given(st.text("abE", max_size=30), st.lists(st.text("abE", min_size=1, max_size=3), max_size=3), st.data())
def test_in_any_pieces_it_is_the_text_up_to_the_first_stop_string(
    text: str, stops: list[str], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    filtered = Stops(stops)
    pieces = [filtered.feed(text[a:b]) for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    places = [at for stop in stops if (at := text.find(stop)) >= 0]
    out = "".join(pieces) + filtered.end()
    # cut where the first stop string is complete, which may begin before another that is longer
    assert text.startswith(out)
    assert not places or (filtered.found and len(out) >= min(places))
    assert places or out == text
