"""WeChat through the real itchat-uos, before a server on loopback that speaks web WeChat (tests/itchat_server.py)."""

import asyncio
import contextlib
import logging
import os
import pickle
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from itchat_server import UIN, World, serving
from patience import LIMIT, soon

from chatstylebot.bot.heard import Chat, Heard, NotSent
from chatstylebot.errors import UserError

if find_spec("itchat") is None:  # importing it prints
    pytest.skip("itchat-uos is not installed", allow_module_level=True)

from chatstylebot.bot.channels import itchat_people as people
from chatstylebot.bot.channels.itchat import Itchat
from chatstylebot.bot.channels.itchat_login import WARNING

ANN, TEAM = Chat("itchat", UIN, "remark:Annie"), Chat("itchat", UIN, "group:Team")
HELPER = Chat("itchat", UIN, "filehelper")


async def quick(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.01))


@dataclass
class Ears:
    """A channel at work, what it brought, said and showed."""

    channel: Itchat
    said: list[str]
    shown: list[str]
    heard: list[Heard] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    async def hear(self, found: Heard) -> None:
        self.heard.append(found)

    async def until(self, number: int) -> list[Heard]:
        await self._wait(lambda: len(self.heard) >= number)
        return self.heard

    async def told(self, words: str) -> None:
        await self._wait(lambda: any(words in line for line in self.said))

    async def _wait(self, there: Callable[[], bool]) -> None:
        await soon(there)


async def agreed(warning: str) -> bool:
    return True


def ears(folder: Path, world: World, confirm: Callable[[str], Awaitable[bool]] = agreed) -> Ears:
    said: list[str] = []
    shown: list[str] = []
    channel = Itchat(folder / "itchat", said.append, confirm=confirm, show_qr=shown.append, url=world.url, sleep=quick)
    return Ears(channel, said, shown)


@contextlib.asynccontextmanager
async def listening(folder: Path, world: World) -> AsyncIterator[Ears]:
    found = ears(folder, world)
    work = asyncio.create_task(found.channel.run(found.hear))
    told = asyncio.create_task(found.told("logged in, with"))
    await asyncio.wait([work, told], return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        told.cancel()
        await work
    try:
        yield found
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def fails(folder: Path, world: World, **more: Any) -> UserError:
    async def body() -> None:
        found = ears(folder, world, **more)
        await found.channel.run(found.hear)

    with pytest.raises(UserError) as error:
        run(body)
    return error.value


def brought(folder: Path, scene: Callable[[World], int], **world: Any) -> list[Heard]:
    """What the channel brings of a scene, which says how many messages that are."""
    got: list[Heard] = []

    async def body() -> None:
        with serving(**world) as there:
            async with listening(folder, there) as found:
                got.extend(await found.until(scene(there)))
            assert there.wrong == []

    run(body)
    return got


def test_without_a_yes_nothing_is_asked_of_wechat(tmp_path: Path) -> None:
    read: list[str] = []

    async def refused(warning: str) -> bool:
        return bool(read.append(warning))

    with serving() as world:
        error = fails(tmp_path, world, confirm=refused)
        assert (world.codes, read) == (0, [WARNING])
    assert "risk" in error.problem
    assert "banned" in WARNING
    assert "封" in WARNING


def test_the_risk_is_asked_once(tmp_path: Path) -> None:
    asked: list[str] = []

    async def accepted(warning: str) -> bool:
        return not asked.append(warning)

    async def body() -> None:
        with serving() as world:
            for _ in range(2):
                found = ears(tmp_path, world, accepted)
                work = asyncio.create_task(found.channel.run(found.hear))
                await found.told("logged in")
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    run(body)
    assert len(asked) == 1


def test_a_friend_s_text_arrives_under_the_remark_that_only_the_owner_gives(tmp_path: Path) -> None:
    def scene(world: World) -> int:
        world.say("ann", "a &lt;b&gt; &amp; c<br/>d")
        return 1

    [found] = brought(tmp_path, scene)
    assert (found.chat, found.text, found.name, found.sender) == (ANN, "a <b> & c\nd", "Annie", "remark:Annie")
    assert (found.own, found.owner, found.group, found.kind) == (False, False, False, "text")


def test_a_scanned_code_is_asked_on_20_times_before_another_is_shown(tmp_path: Path) -> None:
    async def body() -> None:
        with serving(answers=["408", "201", "201", "400", *["408"] * 15, "200"]) as world:
            async with listening(tmp_path, world) as found:
                assert (world.codes, world.polls) == (1, 20)
                assert found.shown == ["https://login.weixin.qq.com/l/uu1=="]
                assert world.wrong == []

    run(body)


def test_four_codes_that_nobody_scans_end_in_an_error(tmp_path: Path) -> None:
    with serving(answers=["400"] * 4) as world:
        error = fails(tmp_path, world)
        assert world.codes == 4
    assert "not scanned" in error.problem


def test_an_account_that_may_not_log_in_is_told_so(tmp_path: Path) -> None:
    with serving(cookies=False) as world:
        assert "does not let this account log in" in fails(tmp_path, world).problem
    with serving(init=1203) as world:
        assert "refused the login" in fails(tmp_path / "b", world).problem


def test_offline_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with serving() as world:
        world.down = True
        error = fails(tmp_path, world)
    assert "no login" in error.problem


def test_user_names_change_at_each_login_and_the_chat_stays(tmp_path: Path) -> None:
    async def body() -> None:
        with serving() as world:
            async with listening(tmp_path, world) as found:
                world.say("ann", "one")
                await found.until(1)
                world.answers[:] = ["200"]
                world.end(1101)
                await found.told("has ended this login")
                await found._wait(lambda: sum("logged in" in line for line in found.said) == 2)
                world.say("ann", "two")
                await found.until(2)
                await found.channel.send(found.heard[0].chat, "back", "b1")
                assert [each.chat for each in found.heard] == [ANN, ANN]
                assert world.sent == [("@02ann", "back")]

    run(body)


def test_a_restart_needs_no_code_and_hears_what_was_written_in_between(tmp_path: Path) -> None:
    async def body() -> None:
        with serving() as world:
            async with listening(tmp_path, world):
                pass
            world.say("ann", "while you were away")
            async with listening(tmp_path, world) as found:
                [heard] = await found.until(1)
                assert (heard.text, found.shown, world.codes, world.logouts) == ("while you were away", [], 1, 0)
                await found.channel.send(ANN, "hi", "b1")
                assert world.sent == [("@01ann", "hi")]

    run(body)


def test_a_message_whose_hearing_failed_comes_again_after_a_restart(tmp_path: Path) -> None:
    async def body() -> None:
        with serving() as world:
            found = ears(tmp_path, world)

            async def broken(_: Heard) -> None:
                raise UserError("the disk is full", "make room")

            work = asyncio.create_task(found.channel.run(broken))
            await found.told("logged in")
            world.say("ann", "kept")
            with pytest.raises(UserError, match="disk"):
                await work
            async with listening(tmp_path, world) as again:
                assert [each.text for each in await again.until(1)] == ["kept"]

    run(body)


def test_the_login_on_the_disk_is_0600_and_one_that_others_may_write_is_never_read(tmp_path: Path) -> None:
    async def body() -> None:
        with serving() as world:
            async with listening(tmp_path, world):
                pass
            file = tmp_path / "itchat" / "login.pickle"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert [each for each in file.parent.iterdir() if stat.S_IMODE(each.stat().st_mode) & 0o077] == []
            file.chmod(0o622)
            with pytest.raises(UserError, match="somebody else"):
                async with listening(tmp_path, world):
                    pass

    run(body)


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, ("bomb",)


def test_a_link_to_a_pickle_of_somebody_s_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil").write_bytes(pickle.dumps(Bomb()))
    (tmp_path / "itchat").mkdir(mode=0o700)
    (tmp_path / "itchat" / "login.pickle").symlink_to(tmp_path / "evil")
    with serving() as world:
        assert "somebody else" in fails(tmp_path, world).problem
    assert not (tmp_path / "bomb").exists()


def test_a_login_that_wechat_no_longer_takes_leads_to_a_code(tmp_path: Path) -> None:
    async def body() -> None:
        with serving() as world:
            async with listening(tmp_path, world):
                pass
            world.logins += 1  # another login took its place
            world.answers[:] = ["200"]
            async with listening(tmp_path, world) as found:
                assert len(found.shown) == 1
                world.say("bob", "hi")
                assert [each.chat.id for each in await found.until(1)] == ["nick:Bob"]

    run(body)


def test_what_the_owner_writes_by_hand_is_own_and_in_the_filehelper_it_is_theirs_to_the_bot(tmp_path: Path) -> None:
    def scene(world: World) -> int:
        world.say("me", "by hand", "ann")
        world.say("me", "stop", "filehelper")
        world.say("me", "to all", "team")
        return 3

    hand, helper, team = brought(tmp_path, scene)
    assert (hand.chat, hand.own, hand.owner) == (ANN, True, False)
    assert (helper.chat, helper.own, helper.owner, helper.text) == (HELPER, False, True, "stop")
    assert (team.chat, team.own, team.owner, team.group) == (TEAM, True, False, True)


@pytest.mark.parametrize("shown", ["", "小米"])
def test_in_a_group_the_mention_is_told_and_taken_out(tmp_path: Path, shown: str) -> None:
    name = shown or "Mia"

    def scene(world: World) -> int:
        world.say("team", f"@{name}\u2005hungry?", speaker="ann")
        world.say("team", "just talk", speaker="bob")
        world.say("team", "<sysmsg> ann joined")
        world.say("team", f"two<br/>lines\n@{name}", speaker="bob")
        return 3

    first, second, third = brought(tmp_path, scene, shown=shown)
    assert (first.chat, first.text, first.mentioned, first.group) == (TEAM, "hungry?", True, True)
    assert (first.sender, first.name) == ("remark:Annie", "Ann")
    assert (second.text, second.mentioned, second.sender) == ("just talk", False, "nick:Bob")
    assert (third.text, third.mentioned, third.own) == ("two\nlines", True, False)


def test_pictures_voice_and_files_are_told_by_kind_and_notices_not_at_all(tmp_path: Path) -> None:
    def scene(world: World) -> int:
        for kind in (3, 34, 43, 47, 42):
            world.say("ann", "<xml/>", kind=kind)
        world.say("ann", "<xml/>", kind=49, AppMsgType=6, FileName="a.pdf", MediaId="1")
        world.say("ann", "<xml/>", kind=49, AppMsgType=5, FileName="a link")
        world.say("ann", "here:<br/>/cgi-bin/x (a street)", Url="http://map")
        for kind in (51, 10000, 10002, 37, 50, 9999):
            world.say("ann", "<xml/>", kind=kind)
        world.say("ann", "「Mia：see you」\n- - - - - - - - - - - - - - -\nwhere?")
        return 9

    found = brought(tmp_path, scene)
    assert [each.kind for each in found] == [
        "image", "voice", "video", "sticker", "other", "file", "other", "other", "text",
    ]  # fmt: skip
    assert [each.text for each in found[:-1]] == [""] * 8
    assert (found[-1].text, found[-1].quoted) == ("where?", "see you")


def test_two_people_of_one_name_are_neither_heard_nor_written_to(tmp_path: Path) -> None:
    async def body() -> None:
        names = {"ann": ("Ann", ""), "mallory": ("Ann", ""), "bob": ("Bob", "")}
        with serving(people=names) as world:
            async with listening(tmp_path, world) as found:
                world.say("ann", "it is me")
                world.say("mallory", "no, me")
                world.say("bob", "hi")
                [heard] = await found.until(1)
                assert heard.chat.id == "nick:Bob"
                assert [line for line in found.said if "two of nick:Ann" in line] == [found.said[-1]]
                with pytest.raises(NotSent, match="two of"):
                    await found.channel.send(Chat("itchat", UIN, "nick:Ann"), "secret", "b1")
                assert world.sent == []

    run(body)


def test_who_takes_another_s_name_during_a_login_gets_nothing_of_theirs() -> None:
    known = people.People()
    before = [{"UserName": "@1", "NickName": "Ann"}, {"UserName": "@2", "NickName": "Mal"}]
    assert known.id(before, "@1") == "nick:Ann"
    after = [{"UserName": "@1", "NickName": "Anne"}, {"UserName": "@2", "NickName": "Ann"}]
    with pytest.raises(people.Unclear):
        known.id(after, "@2")
    with pytest.raises(people.Unclear):
        known.user(after, "nick:Ann")


def test_a_nickname_that_looks_like_a_remark_or_a_group_is_still_a_nickname() -> None:
    assert people.key({"UserName": "@1", "NickName": "remark:Ann"}) == "nick:remark:Ann"
    assert people.key({"UserName": "@1", "NickName": "filehelper"}) == "nick:filehelper"
    assert people.key({"UserName": "@1", "NickName": "a\x1b[2J\n b"}) == "nick:a [2J b"
    assert people.key({"UserName": "@@1", "NickName": ""}) == ""


def test_who_is_in_no_list_is_asked_for_and_public_accounts_are_silent(tmp_path: Path) -> None:
    def scene(world: World) -> int:
        world.say("news", "buy!")
        world.say("zoe", "hello")
        return 1

    names = {"ann": ("Ann", ""), "zoe": ("Zoe", "")}
    [found] = brought(tmp_path, scene, people=names, rooms={}, hidden={"zoe"}, services={"news": "News"})
    assert found.chat.id == "nick:Zoe"


def test_what_the_bot_sent_is_never_brought_even_when_it_comes_before_the_confirmation(tmp_path: Path) -> None:
    async def body() -> None:
        with serving(sends=["echo"]) as world:
            async with listening(tmp_path, world) as found:
                await found.channel.send(ANN, "on my way", "b1")
                world.say("ann", "ok")
                assert [each.text for each in await found.until(1)] == ["ok"]

    run(body)


@pytest.mark.parametrize(
    ("fate", "again", "perhaps"),
    [
        (1101, True, False), (1205, True, False), (1, False, False), ("500", False, True), ("cut", False, True),
        ("nameless", False, True),
    ],
)  # fmt: skip
def test_a_text_counts_as_sent_only_when_wechat_says_so(tmp_path: Path, fate: Any, again: bool, perhaps: bool) -> None:
    async def body() -> None:
        with serving(sends=[fate]) as world:
            async with listening(tmp_path, world) as found:
                with pytest.raises(NotSent) as error:
                    await found.channel.send(ANN, "hi", "b1")
                assert (error.value.again, error.value.perhaps) == (again, perhaps)

    run(body)


def test_a_text_that_begins_like_a_file_is_a_text(tmp_path: Path) -> None:
    async def body() -> None:
        with serving() as world:
            async with listening(tmp_path, world) as found:
                for id, text in enumerate(("@fil@secret.txt", "@img@/etc/passwd", "<b>&amp;", "好😀\ud800")):
                    await found.channel.send(ANN, text, str(id))
                sent = ["@fil@secret.txt", "@img@/etc/passwd", "<b>&amp;", "好😀?"]
                assert [text for _, text in world.sent] == sent

    run(body)


def test_a_broken_line_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    async def body() -> None:
        with serving() as world:
            async with listening(tmp_path, world) as found:
                world.down = True
                await found.told("trying again")
                world.say("ann", "in the dark")
                world.down = False
                assert [each.text for each in await found.until(1)] == ["in the dark"]
                await found.told("answers again")

    run(body)


def test_many_messages_at_once_arrive_in_order(tmp_path: Path) -> None:
    def scene(world: World) -> int:
        for number in range(200):
            world.say(("ann", "bob")[number % 2], str(number))
        return 200

    assert [each.text for each in brought(tmp_path, scene)] == [str(number) for number in range(200)]


def test_a_message_that_itchat_cannot_read_costs_no_other(tmp_path: Path) -> None:
    async def body() -> None:
        with serving() as world:
            async with listening(tmp_path, world) as found:
                world.bring(
                    {"MsgId": "1", "FromUserName": world.user("ann"), "ToUserName": world.user("me"), "MsgType": 1}
                )
                world.say("ann", "next")
                assert [each.text for each in await found.until(1)] == ["next"]
                await found.told("could not be read")

    run(body)


def test_nothing_that_people_write_is_printed_or_logged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "itchat")
    logging.getLogger("itchat").disabled = False  # as every logging.config.dictConfig does, uvicorn's too
    said: list[str] = []

    async def body() -> None:
        with serving() as world:
            async with listening(tmp_path, world) as found:
                world.say("ann", "my secret")
                world.say("ann", "my secret", kind=777)
                await found.until(1)
                await found.channel.send(ANN, "your secret", "b1")
                said.extend(found.said)

    run(body)
    out, err = capfd.readouterr()
    assert "secret" not in out + err + caplog.text + "".join(said)
    assert out == ""


def test_loading_the_library_prints_nothing() -> None:
    line = [sys.executable, "-W", "ignore", "-c", "import chatstylebot.bot.channels.itchat_core"]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=LIMIT)
    assert (done.stdout, done.stderr) == ("", "")


PROGRAM = """\
import asyncio, sys
from pathlib import Path
from chatstylebot.bot.channels.itchat import Itchat

async def hear(found):
    print(found.text, flush=True)

async def agreed(warning):
    return True

asyncio.run(Itchat(Path(sys.argv[1]), print, confirm=agreed, url=sys.argv[2], show_qr=print).run(hear))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_program_that_is_ended_during_a_long_poll_ends_at_once_and_misses_nothing(tmp_path: Path, how: int) -> None:
    line = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path / "itchat")]
    with serving(answers=["200"], hold=100) as world:
        for number in range(2):
            world.say("ann", f"w{number}") if number else None
            with subprocess.Popen(
                [*line, world.url], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
            ) as run:
                assert run.stdout
                found = ""
                while "logged in, with" not in found:
                    found = run.stdout.readline()
                if number:
                    assert run.stdout.readline() == "w1\n"
                run.send_signal(how)
                run.wait(LIMIT)
        assert (world.codes, world.logouts) == (1, 0)
