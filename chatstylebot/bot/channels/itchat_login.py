"""A login through web WeChat: a code is shown, scanned and confirmed. The library's own loop is not used: after a scan
it takes the phone's pause for a failure, and asks for one new code after another."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from chatstylebot import files
from chatstylebot.bot.channels.itchat_core import Trouble, WeChat
from chatstylebot.bot.heard import Say
from chatstylebot.errors import UserError

WARNING = """\
WeChat does not allow this: itchat speaks the protocol of web WeChat without Tencent's leave. Since January 2025 many
accounts were banned for it, other accounts of the same person too, and most accounts cannot log in this way at all.
Never use an account that you cannot lose. The official way is: csb wechat (a contact of its own).
微信不允许这样做：itchat 未经许可使用网页版微信协议。2025 年 1 月以来有大量账号因此被封，同一人的其他账号也可能受牵连，
而且多数账号根本无法这样登录。不要用丢不起的号。官方的办法是 csb wechat（一个单独的联系人）。"""
AGREED = "risk-known"
CODES = 4  # shown one after another
BREAK = 1.0  # seconds between two questions
POLLS = 120  # questions for one code; each waits about 25 s at the real server until something happens
AFTER = 20  # further questions for a code that was scanned, whatever the answers
TRIES = 5

Sleep = Callable[[float], Awaitable[None]]
T = TypeVar("T")


async def blocking(work: Callable[..., T], *values: Any) -> T:
    """Wait for work in a thread of its own, which holds up neither a stop nor the interpreter's end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if not done.done():
            if error is None:
                done.set_result(result)  # type: ignore[arg-type]
            else:
                done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work(*values)
        except BaseException as found:  # handed on to who waits
            error = found
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, daemon=True).start()
    return await done


async def agree(folder: Path, confirm: Callable[[str], Awaitable[bool]]) -> None:
    """Have the owner accept the risk, once. Raises UserError where they do not."""
    mark = folder / AGREED
    if mark.exists():
        return
    if not await confirm(WARNING):
        raise UserError("the risk of a ban was not accepted: no login", "csb wechat (iLink, the official way)")
    files.write(mark, "the owner has read the warning about bans and goes on\n", private=True)


async def login(wechat: WeChat, say: Say, show: Callable[[str], None], sleep: Sleep) -> None:
    """Show codes until one is confirmed, then load the contacts. Raises UserError."""
    for number in range(CODES):
        code = await patiently(wechat.code, sleep)
        say("that code is gone: here is a new one" if number else "scan this code with WeChat (+ → Scan), and confirm")
        show(f"https://login.weixin.qq.com/l/{code}")
        if await _confirmed(wechat, code, say, sleep):
            say("confirmed: loading the contacts")
            await patiently(wechat.enter, sleep)
            return
    raise UserError("the code was not scanned and confirmed in time", "the same line again, with the phone at hand")


async def _confirmed(wechat: WeChat, code: str, say: Say, sleep: Sleep) -> bool:
    left = -1  # questions that a scanned code still gets
    for _ in range(POLLS):
        found = await patiently(lambda: wechat.status(code), sleep)
        if found == "200":
            return True
        if found == "201":
            if left < 0:
                say("scanned: confirm on the phone (it may make you wait for some seconds first)")
            left = AFTER
        elif found != "408" or left >= 0:
            left -= 1
            if left < 0:
                return False
        await sleep(BREAK)
    return False


async def patiently(work: Callable[[], T], sleep: Sleep) -> T:
    """Try a step of the login several times. Raises UserError."""
    for number in range(TRIES):
        try:
            return await blocking(work)
        except Trouble as trouble:
            last = trouble
        await sleep(2.0**number)
    raise UserError(f"no login: {last.reason}", "check the network, then the same line")
