"""Own texts: every reader, every reason for a drop, and `csb corpus` as it is typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Csb

from chatstylebot.corpus import texts
from chatstylebot.errors import UserError


def cleaned(name: str, text: str, column: str | None = None, min_length: int = 1) -> texts.Cleaned:
    done = texts.clean(texts.read(name, text.encode(), column), min_length)
    assert done.read == len(done.texts) + sum(done.dropped.values())
    return done


def csb(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """`csb corpus` as a user types it."""
    line = [sys.executable, "-m", "chatstylebot", "corpus", *argv]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


TWEETS = """window.YTD.tweets.part0 = [
  {"tweet": {"full_text": "good &amp; early https://t.co/abc", "retweeted": false,
             "entities": {"urls": [{"url": "https://t.co/abc"}]}}},
  {"tweet": {"full_text": "RT @bob: not mine", "retweeted": false}},
  {"tweet": {"full_text": "mine, passed on", "retweeted": true}},
  {"tweet": {"full_text": "https://t.co/pic", "retweeted": false,
             "entities": {"media": [{"url": "https://t.co/pic"}], "urls": []}}},
  {"tweet": {"full_text": "@amy see you\\nthere", "retweeted": false}}
]"""
TRUMP_CSV = '''id,text,isRetweet,isDeleted,device,favorites,retweets,date,isFlagged
1,"Thank you, Ohio! https://t.co/x",f,f,Twitter for iPhone,1,2,2020-01-01 00:00:00,f
2,RT @a: hello,t,f,Twitter for iPhone,0,2,2020-01-01 00:00:01,f
3,passed on without the letters,t,f,TweetDeck,0,2,2020-01-01 00:00:02,f
4,"""@fan: You are right!"" Thanks",f,f,Twitter for Android,0,2,2013-01-01 00:00:02,f
5,null,f,t,Twitter for iPhone,0,2,2020-01-01 00:00:03,f
'''


def test_an_x_archive_loses_retweets_bare_links_and_short_links() -> None:
    done = cleaned("tweets.js", TWEETS)
    assert done.texts == ["good & early", "@amy see you\nthere"]
    assert done.dropped == {"retweets": 2, "only links": 1}


def test_the_trump_archive_in_both_layouts() -> None:
    done = cleaned("trump.csv", TRUMP_CSV)
    assert done.texts == ["Thank you, Ohio!", "null"]  # IMP-2: any text is text
    assert done.dropped == {"retweets": 3}
    rows = [
        {"id": 1, "text": "SO TRUE &lt;3", "isRetweet": "f", "isDeleted": "f", "retweets": 5, "date": "x"},
        {"id": 2, "text": "no", "isRetweet": "t", "isDeleted": "f", "retweets": 5, "date": "x"},
    ]
    assert cleaned("trump.json", json.dumps(rows)).texts == ["SO TRUE <3"]


def test_plain_text_is_cut_at_blank_lines_or_at_lines() -> None:
    assert cleaned("a.txt", "one\nstill one\n\n\ntwo\r\n \r\nthree").texts == ["one\nstill one", "two", "three"]
    assert cleaned("a.txt", "一\n二\n一\n").dropped == {"duplicates": 1}


def test_markdown_keeps_its_words_and_loses_its_marks() -> None:
    text = (
        "---\ntitle: x\n---\n# A day\n\nI went **home** by [bus](http://x.y), *late*.\n![cat](c.png)\n\n"
        "```python\nprint(1)\n\nprint(2)\n```\n\n- milk\n- 2 * 3 * 4\n\n> so they say\n\n"
        "<!-- todo\n\nlater -->\n\n---\n"
    )
    done = cleaned("a.md", text)
    assert done.texts[:4] == ["A day", "I went home by bus, late.", "- milk\n- 2 * 3 * 4", "so they say"]
    assert done.dropped["front matter"] == 1
    assert done.dropped["code"] == 1
    assert cleaned("b.md", "before\n\n```\nnever closed\n").dropped == {"code": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_encodings(encoding: str) -> None:
    text = "I said: 你好 to everybody who was there, and they all waved back"
    assert texts.decode(text.encode(encoding), "a.txt").lstrip("\ufeff") == text


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


@pytest.mark.parametrize("data", [b"", b" \n", b"\xef\xbb\xbf", PNG, bytes(99)])
def test_empty_and_binary_files_are_errors(data: bytes) -> None:
    with pytest.raises(UserError):
        texts.read("a.txt", data)


def test_a_missing_column_lists_the_columns_that_are_there() -> None:
    with pytest.raises(UserError, match="its columns are id, words, date") as error:
        texts.read("a.csv", b"id,words,date\n1,hello,x\n")
    assert "--text-column" in error.value.remedy
    with pytest.raises(UserError, match="no column 'word'") as error:
        texts.read("a.csv", b"id,words,date\n1,hello,x\n", "word")
    assert error.value.remedy.startswith("--text-column words")
    assert cleaned("a.csv", "id,words,date\n1,hello,x\n", "words").texts == ["hello"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'Content;n\n"a; b";1\n'),
        ("a.tsv", "n\tbody\n1\ta; b\n"),
        ("a.json", '["a; b"]'),
        ("a.json", '{"count": 1, "data": [{"text": "a; b"}]}'),
        ("a.json", '{"text": "a; b"}'),
        ("a.jsonl", '{"content": "a; b"}\n\n{"content": "a; b"}\nbroken\n'),
    ],
)
def test_tables_and_json_in_their_shapes(name: str, text: str) -> None:
    assert cleaned(name, text).texts == ["a; b"]


def test_every_drop_has_its_reason() -> None:
    rows = ["a long one", "a long one", "", "  ", "http://x.y www.z", "hm"]
    done = cleaned("a.json", json.dumps(rows), min_length=3)
    assert done.dropped == {"empty": 2, "duplicates": 1, "only links": 1, "too short": 1}
    assert cleaned("a.json", json.dumps([{"text": None}, {"text": "x"}, 7])).dropped == {"empty": 1, "not a text": 1}


WRONG = [("a.json", "{"), ("a.jsonl", "x\ny"), ("a.pdf", "hello"), ("a.js", "var x")]


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_wrong_files_are_errors(name: str, text: str) -> None:
    with pytest.raises(UserError):
        texts.read(name, text.encode())


def test_the_command_writes_registers_and_counts(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dataset_info.json").write_text('{"mine": {"file_name": "m.json"}}')
    (tmp_path / "tweets.js").write_text(TWEETS)
    (tmp_path / "trump.csv").write_text(TRUMP_CSV)
    done = csb(tmp_path, "tweets.js", "trump.csv", "--output", "data/trump.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "10 in → 4 kept (5 retweets, 1 only links)\n"
    rows = json.loads((tmp_path / "data" / "trump.json").read_text("utf-8"))
    assert rows[0] == {"text": "good & early"}
    info = json.loads((tmp_path / "data" / "dataset_info.json").read_text("utf-8"))
    assert info["mine"] == {"file_name": "m.json"}
    assert info["trump"] == {"file_name": "trump.json", "columns": {"prompt": "text"}}
    again = csb(tmp_path, "trump.csv", "--output", "data/trump.json", "--json")
    counts = json.loads(again.stdout)
    assert (counts["in"], counts["kept"], counts["dropped"]) == (5, 2, {"retweets": 3})


def test_a_folder_is_an_archive_or_all_its_texts(tmp_path: Path) -> None:
    archive = tmp_path / "twitter" / "data"
    archive.mkdir(parents=True)
    (archive / "tweets.js").write_text(TWEETS)
    (archive / "tweet-headers.js").write_text("window.YTD.tweet_headers.part0 = []")
    (archive / "manifest.js").write_text("window.__THAR_CONFIG = {}")
    assert csb(tmp_path, "twitter", "--output", "x.json").stdout.startswith("5 in → 2 kept")
    (tmp_path / "notes" / "deep").mkdir(parents=True)
    (tmp_path / "notes" / "deep" / "a.md").write_text("# Hi\n\nthere")
    (tmp_path / "notes" / "b.pdf").write_text("no")
    assert csb(tmp_path, "notes", "--output", "y.json").stdout.startswith("2 in → 2 kept")


@pytest.mark.parametrize(
    "argv",
    [
        ["none.txt", "--output", "x.json"],
        ["empty", "--output", "x.json"],
        ["links.txt", "--output", "x.json"],
        ["a.txt", "--output", "x.txt"],
        ["a.json", "--output", "a.json"],
        ["a.txt", "--output", "x.json", "--name", "a,b"],
        ["a.txt", "--output", "chat_records.json"],
    ],
)
def test_what_cannot_be_done_is_two_lines_and_writes_nothing(argv: list[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "links.txt").write_text("https://a.b\n")
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "a.json").write_text('["hello"]')
    (tmp_path / "dataset_info.json").write_text('{"chat_records": {"columns": {"prompt": "instruction"}}}')
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}
    done = csb(tmp_path, *argv)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("try: ")
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*")} == before


@pytest.mark.parametrize("entry", ["7", "null", '["x.json"]'])
def test_an_entry_of_another_kind_is_not_taken_for_ours(entry: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "dataset_info.json").write_text(f'{{"x": {entry}}}')
    done = csb(tmp_path, "a.txt", "--output", "x.json")
    assert done.returncode == 1
    assert "error: x is the name of another kind of dataset" in done.stderr
    assert not (tmp_path / "x.json").exists()


def test_private_data_in_a_person_s_own_texts_is_replaced_too(csb: Csb, place: Path) -> None:
    (place / "notes.txt").write_text("call me 13812345678\n\nmail a@b.com\n", "utf-8")
    done = csb("corpus", "notes.txt", "--output", "x.json")
    assert [row["text"] for row in json.loads((place / "x.json").read_text("utf-8"))] == [
        "call me [电话1]",
        "mail [邮箱1]",
    ]
    assert "redacted: 1 email, 1 phone" in done.stdout
    csb("corpus", "notes.txt", "--output", "x.json", "--privacy", "off")
    assert "13812345678" in (place / "x.json").read_text("utf-8")
