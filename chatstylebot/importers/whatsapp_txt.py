"""WhatsApp's exported chat: _chat.txt of an iPhone, "WhatsApp Chat with X.txt" of Android, in every locale known.

Format: shared facts, formats.md §4.10. Names only: the file does not tell who is me. The order of day and month is found from
the whole file, the way whatsapp-chat-parser (MIT) does it: a field above 12 decides, else the order in which time goes forward.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import text_file, times
from chatstylebot.importers.rows import Chat, Rows

PLATFORM, CHINESE, SUFFIXES = "whatsapp", False, (".txt",)
_BLANK = r"[ \u00a0\u2009\u202f]"
_HALF = rf"(?:[AaPp]\.?{_BLANK}?[Mm]\.?|上午|下午|凌晨|早上|中午|晚上|午前|午後|오전|오후)"
START = re.compile(
    rf"[\u200e\u200f\ufeff]*(\[)?(\d{{1,4}})[-/.]{_BLANK}?(\d{{1,2}})[-/.]{_BLANK}?(\d{{1,4}})\.?,?{_BLANK}"
    rf"(?:um |às |a las |klo |kl\. |à |alle ore |ob )?({_HALF})?{_BLANK}?(\d{{1,2}})[:.](\d\d)(?:[:.](\d\d))?{_BLANK}?({_HALF})?"
    rf"(?(1)\]|(?:{_BLANK}-|{_BLANK}–|:))(?:{_BLANK}|$)"
)
AFTERNOON = ("p", "下午", "晚上", "午後", "오후")
MARKS = "\u200e\u200f\u202a\u202c\u2068\u2069"
MEDIA: dict[str, str] = {
    "<Media omitted>": "file", "<Medien ausgeschlossen>": "file", "<Médias omis>": "file", "<Multimedia omitido>": "file",
    "<Mídia oculta>": "file", "<Arquivo de mídia oculto>": "file", "<Media omessi>": "file", "<省略影音内容>": "file",
    "<已省略多媒體檔案>": "file", "<略過媒體檔案>": "file", "<メディアは含まれていません>": "file", "<미디어 파일을 제외한 내용>": "file",
    "<Без медиафайлов>": "file", "<Media weggelaten>": "file", "<Medya dahil edilmedi>": "file",
    "image omitted": "image", "video omitted": "video", "audio omitted": "voice", "sticker omitted": "sticker",
    "GIF omitted": "sticker", "document omitted": "file", "Contact card omitted": "contact", "video note omitted": "video",
    "Bild weggelassen": "image", "Video weggelassen": "video", "Audio weggelassen": "voice", "Sticker weggelassen": "sticker",
    "Dokument weggelassen": "file", "imagen omitida": "image", "Video omitido": "video", "audio omitido": "voice",
    "sticker omitido": "sticker", "documento omitido": "file", "image absente": "image", "vidéo absente": "video",
    "audio omis": "voice", "sticker omis": "sticker", "imagem ocultada": "image", "vídeo omitido": "video",
    "áudio ocultado": "voice", "figurinha omitida": "sticker", "immagine omessa": "image", "video omesso": "video",
    "audio omesso": "voice", "sticker omesso": "sticker", "圖片已略去": "image", "影片已略去": "video", "音訊已略去": "voice",
    "貼圖已忽略": "sticker", "貼圖已略去": "sticker", "文件已略去": "file", "图片已省略": "image", "图像已省略": "image", "视频已省略": "video",
    "音频已省略": "voice", "语音已省略": "voice", "贴图已省略": "sticker", "表情已省略": "sticker", "文档已省略": "file", "已忽略图片": "image",
    "画像は含まれていません": "image", "画像が省略されました": "image", "動画が省略されました": "video", "音声が省略されました": "voice",
    "live location shared": "location", "Waiting for this message": "other",
    "Waiting for this message. This may take a while.": "other",
    "사진 생략됨": "image", "이미지 생략됨": "image", "동영상 생략됨": "video",
}  # fmt: skip
_ATTACHED = re.compile(
    r"(?:[<‹](?:attached|Anhang|adjunto|pièce jointe|anexado|allegato|附件|已附加|附加|添付ファイル|첨부)\s?[:：]\s?(?P<a>[^>›\n]+)[>›]"
    r"|(?P<b>[^\n]{1,120}\.\w{2,5}) \((?:file attached|Datei angehängt|archivo adjunto|fichier joint|arquivo anexado|"
    r"file allegato|文件附件|附件|檔案已附加|添付ファイル|파일 첨부됨)\))"
)
_NAMED = re.compile(r"(?:^|[-_\d])(PHOTO|IMG|VIDEO|VID|AUDIO|PTT|STK|STICKER|GIF)(?:[-_]|$)", re.IGNORECASE)
_KIND_OF_NAME = {
    "PHOTO": "image", "IMG": "image", "VIDEO": "video", "VID": "video", "AUDIO": "voice", "PTT": "voice", "STK": "sticker",
    "STICKER": "sticker", "GIF": "sticker",
}  # fmt: skip
_ENDINGS = {
    "jpg": "image", "jpeg": "image", "png": "image", "heic": "image", "mp4": "video", "mov": "video", "3gp": "video",
    "opus": "voice", "m4a": "voice", "mp3": "voice", "aac": "voice", "ogg": "voice", "webp": "sticker", "vcf": "contact",
}  # fmt: skip
_EDITED = re.compile(r"\s?<(?:This message was edited|Diese Nachricht wurde bearbeitet|Se editó este mensaje\.?|"
                     r"此消息已编辑|此訊息已編輯|已編輯此訊息)>$")  # fmt: skip
DELETED = {
    "This message was deleted", "You deleted this message", "This message was deleted.", "You deleted this message.",
    "Diese Nachricht wurde gelöscht.", "Du hast diese Nachricht gelöscht.", "Se eliminó este mensaje.", "Eliminaste este mensaje.",
    "Ce message a été supprimé", "Vous avez supprimé ce message", "Mensagem apagada", "Você apagou esta mensagem",
    "Questo messaggio è stato eliminato", "Hai eliminato questo messaggio", "这条消息已删除", "这条消息已被删除", "您删除了这条消息",
    "你删除了这条消息", "此訊息已刪除", "你已刪除此訊息", "您已刪除此訊息", "このメッセージは削除されました", "삭제된 메시지입니다",
}  # fmt: skip
_CALL = re.compile(
    r"(?:Missed (?:voice|video|group voice|group video) call(?:, .*)?|(?:Voice|Video) call(?:, .{1,40})?|"
    r"Verpasster (?:Sprach|Video)anruf.*|Llamada perdida.*|未接(?:语音|视频|語音|視訊)(?:通话|通話|来电|來電).{0,20}|"
    r"(?:语音|视频|語音|視訊)通[话話][,，].{1,30})"
)
_POLL = re.compile(
    r"(?:POLL|UMFRAGE|ENCUESTA|SONDAGE|ENQUETE|SONDAGGIO|投票|アンケート|투표)[:：]\n.*\n(?:OPTION|OPCIÓN|OPÇÃO|OPZIONE|选项|選項|オプション|옵션)[:：]",
    re.DOTALL,
)
_NOTICE = re.compile(
    r"end-to-end encrypted|Ende-zu-Ende-verschlüsselt|cifrados? de extremo a extremo|chiffrés de bout en bout|"
    r"criptografia de ponta a ponta|crittografat[ie] end-to-end|端到端加密|端對端加密|エンドツーエンド|종단간 암호화|сквозным шифрованием|"
    r"uçtan uca şifreli"
)
_GROUP = re.compile(
    r"created (?:this )?group|added you|Gruppe .{0,60}erstellt|creó (?:el|este) grupo|a créé (?:le|ce) groupe|"
    r"criou (?:o|este) grupo|ha creato il gruppo|创建了(?:此)?群组|建立了群組|建立了此群組|がグループ.{0,60}を作成|그룹을 만들었"
)
_FILE = re.compile(
    r"(?:WhatsApp Chat (?:with|-) |WhatsApp[- ]Chat mit |Chat de WhatsApp con |Discussion WhatsApp avec |Conversa do WhatsApp com |"
    r"Chat WhatsApp con |Chat WhatsApp met |WhatsApp-chat met )(.+)|[与與](.+?)的\s?WhatsApp\s?(?:聊天|對話|对话|聊天记录|聊天記錄)?|WhatsApp 与 (.+) 的聊天|"
    r"(.+)とのWhatsAppチャット|(.+)님과 카카오?WhatsApp 대화"
)


def detect(head: importers.Head) -> bool:
    """Whether a third of the first 30 lines, and the first that counts, look like WhatsApp's."""
    hits = sum(1 for line in head.lines if START.match(line))
    return hits > 0 and hits * 3 >= len(head.lines) and any(START.match(line) for line in head.lines[:3])


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat."""
    text, remarks = text_file.read(path)
    found = list(_messages(text))
    order, sure = day_order([tuple(int(match[n]) for n in (2, 3, 4)) for _, match, _ in found])
    name = chat_name(path)
    senders = {sender for _, match, below in found if (sender := _sender(match, below)[0])}
    body = [below for _, match, below in found if not _sender(match, below)[0]]
    group = len(senders - {name}) > 2 or len(senders) > 2 or any(_GROUP.search(below) for below in body)
    chat = Chat(name, name, group)
    rows = Rows(path.name, "line")
    for number, match, below in found:
        try:
            at = _time(match, order)
        except ValueError as error:
            rows.lose(number, error)
            continue
        _add(rows, number, chat, at, *_sender(match, below))
    if found and not sure:
        remarks = [
            *remarks,
            f"{path.name}: nothing in it says whether day or month comes first; it was read as {order}",
        ]
    return importers.Export(rows.table(zone), damaged=rows.damaged, notes=remarks)


def chat_name(path: Path) -> str:
    """The chat, from the name of the file or, for _chat.txt, of the folder or archive it is in."""
    stem = path.parent.name if path.stem == "_chat" and path.parent.name else path.stem
    found = _FILE.fullmatch(re.sub(r"\s*\(\d+\)$", "", stem))
    return next((part for part in found.groups() if part), stem) if found else stem


def _messages(text: str) -> Iterator[tuple[int, re.Match[str], str]]:
    """Each message: its line number, what its first line begins with, and the rest with the lines that belong to it."""
    first, begin, lines = 0, None, []
    for number, line in enumerate(text.split("\n"), 1):
        found = START.match(line)
        if found:
            if begin:
                yield first, begin, "\n".join(lines)
            first, begin, lines = number, found, [line[found.end() :]]
        elif begin:
            lines.append(line)
    if begin:
        yield first, begin, "\n".join(lines)


def day_order(dates: Sequence[tuple[int, ...]]) -> tuple[str, bool]:
    """In which order day, month and year stand ("dmy", "mdy", "ymd", "ydm"), and whether the file leaves no doubt."""
    year_first = any(date[0] > 31 for date in dates)
    pairs = [(date[1], date[2]) if year_first else (date[0], date[1]) for date in dates]
    day_first, month_first = ("ydm", "ymd") if year_first else ("dmy", "mdy")
    for first, second in pairs:
        if first > 12:
            return day_first, True
        if second > 12:
            return month_first, True
    years = [date[0] if year_first else date[2] for date in dates]
    steps = {}
    for order, (month, day) in ((day_first, (1, 0)), (month_first, (0, 1))):
        keys = [(year, pair[month], pair[day]) for year, pair in zip(years, pairs, strict=True)]
        steps[order] = sum(1 for before, after in pairwise(keys) if after < before)
    if steps[day_first] != steps[month_first]:
        return min(steps, key=lambda order: steps[order]), True
    # the first field changes more often than the second: it is the day
    changes = [sum(1 for a, b in pairwise(pairs) if a[n] != b[n]) for n in (0, 1)]
    if changes[0] != changes[1]:
        return (day_first if changes[0] > changes[1] else month_first), False
    return (month_first if year_first else day_first), len({tuple(date) for date in dates}) == 0 or year_first


def _time(match: re.Match[str], order: str) -> int:
    values = dict(zip(order, (int(match[n]) for n in (2, 3, 4)), strict=True))
    year = values["y"] + (2000 if values["y"] < 100 else 0)
    hour, half = int(match[6]), (match[5] or match[9] or "").lower()
    if half:
        late = half.startswith(AFTERNOON) or (half == "中午" and hour < 11)
        hour = hour % 12 + 12 * late if hour <= 12 else hour
    return times.wall(year, values["m"], values["d"], hour, int(match[7]), int(match[8] or 0))


def _sender(match: re.Match[str], below: str) -> tuple[str | None, str]:
    """Who wrote a message and what; nobody for a notice."""
    line, _, rest = below.partition("\n")
    bare = line.lstrip(MARKS)
    name, colon, said = bare.partition(": ")
    if not colon:
        name, colon, said = bare.partition(":")
        if not colon or len(name) > 40 or said[:2] == "//" or (not match[1] and " " in name.strip() and not said):
            return None, below.strip(MARKS)
    # a notice whose colon stands within quotes: Ann changed the subject to "pizza: when"
    if len(name) > 100 or name.count('"') % 2 or name.count("“") != name.count("”"):
        return None, below.strip(MARKS)
    name = name.strip(MARKS + "~ \u00a0\u202f") or name
    return name, said + ("\n" + rest if rest or "\n" in below else "")


def _add(rows: Rows, number: int, chat: Chat, at: int, sender: str | None, said: str) -> None:
    text = _EDITED.sub("", said.strip()).strip(MARKS).strip()
    if sender is None:
        rows.add(number, chat, at, "WhatsApp", "WhatsApp", "system", text or None, local=True, from_me=False)
        return
    kind, typed = "text", text or None
    attached = _ATTACHED.search(text)
    if _NOTICE.search(text) and (said.lstrip(" ").startswith(tuple(MARKS)) or sender == chat.name or len(text) > 60):
        kind, sender = "system", "WhatsApp"
    elif text in MEDIA:
        kind, typed = MEDIA[text], None
    elif text in DELETED:
        kind, typed = "recall", None
    elif attached and attached.start() in (0, len(text) - len(attached[0])):
        file = (attached["a"] or attached["b"] or "").strip()
        called = _NAMED.search(file)
        kind = _KIND_OF_NAME[called[1].upper()] if called else _ENDINGS.get(file.rpartition(".")[2].lower(), "file")
        typed = (text[: attached.start()] + text[attached.end() :]).strip(MARKS + " \n") or None
    elif _POLL.match(text):
        kind, typed = "other", None
    elif _CALL.fullmatch(text):
        kind, typed = "call", None
    elif re.fullmatch(r"(?:location: )?https://maps\.google\.com/\S+", text):
        kind, typed = "location", None
    elif not text:
        kind = "other"
    rows.add(number, chat, at, sender, sender, kind, typed, local=True, from_me=False if kind == "system" else None)
