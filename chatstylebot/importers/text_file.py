"""Bytes as text: the encodings that exports come in, and what to say of bytes that are none."""

import codecs
from pathlib import Path


def decode(data: bytes, partial: bool = False) -> str:
    """Bytes as text: UTF-8 (odd bytes in it become \ufffd), UTF-16 with BOM, GB18030; "" for what is none of these.

    `partial`: the bytes are the beginning of a file and may end in the middle of a character.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data[: len(data) // 2 * 2].decode("utf-16", errors="replace")
    text = codecs.getincrementaldecoder("utf-8-sig")("replace").decode(data, final=not partial)
    odd = text.count("\ufffd") - data.count("\ufffd".encode())
    if odd == 0:
        return text
    # one bad byte does not make Chinese in UTF-8 into GB18030, which accepts nearly anything
    if data.startswith(codecs.BOM_UTF8) or sum(1 for c in text if c > "\x7f") > 2 * odd:
        return text
    try:
        other = codecs.getincrementaldecoder("gb18030")().decode(data, final=not partial)
    except UnicodeDecodeError:
        other = "\x01"
    if any(c in other for c in "\x01\x02\x03\x04\x05\x06"):  # text holds no control characters
        return text if odd * 50 < len(text) and "\x01" not in text else ""
    return other


def read(path: Path) -> tuple[str, list[str]]:
    """The file as text with \\n for line ends and no NUL bytes, and a remark where bytes were no text."""
    data = path.read_bytes()
    text = decode(data) or data.decode("utf-8-sig", errors="replace")
    odd = text.count("\ufffd") - data.count("\ufffd".encode())
    remarks = [f"{path.name}: {odd} bytes are no text; they read as \ufffd"] if odd > 0 else []
    # as surrogates cannot be written, they go the same way
    text = text.encode("utf-8", "replace").decode().lstrip("\ufeff")
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n"), remarks
