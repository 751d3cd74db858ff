"""QQ: the channel before a strict OneBot v11 client (tests/onebot_client.py), over a real WebSocket on loopback."""

import asyncio
import contextlib
import json
import os
import random
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from onebot_client import Client, connected, cq
from patience import LIMIT, soon

from chatstylebot.bot.channels import onebot_door, onebot_messages, onebot_sent
from chatstylebot.bot.channels.onebot import Onebot
from chatstylebot.bot.heard import Chat, Heard, NotSent
from chatstylebot.errors import UserError

TOKEN = "a-token-for-tests-0123"
ANN = Chat("onebot", "10001", "20002")
ROOM = Chat("onebot", "10001", "group:777")


@dataclass
class Ears:
    """A channel at work, and what it brought."""

    channel: Onebot
    said: list[str]
    heard: list[Heard] = field(default_factory=list)

    async def hear(self, found: Heard) -> None:
        self.heard.append(found)

    async def until(self, number: int) -> list[Heard]:
        await soon(lambda: len(self.heard) >= number)
        return self.heard

    async def told(self, words: str) -> None:
        await soon(lambda: any(words in line for line in self.said))


@contextlib.asynccontextmanager
async def listening(folder: Path, **more: Any) -> AsyncIterator[Ears]:
    said: list[str] = []
    values = {"port": 0, "token": TOKEN, "patience": 5.0, "away": 5.0} | more
    ears = Ears(Onebot(folder / "onebot", said.append, **values), said)
    work = asyncio.create_task(ears.channel.run(ears.hear))
    ready = asyncio.create_task(ears.channel.ready.wait())
    await asyncio.wait([work, ready], return_when=asyncio.FIRST_COMPLETED, timeout=LIMIT)
    if work.done():
        ready.cancel()
        await work
    try:
        yield ears
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


def played(folder: Path, scene: Callable[[Ears, Client], Awaitable[None]], options: Any = None, **more: Any) -> None:
    """Play a scene between the channel and a connected client."""

    async def go() -> None:
        async with (
            listening(folder, **(options or {})) as ears,
            connected(Client(ears.channel.port, TOKEN, **more)) as client,
        ):
            await scene(ears, client)

    asyncio.run(go())


def at(qq: object, **more: object) -> dict[str, Any]:
    return {"type": "at", "data": {"qq": str(qq)} | more}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "data": {"text": words}}


def test_a_friend_s_message_is_heard_and_the_answer_arrives(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        event = await client.push(client.private(20002, "你好"))
        (found,) = await ears.until(1)
        at = datetime.fromtimestamp(event["time"], UTC)
        assert found == Heard(ANN, str(event["message_id"]), "20002", "nick20002", "你好", at)
        await ears.channel.send(found.chat, "在的", "m1")
        assert client.texts(20002) == ["在的"]
        assert client.actions[-1]["params"] == {"user_id": 20002, "message": [text("在的")]}

    played(tmp_path, scene)


def test_a_group_is_answered_only_where_the_bot_is_mentioned_and_the_mention_is_not_in_the_text(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.push(client.group(777, 20002, [at(10001), text(" 在吗")]))
        await client.push(client.group(777, 20002, "大家好"))
        await client.push(client.group(777, 20002, [at("all"), text(" 开会")]))
        await client.push(client.group(777, 20003, [at(20002, name="小明"), text("来")]))
        found = await ears.until(4)
        assert [(h.text, h.mentioned) for h in found] == [
            ("在吗", True), ("大家好", False), ("@全体成员 开会", False), ("@小明 来", False),
        ]  # fmt: skip
        assert {(h.chat, h.group, h.name) for h in found[:3]} == {(ROOM, True, "card20002")}
        await ears.channel.send(ROOM, "在", "m1")
        assert client.texts("group:777") == ["在"]
        assert client.actions[-1]["params"] == {"group_id": 777, "message": [text("在")]}

    played(tmp_path, scene)


def test_a_message_that_comes_as_a_cq_string_is_the_same_message(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        rows = [at(10001), text(" a&b [CQ:at,qq=10001] &#91; 1,2")]
        event = await client.push(client.group(777, 20002, rows))
        assert event["message"] == "[CQ:at,qq=10001] a&amp;b &#91;CQ:at,qq=10001&#93; &amp;#91; 1,2"
        (found,) = await ears.until(1)
        assert (found.text, found.mentioned) == ("a&b [CQ:at,qq=10001] &#91; 1,2", True)

    played(tmp_path, scene, strings=True)


@pytest.mark.parametrize("message", ["[CQ:at,qq=10001] hi", [at(10001), text("hi")], at(10001) | {}])
def test_both_forms_and_a_single_segment_are_read(message: Any) -> None:
    assert onebot_messages.words(message, "10001").mentioned


def test_segments_that_are_none_are_left_out() -> None:
    odd: list[Any] = [None, 3, {"type": 3}, {"type": "text", "data": None}, {"data": {}}, text("x"), {"type": "text"}]
    assert onebot_messages.words(odd, "1") == onebot_messages.Words("x")
    assert onebot_messages.words(None, "1") == onebot_messages.Words()
    assert onebot_messages.words("[CQ:image,file=a&#44;b.jpg,url=http://x/?a=1&amp;b=2]", "1").kind == "image"
    assert onebot_messages.segments("a[CQ:face,id=1]b[CQ:broken") == [
        ("text", {"text": "a"}), ("face", {"id": "1"}), ("text", {"text": "b[CQ:broken"}),
    ]  # fmt: skip


def test_the_text_of_the_model_is_only_ever_text_SEC_6(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        for number, said in enumerate(["[CQ:at,qq=all]", "a &amp; b", "[CQ:image,file=file:///etc/passwd]"]):
            await ears.channel.send(ANN, said, f"m{number}")
        assert client.texts(20002) == ["[CQ:at,qq=all]", "a &amp; b", "[CQ:image,file=file:///etc/passwd]"]

    played(tmp_path, scene)


@pytest.mark.parametrize(
    ("rows", "kind", "said"),
    [
        ([{"type": "image", "data": {"file": "x.jpg", "sub_type": 0}}], "image", ""),
        ([{"type": "image", "data": {"file": "x.gif", "sub_type": 1, "summary": "[动画表情]"}}], "sticker", ""),
        ([text("看"), {"type": "image", "data": {"file": "x.jpg"}}], "image", "看"),
        ([{"type": "record", "data": {"file": "x.amr"}}], "voice", ""),
        ([{"type": "video", "data": {"file": "x.mp4"}}], "video", ""),
        ([{"type": "file", "data": {"file": "x.pdf"}}], "file", ""),
        ([{"type": "json", "data": {"data": "{}"}}], "other", ""),
        ([{"type": "forward", "data": {"id": "1"}}], "other", ""),
        ([{"type": "face", "data": {"id": "14"}}], "sticker", ""),
        ([text("好"), {"type": "face", "data": {"id": "14", "raw": {"faceText": "/微笑"}}}], "text", "好/微笑"),
        ([{"type": "face", "data": {"id": 1}}, {"type": "image", "data": {}}], "image", ""),
    ],
)
def test_what_is_no_text_has_its_kind(rows: list[Any], kind: str, said: str) -> None:
    assert (onebot_messages.words(rows, "1").kind, onebot_messages.words(rows, "1").text) == (kind, said)


@pytest.mark.parametrize(
    ("headers", "query", "code"),
    [
        ({"X-Self-ID": "10001", "X-Client-Role": "Universal"}, "", 403),
        ({"X-Self-ID": "10001", "X-Client-Role": "Universal", "Authorization": "Bearer wrong"}, "", 403),
        ({"X-Self-ID": "10001", "X-Client-Role": "Universal", "Authorization": TOKEN}, "", 403),
        ({"X-Self-ID": "10001", "X-Client-Role": "Universal"}, "?access_token=wrong", 403),
        ({"X-Client-Role": "Universal"}, "", 403),
        ({"X-Client-Role": "Universal", "Authorization": f"Bearer {TOKEN}"}, "", 400),
        ({"X-Self-ID": "10001", "X-Client-Role": "King", "Authorization": f"Bearer {TOKEN}"}, "", 400),
        ({"X-Self-ID": "../x", "X-Client-Role": "API", "Authorization": f"Bearer {TOKEN}"}, "", 400),
    ],
)
def test_a_client_without_the_token_is_turned_away(
    tmp_path: Path, headers: dict[str, str], query: str, code: int
) -> None:
    async def go() -> None:
        async with listening(tmp_path) as ears:
            client = Client(ears.channel.port, TOKEN, headers=headers, query=query)
            work = asyncio.create_task(client.work())
            await soon(lambda: len(client.refused) >= 3)
            work.cancel()
            assert set(client.refused) == {code}
            assert client.connections == 0
            assert len([line for line in ears.said if "turned away" in line]) == 1  # not one a second
            assert TOKEN not in "".join(ears.said)

    asyncio.run(go())


def test_the_token_may_come_in_the_address_or_as_token(tmp_path: Path) -> None:
    plain = {"X-Self-ID": "10001", "x-client-role": "Universal"}
    for headers, query in ((plain, f"?access_token={TOKEN}"), (plain | {"Authorization": f"Token {TOKEN}"}, "")):

        async def scene(ears: Ears, client: Client) -> None:
            await client.push(client.private(20002, "hi"))
            await ears.until(1)

        played(tmp_path, scene, headers=headers, query=query)


def test_an_unknown_path_is_no_place_to_talk() -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Self-ID": "1"}
    assert onebot_door.refusal("/onebot/v11/ws", headers, TOKEN) is None
    assert onebot_door.refusal("/onebot/v12/ws", headers, TOKEN) == (404, "the path is /onebot/v11/ws")
    found = onebot_door.refusal("/onebot/v12/ws", {}, TOKEN)
    assert found is not None
    assert found[0] == 403


def test_the_token_is_made_once_kept_for_the_owner_alone_and_shown_once_with_what_to_type(tmp_path: Path) -> None:
    async def go() -> list[str]:
        async with listening(tmp_path, token=None) as ears:
            return [*ears.said, str(ears.channel.port)]

    first, second = asyncio.run(go()), asyncio.run(go())
    path = tmp_path / "onebot" / "token"
    token = path.read_text().strip()
    assert len(token) >= 32
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert f"  Token  {token}" in first
    shown = json.loads(next(line for line in first if line.startswith("  {")))
    assert shown["url"] == f"ws://127.0.0.1:{first[-1]}/onebot/v11/ws"
    assert (shown["token"], shown["messagePostFormat"], shown["enable"]) == (token, "array", True)
    assert token not in "".join(second)
    assert str(path) in "".join(second)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_token_that_others_can_read_or_that_is_short_is_refused(tmp_path: Path) -> None:
    async def go(**more: Any) -> None:
        async with listening(tmp_path, **more):
            pass

    with pytest.raises(UserError, match="shorter than 16"):
        asyncio.run(go(token="secret"))
    asyncio.run(go(token=None))
    (tmp_path / "onebot" / "token").chmod(0o644)
    with pytest.raises(UserError, match="others can read"):
        asyncio.run(go(token=None))


def test_a_port_that_is_taken_is_told_with_its_remedy(tmp_path: Path) -> None:
    async def go(port: int) -> None:
        async with listening(tmp_path, port=port):
            pass

    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(UserError, match="cannot listen") as told:
        asyncio.run(go(other.getsockname()[1]))
    assert "another port" in told.value.remedy


def test_only_this_machine_can_connect_unless_told_otherwise_SEC_1(tmp_path: Path) -> None:
    async def go(**more: Any) -> list[str]:
        async with listening(tmp_path, **more) as ears:
            return ears.said

    assert not any("other machines" in line for line in asyncio.run(go()))
    assert any("other machines" in line for line in asyncio.run(go(host="0.0.0.0")))


def test_after_a_drop_the_client_comes_back_and_talk_goes_on(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.push(client.private(20002, "one"))
        await ears.until(1)
        await client.drop()
        await asyncio.wait_for(client.connected.wait(), LIMIT)
        await client.push(client.private(20002, "two"))
        found = await ears.until(2)
        assert list(dict.fromkeys(h.text for h in found)) == ["one", "two"]
        assert client.connections == 2
        await ears.channel.send(ANN, "three", "m1")
        assert client.texts(20002) == ["three"]

    played(tmp_path, scene)


def test_what_was_written_while_the_line_was_down_is_fetched_under_the_same_ids(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        first = await client.push(client.private(20002, "one"))
        await ears.until(1)
        client.leave()
        await client.drop()
        second = await client.push(client.private(20002, "two"))
        third = await client.push(client.group(777, 20003, [at(10001), text("three")]))
        client.come_back()
        await asyncio.wait_for(client.connected.wait(), LIMIT)
        last = await client.push(client.private(20002, "four"))
        await soon(lambda: str(last["message_id"]) in {h.id for h in ears.heard})
        ids = list(dict.fromkeys(h.id for h in ears.heard if h.chat == ANN))
        assert ids == [str(event["message_id"]) for event in (first, second, last)]
        assert str(third["message_id"]) in {h.id for h in ears.heard if h.chat == ROOM}
        assert [h.mentioned for h in ears.heard if h.text == "three"] == [True]

    played(tmp_path, scene)


def test_what_was_written_while_the_bot_was_down_is_fetched_but_nothing_older_than_an_hour(tmp_path: Path) -> None:
    async def go() -> None:
        async with listening(tmp_path) as ears:
            client = Client(ears.channel.port, TOKEN)
            async with connected(client):
                await client.push(client.private(20002, "one"))
                await ears.until(1)
        hour = int((datetime.now(UTC) - timedelta(minutes=61)).timestamp())
        await client.push(client.private(20003, "old", time=hour))
        await client.push(client.private(20002, "two"))
        async with listening(tmp_path) as ears:
            client.port = ears.channel.port
            async with connected(client):
                await client.push(client.private(20002, "three"))
                found = await ears.until(3)
                told = list(dict.fromkeys((h.id, h.text) for h in found))
                assert [text for _, text in told] == ["one", "two", "three"]  # "one" under its old id: heard before

    asyncio.run(go())


def test_what_could_not_be_fetched_because_the_line_broke_again_is_fetched_by_the_next(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.push(client.private(20002, "one"))
        await ears.until(1)
        client.leave()
        await client.drop()
        two = await client.push(client.private(20002, "two"))
        times = iter([True, True])

        def broken(params: dict[str, Any]) -> Any:
            if next(times, False) and client._socket:
                client._socket.transport.abort()
            return {"messages": client.talk[str(params["user_id"])][-params["count"] :]}

        client._history = broken  # type: ignore[method-assign]
        client.come_back()
        await soon(lambda: str(two["message_id"]) in {h.id for h in ears.heard})
        assert client.connections == 4

    played(tmp_path, scene)


def test_without_napcat_s_extensions_nothing_is_fetched_and_all_else_works(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.push(client.private(20002, "one"))
        await ears.until(1)
        await client.drop()
        await asyncio.wait_for(client.connected.wait(), LIMIT)
        await client.push(client.private(20002, "two"))
        assert [h.text for h in await ears.until(2)] == ["one", "two"]
        for _ in range(3):
            await ears.channel.typing(ANN, True)
        await ears.channel.send(ANN, "x", "m1")
        assert [a["action"] for a in client.actions].count("set_input_status") == 1  # asked once, then known

    played(tmp_path, scene, extended=False)


def test_a_text_that_cannot_be_sent_because_the_client_is_away_may_be_tried_again(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        client.leave()
        await client.drop()
        await ears.told("not connected any more")
        with pytest.raises(NotSent, match="not connected") as told:
            await ears.channel.send(ANN, "hi", "m1")
        assert told.value.again
        assert told.value.after > 0
        client.come_back()
        await asyncio.wait_for(client.connected.wait(), LIMIT)
        await ears.channel.send(ANN, "hi", "m1")
        assert client.texts(20002) == ["hi"]

    played(tmp_path, scene, {"away": 0.05})


def test_a_send_waits_a_little_for_a_client_that_is_just_coming_back(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.drop()
        await ears.told("not connected any more")
        await ears.channel.send(ANN, "hi", "m1")
        assert client.texts(20002) == ["hi"]

    played(tmp_path, scene, {"away": 20}, retry=0.3)


@pytest.mark.parametrize("arrives", [False, True])
@pytest.mark.parametrize("how", ["unanswered", "dropped"])
def test_a_text_that_qq_did_not_confirm_is_looked_for_before_it_is_sent_again(
    tmp_path: Path, how: str, arrives: bool
) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await ears.channel.send(ANN, "hi", "m0")  # the same words, earlier: not to be taken for the second
        if how == "unanswered":
            client.leave_unanswered(arrives=arrives)
        else:
            client.drop_at_next_send(arrives=arrives)
        with pytest.raises(NotSent, match="confirm") as told:
            await ears.channel.send(ANN, "hi", "m1")
        assert told.value.again
        await ears.channel.send(ANN, "hi", "m1")
        assert client.texts(20002) == ["hi", "hi"]

    played(tmp_path, scene, {"patience": 0.3, "away": 20})


def test_a_text_that_a_crash_interrupted_is_looked_for_by_the_next_process(tmp_path: Path) -> None:
    async def go() -> None:
        async with listening(tmp_path) as ears:
            client = Client(ears.channel.port, TOKEN)
            async with connected(client):
                client.leave_unanswered(arrives=True)
                trying = asyncio.create_task(ears.channel.send(ROOM, "hi", "m1"))
                await client.until(1)
                trying.cancel()
        async with listening(tmp_path) as ears:
            client.port = ears.channel.port
            async with connected(client):
                await ears.channel.send(ROOM, "hi", "m1")
        assert client.texts("group:777") == ["hi"]

    asyncio.run(go())


def test_where_the_client_cannot_tell_whether_it_arrived_it_is_not_sent_twice(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        client.leave_unanswered(arrives=True)
        with pytest.raises(NotSent) as first:
            await ears.channel.send(ANN, "hi", "m1")
        with pytest.raises(NotSent, match="cannot tell") as second:
            await ears.channel.send(ANN, "hi", "m1")
        assert (first.value.again, second.value.again) == (True, False)
        assert client.texts(20002) == ["hi"]

    played(tmp_path, scene, {"patience": 0.2}, extended=False)


@pytest.mark.parametrize(
    ("retcode", "wording", "again"), [(1404, "", False), (1400, "no such user", False), (1200, "muted\n by x", True)]
)
def test_what_qq_refuses_was_not_sent(tmp_path: Path, retcode: int, wording: str, again: bool) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        client.fail(1, retcode, wording)
        with pytest.raises(NotSent) as told:
            await ears.channel.send(ANN, "hi", "m1")
        assert told.value.again == again
        assert told.value.reason == " ".join(f"QQ refused it ({retcode}) {wording}".split())
        await ears.channel.send(ANN, "hi", "m1")
        assert client.texts(20002) == ["hi"]
        assert [a["action"] for a in client.actions] == ["send_private_msg"] * 2  # it is known: nothing to look for

    played(tmp_path, scene)


@pytest.mark.parametrize(
    "answer",
    [
        {"data": None},
        {"data": {"message_id": 0}},
        {"status": "async", "retcode": 1},
        {"status": "failed", "retcode": 1200, "message": "Timeout: NTEvent sendMsg", "wording": "Timeout: NTEvent"},
    ],
)
def test_sent_means_confirmed_with_an_id_BOT_13(tmp_path: Path, answer: dict[str, Any]) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        client.answer_with(**answer)
        with pytest.raises(NotSent, match="did not confirm") as told:
            await ears.channel.send(ANN, "hi", "m1")
        assert told.value.again
        await ears.channel.send(ANN, "hi", "m1")
        assert client.texts(20002) == ["hi"]
        assert client.actions[-2]["action"] == "get_friend_msg_history"

    played(tmp_path, scene)


def test_however_the_line_behaves_each_text_arrives_once_and_in_order(tmp_path: Path) -> None:
    dice = random.Random(7)

    async def scene(ears: Ears, client: Client) -> None:
        async def talk(chat: Chat) -> None:
            for number in range(12):
                if chat == ROOM and number == 6:  # what the dice do, they may do too late
                    await client.drop()
                while True:
                    try:
                        await ears.channel.send(chat, f"same words {number % 3}", f"{chat.id}-{number}")
                        break
                    except NotSent as error:
                        if not error.again:
                            raise

        async def harm() -> None:
            while True:
                await asyncio.sleep(0.03)
                dice.choice([
                    lambda: client.fail(1, 1200), lambda: client.leave_unanswered(arrives=dice.random() < 0.5),
                    lambda: client.drop_at_next_send(arrives=dice.random() < 0.5),
                ])()  # fmt: skip
                if dice.random() < 0.2:
                    await client.drop()

        chats = [ROOM, *(Chat("onebot", "10001", str(30000 + n)) for n in range(4))]
        harming = asyncio.create_task(harm())
        await asyncio.gather(*(talk(chat) for chat in chats))
        harming.cancel()
        for chat in chats:
            assert client.texts(chat.id) == [f"same words {number % 3}" for number in range(12)]
        assert client.connections > 1

    played(tmp_path, scene, {"patience": 0.2, "away": 20}, reports_own=True)


def test_many_answers_on_the_way_find_their_questions(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        client.fail(1)
        chats = [Chat("onebot", "10001", str(30000 + n)) for n in range(50)]
        done = await asyncio.gather(
            *(ears.channel.send(chat, f"to {chat.id}", f"m{chat.id}") for chat in chats), return_exceptions=True
        )
        assert len([one for one in done if isinstance(one, NotSent)]) == 1
        assert len(client.arrived) == 49
        assert all(found.text == f"to {found.chat}" for found in client.arrived)

    played(tmp_path, scene)


def test_what_the_owner_types_on_the_phone_is_told_and_what_we_sent_is_not_BOT_6(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await ears.channel.send(ANN, "from the bot", "m1")
        await client.push(client.own(20002, "by hand"))
        await client.push(client.group(777, 10001, "by hand too", post_type="message_sent"))
        await client.push(client.private(20002, "ok"))
        found = await ears.until(3)
        by_hand = [(h.chat, h.text, h.owner) for h in found if h.own]
        assert sorted(by_hand, key=str) == [(ANN, "by hand", False), (ROOM, "by hand too", False)]
        assert [h.text for h in found if not h.own] == ["ok"]

    played(tmp_path, scene, {"owner": "20002"}, reports_own=True)


def test_our_own_message_that_comes_back_changed_before_its_answer_is_still_ours(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        before = client._tell

        async def changed(event: dict[str, Any]) -> None:
            if event["post_type"] == "message_sent":
                event = event | {"message": [text("as QQ writes it")]}
            await before(event)

        client._tell = changed  # type: ignore[method-assign]
        for number in range(5):
            await ears.channel.send(ANN, f"as we wrote it {number}", f"m{number}")
        await client.push(client.private(20002, "ok"))
        await ears.until(1)
        assert [h.text for h in ears.heard] == ["ok"]

    played(tmp_path, scene, reports_own=True)


def test_an_own_message_confirms_a_text_whose_answer_is_missing(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        client.leave_unanswered(arrives=True)
        with pytest.raises(NotSent):
            await ears.channel.send(ANN, "hi", "m1")
        await ears.channel.send(ANN, "hi", "m1")
        assert client.texts(20002) == ["hi"]
        assert [a["action"] for a in client.actions] == ["send_private_msg"]  # nothing had to be asked
        assert ears.heard == []

    played(tmp_path, scene, {"patience": 0.3}, reports_own=True, extended=False)


def test_an_own_message_that_does_not_say_to_whom_is_ignored(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        event = client.own(20002, "by hand")
        del event["target_id"]
        await client._tell(event)
        await client.push(client.private(20002, "ok"))
        assert [h.text for h in await ears.until(1)] == ["ok"]

    played(tmp_path, scene)


def test_the_owner_is_the_number_that_was_given_and_in_a_group_only_when_speaking_to_the_bot(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.push(client.private(20002, "1"))
        await client.push(client.private(20003, "1", sender={"nickname": "20002", "user_id": 20002}))
        await client.push(client.group(777, 20002, "1"))
        await client.push(client.group(777, 20002, [at(10001), text("1")]))
        await client.push(client.group(777, 20002, [at(10001), text("1")], anonymous={"id": 20002, "name": "大力"}))
        found = await ears.until(5)
        assert [h.owner for h in found] == [True, False, False, True, False]
        assert found[4].sender == "anonymous:20002"

    played(tmp_path, scene, {"owner": "20002"})


def test_nobody_is_the_owner_when_no_number_was_given(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.push(client.private(20002, "hi"))
        assert [h.owner for h in await ears.until(1)] == [False]

    played(tmp_path, scene)


def test_a_bot_on_the_owner_s_own_account_hears_the_owner_s_notes_to_oneself(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.push(client.own(10001, "status"))
        me = Chat("onebot", "10001", "10001")
        (found,) = await ears.until(1)
        assert (found.chat, found.owner, found.own) == (me, True, False)
        await ears.channel.send(me, "fine", "m1")
        await client.push(client.own(10001, "thanks"))
        assert [h.text for h in await ears.until(2)] == ["status", "thanks"]

    played(tmp_path, scene, {"owner": "10001"}, reports_own=True)


def test_a_message_brought_twice_has_one_id(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        event = await client.push(client.private(20002, "hi"))
        await client._tell(event)
        assert len({h.id for h in await ears.until(2)}) == 1

    played(tmp_path, scene)


def test_a_quote_brings_the_quoted_words(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        old = client.private(20002, "去不去爬山")  # before the bot came: only QQ knows it
        client.talk["20002"] = [old]
        await ears.channel.send(ANN, "几点", "m1")
        for id, said in ((old["message_id"], "哪座"), (client.arrived[0].message, "八点"), (999999, "?")):
            await client.push(client.private(20002, [{"type": "reply", "data": {"id": str(id)}}, text(said)]))
        found = await ears.until(3)
        assert [(h.text, h.quoted) for h in found] == [("哪座", "去不去爬山"), ("八点", "几点"), ("?", "")]
        assert [a["action"] for a in client.actions] == ["send_private_msg", "get_msg", "get_msg"]

    played(tmp_path, scene)


def test_somebody_who_is_no_friend_is_answered_through_the_group_they_wrote_from(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.push(client.private(20005, "hi", sub_type="group", group_id=777))
        (found,) = await ears.until(1)
        assert found.chat.id == "20005"
        await ears.channel.send(found.chat, "hey", "m1")
        assert client.actions[-1]["params"] == {"user_id": 20005, "group_id": 777, "message": [text("hey")]}

    played(tmp_path, scene)


def test_heartbeats_notices_and_nonsense_are_not_talk_and_break_nothing(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.beat()
        await client.push({"post_type": "notice", "notice_type": "group_increase", "self_id": 10001, "user_id": 1})
        await client.push({"post_type": "request", "request_type": "friend", "self_id": 10001, "user_id": 1})
        await client.push(client.group(777, 20002, "禁言", sub_type="notice"))
        for frame in ("{", "[]", "3", b"\xff\xfe", "null", '{"echo": "x"}', '{"post_type": {}}', "[" * 50_000):
            await client.tell_raw(frame)
        for odd in ({"message_id": None}, {"user_id": None}, {"self_id": 5}, {"message": 3}, {"sender": "x"}):
            await client._tell(client.private(20002, "") | odd)
        await client._tell(client.private(20002, "late", time="soon"))
        found = await ears.until(3)
        assert [h.text for h in found] == ["", "", "late"]
        assert client.connections == 1

    played(tmp_path, scene)


def test_the_owner_is_told_once_that_qq_is_offline_and_once_that_it_is_back(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        for online in (True, False, False, False, True, True):
            await client.beat(online)
        await client.push({"post_type": "notice", "notice_type": "bot_offline", "self_id": 10001, "message": "kicked"})
        await client.push(client.private(20002, "end"))
        await ears.until(1)
        offline = "QQ 10001 is offline: log in again in its client"
        assert ears.said[1:] == ["QQ 10001 is connected", offline, "QQ 10001 is connected", offline]

    played(tmp_path, scene)


def test_several_accounts_are_kept_apart(tmp_path: Path) -> None:
    async def go() -> None:
        async with (
            listening(tmp_path) as ears,
            connected(Client(ears.channel.port, TOKEN)) as one,
            connected(Client(ears.channel.port, TOKEN, account=10002)) as two,
        ):
            await one.push(one.private(20002, "to one"))
            await two.push(two.private(20002, "to two"))
            await two.push(two.group(777, 20002, [at(10001), text("not you")]))
            found = await ears.until(3)
            told = {(h.chat.account, h.text, h.mentioned) for h in found}
            assert told == {("10001", "to one", False), ("10002", "to two", False), ("10002", "@10001 not you", False)}
            for account in ("10001", "10002"):
                await ears.channel.send(Chat("onebot", account, "20002"), f"from {account}", f"m{account}")
            assert (one.texts(20002), two.texts(20002)) == (["from 10001"], ["from 10002"])

    asyncio.run(go())


def test_events_and_actions_may_come_on_connections_of_their_own(tmp_path: Path) -> None:
    async def go() -> None:
        async with (
            listening(tmp_path) as ears,
            connected(Client(ears.channel.port, TOKEN, role="Event")) as events,
            connected(Client(ears.channel.port, TOKEN, role="API")) as api,
        ):
            await events.push(events.private(20002, "hi"))
            (found,) = await ears.until(1)
            await ears.channel.send(found.chat, "hey", "m1")
            assert (events.texts(20002), api.texts(20002)) == ([], ["hey"])

    asyncio.run(go())


def test_a_second_connection_of_an_account_takes_over_and_the_first_is_there_when_it_goes(tmp_path: Path) -> None:
    async def go() -> None:
        async with listening(tmp_path) as ears, connected(Client(ears.channel.port, TOKEN)) as first:
            async with connected(Client(ears.channel.port, TOKEN)) as second:
                await ears.channel.send(ANN, "a", "m1")
            await ears.channel.send(ANN, "b", "m2")
            assert (first.texts(20002), second.texts(20002)) == (["b"], ["a"])
            assert first.connections == 1

    asyncio.run(go())


def test_typing_is_shown_to_a_friend_and_never_in_a_group(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        for chat in (ANN, ROOM, Chat("onebot", "4", "5")):
            await ears.channel.typing(chat, True)
            await ears.channel.typing(chat, False)
        assert client.typed == [20002]

    played(tmp_path, scene)


def test_a_fault_of_the_listener_ends_the_channel_and_is_not_swallowed(tmp_path: Path) -> None:
    async def go() -> None:
        channel = Onebot(tmp_path / "onebot", lambda line: None, port=0, token=TOKEN)

        async def full(found: Heard) -> None:
            raise UserError("the disk is full", "make room")

        work = asyncio.create_task(channel.run(full))
        await channel.ready.wait()
        async with connected(Client(channel.port, TOKEN)) as client:
            await client.push(client.private(20002, "hi"))
            with pytest.raises(UserError, match="disk is full"):
                await asyncio.wait_for(work, LIMIT)

    asyncio.run(go())


def test_a_slow_listener_keeps_no_answer_from_its_question(tmp_path: Path) -> None:
    async def go() -> None:
        channel = Onebot(tmp_path / "onebot", lambda line: None, port=0, token=TOKEN)
        gate = asyncio.Event()

        async def slow(found: Heard) -> None:
            await gate.wait()

        work = asyncio.create_task(channel.run(slow))
        await channel.ready.wait()
        async with connected(Client(channel.port, TOKEN)) as client:
            await client.push(client.private(20002, "hi"))
            await channel.send(ANN, "hey", "m1")
            assert client.texts(20002) == ["hey"]
            gate.set()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    asyncio.run(go())


def test_nothing_that_was_written_is_told_or_kept(tmp_path: Path) -> None:
    async def scene(ears: Ears, client: Client) -> None:
        await client.push(client.private(20002, "unmistakable-one"))
        client.leave_unanswered()
        with pytest.raises(NotSent):
            await ears.channel.send(ANN, "unmistakable-two", "m1")
        assert "unmistakable" not in "".join(ears.said)
        kept = [path for path in (tmp_path / "onebot").rglob("*") if path.is_file()]
        assert kept
        assert not any(b"unmistakable" in path.read_bytes() for path in kept)

    played(tmp_path, scene, {"patience": 0.2})


def test_the_record_of_what_was_sent_outlives_a_start_and_forgets_in_time(tmp_path: Path) -> None:
    clock = [datetime(2026, 5, 1, 12, tzinfo=UTC)]
    path = tmp_path / "sent.sqlite"

    def opened() -> onebot_sent.Sent:
        return onebot_sent.Sent(path, lambda: clock[0])

    first = opened()
    first.begin("m1", ANN, "hi  there")
    first.end("m1", ANN, "7")
    first.begin("m2", ANN, "hi  there")
    first.close()
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second = opened()
    assert second.known(ANN, "7")
    assert not second.known(Chat("onebot", "10002", "20002"), "7")
    assert second.begun("m1") is None
    assert second.begun("m2") == onebot_sent.Try(clock[0].timestamp(), False)
    later = clock[0] + timedelta(minutes=11)
    assert not second.ours(ANN, "8", "hi there", later)  # the same words by hand, long after
    assert not second.ours(ROOM, "8", "hi there", clock[0])
    assert second.ours(ANN, "8", "hi there", clock[0])
    assert not second.ours(ANN, "9", "hi there", clock[0])  # one try is one message
    assert second.begun("m2") == onebot_sent.Try(clock[0].timestamp(), True)
    clock[0] += timedelta(days=2)
    second.begin("m3", ANN, "x")
    assert second.begun("m2") is None
    for number in range(onebot_sent.KEPT):
        second.end("m3", ANN, f"n{number}")
    assert (second.known(ANN, "7"), second.known(ANN, "n0")) == (False, True)
    second.close()


def test_a_record_that_is_damaged_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "sent.sqlite").write_bytes(b"no database " * 100)
    sent = onebot_sent.Sent(tmp_path / "sent.sqlite", lambda: datetime.now(UTC))
    with pytest.raises(UserError, match="cannot keep what was sent"):
        sent.begun("m1")
    sent.close()


def test_the_strings_of_the_double_are_those_of_the_standard() -> None:
    assert cq([at(1, name="a,b"), text("[x] & y, z")]) == "[CQ:at,qq=1,name=a&#44;b]&#91;x&#93; &amp; y, z"
