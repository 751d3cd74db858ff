"""`csb forget` and what the bots keep: histories, drafts, votes on their way, logins; not one byte is left."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot_world import ANN, BOB, PEOPLE, START, World, frame
from conftest import Csb

from chatstylebot import files
from chatstylebot.bot import forget, lock, store
from chatstylebot.bot.channels import ilink_accounts, onebot_sent
from chatstylebot.bot.channels.ilink_accounts import Account
from chatstylebot.bot.heard import Chat
from chatstylebot.bot.talk import State, Vote
from chatstylebot.feedback import drafts as waiting

CLUB = Chat("onebot", "1", "team")
CONTACTS = "wx_ann: {name: Ann, aliases: {onebot: ann}}\nwx_bob: {name: Bob, aliases: {onebot: bob}}\n"


def world() -> World:
    """Ann and Bob talk to the bot, for Bob a draft waits; both speak in a group."""
    world = World(frame(people=PEOPLE))
    world.hear("ann went to the lighthouse")
    world.wait()
    world.hear("bob stayed in the harbour", BOB)
    world.wait()
    world.hear("ann has a yellow umbrella", CLUB, name="☆annie☆", sender="ann", group=True, mentioned=True)
    world.hear("bob has none whatsoever", CLUB, name="Bob", sender="bob", group=True, mentioned=True)
    world.wait()
    return world


def kept(place: Path) -> State:
    """The same on the disk, with what the channel and the drafts hold beside it."""
    state = world().state
    (place / "contacts.yaml").write_text(CONTACTS, "utf-8")
    with store.Store.open(store.path(place, "onebot")) as saved:
        saved.save(State(), state)
    with waiting.Drafts.open(waiting.path(place)) as drafts:
        for one in state.house.drafts:
            id = f"onebot-{one.number}"
            drafts.put(waiting.Draft(id, "onebot", one.number, one.name, one.heard, one.text, one.at))
    sent = onebot_sent.Sent(
        files.private_folder(store.folder(place) / "onebot") / "sent.sqlite", lambda: datetime.now(UTC)
    )
    sent.begin("an-old-try", ANN, "what was said to ann")
    sent.close()
    return state


def everything(place: Path) -> bytes:
    """Every byte of what the bots keep."""
    return b"".join(path.read_bytes() for path in sorted((place / ".csb").rglob("*")) if path.is_file())


def test_a_forgotten_person_is_in_no_byte_of_what_the_bot_keeps_and_the_others_stay(csb: Csb, place: Path) -> None:
    before = kept(place)
    assert len(before.house.drafts) == 1
    assert b"lighthouse" in everything(place)
    assert "2 conversations, 0 drafts" in csb("forget", "--yes", "--contact", "Ann", "--dry-run").stdout
    assert b"lighthouse" in everything(place)
    done = csb("forget", "--yes", "--contact", "Ann")
    left = everything(place)
    words = (b"lighthouse", b"umbrella", b'"id":"ann"', b"wx_ann", b"an-old-try")
    assert [word for word in words if word in left] == []
    assert "nothing is left" in done.stdout
    with store.Store.open(store.path(place, "onebot")) as saved:
        after = saved.load()
    assert after.talks[BOB] == before.talks[BOB]
    assert after.house.drafts == before.house.drafts
    assert (after.talks[CLUB].turns, after.talks[CLUB].seen) == ((), before.talks[CLUB].seen)
    assert b"stayed in the harbour" in left
    assert (place / "contacts.yaml").read_text("utf-8").startswith("wx_bob")
    assert "Ann was forgotten on 20" in csb("forget", "--yes", "--contact", "Ann").stdout


def test_their_draft_goes_too_and_is_counted(csb: Csb, place: Path) -> None:
    kept(place)
    assert "2 conversations, 1 drafts" in csb("forget", "--yes", "--contact", "Bob").stdout
    left = everything(place)
    assert [word for word in (b"harbour", b"whatsoever", b'"id":"bob"', b"Bob") if word in left] == []
    assert b"lighthouse" in left


def test_somebody_only_the_bot_knows_is_found_by_what_they_call_themselves(csb: Csb, place: Path) -> None:
    kept(place)
    (place / "contacts.yaml").unlink()
    assert "did you mean 'Bob'?" in csb("forget", "--yes", "--contact", "Bobb", code=1).stderr
    assert "the bot: 2 conversations, 1 drafts" in csb("forget", "--yes", "--contact", "bob").stdout
    csb("forget", "--yes", "--contact", "Ann")
    assert b"lighthouse" not in everything(place)


def test_a_vote_on_its_way_that_quotes_them_goes_and_another_stays() -> None:
    one = World(frame(people=PEOPLE))
    one.hear("bob stayed in the harbour", BOB)
    one.wait()
    [draft] = one.state.house.drafts
    other = replace(draft.answer, asked=(("user", "what others ask"),), texts=("x",), candidates=("x",))
    votes = tuple(Vote(id, "good", 0, answer, "bot-onebot", None) for id, answer in (("1", draft.answer), ("2", other)))
    state = State(replace(one.state.house, votes=votes), one.state.talks)
    after = forget.without(state, {"bob"}, lambda texts: ["harbour" in text for text in texts])
    assert [each.id for each in after.house.votes] == ["2"]
    assert after.house.drafts == ()
    assert after.talks == {}


def test_while_a_bot_runs_nothing_is_forgotten(csb: Csb, place: Path) -> None:
    kept(place)
    before = everything(place)
    with lock.held(store.folder(place) / "onebot.lock", "onebot"):
        done = csb("forget", "--yes", "--contact", "Ann", code=1)
    assert "the bot on onebot is running" in done.stderr
    assert "stop it (Ctrl-C there)" in done.stderr
    assert everything(place) == before


def test_a_friend_s_login_on_wechat_goes_and_the_owner_s_stays(csb: Csb, place: Path) -> None:
    kept(place)
    folder = store.folder(place) / "ilink"
    mine = Account("b1", "owner", "", "u1", "b1", "https://127.0.0.1", "t1")
    hers = Account("b2", "friend", "Ann", "annsuser", "b2", "https://127.0.0.1", "t2")
    ilink_accounts.save(folder, [mine, hers])
    state = ilink_accounts.State("c", {"annsuser": ilink_accounts.Person("ctx", START)})
    ilink_accounts.save_state(folder, "b2", state)
    assert "1 logins" in csb("forget", "--yes", "--contact", "Ann").stdout
    assert ilink_accounts.load(folder) == [mine]
    assert b"annsuser" not in everything(place)


def test_a_copy_of_the_state_that_still_holds_them_is_found(csb: Csb, place: Path) -> None:
    kept(place)
    copy = store.folder(place) / "onebot.sqlite.old"
    copy.write_bytes(store.path(place, "onebot").read_bytes())
    done = csb("forget", "--yes", "--contact", "Ann", code=1)
    assert "something is left in .csb/bot/onebot.sqlite.old" in done.stderr
