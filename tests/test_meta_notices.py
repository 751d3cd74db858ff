"""What Instagram and Messenger write themselves, and what people write that only looks like it."""

import json
from pathlib import Path
from typing import Any

import pytest

from chatstylebot import importers
from chatstylebot.importers import meta_words

NAME = "Rita Sol"
SYSTEM = [
    "Liked a message", "Reacted 😂 to your message", "Reacted ❤️ to your message ", "Rita sent an attachment.",
    "You can now message and call each other and see info like Active Status and when you've read messages.",
    "Rita Sol named the group beach trip.", "You removed Ugo from the group.", "Rita left the group.",
    "Rita Sol added Ugo to the group. They can only see messages sent after they were added.",
    "You set the nickname for Ugo to Captain.", "Rita set her own nickname to Cap.", "You changed the group photo.",
    "Rita Sol changed the theme to Ocean.", "Rita created a poll: when?", 'Rita voted for "noon" in the poll.',
    "You turned on disappearing messages. Messages will disappear 24 hours after they're sent.",
    "Hat mit 😂 auf deine Nachricht reagiert", "Rita hat einen Anhang gesendet.", "Du hast einen Anhang gesendet.",
    "Rita hat die Gruppe verlassen.", "A aimé un message", "A réagi avec 😂 à votre message",
    "Rita a envoyé une pièce jointe.", "Rita a ajouté Ugo au groupe.", "Le gustó un mensaje",
    "Reaccionó con 😂 a tu mensaje", "Rita envió un archivo adjunto.", "Rita agregó a Ugo al grupo.",
    "Curtiu uma mensagem", "Reagiu com 😂 à sua mensagem", "Rita enviou um anexo.", "Você enviou um anexo.",
    "Ha messo Mi piace a un messaggio", "Rita ha inviato un allegato.", "Rita heeft een bijlage verzonden.",
    "Rita wysłał(a) załącznik.", "Bir mesajı beğendi", "Rita bir ek gönderdi.", "Rita отправил(-а) вложение.",
    "Rita mengirim lampiran.", "Đã thích một tin nhắn", "Đã bày tỏ cảm xúc 😂 về tin nhắn của bạn",
    "Rita đã gửi một file đính kèm.", "Bạn đã gửi một file đính kèm.", "点赞了一条消息", "Rita Sol傳送了附件。",
    "A réagi ❤️ à votre message", "Ha reagito ❤️ al tuo messaggio", "Heeft met ❤️ gereageerd op je bericht",
    "Нравится сообщение", "Rita отправил(а) вложение.", "Lubi wiadomość", "赞了一条消息", "对你的消息作出了 ❤️ 反应",
    "Rita Sol 发送了一个附件。", "Rita Solが添付ファイルを送信しました。", "Rita Sol님이 첨부 파일을 보냈습니다.",
]  # fmt: skip
CALLS = [
    "Video chat ended", "The audio call ended.", "You missed a video call from Ugo.", "Rita started a video chat.",
    "Rita missed your audio call.", "Rita called you.", "Rita hat einen Videochat gestartet.",
    "Du hast einen Videochat gestartet.", "Perdiste una llamada de Zoë.", "Vous avez manqué un appel de Zoë.",
    "Rita a démarré une discussion vidéo.", "Rita inició un chat de video.", "Rita iniciou uma chamada de vídeo.",
]  # fmt: skip
RECALLED = ["Rita unsent a message", "You unsent a message", "This message was unsent.", "Bạn đã thu hồi một tin nhắn"]
TYPED = [
    "liked a message haha", "I liked a message of yours", "Rita, did you see? he sent an attachment",
    "she left the group again",
    "Reacted badly to your message, sorry", "You sent an attachment? it is empty", "You changed the plan",
    "Video chat ended too early, call me", "rita hat die Gruppe verlassen?! echt jetzt",
    "ich hab dir einen Anhang gesendet",
    "Le gustó un mensaje mío", "a aimé un message ?? qui ça", "Curtiu uma mensagem minha kkk", "他点赞了一条消息哈哈",
    "You called it!!", "Rita called you a genius", "Rita added salt to the soup", "Rita changed the photo of her cat",
    "You missed a good party", "赞了一条消息就跑", "Нравится сообщение твоё",
    "Du hast einen Anruf verpasst, ruf zurück",
    "添付ファイルを送信しました、見てね", "đã gửi một file đính kèm cho bạn rồi nha",
]  # fmt: skip


@pytest.mark.parametrize("text", SYSTEM)
def test_a_notice_is_system(text: str) -> None:
    assert meta_words.kind(text, NAME) == "system"


@pytest.mark.parametrize("text", CALLS)
def test_a_notice_of_a_call_is_a_call(text: str) -> None:
    assert meta_words.kind(text, NAME) == "call"


@pytest.mark.parametrize("text", RECALLED)
def test_a_notice_of_a_message_taken_back_is_a_recall(text: str) -> None:
    assert meta_words.kind(text, NAME) == "recall"


@pytest.mark.parametrize("text", TYPED)
def test_what_a_person_typed_is_kept_without_a_doubt(text: str) -> None:
    assert meta_words.kind(text, NAME) is None
    assert not meta_words.unsure(text, (NAME, "Ugo"))


@pytest.mark.parametrize(
    "text",
    [
        "Ugo sent an attachment.",
        "sent an attachment.",
        "liked a message",
        "You took a screenshot",
        "You missed a call",
        "The call ended",
        "You called Ugo.",
        "Menanggapi 😂 pesan Anda",
        "Отреагировал(-а) 😂 на ваше сообщение",
        "あなたのメッセージに😂とリアクションしました",
    ],
)
def test_what_cannot_be_told_is_kept_and_counted(text: str) -> None:
    assert meta_words.kind(text, NAME) is None
    assert meta_words.unsure(text, (NAME, "Ugo"))


def thread(folder: Path, *messages: dict[str, Any]) -> importers.Export:
    """What is read of an Instagram thread; Meta's own encoding, the newest first."""
    rows = [{"sender_name": NAME, "timestamp_ms": 1_700_000_000_000 + n, **m} for n, m in enumerate(messages)]
    for row in rows:
        if "content" in row:
            row["content"] = row["content"].encode().decode("latin-1")
    whole = {"participants": [{"name": NAME}, {"name": "Ugo"}], "messages": rows[::-1], "title": NAME}
    (folder / "message_1.json").write_text(json.dumps(whole))
    return importers.module("instagram_json").read(folder / "message_1.json", "UTC")  # type: ignore[no-any-return]


def encrypted(folder: Path, *messages: dict[str, Any]) -> importers.Export:
    """What is read of an encrypted chat of Messenger's."""
    rows = [
        {"senderName": NAME, "timestamp": 1_700_000_000_000 + n, "type": "text"} | m for n, m in enumerate(messages)
    ]
    whole = {"participants": [NAME, "Ugo"], "threadName": "Ugo_7", "messages": rows[::-1]}
    (folder / "Ugo_7.json").write_text(json.dumps(whole))
    return importers.module("messenger_json").read(folder / "Ugo_7.json", "UTC")  # type: ignore[no-any-return]


def told(export: importers.Export) -> list[tuple[object, object]]:
    return list(zip(export.messages["kind"], export.messages["text"], strict=True))


def test_both_shapes_tell_notices_from_words(tmp_path: Path) -> None:
    texts = ["Đã thích một tin nhắn", "hẹn mai nhé", "Rita started a video chat.", "You unsent a message"]
    wanted = [("system", texts[0]), ("text", texts[1]), ("call", None), ("recall", None)]
    assert told(thread(tmp_path, *({"content": text} for text in texts))) == wanted
    assert told(encrypted(tmp_path, *({"text": text} for text in texts))) == wanted


def test_a_call_with_its_length_is_a_call_in_any_language(tmp_path: Path) -> None:
    found = thread(tmp_path, {"content": "ビデオ通話が終了しました", "call_duration": 62})
    assert told(found) == [("call", None)]
    assert told(encrypted(tmp_path, {"type": "call", "text": "Cuộc gọi"})) == [("call", None)]


def test_an_attachment_s_notice_is_no_caption_and_a_caption_stays(tmp_path: Path) -> None:
    photo = {"photos": [{"uri": "a.jpg"}]}
    found = thread(tmp_path, {**photo, "content": "Rita a envoyé une pièce jointe."}, {**photo, "content": "la mer !"})
    assert told(found) == [("image", None), ("image", "la mer !")]


def test_what_was_in_doubt_is_said_in_one_line_a_file(tmp_path: Path) -> None:
    found = thread(tmp_path, {"content": "Ugo sent an attachment."}, {"content": "hm"}, {"content": "liked a message"})
    assert [kind for kind, _ in told(found)] == ["text", "text", "text"]
    assert found.notes == [
        "message_1.json: 2 messages could be the app's own notices (the first: message 1); they are kept"
    ]
    one = encrypted(tmp_path, {"text": "sent an attachment."})
    assert one.notes == ["Ugo_7.json: 1 message could be the app's own notice (the first: message 1); it is kept"]


def test_a_chat_without_doubt_has_no_note(tmp_path: Path) -> None:
    assert thread(tmp_path, {"content": "Liked a message"}, {"content": "haha"}).notes == []
