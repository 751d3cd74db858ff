"""A channel by its name, with what the owner chose for it."""

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from chatstylebot import files, progress
from chatstylebot.bot import store
from chatstylebot.bot.console import Console
from chatstylebot.bot.heard import Channel, Who
from chatstylebot.errors import UserError

RISK = "go on at this risk / 知道风险，继续 [y/N]: "


@dataclass(frozen=True, slots=True)
class Options:
    """What only some channels take. `owner`: the owner's id on onebot. `contact`: whose words the terminal brings,
    instead of the owner's; who is to scan a code of their own on ilink. `clone`: what the clone is called."""

    host: str = "127.0.0.1"
    port: int = 8765
    owner: str | None = None
    yes: bool = False
    contact: Who | None = None
    clone: str = ""


def make(name: str, workspace: Path, options: Options, console: Console) -> Channel:
    """The channel. Raises UserError where something is not installed."""
    # one folder for each: what one channel keeps is nobody else's
    folder = files.private_folder(store.folder(workspace) / name)
    return {"terminal": _terminal, "ilink": _ilink, "itchat": _itchat, "onebot": _onebot}[name](
        folder, options, console
    )


def _needs(module: str, extra: str, what: str) -> None:
    if find_spec(module) is None:
        raise UserError(f"{what} is not installed", files.install(extra))


def _terminal(folder: Path, options: Options, console: Console) -> Channel:
    from chatstylebot.bot.channels.terminal import Terminal

    if sys.stdin.isatty():
        whose = f"you are {options.contact.name} now" if options.contact else "you are the owner"
        progress.say(f"{whose}: write a line, Ctrl-D ends")
    return Terminal(options.contact, called=options.clone)


def _ilink(folder: Path, options: Options, console: Console) -> Channel:
    _needs("qrcode", "wechat", "the package that draws QR codes")
    from chatstylebot.bot.channels.ilink import ADDRESS, Ilink
    from chatstylebot.bot.channels.ilink_api import URL

    url = os.environ.get(ADDRESS, URL)
    return Ilink(folder, console.say, console.ask, url=url, friend=options.contact, show_qr=console.draw)


def _itchat(folder: Path, options: Options, console: Console) -> Channel:
    _needs("itchat", "wechat", "itchat-uos")
    from chatstylebot.bot.channels.itchat import Itchat

    async def agreed(warning: str) -> bool:
        """Whether the owner goes on after reading the warning; nobody can say so where nobody sits."""
        console.say(warning)
        if options.yes or sys.stdin.isatty():
            return options.yes or (await console.ask(RISK)).strip().lower() in ("y", "yes", "是")
        console.say("nobody sits at this terminal to say yes: --yes says that the risk is known")
        return False

    return Itchat(folder, console.say, confirm=agreed, show_qr=console.draw)


def _onebot(folder: Path, options: Options, console: Console) -> Channel:
    _needs("websockets", "qq", "the package for WebSockets")
    from chatstylebot.bot.channels.onebot import Onebot

    if not options.owner:
        progress.say("note: your own QQ number is not known: --owner 12345678, or owners in clone.yaml")
    return Onebot(folder, console.say, host=options.host, port=options.port, owner=options.owner)
