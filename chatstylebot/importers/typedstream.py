"""The text of an archived string as old macOS writes it ("streamtyped"), where only the first string matters.

Format: shared facts, formats.md §4.13. After the class NSString or NSMutableString come a version and "+" (0x2B), the type
of the bytes that follow, then their length: one byte, 0x81 and two bytes, or 0x82 and four, low byte first, then UTF-8.
Dictionaries of attributes come after the text, and so do names and links.
"""

NAMES = (b"NSString", b"NSMutableString")
FAR = 64  # bytes between the class and its "+": superclasses and versions
WIDTHS = {0x81: 2, 0x82: 4}


def text(blob: bytes) -> str | None:
    """The first string of an archive, None where none can be read."""
    starts = sorted(place + len(name) for name in NAMES if (place := blob.find(name)) >= 0)
    for start in starts:
        place = blob.find(b"+", start, start + FAR)
        while place >= 0:
            found = _string(blob, place + 1)
            if found is not None:
                return found
            place = blob.find(b"+", place + 1, start + FAR)
    return None


def _string(blob: bytes, place: int) -> str | None:
    """The string whose length stands at `place`; None where the bytes there are none."""
    if place >= len(blob):
        return None
    mark = blob[place]
    width = WIDTHS.get(mark, 0)
    start = place + 1 + width
    if len(blob) < start or (mark >= 0x80 and not width):
        return None
    length = int.from_bytes(blob[place + 1 : start], "little") if width else mark
    data = blob[start : start + length]
    if len(data) < length:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
