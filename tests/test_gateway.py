"""The gateway over real HTTP, before an engine that does as its messages say (tests/fake_engine.py)."""

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import gateway
import httpx
import pytest
from gateway import FRIEND, OWNER, Running, fake, limits, running
from patience import LIMIT, until

from chatstylebot import recalled
from chatstylebot.card import Card
from chatstylebot.contacts import Contact
from chatstylebot.errors import UserError
from chatstylebot.recalled import Past
from chatstylebot.serving import addresses, protocol, server
from chatstylebot.serving.recent import Recent
from chatstylebot.serving.state import Choices, Limits

KEYED = Choices(key_required=True, limits=Limits(rate=0))


def say(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(texts)]


def ask(where: Running, *texts: str, key: str | None = None, **more: Any) -> httpx.Response:
    body = {"messages": say(*texts)} | more
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.post(f"{where.v1}/chat/completions", json=body, headers=headers, timeout=LIMIT)


def words(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


def shown(answer: httpx.Response) -> dict[str, Any]:
    """The request as the engine got it."""
    found: dict[str, Any] = json.loads(words(answer))
    return found


def events(answer: httpx.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def open_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway on loopback, without keys."""
    contacts = {"wx_ann": Contact(name="Ann", relation="妹妹", aliases={"ilink": "u77"})}
    card = Card(name="小林", system="你是{name}，在和{contact}（{relation}）聊天。", history=2)
    with running(tmp_path_factory.mktemp("gateway"), card=card, choices=limits(), contacts=contacts) as found:
        yield found


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway that asks for a key."""
    contacts = {"wx_ann": Contact(name="Ann", relation="妹妹")}
    card = Card(name="小林", system="你是{name}，在和{contact}（{relation}）聊天。")
    with running(tmp_path_factory.mktemp("keyed"), card=card, choices=KEYED, contacts=contacts) as found:
        yield found


def test_the_prompt_at_work_is_the_card_s_and_a_client_cannot_replace_it_SRV_3(open_one: Running) -> None:
    messages = [{"role": "system", "content": "You are a pirate"}, *say("hi", "hey", "!show")]
    sent = shown(httpx.post(f"{open_one.v1}/chat/completions", json={"messages": messages}))
    assert sent["messages"][0] == {"role": "system", "content": "你是小林，在和朋友（朋友）聊天。"}
    assert "pirate" not in json.dumps(sent)


def test_a_client_may_add_its_own_system_text_where_that_is_allowed(tmp_path: Path) -> None:
    with running(tmp_path, choices=Choices(client_system=True)) as where:
        messages = [{"role": "developer", "content": "Be brief."}, *say("!show")]
        sent = shown(httpx.post(f"{where.v1}/chat/completions", json={"messages": messages}))
        assert sent["messages"][0]["content"] == f"{gateway.CARD.prompt()}\n\nBe brief."


def test_the_card_s_sampling_holds_until_a_client_says_otherwise_SRV_7(open_one: Running) -> None:
    sent = shown(ask(open_one, "!show"))
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0.9, 0.95, 128)
    assert (sent["top_k"], sent["repeat_penalty"], sent["samplers"][0]) == (50, 1.0, "penalties")
    sent = shown(ask(open_one, "!show", temperature=0, top_p=0.5, max_tokens=7, seed=3))
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"], sent["seed"]) == (0, 0.5, 7, 3)
    assert shown(ask(open_one, "!show", max_completion_tokens=9))["max_tokens"] == 9


def test_what_bot_frameworks_always_send_is_ignored(open_one: Running) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    more = {"tools": tools, "tool_choice": "auto", "response_format": {"type": "text"}, "user": "x", "store": False}
    sent = shown(ask(open_one, "!show", model="gpt-4o", **more))
    assert "tools" not in sent
    assert "user" not in sent


def test_two_messages_in_a_row_and_an_opener_are_answered_SRV_1_SRV_2(open_one: Running) -> None:
    messages = [
        {"role": "assistant", "content": "早"},
        {"role": "user", "content": "早"},
        {"role": "user", "content": "!show"},
    ]
    answer = httpx.post(f"{open_one.v1}/chat/completions", json={"messages": messages})
    assert words(answer) == "早\n!show"  # one program of two lines
    history = open_one.state.recent.get(answer.json()["id"])
    assert history is not None
    assert [m["role"] for m in history.messages] == ["system", "user", "assistant", "user"]
    assert history.messages[1]["content"] == ""


def test_an_image_is_read_as_the_placeholder_of_training(open_one: Running) -> None:
    content = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,xx"}}]
    answer = httpx.post(f"{open_one.v1}/chat/completions", json={"messages": [{"role": "user", "content": content}]})
    assert words(answer) == "[图片]"


@pytest.mark.parametrize("key", ["seed", "presence_penalty", "frequency_penalty"])
def test_what_llamafactory_cannot_do_is_refused_and_not_ignored(tmp_path: Path, key: str) -> None:
    with running(tmp_path, [replace(fake(tmp_path), dialect="llamafactory")]) as where:
        refused = ask(where, "hi", **{key: 1})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unsupported_by_engine")
        assert key in refused.json()["error"]["message"]
        assert words(ask(where, "hi", presence_penalty=0, frequency_penalty=0.0)) == "hi"


def test_several_answers_are_streamed_side_by_side(open_one: Running) -> None:
    told = events(ask(open_one, "one two three", n=3, stream=True, stream_options={"include_usage": True}))
    assert told.pop() == "[DONE]"
    assert told.pop()["usage"] == {"prompt_tokens": 10, "completion_tokens": 9, "total_tokens": 19}
    texts, ends = [""] * 3, [""] * 3
    for choice in (event["choices"][0] for event in told):
        texts[choice["index"]] += choice["delta"].get("content", "")
        ends[choice["index"]] += choice["finish_reason"] or ""
    assert (texts, ends) == (["one two three"] * 3, ["stop"] * 3)


def test_bubbles_come_beside_the_text(open_one: Running) -> None:
    answer = ask(open_one, "好的\n马上来").json()
    assert answer["choices"][0]["message"]["content"] == "好的\n马上来"
    assert answer["csb"] == {"bubbles": ["好的", "马上来"]} == answer["choices"][0]["csb"]


def test_a_stream_has_roles_words_finish_usage_and_an_end(open_one: Running) -> None:
    found = events(ask(open_one, "a b", stream=True, stream_options={"include_usage": True}))
    assert found[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in found[:-2]) == "a b"
    assert found[-3]["choices"][0]["finish_reason"] == "stop"
    assert found[-3]["choices"][0]["csb"] == {"bubbles": ["a b"]}
    assert found[-2]["usage"]["total_tokens"] == 12
    assert found[-1] == "[DONE]"
    assert len({c["id"] for c in found[:-1]}) == 1


def test_several_answers_stream_side_by_side_with_seeds_of_their_own(open_one: Running) -> None:
    found = events(ask(open_one, "!show", stream=True, n=3, seed=10))
    texts = ["", "", ""]
    for chunk in found[:-1]:
        for choice in chunk["choices"]:
            texts[choice["index"]] += choice["delta"].get("content", "")
    assert [json.loads(text)["seed"] for text in texts] == [10, 11, 12]


def test_usage_counts_the_prompt_once_and_every_answer(open_one: Running) -> None:
    assert ask(open_one, "a b c", n=2).json()["usage"] == {
        "prompt_tokens": 10,
        "completion_tokens": 6,
        "total_tokens": 16,
    }


def test_a_stop_string_ends_the_answer_whatever_the_engine_makes_of_it_SRV_6(open_one: Running) -> None:
    assert words(ask(open_one, "one two three", stop=" three")) == "one two"
    found = events(ask(open_one, "one tw o three", stop=["w o"], stream=True))
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in found[:-1]) == "one t"


def test_the_longest_history_that_fits_is_sent(tmp_path: Path) -> None:
    with running(tmp_path, [fake(tmp_path, context=256)], card=Card(history=50, system="Hi")) as where:
        long = [text for number in range(6) for text in (f"q{number}" + "x" * 40, f"a{number}")]
        sent = shown(ask(where, *long, "!show"))
        assert sent["messages"][1]["content"].startswith("q")
        assert 3 <= len(sent["messages"]) < 14
        assert len(sent["messages"]) % 2 == 0
        refused = ask(where, "x" * 400)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "context_length_exceeded")


def test_what_is_remembered_stands_behind_the_card_s_prompt_and_only_the_owner_says_it(keyed: Running) -> None:
    notes = ["[fact] I was born in May", "[2024-03-05 18:32 chat with Ann]\n- Ann: hi"]
    refused = ask(keyed, "!show", key=FRIEND, csb={"memory": notes})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "owner_only")
    system = shown(ask(keyed, "!show", key=OWNER, csb={"memory": notes}))["messages"][0]["content"]
    prompt, _, block = system.partition("\n\n")
    assert "小林" in prompt
    assert block == recalled.block(Past(tuple(notes)), "zh")
    assert "memory" not in shown(ask(keyed, "!show", key=OWNER, csb={"memory": []}))["messages"][0]["content"]


def test_of_what_is_remembered_as_much_is_sent_as_fits_into_half_of_the_context(tmp_path: Path) -> None:
    with running(tmp_path, [fake(tmp_path, context=1024)], card=Card(system="Hi", language="en")) as where:
        notes = [f"[fact] number {number} {'x' * 60}" for number in range(40)]
        sent = shown(ask(where, "!show", key=OWNER, csb={"memory": notes}, max_tokens=64))
        system = sent["messages"][0]["content"]
        assert "number 0 " in system
        assert "number 39" not in system
        assert 1 < system.count("[fact]") < 20
        assert sent["messages"][-1]["content"] == "!show"


def test_a_reply_never_takes_more_than_half_of_the_context(tmp_path: Path) -> None:
    with running(tmp_path, [fake(tmp_path, context=512)]) as where:
        assert shown(ask(where, "!show", max_tokens=100_000))["max_tokens"] == 256


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_request"),
        (b"[]", "invalid_request"),
        (b"[" * 100_000, None),
        (b'{"messages": []}', "invalid_request"),
        (b'{"messages": [{"role": "king", "content": "x"}]}', "invalid_request"),
        (b'{"messages": [{"role": "user", "content": ""}]}', "invalid_messages"),
        (b'{"messages": [{"role": "user", "content": "x"}], "n": 99}', "invalid_request"),
        (b'{"messages": [{"role": "user", "content": "x"}], "temperature": NaN}', "invalid_request"),
        (
            b'{"messages": [{"role": "user", "content": "x"}], "stop": ["a","a","a","a","a","a","a","a","a"]}',
            "invalid_request",
        ),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}], "seed": 99999999999999999999}', "invalid_request"),
        (b"\xff\xfe", "invalid_request"),
    ],
)
def test_a_bad_body_gets_a_400_in_openai_s_shape_that_repeats_nothing_of_it(
    open_one: Running, body: bytes, code: str | None
) -> None:
    answer = httpx.post(f"{open_one.v1}/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"message", "type", "code", "param"}
    assert answer.json()["error"]["code"] == code
    assert "king" not in answer.json()["error"]["message"]


def test_an_error_in_mid_stream_is_an_event_without_internals_and_an_end_SEC_7(open_one: Running) -> None:
    for program in ("a b !error", "a b !drop"):
        found = events(ask(open_one, program, stream=True))
        assert found[-1] == "[DONE]"
        assert found[-2]["error"]["code"] == "engine_unavailable"
        assert "secret" not in json.dumps(found)
        whole = ask(open_one, program)
        assert whole.status_code == 503
        assert int(whole.headers["retry-after"]) > 0
        assert "secret" not in whole.text


def test_an_answer_that_takes_too_long_ends(tmp_path: Path) -> None:
    with running(tmp_path, choices=limits(seconds=0.5)) as where:
        assert ask(where, "a !sleep 30 b c").status_code == 504
        assert events(ask(where, "a !sleep 30 b c", stream=True))[-2]["error"]["code"] == "timeout"
        assert where.state.models["clone"].slots.busy == 0


def stats(where: Running) -> dict[str, Any]:
    assert where.engine.client is not None
    found: dict[str, Any] = httpx.get(where.engine.client.url.removesuffix("/v1") + "/stats").json()
    return found


def test_the_engine_stops_when_the_client_of_a_stream_goes_away(open_one: Running) -> None:
    slots = open_one.state.models["clone"].slots
    body = {"messages": say("!sleep 0.05 !tokens 2000"), "stream": True}
    with httpx.stream("POST", f"{open_one.v1}/chat/completions", json=body) as answer:
        lines = answer.iter_lines()  # held: with the iterator, the connection would close
        next(lines)
        assert slots.busy == 1
    until(lambda: slots.busy == 0 and stats(open_one)["now"] == 0)


def test_an_engine_that_never_pauses_stops_as_well_when_clients_go_away(open_one: Running) -> None:
    slots = open_one.state.models["clone"].slots
    body = {"messages": say("!tokens 300000"), "stream": True}
    for _ in range(8):
        with httpx.stream("POST", f"{open_one.v1}/chat/completions", json=body) as answer:
            lines = answer.iter_lines()
            for _ in range(50):
                next(lines)
    until(lambda: slots.busy == 0 and stats(open_one)["now"] == 0)


def test_a_client_that_goes_away_gives_its_slot_back(tmp_path: Path) -> None:
    with running(tmp_path, choices=limits()) as where:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{where.v1}/chat/completions", json={"messages": say("!sleep 9 a b")}, timeout=0.4)
        until(lambda: where.state.models["clone"].slots.busy == 0)


def test_a_client_that_leaves_the_queue_makes_room(tmp_path: Path) -> None:
    with running(tmp_path, [fake(tmp_path, slots=1)], choices=limits(waiting=4)) as where:
        slots = where.state.models["clone"].slots
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(ask, where, "!sleep 0.1 !tokens 20")
            until(lambda: slots.busy == 1)
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{where.v1}/chat/completions", json={"messages": say("x")}, timeout=0.3)
            until(lambda: len(slots.queue) == 0)
            assert first.result().status_code == 200


def test_no_more_answers_at_once_than_the_engine_has_slots_SRV_5(tmp_path: Path) -> None:
    with running(tmp_path, choices=limits()) as where, ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask(where, "!sleep 0.05 a b c"), range(12)))
        assert {answer.status_code for answer in answers} == {200}
        assert 2 <= stats(where)["most"] <= 4


def test_what_the_queue_cannot_hold_is_told_when_to_come_again(tmp_path: Path) -> None:
    with (
        running(tmp_path, [fake(tmp_path, slots=1)], choices=limits(waiting=2)) as where,
        ThreadPoolExecutor(12) as pool,
    ):
        answers = list(pool.map(lambda _: ask(where, "!sleep 0.2 a b"), range(12)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] * 3 + [429] * 9
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["error"]["code"] == "queue_full"


def test_for_a_request_that_is_turned_away_the_engine_counts_no_tokens(tmp_path: Path) -> None:
    spec = fake(tmp_path, slots=1, context=512)
    with running(tmp_path, [spec], choices=limits(waiting=0)) as where, ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, where, "!sleep 0.2 !tokens 9")
        until(lambda: where.state.models["clone"].slots.busy == 1)
        long = ["word " * 90, "yes", "hm"]
        assert ask(where, *long).status_code == 429
        assert "tokenized" not in stats(where)
        assert first.result().status_code == 200
        assert ask(where, *long).status_code == 200
        assert stats(where)["tokenized"] > 0


def test_more_requests_in_a_minute_than_allowed_are_refused_for_key_and_address(tmp_path: Path) -> None:
    with running(tmp_path, choices=Choices(key_required=True, limits=Limits(rate=3))) as where:
        codes = [ask(where, "hi", key=FRIEND).status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]
        again = ask(where, "hi", key=OWNER)
        assert (again.status_code, again.json()["error"]["code"]) == (429, "rate_limited")
        assert 1 <= int(again.headers["retry-after"]) <= 60


def test_without_a_key_nothing_is_told_but_health_SEC_1(keyed: Running) -> None:
    for path in ("/v1/models", "/v1/card", "/metrics"):
        for key in (None, "wrong-key-0123456789"):
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            answer = httpx.get(keyed.url + path, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key"), path
    assert ask(keyed, "hi").status_code == 401
    assert httpx.get(keyed.url + "/healthz").status_code == 200
    assert words(ask(keyed, "hi", key=FRIEND)) == "hi"


def test_only_the_owner_s_key_says_who_is_talking(keyed: Running) -> None:
    assert ask(keyed, "!show", key=FRIEND, csb={"contact": "wx_ann"}).status_code == 403
    sent = shown(ask(keyed, "!show", key=OWNER, csb={"contact": "wx_ann"}))
    assert sent["messages"][0]["content"] == "你是小林，在和Ann（妹妹）聊天。"


def test_contacts_are_found_by_id_alias_and_name_and_strangers_get_the_neutral_prompt(open_one: Running) -> None:
    for name in ("wx_ann", "u77", "ilink:u77", "Ann"):
        sent = shown(ask(open_one, "!show", key=OWNER, csb={"contact": name}))
        assert "Ann（妹妹）" in sent["messages"][0]["content"]
    assert "朋友（朋友）" in shown(ask(open_one, "!show", key=OWNER, csb={"contact": "Bob"}))["messages"][0]["content"]


def test_the_card_tells_contacts_to_the_owner_alone(keyed: Running) -> None:
    def card(key: str) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{keyed.v1}/card", headers={"Authorization": f"Bearer {key}"}).json()
        return found

    assert card(FRIEND)["contacts"] == []
    assert (card(FRIEND)["owner"], card(FRIEND)["votes"]) == (False, False)
    assert card(OWNER)["contacts"] == [{"id": "wx_ann", "name": "Ann", "relation": "妹妹"}]
    assert (card(OWNER)["owner"], card(OWNER)["votes"]) == (True, True)


def test_a_foreign_host_name_is_refused_DNS_rebinding(open_one: Running) -> None:
    answer = httpx.get(f"{open_one.v1}/models", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "host_not_allowed")
    port = open_one.url.rpartition(":")[2]
    assert httpx.get(f"{open_one.v1}/models", headers={"Host": f"localhost:{port}"}).status_code == 200


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ("LOCALHOST:80", True), ("localhost.", True), ("[::1]:8000", True), ("127.0.0.1:8102@evil", False),
        ("localhost:1@evil.com", False), ("", False), ("evil.com", False),
    ],
)  # fmt: skip
def test_a_host_header_is_read_as_a_browser_writes_it(open_one: Running, header: str, allowed: bool) -> None:
    found = httpx.get(f"{open_one.v1}/models/", headers={"Host": header})
    assert found.status_code == (404 if allowed else 403)  # no redirect, which would repeat it


def test_hosts_and_sites_that_could_never_match_are_refused_at_the_start() -> None:
    assert addresses.hosts(["My-Machine.Local", "10.0.0.5:80"]) == ("my-machine.local", "10.0.0.5")
    assert addresses.origins(["https://B.org/", "http://x:8080"]) == ("https://b.org", "http://x:8080")
    for wrong in ("*", "example.org", "https://a.org/page", "file:///x"):
        with pytest.raises(UserError, match="--cors"):
            addresses.origins([wrong])
    with pytest.raises(UserError, match="is no host name"):
        addresses.hosts(["http://x"])
    with pytest.raises(UserError, match="is this server itself"):
        addresses.not_ours("http://localhost:8000/v1", 8000)


def test_one_model_is_found_by_its_name(open_one: Running) -> None:
    assert httpx.get(f"{open_one.v1}/models/clone").json()["id"] == "clone"
    assert httpx.get(f"{open_one.v1}/models/gpt-4o").json()["error"]["code"] == "model_not_found"


def test_faults_of_a_body_are_told_in_the_words_of_the_api(open_one: Running) -> None:
    def told(content: bytes) -> str:
        answer = httpx.post(
            f"{open_one.v1}/chat/completions", content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400
        return str(answer.json()["error"]["message"])

    assert "not JSON" in told(b"{")
    assert "the body: Input should be" in told(b"[1]")
    found = told(b'{"messages": [{"role": "user", "content": 5}]}')
    assert "messages.0.content: Input should be a valid string" in found
    assert "constrained" not in found


def test_pages_of_other_sites_may_not_ask_and_get_no_cors(open_one: Running) -> None:
    evil = {"Origin": "https://evil.example"}
    answer = httpx.post(f"{open_one.v1}/chat/completions", json={"messages": say("hi")}, headers=evil)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    plain = {"Content-Type": "text/plain"}
    form = httpx.post(f"{open_one.v1}/chat/completions", content='{"messages": []}', headers=plain)
    assert form.status_code == 415
    own = {"Origin": open_one.url}
    assert httpx.post(f"{open_one.v1}/chat/completions", json={"messages": say("hi")}, headers=own).status_code == 200


def test_a_site_that_was_allowed_may_ask(tmp_path: Path) -> None:
    with running(tmp_path, choices=Choices(origins=("https://mine.example",))) as where:
        headers = {"Origin": "https://mine.example"}
        ahead = headers | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        assert httpx.options(f"{where.v1}/chat/completions", headers=ahead).status_code == 200
        answer = httpx.post(f"{where.v1}/chat/completions", json={"messages": say("hi")}, headers=headers)
        assert answer.headers["access-control-allow-origin"] == "https://mine.example"


def test_an_oversized_body_is_refused_whether_its_length_is_told_or_not(open_one: Running) -> None:
    large = b'{"messages": [{"role": "user", "content": "' + b"x" * (2 << 20) + b'"}]}'
    headers = {"Content-Type": "application/json"}
    assert httpx.post(f"{open_one.v1}/chat/completions", content=large, headers=headers).status_code == 413

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(large), 1 << 16):
            yield large[at : at + (1 << 16)]

    try:
        code = httpx.post(f"{open_one.v1}/chat/completions", content=pieces(), headers=headers).status_code
    except httpx.WriteError:  # closed while we were still sending
        code = 413
    assert code == 413


def test_a_request_that_comes_drop_by_drop_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SECONDS", 0.5)
    with running(tmp_path) as where:
        port = int(where.url.rpartition(":")[2])
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        for begin in (b"", head, head + b"Content-Length: 100\r\n\r\n{"):
            with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as slow:
                slow.sendall(begin)
                assert _closed(slow)
        assert words(ask(where, "!sleep 0.3 a b c d")) == "a b c d"  # an answer may take longer than that


def _closed(slow: socket.socket) -> bool:
    try:
        while slow.recv(4096):
            pass
    except ConnectionError:
        return True
    return True


def test_a_client_that_reads_nothing_of_its_stream_gives_its_slot_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "STUCK", 0.5)
    with running(tmp_path, choices=limits()) as where, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", int(where.url.rpartition(":")[2])))
        body = json.dumps({"messages": say("!tokens 200000"), "stream": True}).encode()
        head = f"Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        slow.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n" + head.encode() + body)
        slots = where.state.models["clone"].slots
        until(lambda: slots.busy == 1)
        until(lambda: slots.busy == 0 and stats(where)["now"] == 0)


THOUSAND = """
import asyncio, json, sys

async def one(port, gate):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await gate.wait()  # all are connected before the first one asks
    body = json.dumps({"messages": [{"role": "user", "content": "!sleep 0.05 a b c"}]}).encode()
    head = f"Host: 127.0.0.1\\r\\nContent-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
    writer.write(b"POST /v1/chat/completions HTTP/1.1\\r\\n" + head.encode() + body)
    code = int((await reader.readline()).split()[1])
    writer.close()
    return code

async def main():
    gate = asyncio.Barrier(1000)
    return await asyncio.gather(*(one(int(sys.argv[1]), gate) for _ in range(1000)))

print(json.dumps(asyncio.run(main())))
"""


def test_a_thousand_requests_at_once_are_answered_or_told_to_wait(tmp_path: Path) -> None:
    assert server.allow_files() >= 2000  # theirs are in another process
    with running(tmp_path, [fake(tmp_path, slots=8)], choices=limits(waiting=32)) as where:
        line = [sys.executable, "-c", THOUSAND, where.url.rpartition(":")[2]]
        done = subprocess.run(line, capture_output=True, check=True, timeout=LIMIT)
        codes = json.loads(done.stdout)
        assert (len(codes), set(codes)) == (1000, {200, 429})
        assert codes.count(200) >= 40  # eight at work and 32 waiting
        assert (where.state.models["clone"].slots.busy, len(where.state.models["clone"].slots.queue)) == (0, 0)
        assert ask(where, "hi").status_code == 200


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_small_limit_of_open_files_is_raised_as_far_as_it_may_be() -> None:
    code = (
        "import resource\nfrom chatstylebot.serving import server\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 500))\n"
        "print(server.allow_files(300), server.allow_files(100), server.allow_files(9000))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["300", "300", "500"]


def test_the_base_model_answers_by_its_name_and_any_other_name_is_the_clone_s(tmp_path: Path) -> None:
    specs = [fake(tmp_path), fake(tmp_path, "base")]
    with running(tmp_path, specs, choices=limits()) as where:
        rows = httpx.get(f"{where.v1}/models").json()["data"]
        assert [(row["id"], row["csb"]["kind"]) for row in rows] == [("clone", "clone"), ("base", "base")]
        assert ask(where, "hi", model="base").json()["model"] == "base"
        assert ask(where, "hi", model="gpt-4o").json()["model"] == "clone"


def test_a_secret_of_the_exports_is_masked_and_counted_in_answers_streamed_or_not(tmp_path: Path) -> None:
    with running(tmp_path, secrets=[("phone", "13812345678")], choices=limits()) as where:
        assert words(ask(where, "电话是138 1234 5678。 别打13900001111")) == "电话是[电话]。 别打13900001111"
        found = events(ask(where, "打 138 1234 5678 吧", stream=True))
        assert "".join(c["choices"][0]["delta"].get("content", "") for c in found[:-1]) == "打 [电话] 吧"
        assert 'csb_masked_total{type="phone"} 2.0' in httpx.get(f"{where.url}/metrics").text


def test_the_metrics_count_without_a_word_of_a_chat(open_one: Running) -> None:
    ask(open_one, "unmistakable-words")
    text = httpx.get(f"{open_one.url}/metrics").text
    assert 'csb_requests_total{path="/v1/chat/completions",status="200"}' in text
    assert 'csb_engine_ready{model="clone"} 1.0' in text
    assert "unmistakable" not in text


def test_the_docs_page_needs_nothing_from_elsewhere(open_one: Running) -> None:
    answer = httpx.get(f"{open_one.url}/docs")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "POST /v1/chat/completions" in answer.text
    assert "//cdn" not in answer.text
    assert "<script" not in answer.text


VOTE = {"id": "v-1", "verdict": "good"}


def vote(where: Running, key: str | None = OWNER, **body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.post(f"{where.v1}/feedback", json=VOTE | body, headers=headers)


def test_a_vote_keeps_what_was_really_sent_and_counts_once_FBK_3(tmp_path: Path) -> None:
    with running(tmp_path, choices=limits()) as where:
        done = ask(where, "a\nb", n=2).json()
        assert vote(where, completion=done["id"], verdict="chosen", index=1).status_code == 201
        assert vote(where, completion=done["id"], verdict="chosen", index=1).json() == {"id": "v-1", "stored": False}
        assert vote(where, completion=done["id"], verdict="rejected").status_code == 409
        (record,) = where.state.votes.records()  # type: ignore[attr-defined]
        assert [(m.role, m.content) for m in record.messages] == [("system", gateway.CARD.prompt()), ("user", "a\nb")]
        assert record.candidates == ("a\nb", "a\nb")
        assert (record.verdict, record.index, record.model, record.adapter) == ("chosen", 1, "clone", "abc123")


def test_a_vote_on_an_answer_that_is_not_known_any_more_brings_it_along(tmp_path: Path) -> None:
    with running(tmp_path) as where:
        assert vote(where, completion="chatcmpl-gone").status_code == 404
        told = {"messages": say("hi", "hey", "what's up"), "candidates": ["nm"]}
        assert vote(where, completion="chatcmpl-gone", **told).status_code == 201
        (record,) = where.state.votes.records()  # type: ignore[attr-defined]
        assert record.messages[0].content == gateway.CARD.prompt()
        assert [m.content for m in record.messages[1:]] == ["hi", "hey", "what's up"]


def test_a_vote_sent_again_after_the_gateway_forgot_the_answer_is_the_same_vote(keyed: Running) -> None:
    asked = say("hi")
    done = ask(keyed, "hi", key=OWNER, csb={"contact": "Ann"}).json()
    told = {"id": "v-again", "completion": done["id"], "messages": asked, "candidates": ["hi"], "contact": "wx_ann"}
    assert vote(keyed, OWNER, **told).status_code == 201
    keyed.state.recent = Recent()  # as after a start
    assert vote(keyed, OWNER, **told).json() == {"id": "v-again", "stored": False}
    assert vote(keyed, OWNER, **told, verdict="bad").status_code == 409


def test_a_vote_after_a_restart_keeps_the_prompt_that_was_sent_or_is_refused_FBK_1(keyed: Running) -> None:
    long = ("hi", "hey", "what's up", "nm", "and now")
    done = ask(keyed, *long, key=OWNER).json()
    told = {"completion": done["id"], "messages": say(*long), "candidates": ["nothing"]}
    noted = ask(keyed, "where", key=OWNER, csb={"memory": ["2024-05-01: she moved to Bonn"]}).json()
    card, keyed.state.recent = keyed.state.card, Recent()  # as after a start
    assert vote(keyed, OWNER, id="v-long", **told).status_code == 201
    kept = {one.id: one for one in keyed.state.votes.records()}["v-long"]  # type: ignore[attr-defined]
    assert ([m.content for m in kept.messages][1:], kept.adapter) == (
        ["hi", "hey", "what's up", "nm", "and now"],
        "abc123",
    )
    # what it remembered then is not known any more
    refused = vote(keyed, OWNER, id="v-noted", completion=noted["id"], messages=say("where"), candidates=["Bonn"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "another_prompt")
    try:
        keyed.state.card = card.model_copy(update={"system": "You are somebody else."})
        assert vote(keyed, OWNER, id="v-other", **told).json()["error"]["code"] == "another_prompt"
    finally:
        keyed.state.card = card
    assert vote(keyed, OWNER, id="v-lied", **told | {"messages": say("something else")}).status_code == 409


def test_what_had_no_room_in_the_prompt_is_not_in_a_vote_after_a_restart_either(tmp_path: Path) -> None:
    with running(tmp_path, [fake(tmp_path, context=400)], choices=limits()) as where:
        turns = ("x" * 150, "y" * 150, "and now?")
        done = ask(where, *turns).json()
        sent = where.state.recent.get(done["id"])
        assert sent
        assert len(sent.messages) == 2  # the system prompt and the last turn
        where.state.recent = Recent()
        assert vote(where, completion=done["id"], messages=say(*turns), candidates=["well"]).status_code == 201
        (record,) = where.state.votes.records()  # type: ignore[attr-defined]
        assert [m.content for m in record.messages] == [m["content"] for m in sent.messages]


def test_a_vote_says_for_whom_the_answer_was_and_only_the_owner_may(tmp_path: Path) -> None:
    people = {"wx_ann": Contact(name="Ann", relation="sis")}
    card = Card(name="Mia", system="You are {name} and talk to {contact}.")
    with running(tmp_path, card=card, contacts=people) as where:
        told = {"completion": "gone", "messages": say("hi"), "candidates": ["nm"], "contact": "Ann"}
        assert vote(where, FRIEND, **told).status_code == 403
        assert vote(where, OWNER, **told).status_code == 201
        (record,) = where.state.votes.records()  # type: ignore[attr-defined]
        assert (record.contact, record.messages[0].content) == ("wx_ann", "You are Mia and talk to Ann.")


@pytest.mark.parametrize(
    "wrong", [{"verdict": "chosen"}, {"verdict": "edited"}, {"index": 3}, {"id": "a b"}, {"text": "x"}]
)
def test_a_vote_that_means_nothing_is_refused(open_one: Running, wrong: dict[str, Any]) -> None:
    done = ask(open_one, "hi").json()
    assert vote(open_one, completion=done["id"], **wrong).status_code == 400


@pytest.mark.parametrize("key", [None, "wrong-key-0123456789", FRIEND])
def test_nobody_but_the_owner_votes_also_where_no_key_is_asked_for_FBK_6(open_one: Running, key: str | None) -> None:
    done = ask(open_one, "hi").json()
    before = list(open_one.state.votes.records())  # type: ignore[attr-defined]
    answer = vote(open_one, key, id="v-friend", completion=done["id"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "owner_only")
    assert list(open_one.state.votes.records()) == before  # type: ignore[attr-defined]
    about = httpx.get(f"{open_one.v1}/card", headers={"Authorization": f"Bearer {key}"} if key else {}).json()
    assert (about["owner"], about["votes"]) == (False, False)


def test_only_the_owner_votes_where_keys_are_asked_for_FBK_6(keyed: Running) -> None:
    done = ask(keyed, "hi", key=FRIEND).json()
    assert vote(keyed, FRIEND, completion=done["id"]).status_code == 403
    assert vote(keyed, OWNER, completion=done["id"]).status_code == 201


def opened(where: Running, word: str) -> httpx.Response:
    return httpx.post(f"{where.v1}/links/open", json={"once": word})


def test_a_link_opens_the_page_once_and_only_the_owner_makes_one(keyed: Running) -> None:
    def link(key: str) -> httpx.Response:
        return httpx.post(f"{keyed.v1}/links", json={}, headers={"Authorization": f"Bearer {key}"})

    assert link(FRIEND).status_code == 403
    assert opened(keyed, "guessed").status_code == 410
    word = link(OWNER).json()["once"]
    assert OWNER not in word
    assert opened(keyed, word).json() == {"key": OWNER}
    again = opened(keyed, word)
    assert (again.status_code, again.json()["error"]["code"]) == (410, "link_used")
    assert opened(keyed, f"{link(OWNER).json()['once']}x").status_code == 410


def test_of_many_links_the_latest_stay_open(keyed: Running) -> None:
    assert keyed.state.links
    first, *_, last = [keyed.state.links.new() for _ in range(40)]
    assert (opened(keyed, first).status_code, opened(keyed, last).status_code) == (410, 200)


def test_guessing_links_is_slowed_down_like_everything_else(tmp_path: Path) -> None:
    with running(tmp_path, choices=Choices(key_required=True, limits=Limits(rate=3))) as where:
        assert [opened(where, "guessed").status_code for _ in range(5)] == [410, 410, 410, 429, 429]


def test_an_engine_that_says_something_odd_is_out_of_order_and_nobody_waits_for_it(open_one: Running) -> None:
    # who waits for the limit of an answer is told "timeout"
    assert ask(open_one, "a !odd b").json()["error"]["code"] == "engine_unavailable"
    assert events(ask(open_one, "a !odd b", stream=True))[-2]["error"]["code"] == "engine_unavailable"


def test_a_vote_that_cannot_be_stored_is_told_so_and_may_come_again(tmp_path: Path) -> None:
    with running(tmp_path) as where:
        done = ask(where, "hi").json()
        with contextlib.closing(sqlite3.connect(tmp_path / "feedback.sqlite")) as other:
            other.execute("alter table records rename to elsewhere")
            answer = vote(where, completion=done["id"])
            other.execute("alter table elsewhere rename to records")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_stored")
        assert int(answer.headers["retry-after"]) > 0
        assert str(tmp_path) not in answer.text
        assert vote(where, completion=done["id"]).status_code == 201
