"""WeChat through iLink, against a strict loopback server. No test waits for more than moments: the clock is ours."""

import asyncio
import contextlib
import functools
import json
import logging
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ilink_server import FIRST, IlinkServer, ilink_server
from patience import soon

from chatstylebot.bot.channels import ilink_accounts, ilink_messages, qr
from chatstylebot.bot.channels.ilink import Ilink
from chatstylebot.bot.channels.ilink_accounts import Account
from chatstylebot.bot.heard import Channel, Chat, Heard, NotSent, Who
from chatstylebot.errors import UserError

ME, CHAT = "u1@im.wechat", Chat("ilink", "b1@im.bot", "u1@im.wechat")
XIAOMING = Who("wx_ming", "小明")
NIGHT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


class Clock:
    """Sleeping takes no time, and is remembered; `during` is what happens meanwhile."""

    def __init__(self) -> None:
        self.at, self.naps = NIGHT, list[float]()
        self.during: dict[float, Callable[[], object]] = {}

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.naps.append(seconds)
        self.during.get(seconds, lambda: None)()
        await asyncio.sleep(0.002)


class Owner:
    """Who sits at the terminal, and the bot's disk."""

    def __init__(self, server: IlinkServer, folder: Path, clock: Clock, numbers: tuple[str, ...] = ()) -> None:
        self.server, self.folder, self.clock = server, folder, clock
        self.heard: list[Heard] = []
        self.lines: list[str] = []
        self.links: list[str] = []
        self.questions: list[str] = []
        self.numbers = list(numbers)
        self.channel = self.ilink()

    def ilink(self, **more: Any) -> Ilink:
        return Ilink(
            self.folder,
            self.lines.append,
            self.ask,
            url=self.server.url,
            sleep=self.clock.sleep,
            now=self.clock.now,
            show_qr=self.links.append,
            **more,
        )

    async def ask(self, question: str) -> str:
        self.questions.append(question)
        return self.numbers.pop(0)

    async def hear(self, heard: Heard) -> None:
        self.heard.append(heard)

    def texts(self) -> list[str]:
        return [one.text for one in self.heard]

    def told(self) -> str:
        return "\n".join(self.lines)

    @contextlib.asynccontextmanager
    async def running(self, hear: Callable[[Heard], Awaitable[None]] | None = None, **more: Any) -> AsyncIterator[None]:
        """The channel runs for the length of a block, as a new process would."""
        self.channel = self.ilink(**more)
        task = asyncio.create_task(self.channel.run(hear or self.hear))
        try:
            yield
            assert not task.done(), task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def answered(self, *texts: str) -> None:
        for number, text in enumerate(texts):
            await self.channel.send(CHAT, text, f"{text}-{number}")


@contextlib.contextmanager
def place(folder: Path, *numbers: str, hold: float = 0.2) -> Any:
    """A server and an owner before it, who has not logged in."""
    clock = Clock()
    with ilink_server(clock.now, hold) as server:
        yield server, Owner(server, folder / "ilink", clock, numbers)


@contextlib.contextmanager
def logged_in(folder: Path) -> Any:
    """A server and an owner whose account b1 is logged in."""
    with place(folder) as (server, owner):
        bot = server.bot()
        mine = Account(bot.id, "owner", "", bot.user, bot.id, server.base, bot.token)
        ilink_accounts.save(owner.folder, [mine])
        yield server, owner


def loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """The test in a loop of its own."""

    @functools.wraps(test)
    def call(*fixtures: Any, **named: Any) -> None:
        asyncio.run(test(*fixtures, **named))  # type: ignore[arg-type]

    return call


async def nobody(question: str) -> str:
    """Who is asked where nobody sits."""
    return ""


async def refused(sending: Awaitable[None]) -> NotSent:
    with pytest.raises(NotSent) as caught:
        await sending
    return caught.value


# logging in -----------------------------------------------------------------------------------------------------------


@loop
async def test_a_scan_logs_in_and_later_calls_go_to_the_baseurl(tmp_path: Path) -> None:
    with place(tmp_path) as (server, owner):
        server.logins.append([{"status": "wait"}, {"status": "scaned"}, {"status": "scaned"}, server.confirmed()])
        async with owner.running():
            await soon(lambda: server.notified)
            server.push("在吗")
            await soon(lambda: owner.heard)
            await owner.answered("在")
        assert owner.links == ["https://liteapp.weixin.qq.com/q/code-0"]
        assert owner.lines.count("scanned: confirm on the phone") == 1
        assert [one.text for one in server.sent] == ["在"]
        assert server.notified == [("b1@im.bot", "start"), ("b1@im.bot", "stop")]
        [heard] = owner.heard
        assert heard == Heard(CHAT, str(FIRST), ME, "", "在吗", heard.at, owner=True)


@loop
async def test_the_number_on_the_phone_is_asked_for_until_it_is_right(tmp_path: Path) -> None:
    with place(tmp_path, "41", " 42\n") as (server, owner):
        server.logins.append([{"status": "scaned"}, {"status": "need_verifycode", "number": "42"}, server.confirmed()])
        account = await owner.channel.login()
        assert (account.id, account.role, account.user) == ("b1@im.bot", "owner", ME)
        assert owner.questions == ["the number on the phone: ", "that was another number; the one on the phone: "]


@loop
async def test_no_number_typed_ends_the_login(tmp_path: Path) -> None:
    with place(tmp_path, "") as (server, owner):
        server.logins.append([{"status": "need_verifycode", "number": "42"}])
        with pytest.raises(UserError, match="wants the number"):
            await owner.channel.login()


@loop
async def test_too_many_wrong_numbers_bring_a_new_code(tmp_path: Path) -> None:
    with place(tmp_path, "42") as (server, owner):
        server.logins.append([{"status": "need_verifycode", "number": "42"}, {"status": "verify_code_blocked"}])
        server.logins.append([server.confirmed()])
        await owner.channel.login()
        assert len(owner.links) == 2
        assert "takes no more numbers" in owner.told()


@loop
async def test_a_login_in_another_data_centre_is_followed_there(tmp_path: Path) -> None:
    with place(tmp_path) as (server, owner):
        server.logins.append([{"status": "scaned_but_redirect"}, {"status": "scaned"}, server.confirmed()])
        assert (await owner.channel.login()).url == server.base


@loop
async def test_a_host_that_is_none_is_not_asked(tmp_path: Path) -> None:
    with place(tmp_path) as (server, owner):
        elsewhere = {"status": "scaned_but_redirect", "redirect_host": "evil.example/?"}
        server.logins.append([elsewhere, server.confirmed()])
        await owner.channel.login()


@loop
@pytest.mark.parametrize("change", [{"baseurl": "ftp://evil.example"}, {"bot_token": ""}, {"ilink_user_id": None}])
async def test_an_answer_that_cannot_be_used_logs_nobody_in(tmp_path: Path, change: dict[str, Any]) -> None:
    with place(tmp_path) as (server, owner):
        server.logins.append([server.confirmed() | change])
        with pytest.raises(UserError, match="not complete"):
            await owner.channel.login()
        assert owner.channel.accounts() == []


@loop
async def test_three_expired_codes_are_replaced_and_the_fourth_is_the_last(tmp_path: Path) -> None:
    with place(tmp_path) as (server, owner):
        server.logins.extend([{"status": "wait"}, {"status": "expired"}] for _ in range(5))
        with pytest.raises(UserError, match="not scanned and confirmed in time"):
            await owner.channel.run(owner.hear)
        assert len(owner.links) == 4


@loop
async def test_nobody_scans_for_480_seconds(tmp_path: Path) -> None:
    with place(tmp_path, hold=0.01) as (_, owner):
        with pytest.raises(UserError, match="in time"):
            await owner.channel.login()
        assert owner.clock.at - NIGHT == timedelta(seconds=480)
        assert len(owner.links) == 1


@loop
async def test_a_line_that_breaks_during_the_login_does_not_end_it(tmp_path: Path) -> None:
    with place(tmp_path) as (server, owner):
        server.logins.append([{"status": "drop"}, {"status": "hold"}, server.confirmed()])
        await owner.channel.login()
        assert 2.0 in owner.clock.naps


@loop
async def test_no_network_at_all_is_said_in_one_line(tmp_path: Path) -> None:
    with place(tmp_path) as (_, owner):
        owner.channel = Ilink(tmp_path, owner.lines.append, nobody, url="http://127.0.0.1:9", sleep=owner.clock.sleep)
        with pytest.raises(UserError, match="no line to WeChat"):
            await owner.channel.login()


@loop
async def test_a_wechat_that_is_bound_already_keeps_the_stored_token(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        [before] = owner.channel.accounts()
        server.logins.append([{"status": "binded_redirect"}])
        assert await owner.channel.login() == before
        assert owner.channel.accounts() == [before]


@loop
async def test_a_wechat_bound_elsewhere_cannot_be_the_first_account(tmp_path: Path) -> None:
    with place(tmp_path) as (server, owner):
        server.logins.append([{"status": "binded_redirect"}])
        with pytest.raises(UserError, match="bound to a bot already"):
            await owner.channel.login()
        assert owner.channel.accounts() == []


# several accounts -----------------------------------------------------------------------------------------------------


@loop
async def test_a_friend_scans_a_code_of_their_own_and_is_not_the_owner(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.logins.append([server.confirmed("b2@im.bot", "u2@im.wechat")])
        async with owner.running(friend=XIAOMING):
            await soon(lambda: len(owner.channel.accounts()) == 2)
            friend = owner.channel.accounts()[1]
            assert (friend.role, friend.name, friend.contact) == ("friend", "小明", "wx_ming")
            assert server.tokens_told == [["secret-b1@im.bot-0"]]
            server.push("我是机主")
            server.push("我是朋友", bot="b2@im.bot")
            await soon(lambda: len(owner.heard) == 2)
            theirs = Chat("ilink", "b2@im.bot", "u2@im.wechat")
            await owner.channel.send(theirs, "嗨", "1")
        assert {(one.text, one.owner, one.name, one.contact) for one in owner.heard} == {
            ("我是机主", True, "", ""),
            ("我是朋友", False, "小明", "wx_ming"),
        }
        assert [(one.bot, one.to) for one in server.sent] == [("b2@im.bot", "u2@im.wechat")]


@loop
async def test_on_the_first_start_the_owner_s_code_comes_before_the_friend_s(tmp_path: Path) -> None:
    with place(tmp_path) as (server, owner):
        server.logins.append([server.confirmed()])
        server.logins.append([server.confirmed("b2@im.bot", "u2@im.wechat")])
        async with owner.running(friend=XIAOMING):
            await soon(lambda: len(owner.channel.accounts()) == 2)
        assert [(one.role, one.contact) for one in owner.channel.accounts()] == [("owner", ""), ("friend", "wx_ming")]
        assert "小明, who scans it with their own WeChat" in owner.told()


@loop
async def test_a_friend_who_scanned_before_scans_again_and_is_the_same_account(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.logins.append([server.confirmed("b2@im.bot", "u2@im.wechat")])
        async with owner.running(friend=XIAOMING):
            await soon(lambda: len(owner.channel.accounts()) == 2)
        async with owner.running(friend=XIAOMING):
            await soon(lambda: "小明 has scanned a code before: none is needed" in owner.told())
        server.logins.append([server.confirmed("b7@im.bot", "u2@im.wechat")])
        await owner.channel.login(XIAOMING)
        assert [(one.id, one.contact) for one in owner.channel.accounts()[1:]] == [("b2@im.bot", "wx_ming")]


@loop
async def test_who_is_logged_in_is_heard_and_answered_while_a_friend_still_looks_for_the_phone(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.logins.append([{"status": "hold"}] * 200)
        async with owner.running(friend=XIAOMING):
            await soon(lambda: owner.links)
            server.push("在吗")
            await soon(lambda: owner.heard)
            await owner.answered("在")
        assert [one.text for one in server.sent] == ["在"]


@loop
async def test_the_first_code_is_said_to_be_the_owner_s_and_a_wrong_scanner_of_a_friend_s_is_told_whose_it_is(
    tmp_path: Path,
) -> None:
    with place(tmp_path) as (server, owner):
        server.logins.append([server.confirmed()])
        server.logins.append([server.confirmed()])  # the owner scans 小明's code, too
        async with owner.running(friend=XIAOMING):
            await soon(lambda: "小明 is not logged in: the code was scanned from your account" in owner.told())
            server.push("在吗")
            await soon(lambda: owner.heard)  # who is logged in goes on
        assert "this code is your own: whoever scans it owns the bot, and 小明's comes after it" in owner.told()


@loop
async def test_half_a_character_in_whatever_a_message_holds_is_written_down_all_the_same(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("half \ud83d", context_token="ctx-\ud83d", from_user_id="u1@im.wechat")
        async with owner.running():
            await soon(server.caught_up)
        assert ilink_accounts.load_state(owner.folder, CHAT.account).people[ME].context == "ctx-\ufffd"


@loop
async def test_a_clock_that_was_put_back_does_not_keep_the_old_quota(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        async with owner.running():
            await soon(server.caught_up)
            for number in range(10):
                await owner.channel.send(CHAT, f"{number}", f"{number}")
            later = server.now() + timedelta(minutes=1)
            owner.clock.at -= timedelta(minutes=50)
            server.push("二", at=later)
            await soon(server.caught_up)
            await owner.channel.send(CHAT, "好", "11")


@loop
async def test_one_broken_account_leaves_the_others_alone(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.logins.append([server.confirmed("b2@im.bot", "u2@im.wechat")])
        await owner.channel.login(XIAOMING)
        server.expire("b2@im.bot")
        server.logins.extend([{"status": "expired"}] for _ in range(4))
        async with owner.running():
            await soon(lambda: 3600.0 in owner.clock.naps)
            server.push("还在吗")
            await soon(lambda: owner.heard)
        assert "小明's account" in owner.told()


@loop
async def test_the_owner_scanning_a_friends_code_stays_the_owner(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.logins.append([server.confirmed()])
        with pytest.raises(UserError, match="scanned from your account") as error:
            await owner.channel.login(XIAOMING)
        assert "小明 must scan it, with their own WeChat" in error.value.remedy
        [one] = owner.channel.accounts()
        assert (one.role, one.name, one.token) == ("owner", "", server.of("b1@im.bot").token)


@loop
async def test_whoever_scans_a_second_time_does_not_become_the_owner(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        [before] = owner.channel.accounts()
        server.logins.append([server.confirmed("b9@im.bot", "stranger@im.wechat")])
        with pytest.raises(UserError, match="somebody else"):
            await owner.channel.login()
        assert owner.channel.accounts() == [before]


# hearing --------------------------------------------------------------------------------------------------------------


@loop
async def test_the_cursor_comes_back_also_after_a_restart(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        async with owner.running():
            await soon(server.caught_up)
        before = len(server.of("b1@im.bot").polls)
        server.push("二")
        async with owner.running():
            await soon(server.caught_up)
        polls = server.of("b1@im.bot").polls
        assert (polls[0], polls[before]) == ("", "BUF1")
        assert owner.texts() == ["一", "二"]


@loop
async def test_a_message_that_was_not_stored_comes_again_with_the_same_id(tmp_path: Path) -> None:
    async def crash(heard: Heard) -> None:
        raise UserError("the disk is full", "make room")

    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        with pytest.raises(UserError, match="disk is full"):
            await owner.channel.run(crash)
        async with owner.running():
            await soon(lambda: owner.heard)
        assert (owner.texts(), owner.heard[0].id) == (["一"], str(FIRST))


@loop
async def test_a_repeated_message_has_the_same_id_and_gives_no_new_quota(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        number = server.push("一")
        async with owner.running():
            await soon(lambda: owner.heard)
            await owner.answered(*"abcdefghij")
            server.repeat(number)
            await soon(lambda: len(owner.heard) == 2)
            assert owner.heard[0].id == owner.heard[1].id
            assert "all are used" in (await refused(owner.channel.send(CHAT, "k", "k"))).reason
        assert server.tries == 10


@loop
async def test_a_held_poll_is_no_error_and_its_time_is_the_servers(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.hold, server.told = 0.01, 50
        async with owner.running():
            await soon(lambda: server.of("b1@im.bot").polls)
            server.hold = 0.6  # longer than told: the client ends its polls itself
            await soon(lambda: len(server.of("b1@im.bot").polls) > 4)
            server.push("一")
            await soon(lambda: owner.heard)
        assert owner.lines[1:] == []


@loop
async def test_a_server_that_answers_at_once_with_nothing_is_asked_once_a_second(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.hold = 0
        async with owner.running():
            await soon(lambda: len(server.of("b1@im.bot").polls) > 3)
        assert set(owner.clock.naps) == {1}


@loop
async def test_a_line_that_breaks_is_tried_after_2_seconds_and_from_the_third_time_after_30(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.fail_polls("500", "drop", "html", "-1")
        async with owner.running():
            await soon(lambda: len(owner.clock.naps) > 4)
            server.push("一")
            await soon(lambda: owner.heard)
        assert owner.clock.naps[:4] == [2, 2, 30, 30]
        assert owner.lines[1:] == [
            "your account: WeChat's server answered 500; trying again",
            "the line of your account is up again",
        ]


@loop
async def test_messages_whose_answer_was_lost_on_the_line_come_again(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        server.fail_polls("late")
        async with owner.running():
            await soon(server.caught_up)
        assert owner.texts() == ["一"]


MINE = Account("b1", "owner", "", ME, "b1", "http://x", "t")
TEXT = {"type": 1, "text_item": {"text": "好"}}


@pytest.mark.parametrize(
    ("items", "text", "kind", "quoted"),
    [
        ([TEXT], "好", "text", ""),
        ([TEXT, {"type": 1, "text_item": {"text": "的"}}], "好\n的", "text", ""),
        ([{"type": 3, "voice_item": {"text": "明天见", "playtime": 900}}], "明天见", "voice", ""),
        ([{"type": 3, "voice_item": {"playtime": 900}}], "", "voice", ""),
        ([{"type": 2, "image_item": {"media": {}}}], "", "image", ""),
        ([TEXT, {"type": 2, "image_item": {}}], "好", "image", ""),
        ([{"type": 4, "file_item": {"file_name": "a.pdf", "len": "3"}}], "", "file", ""),
        ([{"type": 5, "video_item": {}}], "", "video", ""),
        ([{"type": 11}], "", "other", ""),
        ([], "", "other", ""),
        (
            [TEXT | {"ref_msg": {"title": "t", "message_item": {"type": 1, "text_item": {"text": "去吗"}}}}],
            "好",
            "text",
            "去吗",
        ),
        ([TEXT | {"ref_msg": {"title": "t", "partial_text": "去"}}], "好", "text", "去"),
        ([TEXT | {"ref_msg": {"title": "小明：去吗"}}], "好", "text", "小明：去吗"),
        ([{"type": 1, "text_item": None}, "?", {"type": 1, "text_item": {"text": 5}}, {}], "", "other", ""),
    ],
)
def test_what_a_message_holds(items: list[Any], text: str, kind: str, quoted: str) -> None:
    message = {"message_type": 1, "from_user_id": ME, "message_id": 7, "item_list": items, "create_time_ms": 1000}
    heard = ilink_messages.heard(MINE, message, NIGHT)
    assert heard is not None
    assert (heard.text, heard.kind, heard.quoted) == (text, kind, quoted)
    assert heard.at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("more", [{"message_type": 2}, {"group_id": "g1"}, {"from_user_id": ""}, {"from_user_id": 5}])
def test_what_is_no_persons_message_to_the_bot_is_not_heard(more: dict[str, Any]) -> None:
    message = {"message_type": 1, "from_user_id": ME, "message_id": 7, "item_list": [TEXT]}
    assert ilink_messages.heard(MINE, message | more, NIGHT) is None


def test_only_the_scanner_of_the_owners_account_is_the_owner() -> None:
    message = {"message_type": 1, "from_user_id": ME, "message_id": 7, "item_list": [TEXT]}
    friend = Account("b2", "friend", "小明", ME, "b2", "http://x", "t", "wx_ming")
    heard = [ilink_messages.heard(MINE, message | {"from_user_id": who}, NIGHT) for who in (ME, "u2@im.wechat")]
    heard += [ilink_messages.heard(friend, message | {"from_user_id": who}, NIGHT) for who in (ME, "u2@im.wechat")]
    assert [(one.owner, one.name, one.contact) for one in heard if one] == [
        (True, "", ""), (False, "", ""), (False, "小明", "wx_ming"), (False, "", ""),
    ]  # fmt: skip


def test_a_message_has_an_id_and_a_time_whatever_the_server_leaves_out() -> None:
    bare = {"message_type": 1, "from_user_id": ME, "seq": 4, "item_list": [TEXT]}
    big = ilink_messages.heard(MINE, bare | {"message_id": 7400000000000000001, "create_time_ms": 10**17}, NIGHT)
    client = ilink_messages.heard(MINE, bare | {"client_id": "phone-1"}, NIGHT)
    least = ilink_messages.heard(MINE, bare, NIGHT)
    assert big is not None
    assert client is not None
    assert least is not None
    assert (big.id, client.id, least.id) == ("7400000000000000001", "phone-1", "None-4")
    assert (big.at, least.at) == (NIGHT, NIGHT)


@loop
async def test_the_bots_own_words_and_groups_are_not_brought(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("机器人说的", message_type=2)
        server.push("群里的", group_id="g1")
        server.push("一")
        async with owner.running():
            await soon(server.caught_up)
        assert owner.texts() == ["一"]


# sending --------------------------------------------------------------------------------------------------------------


@loop
async def test_an_answer_carries_the_context_of_the_latest_message(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一", context_token="c1")
        async with owner.running():
            await soon(server.caught_up)
            server.push("二", context_token="c2")
            server.push("早些时候", context_token="c0", at=NIGHT - timedelta(minutes=5))  # arrives late
            await soon(server.caught_up)
            await owner.answered("好", "的")
        assert [(one.text, one.context) for one in server.sent] == [("好", "c2"), ("的", "c2")]
        assert len({one.client for one in server.sent}) == 2


@loop
async def test_context_and_counts_survive_a_restart(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        async with owner.running():
            await soon(server.caught_up)
            await owner.answered(*"abcdef")
        async with owner.running():
            await soon(lambda: len(server.notified) == 3)
            await owner.answered(*"ghij")
            problem = await refused(owner.channel.send(CHAT, "k", "k"))
        assert problem.reason == "WeChat takes 10 messages after one that was heard: all are used"
        assert (problem.again, len(server.sent), server.refused) == (False, 10, [])


@loop
async def test_a_new_message_gives_a_new_quota(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        async with owner.running():
            await soon(server.caught_up)
            await owner.answered(*"abcdefghij")
            server.push("二")
            await soon(server.caught_up)
            await owner.answered("k")
        assert len(server.sent) == 11


@loop
async def test_nothing_is_sent_24_hours_after_the_last_message(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        async with owner.running():
            await soon(server.caught_up)
            owner.clock.at += timedelta(hours=25)
            problem = await refused(owner.channel.send(CHAT, "早", "1"))
        assert ("24 hours" in problem.reason, problem.again, server.tries) == (True, False, 0)


@loop
async def test_nobody_is_written_to_first(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        async with owner.running():
            await soon(lambda: server.of("b1@im.bot").polls)
            assert "has not written" in (await refused(owner.channel.send(CHAT, "早", "1"))).reason
        assert server.tries == 0


@loop
async def test_taken_but_not_delivered_is_tried_once_more_and_then_told(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        server.fail("lost", "lost", "lost", "ok")
        async with owner.running():
            await soon(server.caught_up)
            first = await refused(owner.channel.send(CHAT, "好", "1"))
            second = await refused(owner.channel.send(CHAT, "好", "1"))
            assert [(one.again, one.after) for one in (first, second)] == [(True, 2.0), (False, 2.0)]
            assert (await refused(owner.channel.send(CHAT, "的", "2"))).again
            await owner.channel.send(CHAT, "的", "2")
        assert [one.text for one in server.sent] == ["的"]


@loop
async def test_a_rate_limit_stops_the_sending_until_the_person_writes_again(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        server.fail("-2")
        async with owner.running():
            await soon(server.caught_up)
            first = await refused(owner.channel.send(CHAT, "好", "1"))
            then = await refused(owner.channel.send(CHAT, "的", "2"))
            assert (first.reason, first.again) == ("WeChat refused it (-2 rate limited)", False)
            assert ("before this person writes again" in then.reason, then.again, server.tries) == (True, False, 1)
            server.push("二")
            await soon(server.caught_up)
            await owner.answered("好")
        assert [one.text for one in server.sent] == ["好"]


@loop
async def test_a_broken_server_is_tried_after_2_seconds_and_from_the_third_time_after_30(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        server.fail("500", "500", "500", "-1", "ok", "500")
        async with owner.running():
            await soon(server.caught_up)
            problems = [await refused(owner.channel.send(CHAT, "好", "1")) for _ in range(4)]
            await owner.channel.send(CHAT, "好", "1")
            problems.append(await refused(owner.channel.send(CHAT, "的", "2")))
            await owner.answered(*"abcdefgh")  # what the server broke on does not count; what it refused may
        assert [(one.again, one.after) for one in problems] == [(True, 2), (True, 2), (True, 30), (True, 30), (True, 2)]
        assert len(server.sent) == 9


@loop
@pytest.mark.parametrize("plan", ["drop", "late", "504"])
async def test_a_text_that_perhaps_arrived_is_not_sent_twice(tmp_path: Path, plan: str) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        server.fail(plan)
        async with owner.running():
            await soon(server.caught_up)
            problem = await refused(owner.channel.send(CHAT, "好", "1"))
        assert (problem.perhaps, problem.again) == (True, False)


@loop
async def test_a_server_that_cannot_be_reached_is_tried_again_and_nothing_is_counted(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        async with owner.running():
            await soon(server.caught_up)
            server.close()
            await soon(lambda: 2 in owner.clock.naps)
            problem = await refused(owner.channel.send(CHAT, "好", "1"))
        assert (problem.again, problem.after, "ConnectError" in problem.reason) == (True, 2, True)
        assert ilink_accounts.load_state(owner.folder, "b1@im.bot").people[ME].sent == 0


@loop
@pytest.mark.parametrize("text", ["", " \n", "好" * 5462])
async def test_a_text_that_wechat_would_not_take_is_not_sent(tmp_path: Path, text: str) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        async with owner.running():
            await soon(server.caught_up)
            assert not (await refused(owner.channel.send(CHAT, text, "1"))).again
            await owner.answered("好" * owner.channel.length)
        assert server.tries == 1


@loop
async def test_typing_is_shown_and_ended_and_never_raises(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        async with owner.running():
            await owner.channel.typing(CHAT, True)  # nobody has written
            server.push("一")
            await soon(server.caught_up)
            await owner.channel.typing(CHAT, True)
            await owner.answered("好")
            await owner.channel.typing(CHAT, False)
            await owner.channel.typing(Chat("ilink", "nobody", "x"), True)
            server.close()
            await owner.channel.typing(CHAT, True)
        assert server.typed == [(ME, 1), (ME, 2)]


@loop
async def test_a_channel_that_does_not_run_sends_nothing(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (_, owner):
        assert "nobody is logged in yet" in (await refused(owner.channel.send(CHAT, "好", "1"))).reason


# a session that ends --------------------------------------------------------------------------------------------------


@loop
@pytest.mark.parametrize("where", ["ret", "errcode"])
async def test_a_session_that_ended_is_told_and_scanned_again(tmp_path: Path, where: str) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        server.logins.append([{"status": "wait"}, server.confirmed()])
        async with owner.running():
            await soon(server.caught_up)
            old = server.of("b1@im.bot").token
            server.expire(where=where)
            await soon(lambda: "logged in again" in owner.told())
            server.push("二")
            await soon(lambda: owner.texts() == ["一", "二"])
            await owner.answered("好")
        assert "WeChat has ended the session of your account" in owner.told()
        assert server.tokens_told == [[]]  # the dead token is no binding
        assert ilink_accounts.load(owner.folder)[0].token == server.of("b1@im.bot").token != old
        assert server.of("b1@im.bot").polls[-1] == "BUF2"


@loop
@pytest.mark.parametrize("plan", ["-14", "errcode"])
async def test_a_send_that_meets_the_end_of_the_session_pauses_the_account(tmp_path: Path, plan: str) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        server.fail(plan)
        server.logins.append([{"status": "hold"}] * 3 + [server.confirmed()])
        async with owner.running():
            await soon(server.caught_up)
            first = await refused(owner.channel.send(CHAT, "好", "1"))
            then = await refused(owner.channel.send(CHAT, "好", "1"))
            assert (first.again, then.again, server.tries) == (True, True, 1)
            assert (first.untried, then.untried) == (True, True)  # however long it takes until somebody scans
            await soon(lambda: "logged in again" in owner.told())
            await owner.answered("好")
        assert [one.text for one in server.sent] == ["好"]


@loop
async def test_nobody_scans_and_the_old_session_is_tried_after_an_hour(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.expire()
        server.logins.extend([{"status": "expired"}] for _ in range(4))
        server.push("一")
        owner.clock.during[3600] = server.revive
        async with owner.running():
            await soon(lambda: owner.heard)
        assert "is tried again in an hour" in owner.told()
        assert len(owner.links) == 4


@loop
async def test_a_new_login_may_give_another_bot_and_the_chat_stays_the_same(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.push("一")
        server.logins.append([server.confirmed("b7@im.bot")])
        async with owner.running():
            await soon(server.caught_up)
            server.expire()
            await soon(lambda: "logged in again" in owner.told())
            assert "has not written" in (await refused(owner.channel.send(CHAT, "好", "1"))).reason
            server.push("二", bot="b7@im.bot")
            await soon(lambda: len(owner.heard) == 2)
            await owner.answered("好")
        assert {one.chat for one in owner.heard} == {CHAT}
        assert server.of("b7@im.bot").polls[0] == ""
        assert [(one.bot, one.text) for one in server.sent] == [("b7@im.bot", "好")]
        [account] = owner.channel.accounts()
        assert (account.id, account.bot) == ("b1@im.bot", "b7@im.bot")


@loop
async def test_somebody_else_scanning_the_new_code_does_not_take_the_account(tmp_path: Path) -> None:
    with logged_in(tmp_path) as (server, owner):
        server.expire()
        server.logins.append([server.confirmed("b9@im.bot", "stranger@im.wechat")])
        async with owner.running():
            await soon(lambda: 3600 in owner.clock.naps)
        assert "somebody else" in owner.told()
        assert owner.channel.accounts()[0].user == ME


# the disk and the logs ------------------------------------------------------------------------------------------------


@loop
async def test_what_is_kept_is_readable_by_its_owner_only_and_no_secret_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with place(tmp_path, "31337") as (server, owner):
        server.logins.append([{"status": "need_verifycode", "number": "31337"}, server.confirmed()])
        async with owner.running():
            await soon(lambda: server.notified)
            server.push("悄悄话", context_token="ctx-secret")
            await soon(server.caught_up)
            await owner.answered("嘘")
            await owner.channel.typing(CHAT, True)
            owner.lines.append(f"{owner.channel.accounts()} {ilink_accounts.load_state(owner.folder, CHAT.account)}")
    kept = sorted(owner.folder.iterdir())
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600, 0o600]
    assert stat.S_IMODE(owner.folder.stat().st_mode) == 0o700
    everything = "\n".join(path.read_text("utf-8") for path in kept)
    assert "悄悄话" not in everything
    assert "secret-b1" in everything
    said = owner.told() + caplog.text + capsys.readouterr().out
    assert "httpx" in caplog.text  # the log was on
    assert not [word for word in ("secret", "code-0", "31337", "悄悄话", "嘘") if word in said]


@pytest.mark.parametrize("text", ["{", '{"accounts": [{"id": "b1"}]}', "[]"])
def test_a_damaged_file_is_a_problem_with_a_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "accounts.json").write_text(text)
    with pytest.raises(UserError):
        ilink_accounts.load(tmp_path)


def test_the_account_file_is_what_the_docs_say(tmp_path: Path) -> None:
    ilink_accounts.save(
        tmp_path, [Account("b1@im.bot", "friend", "小明", ME, "b2@im.bot", "https://x", "t", "wx_ming")]
    )
    [found] = json.loads((tmp_path / "accounts.json").read_text("utf-8"))["accounts"]
    assert found == {
        "id": "b1@im.bot",
        "role": "friend",
        "name": "小明",
        "user": ME,
        "bot": "b2@im.bot",
        "url": "https://x",
        "token": "t",
        "contact": "wx_ming",
    }
    assert ilink_accounts.load(tmp_path)[0].name == "小明"


def test_it_is_a_channel(tmp_path: Path) -> None:
    channel: Channel = Ilink(tmp_path, print, nobody)
    assert (channel.name, channel.length, channel.most) == ("ilink", 2000, 8)


# the picture ----------------------------------------------------------------------------------------------------------


def test_a_code_is_black_on_white_on_any_terminal_with_a_quiet_zone() -> None:
    lines = qr.drawn([[True, False], [False, True], [True, True]]).splitlines()
    bare = [line.removeprefix(qr.COLOURS).removesuffix(qr.PLAIN) for line in lines]
    assert all(line.startswith(qr.COLOURS) and line.endswith(qr.PLAIN) for line in lines)
    assert bare == [" " * 10] * 2 + ["    ▀▄    ", "    ▀▀    "] + [" " * 10] * 2


def test_without_a_terminal_only_the_link_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    qr.show("https://liteapp.weixin.qq.com/q/1")
    assert capsys.readouterr().err == "the code as a link, to open on the phone: https://liteapp.weixin.qq.com/q/1\n"


def test_the_drawn_code_is_the_link() -> None:
    pytest.importorskip("qrcode")
    modules = qr.matrix("https://liteapp.weixin.qq.com/q/1")
    assert len(modules) == len(modules[0]) >= 25
    finder = [[True] * 7, [True] + [False] * 5 + [True]]
    assert [row[:7] for row in modules[:2]] == finder
