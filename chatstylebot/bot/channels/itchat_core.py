"""The only module that calls itchat. It blocks; nothing of the library's talk reaches a terminal or a log."""

import contextlib
import copy
import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from chatstylebot.errors import UserError

with contextlib.redirect_stdout(io.StringIO()):  # it prints a block while it is imported
    import itchat.config
    import requests
    from itchat.components import contact as contacts
    from itchat.components import login, messages
    from itchat.core import Core

# it logs people's words and the login's keys; a filter, since every dictConfig (uvicorn's) takes `disabled` back
logging.getLogger("itchat").addFilter(lambda _: False)

URL = "https://login.weixin.qq.com"
FAULTS = (requests.RequestException, OSError, KeyError, TypeError, AttributeError, IndexError, ValueError)
ANOTHER = "csb wechat (iLink, Tencent's own interface), or another account"

Raw = dict[str, Any]


class Trouble(Exception):
    """WeChat could not be reached, or said what nobody understands. `reached`: a request may have arrived there."""

    def __init__(self, reason: str, reached: bool) -> None:
        super().__init__(reason)
        self.reason, self.reached = reason, reached


@dataclass(frozen=True, slots=True)
class Receipt:
    """What WeChat said to a text: `code` 0 is good, `message` the id it gave."""

    code: int
    message: str = ""


@contextlib.contextmanager
def _troubles() -> Iterator[None]:
    try:
        yield
    except (requests.ConnectTimeout, requests.ConnectionError) as error:
        # a broken pipe may have carried it; a connection that was never made did not
        never = isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error)
        raise Trouble("WeChat cannot be reached", not never) from None
    except requests.RequestException as error:
        raise Trouble(f"WeChat does not answer ({type(error).__name__})", True) from None
    except FAULTS as error:
        raise Trouble(f"WeChat's answer is not as expected ({type(error).__name__})", True) from None


class WeChat:
    """One login and its contacts."""

    def __init__(self, url: str = URL) -> None:
        itchat.config.BASE_URL = url
        self._core = Core()
        # the library asks without any time limit
        self._core.s.request = partial(self._core.s.request, timeout=itchat.config.TIMEOUT)
        self._core.start_receiving = lambda *_, **__: None  # its own loop loses what it cannot read
        self.held: list[Raw] = []  # what came with a resumed login

    @property
    def user(self) -> str:
        """The user name of the account in this login."""
        return str(self._core.storageClass.userName)

    @property
    def account(self) -> str:
        """The account's number, the same in every login."""
        return str(self._core.loginInfo["wxuin"])

    @property
    def nick(self) -> str:
        return str(self._core.storageClass.nickName or "")

    def contacts(self) -> list[Mapping[str, Any]]:
        """People and groups, without public accounts and oneself."""
        found = [*self._core.memberList, *self._core.chatroomList]
        return [each for each in found if each.get("UserName") != self.user]

    def code(self) -> str:
        """A new code to scan. Raises Trouble."""
        with _troubles():
            if found := self._core.get_QRuuid():
                return str(found)
        raise Trouble("WeChat gives no code", True)

    def status(self, code: str) -> str:
        """What became of a code: 408 nothing, 201 scanned, 200 confirmed, else gone. Raises Trouble, UserError."""
        with _troubles():
            try:
                return str(self._core.check_login(code))
            except KeyError:  # the page of the login came without its cookies: 'wxsid', ret 1203
                raise UserError(
                    "WeChat does not let this account log in through the web protocol (most accounts cannot)", ANOTHER
                ) from None
            except requests.ReadTimeout:
                return "408"

    def enter(self) -> None:
        """After the code was confirmed: who we are, and everybody we know. Raises Trouble, UserError."""
        with _troubles():
            found = self._core.web_init()
            if ((found.get("BaseResponse") or {}).get("Ret") or 0) != 0 or not self.user:
                raise UserError("WeChat confirmed the code and then refused the login", ANOTHER)
            self._core.show_mobile_login()
            self._core.get_contact(True)
            self._core.alive = True

    def resume(self, file: Path) -> bool:
        """Go on with a login of our own (itchat unpickles it). Raises Trouble when nobody can tell whether it lives."""
        broken: list[Exception] = []

        def got() -> tuple[Any, Any]:
            try:
                found, changed = login.get_msg(self._core)
            except FAULTS as error:
                broken.append(error)
                raise
            self.held = found or []
            return ([] if found is not None else None), changed

        self._core.get_msg = got
        try:
            with _troubles():
                good = bool(self._core.load_login_status(str(file)))
                if broken:
                    raise broken[0]
        finally:
            del self._core.get_msg
        self._core.alive = good
        return good

    def kept(self) -> dict[str, Any]:
        """What `resume` needs."""
        return {
            "version": itchat.config.VERSION,
            "loginInfo": self._core.loginInfo,
            "cookies": self._core.s.cookies.get_dict(),
            "storage": self._core.storageClass.dumps(),
        }

    def poll(self) -> list[Raw] | None:
        """Wait for messages; None: this login is over. Raises Trouble, and then nothing was taken."""
        before = {key: self._core.loginInfo.get(key) for key in ("SyncKey", "synckey")}
        try:
            with _troubles():
                found = login.sync_check(self._core)
                if found in (None, "0"):
                    return None if found is None else []
                new, changed = self._core.get_msg()
        except Trouble as trouble:
            self._core.loginInfo.update(before)
            if "ReadTimeout" in trouble.reason:
                return []
            raise
        with contextlib.suppress(*FAULTS):
            self._learn(changed or [])
        return new if new is None else list(new)

    def _learn(self, changed: list[Any]) -> None:
        for each in changed:
            group = "@@" in each["UserName"]
            (contacts.update_local_chatrooms if group else contacts.update_local_friends)(self._core, [each])

    def read(self, raw: Raw) -> Raw | None:
        """A message with its group and words; None for what a public account says. Raises Trouble; may be repeated."""
        mine = raw.get("FromUserName") == self.user
        other = str(raw.get("ToUserName" if mine else "FromUserName"))
        with _troubles():
            known = [*self._core.memberList, *self._core.chatroomList, *self._core.mpList]
            if other.startswith("@") and not any(each.get("UserName") == other for each in known):
                (self._core.update_chatroom if other.startswith("@@") else self._core.update_friend)(other)
            if any(each.get("UserName") == other for each in self._core.mpList):
                return None
            [found] = messages.produce_msg(self._core, [copy.deepcopy(raw)])
        return dict(found)

    def send(self, user: str, text: str) -> Receipt:
        """A text, as it is: the library's `send` would take `@fil@path` for a file. Raises Trouble."""
        with _troubles():
            answer = self._core.send_msg(text.encode("utf-8", "replace").decode(), user)
            code = int(answer["BaseResponse"].get("Ret", -1000))
            return Receipt(code, str(answer.get("MsgID") or ""))
