"""A loopback server that speaks web WeChat as far as itchat-uos asks: login, init, contacts, sync, texts.

Everything it knows stands in `World`; what a client does wrong is in `World.wrong`.
"""

import contextlib
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

UIN = "99001"
PATH = "/cgi-bin/mmwebwx-bin"


def person(user: str, nick: str, remark: str = "", flag: int = 0) -> dict[str, Any]:
    return {
        "UserName": user, "NickName": nick, "RemarkName": remark, "Sex": 1, "VerifyFlag": flag, "Uin": 0,
        "MemberList": [], "HeadImgUrl": "", "Alias": "", "DisplayName": "", "City": "", "Signature": "",
    }  # fmt: skip


def room(user: str, nick: str, members: list[dict[str, Any]]) -> dict[str, Any]:
    return person(user, nick) | {"Sex": 0, "MemberList": members, "EncryChatRoomId": "x"}


@dataclass
class World:
    """What the server plays. Every login gives all user names anew: `@` and the name in it is `<login>name`."""

    answers: list[str] = field(default_factory=lambda: ["408", "201", "200"])  # to questions about a code
    people: dict[str, tuple[str, str]] = field(default_factory=lambda: {"ann": ("Ann", "Annie"), "bob": ("Bob", "")})
    services: dict[str, str] = field(default_factory=dict)
    rooms: dict[str, tuple[str, list[str]]] = field(default_factory=lambda: {"team": ("Team", ["ann", "bob"])})
    nick: str = "Mia"
    shown: str = ""  # our name in the groups
    hidden: set[str] = field(default_factory=set)  # known to the server, in no list of contacts
    cookies: bool = True  # the login page gives them
    init: int = 0  # what webwxinit says
    sends: list[Any] = field(default_factory=list)  # what the next texts get: a Ret, or "500", "cut", "nameless"
    down: bool = False
    logins: int = 0
    codes: int = 0
    polls: int = 0
    over: int = 0  # the retcode of an ended login
    sent: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)  # messages; a SyncKey is a place in it
    change: threading.Condition = field(default_factory=threading.Condition)
    contacts_asked: int = 0
    logouts: int = 0
    hold: float = 0.3  # seconds of a long poll
    url: str = ""

    def user(self, who: str) -> str:
        """The user name in this login."""
        return who if who == "filehelper" else f"@{'@' if who in self.rooms else ''}{self.logins:02}{who}"

    def contact(self, who: str) -> dict[str, Any]:
        if who in self.rooms:
            nick, members = self.rooms[who]
            me = person(self.user("me"), self.nick) | {"DisplayName": self.shown}
            return room(self.user(who), nick, [me, *(self.contact(each) for each in members)])
        if who in self.services:
            return person(self.user(who), self.services[who], flag=24)
        nick, remark = self.people[who]
        return person(self.user(who), nick, remark)

    def say(self, who: str, text: str, to: str = "me", *, speaker: str = "", kind: int = 1, **more: Any) -> str:
        """Somebody writes; in a group `speaker` does. Returns the message's id."""
        number = str(7_000_000_000_000_000_000 + len(self.log))
        content = f"{self.user(speaker)}:<br/>{text}" if speaker else text
        self.bring({
            "MsgId": number, "NewMsgId": int(number), "FromUserName": self.user(who), "ToUserName": self.user(to),
            "MsgType": kind, "Content": content, "CreateTime": int(time.time()), "Url": "", "AppMsgType": 0,
            "FileName": "", "Status": 3, "StatusNotifyUserName": "", "RecommendInfo": {"UserName": "@x"},
            **more,
        })  # fmt: skip
        return number

    def bring(self, message: dict[str, Any]) -> None:
        with self.change:
            self.log.append(message)
            self.change.notify_all()

    def end(self, code: int) -> None:
        """WeChat ends the login."""
        with self.change:
            self.over = code
            self.change.notify_all()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}"))

    def _serve(self, body: dict[str, Any]) -> None:
        where = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(where.query).items()}
        name = where.path.rpartition("/")[2]
        if self.world.down:
            self.close_connection = True
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            getattr(self, f"_{name}")(asked, body)

    def _out(self, said: Any, status: int = 200, cookies: tuple[str, ...] = ()) -> None:
        data = (said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)).encode()
        self.send_response(status)
        for each in cookies:
            self.send_header("Set-Cookie", f"{each}; Path=/")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _good(self, **more: Any) -> dict[str, Any]:
        return {"BaseResponse": {"Ret": 0, "ErrMsg": ""}, **more}

    def _jslogin(self, asked: dict[str, str], _: Any) -> None:
        self.world.codes += 1
        self._out(f'window.QRLogin.code = 200; window.QRLogin.uuid = "uu{self.world.codes}==";')

    def _login(self, asked: dict[str, str], _: Any) -> None:
        world = self.world
        world.polls += 1
        answer = world.answers.pop(0) if world.answers else "408"
        more = f'window.redirect_uri="{world.url}{PATH}/webwxnewloginpage?ticket=t{world.codes}";'
        self._out(f"window.code={answer};" + (more if answer == "200" else ""))

    def _webwxnewloginpage(self, asked: dict[str, str], _: Any) -> None:
        world = self.world
        if self.headers.get("client-version") != "2.0.0" or not self.headers.get("extspam"):
            world.wrong.append("the login page was asked without the UOS headers")
        if not world.cookies:
            self._out("<error><ret>1203</ret><message>cannot log in to web WeChat</message></error>")
            return
        world.logins += 1
        world.over = 0
        cookies = (f"wxsid=s{world.logins}", f"wxuin={UIN}", "webwx_data_ticket=d", "wxloadtime=1", "webwxuvid=u")
        self._out("<error><ret>0</ret></error>", cookies=(*cookies, "webwx_auth_ticket=a"))

    def _alive(self, body: dict[str, Any]) -> bool:
        if body["BaseRequest"]["Sid"] == f"s{self.world.logins}" and not self.world.over:
            return True
        self._out({"BaseResponse": {"Ret": self.world.over or 1101, "ErrMsg": ""}})
        return False

    def _webwxinit(self, asked: Any, body: dict[str, Any]) -> None:
        world = self.world
        me = person(world.user("me"), world.nick) | {"Uin": int(UIN)}
        found = [person("filehelper", "文件传输助手"), *(world.contact(each) for each in [*world.rooms][:1])]
        key = self._key(len(world.log))
        said = {"BaseResponse": {"Ret": world.init}, "User": me, "InviteStartCount": 0, "SyncKey": key}
        self._out(said | {"ContactList": found})

    def _key(self, place: int) -> dict[str, Any]:
        return {"Count": 1, "List": [{"Key": 1, "Val": place}]}

    def _webwxstatusnotify(self, asked: Any, body: dict[str, Any]) -> None:
        self._out(self._good())

    def _webwxgetcontact(self, asked: Any, body: Any) -> None:
        world = self.world
        world.contacts_asked += 1
        found = [world.contact(each) for each in [*world.people, *world.services] if each not in world.hidden]
        self._out(self._good(MemberList=found, Seq=0))

    def _webwxbatchgetcontact(self, asked: Any, body: dict[str, Any]) -> None:
        world = self.world
        every = {world.user(each): each for each in [*world.people, *world.rooms, *world.services]}
        users = [each["UserName"] for each in body["List"]]
        self._out(self._good(ContactList=[world.contact(every[user]) for user in users if user in every]))

    def _synccheck(self, asked: dict[str, str], _: Any) -> None:
        world, place = self.world, int(asked["synckey"].partition("_")[2])
        with world.change:
            world.change.wait_for(lambda: world.over or world.down or len(world.log) > place, world.hold)
            code = world.over or (0 if asked["sid"] == f"s{world.logins}" else 1101)
            more = 2 if len(world.log) > place else 0
        self._out(f'window.synccheck={{retcode:"{code}",selector:"{more}"}}')

    def _webwxsync(self, asked: Any, body: dict[str, Any]) -> None:
        if self._alive(body):
            place = int(body["SyncKey"]["List"][0]["Val"])
            new, key = self.world.log[place:], self._key(len(self.world.log))
            self._out(self._good(AddMsgList=new, ModContactList=[], SyncKey=key, SyncCheckKey=key))

    def _webwxsendmsg(self, asked: Any, body: dict[str, Any]) -> None:
        world, message = self.world, body["Msg"]
        if not self._alive(body):
            return
        fate = world.sends.pop(0) if world.sends else 0
        if message["Type"] != 1 or not re.fullmatch(r"@.+|filehelper", message["ToUserName"]):
            world.wrong.append("a text is of another type, or to nobody")
        if fate in (0, "cut", "nameless", "echo"):
            world.sent.append((message["ToUserName"], message["Content"]))
        if fate == "500":
            self._out("<html>gateway</html>", 500)
        elif fate == "cut":
            self.close_connection = True
        elif isinstance(fate, int) and fate:
            self._out({"BaseResponse": {"Ret": fate, "ErrMsg": ""}})
        else:
            number = str(8_000_000_000_000_000_000 + len(world.sent))
            if fate == "echo":  # before the answer
                who = next(each for each in world.people if world.user(each) == message["ToUserName"])
                world.say("me", message["Content"], who, MsgId=number)
                time.sleep(0.2)
            self._out(self._good(MsgID="" if fate == "nameless" else number, LocalID="1"))

    def _webwxlogout(self, asked: Any, body: Any) -> None:
        self.world.logouts += 1
        self._out("")


@contextlib.contextmanager
def serving(**values: Any) -> Iterator[World]:
    """A world on loopback."""
    world = World(**values)
    handler = type("Bound", (Handler,), {"world": world})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    world.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield world
    finally:
        with world.change:
            world.down = True
            world.change.notify_all()
        server.shutdown()
        server.server_close()
