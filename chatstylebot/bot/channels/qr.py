"""A link as a QR code on a terminal."""

import sys
from collections.abc import Sequence

from chatstylebot.files import install

QUIET = 4  # modules of white around the code; the standard asks for 4
# black on white in so many words: a code in the terminal's own colours is inverted on a dark one, and phones fail on it
COLOURS, PLAIN = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def show(link: str) -> None:
    """Draw the link on stderr if that is a terminal, and write it as text in any case."""
    if sys.stderr.isatty():
        modules = matrix(link)
        sys.stderr.write(drawn(modules) if modules else f"(the code is drawn after: {install('wechat')})\n")
    sys.stderr.write(f"the code as a link, to open on the phone: {link}\n")
    sys.stderr.flush()


def matrix(link: str) -> list[list[bool]]:
    """The modules of the code, True for black; [] without the package qrcode."""
    try:
        import qrcode
    except ImportError:
        return []
    code = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(link)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def drawn(modules: Sequence[Sequence[bool]]) -> str:
    """Lines of half blocks, two modules above each other in one character."""
    width = len(modules[0]) + 2 * QUIET
    side, blank = [False] * QUIET, [[False] * width]
    rows = blank * QUIET + [[*side, *row, *side] for row in modules] + blank * QUIET
    rows += blank * (len(rows) % 2)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "".join(
        COLOURS + "".join(HALVES[pair] for pair in zip(upper, lower, strict=True)) + PLAIN + "\n"
        for upper, lower in pairs
    )
