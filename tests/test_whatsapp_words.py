"""What WhatsApp wrote is told from what people wrote, in its languages. Values are invented."""

from pathlib import Path

import pytest

from chatstylebot import importers
from chatstylebot.importers import whatsapp_txt

MARK = "\u200e"


def read(tmp_path: Path, lines: list[str], name: str = "WhatsApp Chat with Ann.txt") -> importers.Export:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return whatsapp_txt.read(path, "UTC")


def android(tmp_path: Path, *said: str) -> importers.Export:
    """A chat of Android: each line `Name: words`, or a notice under no name."""
    return read(tmp_path, [f"13/01/2024, 10:{n:02} - {line}" for n, line in enumerate(said)])


def iphone(tmp_path: Path, *said: str, name: str = "WhatsApp Chat - Ann.txt") -> importers.Export:
    return read(tmp_path, [f"[13.01.24, 10:{n:02}:07] {line}" for n, line in enumerate(said)], name)


def rows(export: importers.Export) -> list[tuple[str, str, str | None]]:
    return list(export.messages.select("sender_name", "kind", "text").iter_rows())


def last(export: importers.Export) -> tuple[str, str | None]:
    row = export.messages.row(-1, named=True)
    return row["kind"], row["text"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<Media omitted>", "file"), ("<Medien ausgeschlossen>", "file"), ("<Multimedia omitido>", "file"),
        ("<Médias omis>", "file"), ("<Mídia oculta>", "file"), ("<Media omessi>", "file"), ("<Media weggelaten>", "file"),
        ("<Без медиафайлов>", "file"), ("<Медіа пропущено>", "file"), ("<pliki pominięto>", "file"), ("<Média vynechány>", "file"),
        ("<Medya dahil edilmedi>", "file"), ("<Media tidak disertakan>", "file"), ("<تم استبعاد الوسائط>", "file"),
        ("<המדיה לא נכללה>", "file"), ("<मीडिया के बिना>", "file"), ("<สื่อถูกลบ>", "file"), ("<Bỏ qua Media>", "file"),
        ("<Media har utelämnats>", "file"), ("<Mediefil udeladt>", "file"), ("<Uten vedlegg>", "file"),
        ("<Media jätetty pois>", "file"), ("<Conținut media omis>", "file"), ("<Hiányzó médiafájl>", "file"),
        ("<Εξαίρεση πολυμέσων>", "file"), ("<省略影音内容>", "file"), ("<省略多媒体文件>", "file"), ("<忽略多媒體檔>", "file"),
        ("<メディアは含まれていません>", "file"), ("<미디어 파일을 제외한 내용>", "file"),
        ("null", "image"),
        ("This message was deleted", "recall"), ("Du hast diese Nachricht gelöscht.", "recall"), ("Este mensaje fue eliminado.", "recall"),
        ("Dit bericht is verwijderd", "recall"), ("Данное сообщение удалено", "recall"), ("Bu mesajı sildiniz", "recall"),
        ("Pesan ini dihapus", "recall"), ("Tin nhắn này đã bị xóa", "recall"), ("הודעה זו נמחקה", "recall"),
        ("यह मैसेज डिलीट कर दिया गया है", "recall"), ("您已删除这条消息。", "recall"), ("このメッセージを削除しました。", "recall"),
        ("You deleted this message as admin", "recall"), ("This message was deleted by admin Zoe.", "recall"),
        ("Missed voice call", "call"), ("Verpasster Videoanruf um 21:14", "call"), ("Missed Call, 9:14 PM", "call"), ("Verpasster Videoanruf", "call"),
        ("Chamada de voz perdida", "call"), ("Пропущенный видеозвонок", "call"), ("Nieodebrane poł. wideo", "call"),
        ("未接视频通话", "call"), ("未接語音通話", "call"), ("Voice call, 12 min", "call"), ("Video call, No answer", "call"),
        ("语音通话，3 分钟", "call"), ("Llamada de voz, 1 h 5 min", "call"),
        ("location: https://maps.google.com/?q=1.25,-2.5", "location"), ("Standort: https://maps.google.com/?q=1.25,-2.5", "location"),
        ("Местоположение: https://maps.google.com/?q=1.25,2.5", "location"), ("位置: https://maps.google.com/?q=1,2", "location"),
        ("https://maps.google.com/?q=1.25,-2.5", "location"), ("live location shared", "location"),
        ("Live-Standort wird geteilt", "location"), ("byla sdílena aktuální poloha", "location"), ("实时位置已分享了", "text"),
        ("共享实时位置", "location"), ("Waiting for this message. This may take a while.", "other"),
    ],
)  # fmt: skip
def test_android_s_own_words_are_known_in_its_languages(text: str, kind: str, tmp_path: Path) -> None:
    found = android(tmp_path, "Ann: hello", f"Tom: {text}")
    assert last(found) == (kind, text if kind == "text" else None)
    assert found.notes == []


@pytest.mark.parametrize(
    "text",
    [
        "Location:", "ubicación", "Standort: Bahnhof, Gleis 2", "null pointer again", "null.", "NULL", "位置: 二楼左边",
        "meet here: https://maps.google.com/?q=1,2", "media omitted, sorry", "the image omitted my dog", "Bild weggelassen haben wir nicht",
        "someone deleted this message", "he said This message was deleted", "这条消息已删除了吗", "Mensagem apagada kkk",
        "missed voice call from mum", "video call at nine", "Video call, tonight?", "视频通话，晚上吗", "未接视频通话是你打的吗", "Llamada perdida de mi jefe",
        "Пропущенный видеозвонок был от мамы", "report.pdf (see page 2)", "cat.jpg (lol)", "<3 (file attached)", "you left me there",
        "Waiting for this message all day", "POLL: who is coming", "edited <b>", "Konum: ev", "konum at", "poloha?", "ตำแหน่งที่ตั้ง",
        "Bu mesaj silindi mi", "Pesan ini dihapus siapa", "メッセージと通話", "위치 보내줘", "مكالمة صوتية فائتة من أمي", "מיקום: הבית",
    ],
)  # fmt: skip
def test_what_people_type_is_kept_without_a_word(text: str, tmp_path: Path) -> None:
    for found in (android(tmp_path, "Ann: hello", f"Tom: {text}"), iphone(tmp_path, "Ann: hello", f"Tom: {text}")):
        assert last(found) == ("text", text)
        assert found.notes == []


@pytest.mark.parametrize(
    "text",
    [
        "file attached", "Datei angehängt", "archivo adjunto", "fichier joint", "arquivo anexado", "ficheiro anexado", "file allegato",
        "bestand bijgevoegd", "файл добавлен", "файл додано", "załączony plik", "soubor byl přiložen", "dosya ekli", "file terlampir",
        "الملف مرفق", "קובץ מצורף", "tệp đính kèm", "bifogad fil", "fil vedhæftet", "vedlagt fil", "liitetiedosto", "fișier atașat",
        "fájl csatolva", "συνημμένο αρχείο", "文件附件", "附件檔案", "添付ファイル有り", "파일 첨부됨",
    ],
)  # fmt: skip
def test_an_attachment_is_known_and_the_line_below_it_is_its_caption(text: str, tmp_path: Path) -> None:
    found = android(tmp_path, f"Ann: {MARK}holiday plan.mp4 ({text})\nwait for the end", f"Tom: tide.pdf ({text})")
    assert rows(found) == [("Ann", "video", "wait for the end"), ("Tom", "file", None)]


def test_a_file_with_whatsapp_s_name_is_an_attachment_in_a_language_nobody_knows(tmp_path: Path) -> None:
    found = android(tmp_path, "Ann: PTT-20240113-WA0007.opus (faili ya sauti)", "Tom: hi")
    assert rows(found)[0] == ("Ann", "voice", None)


def test_the_title_that_android_writes_below_a_document_is_no_caption(tmp_path: Path) -> None:
    found = android(tmp_path, "Ann: Tide table.pdf (file attached)\nTide table", "Tom: hi")
    assert rows(found)[0] == ("Ann", "file", None)


def test_words_below_omitted_media_are_the_caption(tmp_path: Path) -> None:
    found = android(tmp_path, "Ann: <Media omitted>\nour new boat", "Tom: image omitted\nis what it says")
    assert rows(found) == [("Ann", "file", "our new boat"), ("Tom", "text", "image omitted\nis what it says")]


@pytest.mark.parametrize(
    ("text", "kind", "typed"),
    [
        (f"our boat {MARK}<attached: 00000012-PHOTO-2024-01-13.jpg>", "image", "our boat"),
        (f"{MARK}<Anhang: 00000012-VIDEO-2024-01-13.mp4>", "video", None),
        (f"{MARK}<attached: 00000012-PHOTO-2024-01-13.jpg>\nour boat", "image", "our boat"),
        (f"{MARK}Tide.pdf • {MARK}3 pages {MARK}<attached: 00000013-Tide.pdf>", "file", None),
        (f"{MARK}Tide.pdf • {MARK}3 pages {MARK}document omitted", "file", None),
        (f"our boat {MARK}image omitted", "image", "our boat"),
        (f"{MARK}imagen omitida", "image", None), (f"{MARK}аудиофайл отсутствует", "voice", None),
        (f"{MARK}görüntü dahil edilmedi", "image", None), (f"{MARK}ei kuvaa", "image", None),
        (f"{MARK}התמונה הושמטה", "image", None), (f"{MARK}视频已省略", "video", None), (f"{MARK}聯絡人卡片已略去", "contact", None),
        (f"{MARK}Location: https://maps.google.com/?q=1.5,2.5", "location", None),
        (f"{MARK}Blue Bar (3 Quay St): https://foursquare.com/v/4b05", "location", None),
        (f"{MARK}Voice call. {MARK}No answer", "call", None), (f"{MARK}Videollamada, {MARK}2 min", "call", None),
        (f"{MARK}You received a view once photo. For added privacy, you can only open it on your phone.", "image", None),
        (f"{MARK}POLL:\nboat or train\n{MARK}OPTION: boat ({MARK}2 votes)", "other", None),
        (f"{MARK}ANKIETA:\nłódź czy pociąg\n{MARK}OPCJA: łódź ({MARK}2 głosy)\n{MARK}OPCJA: pociąg ({MARK}0 głosów)", "other", None),
    ],
)  # fmt: skip
def test_an_iphone_s_placeholders_have_their_kind_and_captions_stay(
    text: str, kind: str, typed: str | None, tmp_path: Path
) -> None:
    found = iphone(tmp_path, "Tom: hello", f"Ann: {text}")
    assert last(found) == (kind, typed)
    assert found.notes == []


@pytest.mark.parametrize(
    "text",
    [
        "You pinned a message", "Umebandika ujumbe", "Hai fissato un messaggio", "Je hebt een bericht vastgezet", "Przypięto wiadomość",
        "Your security code with Ann changed. Tap to learn more.", "您更改了群组图标", "メッセージをピン留めしました",
        "Ann changed the group name to “Boats: 2024”", "Anna dołączył(a) przy użyciu linku",
    ],
)  # fmt: skip
def test_what_begins_with_the_mark_on_an_iphone_is_the_app_s_in_every_language(text: str, tmp_path: Path) -> None:
    found = iphone(tmp_path, "Ann: hello", "Tom: hi", f"Tom: {MARK}{text}")
    assert rows(found)[-1] == ("WhatsApp", "system", text)
    assert found.notes == []


def test_a_file_whose_marks_are_lost_is_read_by_the_lists(tmp_path: Path) -> None:
    found = iphone(
        tmp_path, "Ann: hello", "Tom: Tide table.pdf • 2 pages document omitted", "Tom: song.txt Dokument weggelassen",
        "Tom: Blue Bar (3 Quay St): https://foursquare.com/v/4b05aa", "Tom: we had the document omitted",
    )  # fmt: skip
    assert [kind for _, kind, _ in rows(found)] == ["text", "file", "file", "location", "text"]


def test_null_is_a_picture_on_android_alone(tmp_path: Path) -> None:
    old = read(tmp_path, ["1/13/16, 4:56:55 PM: Ann: hello", "1/13/16, 4:57:55 PM: Tom: null"])
    for found in (iphone(tmp_path, "Ann: hello", "Tom: null"), old):
        assert last(found) == ("text", "null")


def test_the_mark_is_no_proof_where_everybody_s_words_begin_with_it(tmp_path: Path) -> None:
    found = iphone(tmp_path, f"Ann: {MARK}shall we sail", f"Tom: {MARK}not in this wind")
    assert [kind for _, kind, _ in rows(found)] == ["text", "text"]
    assert found.notes == []


@pytest.mark.parametrize("text", ["أنا في الطريق", "אני בדרך הביתה", "من در راه هستم"])
def test_the_mark_is_no_proof_before_text_from_right_to_left(text: str, tmp_path: Path) -> None:
    found = iphone(tmp_path, "Ann: hello", f"Tom: {MARK}{text}")
    assert last(found) == ("text", text)
    assert found.notes[-1].endswith("1 message could be the app's own notice (the first: line 2); it is kept")


def test_the_mark_is_no_proof_on_android(tmp_path: Path) -> None:
    found = android(tmp_path, "Ann: hello", f"Tom: {MARK}setting off now")
    assert last(found) == ("text", "setting off now")
    assert "1 message could be" in found.notes[-1]


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        ("Tom", "You pinned a message"), ("Tom", "Tom left"), ("Tom", "Du hast eine Nachricht angeheftet"),
        ("Tom", "Tom hat die Gruppe verlassen"), ("Tom", "Tom added Ann"), ("Tom", "Missed call"), ("小明", "小明退出了群组"), ("Tom", "您置顶了一条消息"),
        ("Tom", "Messages and calls are end-to-end encrypted. Learn more."), ("Tom", "Video call"), ("Tom", "视频通话"), ("Tom", "ei kuvaa"),
        ("Ира", "Ира покинул(-а) группу"), ("Luz", "Luz salió del grupo"), ("Léa", "Léa a quitté le groupe"),
    ],
)  # fmt: skip
def test_what_reads_like_a_notice_under_a_name_of_android_is_kept_and_said(
    sender: str, text: str, tmp_path: Path
) -> None:
    found = android(tmp_path, "Ann: hello", f"{sender}: hi", f"{sender}: {text}", f"{sender}: {text}")
    assert rows(found)[-1] == (sender, "text", text)
    assert found.notes == [
        "WhatsApp Chat with Ann.txt: 2 messages could be the app's own notices (the first: line 3); they are kept"
    ]


def test_an_old_iphone_file_without_marks_goes_by_the_lists(tmp_path: Path) -> None:
    found = iphone(
        tmp_path, "Ann: Messages to this chat and calls are now secured with end-to-end encryption.", "Ann: hello",
        "Tom: image omitted", "Tom: Tom changed the subject to “Boats: all”", "Ann: You pinned a message",
    )  # fmt: skip
    assert [kind for _, kind, _ in rows(found)] == ["system", "text", "image", "system", "text"]
    assert "(the first: line 5)" in found.notes[-1]


@pytest.mark.parametrize(
    "line",
    [
        'Ann changed the subject from "tea: at four" to "boats"', "Security code with Bob: changed",
        "Your security code with Bob: work changed. Tap to learn more.", "Ann changed the group name to Boats: the club",
        "Ann hat den Betreff von „Tee: um vier“ zu „Boote“ geändert", "Luz cambió el asunto de «té: a las cuatro» a «barcos»",
        "Léa a changé le sujet « thé : quatre heures » en « bateaux »", "Ann added Bob: work",
    ],
)  # fmt: skip
def test_a_notice_under_no_name_may_have_a_colon(line: str, tmp_path: Path) -> None:
    found = android(tmp_path, "Ann: hello", line, "Bob: hi: you")
    assert [(sender, kind) for sender, kind, _ in rows(found)] == [
        ("Ann", "text"), ("WhatsApp", "system"), ("Bob", "text"),
    ]  # fmt: skip
    assert found.messages["text"].to_list()[1] == line


@pytest.mark.parametrize("name", ["Left Bank Club", "Ann (added later)", 'Tom "TJ" J', "I'm Bob", "张: 三", "Ada left"])
def test_a_name_that_resembles_a_notice_stays_a_name(name: str, tmp_path: Path) -> None:
    found = android(tmp_path, f"{name}: hello", "Tom: hi")
    assert rows(found)[0][1] == "text"


def test_who_wrote_nothing_but_notices_takes_no_part_and_makes_no_group(tmp_path: Path) -> None:
    found = iphone(
        tmp_path, "Ann: hello", "Tom: hi", f"Zoe: {MARK}Zoe changed their phone number to a new number. Tap to message.",
        f"Lea: {MARK}Your security code with Lea changed.",
    )  # fmt: skip
    assert found.messages["sender_id"].unique().sort().to_list() == ["Ann", "Tom", "WhatsApp"]
    assert found.messages["is_group"].unique().to_list() == [False]


@pytest.mark.parametrize(
    "text",
    ["Tom created group “Boats”", "Tom hat Ann hinzugefügt", "小明添加了您", "You're now an admin", "Tom te añadió", "Tom left"],
)  # fmt: skip
def test_a_notice_that_only_groups_have_makes_a_group_of_two_who_write(text: str, tmp_path: Path) -> None:
    told = iphone(tmp_path, f"Boats: {MARK}{text}", "Ann: hello", "Tom: hi", name="Boats.txt")
    assert told.messages["is_group"].unique().to_list() == [True]
    said = android(tmp_path, "Ann: hello", "Tom: hi", f"Ann: {text}")
    assert said.messages["is_group"].unique().to_list() == [False]


def test_under_the_group_s_name_stand_only_notices_also_without_the_mark(tmp_path: Path) -> None:
    found = read(tmp_path, ["13/01/2024, 10:00 - Boats: Ann added Tom", "13/01/2024, 10:01 - Ann: hello",
                            "13/01/2024, 10:02 - Tom: hi"], "WhatsApp Chat with Boats.txt")  # fmt: skip
    assert rows(found)[0] == ("WhatsApp", "system", "Ann added Tom")
    assert found.notes == []


@pytest.mark.parametrize(
    "suffix",
    [
        "<This message was edited>", "<Diese Nachricht wurde bearbeitet.>", "<Se editó este mensaje.>", "<Mensagem editada>",
        "<Ce message a été modifié>", "<Questo messaggio è stato modificato>", "<Dit bericht is bewerkt>", "<此消息已编辑>",
        "<Bu mesaj düzenlendi>", "<Pesan ini diedit>", f"{MARK}<Ujumbe huu umehaririwa>",
    ],
)  # fmt: skip
def test_that_a_message_was_edited_is_not_part_of_it(suffix: str, tmp_path: Path) -> None:
    assert last(android(tmp_path, "Ann: hello", f"Tom: at nine <sharp> {suffix}")) == ("text", "at nine <sharp>")


def test_a_name_with_a_colon_is_known_by_what_always_follows_it(tmp_path: Path) -> None:
    found = android(
        tmp_path, "Tom: Work: hi", "Mira: hey", "Tom: Work: <Media omitted>", "Mira: note: buy milk",
        "Tom: Work: This message was deleted", "Mira: ok",
    )  # fmt: skip
    assert rows(found) == [
        ("Tom: Work", "text", "hi"), ("Mira", "text", "hey"), ("Tom: Work", "file", None),
        ("Mira", "text", "note: buy milk"), ("Tom: Work", "recall", None), ("Mira", "text", "ok"),
    ]  # fmt: skip


def test_a_group_whose_name_has_a_colon_is_known_by_the_mark(tmp_path: Path) -> None:
    found = iphone(
        tmp_path,
        f"Trip: Alps: {MARK}Messages and calls are end-to-end encrypted. Only people in this chat can read them.",
        f"Trip: Alps: {MARK}Tom created this group", "Tom: who drives", "Mira: me", f"Tom: Work: {MARK}image omitted",
        name="WhatsApp Chat - Trip: Alps.txt",
    )  # fmt: skip
    assert [kind for _, kind, _ in rows(found)] == ["system", "system", "text", "text", "image"]
    assert not any(MARK in (text or "") for _, kind, text in rows(found) if kind == "text")


def test_twice_the_same_beginning_is_no_name(tmp_path: Path) -> None:
    found = android(tmp_path, "Tom: Work: late again", "Mira: hm", "Tom: Work: still here", "Mira: come home")
    assert rows(found)[0] == ("Tom", "text", "Work: late again")


def test_pages_of_a_document_left_out_are_no_words(tmp_path: Path) -> None:
    found = iphone(tmp_path, "Ann: hi", f"Mira: Plan.pdf • {MARK}3 Seiten {MARK}Dokument weggelassen")
    assert rows(found)[1] == ("Mira", "file", None)
