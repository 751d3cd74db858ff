"""Who is who in web WeChat: names that outlive a login, for user names (`@abc…`) that do not."""

import html
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

HELPER = "filehelper"  # WeChat's notes to oneself (文件传输助手)
GROUP = "@@"

Contact = Mapping[str, Any]


class Unclear(Exception):
    """Nobody can say for certain who this is: then nobody is heard, and nobody is written to."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def name(text: Any) -> str:
    """A name as it may stand in a chat's id and on a terminal."""
    said = "".join(c if unicodedata.category(c) != "Cc" else " " for c in html.unescape(str(text or "")))
    return " ".join(said.split())


def key(contact: Contact) -> str:
    """The id that stays: the remark, which the owner alone can give, before the nickname; "" for the nameless."""
    user, nick, remark = (
        str(contact.get("UserName") or ""),
        name(contact.get("NickName")),
        name(contact.get("RemarkName")),
    )
    if user == HELPER:
        return HELPER
    if user.startswith(GROUP):
        return f"group:{nick}" if nick else ""
    return f"remark:{remark}" if remark else f"nick:{nick}" if nick else ""


class People:
    """The contacts and groups of one login. An id that one of them was known by is no other's until the next login."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}

    def id(self, contacts: Iterable[Contact], user: str) -> str:
        """The id of a user name. Raises Unclear for who is not there, nameless, or not the only one called so."""
        if user == HELPER:
            return HELPER
        known = {str(each.get("UserName")): key(each) for each in contacts}
        found = known.get(user, "")
        if not found:
            what = "a group without a name" if user.startswith(GROUP) else "somebody whom WeChat does not name"
            raise Unclear(f"{what} wrote: give it a name, or the person a remark, on the phone")
        self._alone(known, found, user)
        return found

    def user(self, contacts: Iterable[Contact], id: str) -> str:
        """The user name of an id. Raises Unclear."""
        if id == HELPER:
            return HELPER
        known = {str(each.get("UserName")): key(each) for each in contacts}
        found = next((user for user, each in known.items() if each == id), None)
        if found is None:
            raise Unclear(f"no contact of this account is {id} now")
        self._alone(known, id, found)
        return found

    def _alone(self, known: Mapping[str, str], id: str, user: str) -> None:
        if Counter(known.values())[id] > 1 or self._held.setdefault(id, user) != user:
            raise Unclear(f"there are two of {id}: give each a remark of its own (a group another name) on the phone")
