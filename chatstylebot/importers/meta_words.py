"""What Instagram and Messenger write into the texts themselves, in the language of the account.

Format: shared facts, formats.md §4.15. A notice is a whole message: a set sentence, or a deed with the sender's name or
"You" before it. Calls are told by their field `call_duration` in every language; here are those without it. A language
in which a sentence was not known for certain lacks it here; what only looks like a notice is kept, and counted.
"""

import re

ONE = r"\S{1,20}"  # an emoji
ANY = r"[^\n]{1,120}"
# what stands alone
WHOLE = (
    rf"Liked a message|(?:You )?[Rr]eacted {ONE} to (?:your|a) message ?",
    r"You can now (?:message|call) (?:and call )?each other(?: and see info like [^\n]{5,80})?|"
    r"You are now connected on Messenger|Say hi to your new (?:Facebook friend|connection), [^\n]{1,80}",
    r"Messages and calls are secured with end-to-end encryption\.[^\n]{0,160}|"
    r"New messages and calls are secured with end-to-end encryption\.[^\n]{0,160}",
    r"Disappearing messages were (?:turned on|turned off|changed)\.[^\n]{0,120}|A screenshot was taken",
    r"You are (?:now|no longer) an admin\.|The group name was set to [^\n]{1,120}|This poll is no longer available",
    r"(?:Hat eine Nachricht mit [„\"]Gefällt mir[“\"] markiert|Gefällt eine Nachricht)",
    rf"(?:Hat mit {ONE} auf deine Nachricht reagiert|Reagierte mit {ONE} auf deine Nachricht)",
    rf"A aimé un message|A réagi (?:avec )?{ONE} à (?:votre|ton) message",
    r"(?:Le gustó un mensaje|Le ha gustado un mensaje|Indicó que le gusta un mensaje)",
    rf"(?:Reaccionó con|Ha reaccionado con) {ONE} a tu mensaje",
    rf"Curtiu uma mensagem|Reagiu com {ONE} à (?:sua|tua) mensagem",
    rf"Ha messo [\"“«]?Mi piace[\"”»]? a un messaggio|Ha reagito (?:con )?{ONE} al tuo messaggio",
    rf"Vond een bericht leuk|Heeft (?:met )?{ONE} (?:op je bericht gereageerd|gereageerd op je bericht)",
    rf"Polubił\(a\) wiadomość|Lubi wiadomość|Zareagował\(a\) {ONE} na Twoją wiadomość",
    r"Нравится сообщение|Поставил\(-?а\) «Нравится» сообщению",
    r"Bir mesajı beğendi|Menyukai pesan",
    rf"Đã thích một tin nhắn|Đã bày tỏ cảm xúc {ONE} về tin nhắn của bạn",
    r"点?赞了一条消息|[^\n]{0,40}对(?:你的|一条)消息(?:[做作]出了|回应了)[^\n]{0,20}",
    rf"對你的訊息傳達了? ?{ONE}(?: ?心情)?|メッセージに「いいね[!！]」しました",
    r"添付ファイルを送信しました|메시지를 좋아합니다",
)
CALLS = (
    r"(?:The )?(?:[Vv]ideo|[Aa]udio) (?:chat|call) ended|(?:You )?[Mm]issed (?:a|an) (?:video|audio) (?:call|chat)(?: from [^\n]{1,80})?",
    r"You missed a (?:call|video chat)(?: (?:from|with) [^\n]{1,80})?\.",
    r"(?:Videochat|Videoanruf|Audioanruf) beendet|Der (?:Videochat|Videoanruf|Anruf|Audioanruf) wurde beendet",
    r"(?:Discussion vidéo terminée|Appel (?:audio|vidéo) terminé)",
    r"(?:Chat de video|Videochat) finalizado|(?:Videollamada|Llamada de audio) finalizada|Finalizó (?:la videollamada|el chat de video)",
    r"Perdiste una (?:llamada|videollamada|llamada de audio) de [^\n]{1,80}|(?:Vous avez|Tu as) manqué un appel(?: vidéo| audio)? de [^\n]{1,80}",
    r"Du hast (?:einen Videochat|einen Videoanruf|einen Anruf) (?:gestartet|von [^\n]{1,80} verpasst)",
    r"(?:Bate-papo por vídeo encerrado|Chamada de (?:vídeo|áudio) (?:encerrada|finalizada))",
    r"(?:Chat video terminata|Videochiamata terminata|Chiamata audio terminata)|Cuộc gọi (?:video|thoại) đã kết thúc",
)
# what the app writes with a full stop, and people without
DOUBTED = (r"You are (?:now|no longer) an admin|You missed a (?:call|video chat)|The call ended",)
RECALLED = (r"This message was unsent|This message has been unsent|Tin nhắn đã (?:được )?thu hồi",)
# what somebody did: after their name, or after "You" in the language's own form
DEEDS = (
    r"sent (?:an attachment|a photo|a video|a voice message|a GIF|a sticker|a location|a live location|a link|a post|a reel|a story|"
    r"a contact card|an event)",
    r"(?:created|left|joined) (?:the|this) group|named the group [^\n]{1,120}|removed the group name",
    r"(?:added|removed) [^\n]{1,120} (?:to|from) the group(?:\. [^\n]{1,100})?|(?:added|removed) [^\n]{1,80} as a group admin",
    r"is (?:now|no longer) an admin|changed the (?:group (?:photo|name)|chat (?:theme|colou?rs?)|theme|quick reaction|emoji)(?: (?:to|using|from) [^\n]{1,120})?",
    r"(?:set|cleared) (?:the|your|his|her|their|own) (?:own )?(?:nickname|emoji|quick reaction)[^\n]{0,160}",
    r"(?:created a poll|voted for|changed (?:their )?vote to|added)[^\n]{0,160}(?: (?:to|in) the poll)|created a poll: [^\n]{1,160}",
    r"(?:turned (?:on|off)|changed) disappearing messages(?:\. [^\n]{1,80})?|took a screenshot|recorded the screen",
    r"(?:pinned|unpinned) a message|mentioned you in their story",
    rf"reacted {ONE} to (?:your|a) message",
    r"hat einen Anhang gesendet|hat die Gruppe (?:verlassen|erstellt)|hat die Gruppe [^\n]{1,120} genannt",
    r"hat [^\n]{1,80} (?:zur Gruppe hinzugefügt|aus der Gruppe entfernt)|hat das Gruppen(?:bild|foto) geändert",
    r"hat das (?:Design|Thema)[^\n]{0,60} geändert|hat den Spitznamen [^\n]{1,120} (?:festgelegt|geändert)",
    r"a envoyé une pièce jointe|a (?:quitté|créé|rejoint) le groupe|a nommé le groupe [^\n]{1,120}",
    r"a (?:ajouté [^\n]{1,80} au groupe|retiré [^\n]{1,80} du groupe)|a modifié la photo du groupe|a (?:changé|modifié) le thème[^\n]{0,60}",
    r"(?:envió|ha enviado) un archivo adjunto|(?:salió del|abandonó el|ha abandonado el|creó el) grupo|nombró al? ?(?:el )?grupo [^\n]{1,120}",
    r"(?:agregó|añadió|ha añadido) a [^\n]{1,80} al grupo|(?:eliminó|ha eliminado) a [^\n]{1,80} del grupo",
    r"cambió la foto del grupo|cambió el tema[^\n]{0,60}",
    r"enviou um anexo|(?:saiu do|criou o) grupo|(?:adicionou|removeu) [^\n]{1,80} (?:ao|do) grupo|nomeou o grupo [^\n]{1,120}",
    r"(?:alterou|mudou) (?:a foto do grupo|o tema[^\n]{0,60})",
    r"ha inviato un allegato|ha (?:abbandonato|creato) il gruppo|ha (?:aggiunto|rimosso) [^\n]{1,80} (?:al|dal) gruppo",
    r"heeft een bijlage (?:verzonden|gestuurd|verstuurd)|heeft de groep verlaten|heeft [^\n]{1,80} aan de groep toegevoegd",
    r"wysłał\(a\) załącznik|bir ek gönderdi|отправил\(-?а\) вложение|mengirim lampiran",
    r"đã gửi một (?:file|tệp) đính kèm|đã rời khỏi nhóm|đã thêm [^\n]{1,80} vào nhóm|đã đặt tên nhóm là [^\n]{1,120}",
)
DEED_CALLS = (
    r"(?:started|joined) (?:a|an|the) (?:(?:video|audio) )?(?:chat|call)|missed (?:a|an|your) (?:(?:video|audio) )?(?:chat|call)[^\n]{0,80}|called you",
    r"hat einen (?:Videochat|Videoanruf|Anruf) gestartet|a (?:démarré|lancé) (?:une discussion vidéo|un appel(?: vidéo| audio)?)",
    r"inició (?:un chat de video|una videollamada|una llamada)|iniciou (?:um bate-papo por vídeo|uma (?:vídeo)?chamada(?: de vídeo| de áudio)?)",
    r"ha (?:avviato|iniziato) una (?:chat video|videochiamata|chiamata)|đã bắt đầu (?:chat video|cuộc gọi(?: video)?)",
)
DEED_RECALLED = (
    r"unsent a message|hat eine Nachricht (?:zurückgenommen|zurückgezogen)|a annulé l['’]envoi d['’]un message",
    r"anuló el envío de un mensaje|cancelou o envio de uma mensagem|đã thu hồi một tin nhắn",
)
# "You" where it changes the verb with it
OWN = (
    r"Du hast einen Anhang gesendet|Vous avez envoyé une pièce jointe|Enviaste un archivo adjunto|Has enviado un archivo adjunto",
    r"Hai inviato un allegato|Je hebt een bijlage (?:verzonden|gestuurd)|Вы отправили вложение|Bir ek gönderdin",
    r"你发送了(?:一个)?附件|你傳送了(?:一個)?附件|첨부 파일을 보냈습니다",
)
# what stands right behind the name, without a blank
JOINED = (
    r" ?发送了(?:一个)?附件| ?傳送了(?:一個)?附件|(?:さん)?が添付ファイルを送信しました|님이 첨부 파일을 보냈습니다",
)  # fmt: skip
YOU = ("You", "Você", "Anda", "Bạn", "Kamu")


def _one(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(patterns)})[.。]?")


_ALONE = ((_one(*WHOLE, *OWN), "system"), (_one(*CALLS), "call"), (_one(*RECALLED), "recall"))
_AFTER = ((_one(*DEEDS), "system"), (_one(*DEED_CALLS), "call"), (_one(*DEED_RECALLED), "recall"))
_JOINED = _one(*JOINED)
_DEED = _one(*DEEDS, *DEED_CALLS, *DEED_RECALLED)
_AGAIN = re.compile(
    _one(*DOUBTED, *WHOLE, *CALLS, *RECALLED, *DEEDS, *DEED_CALLS, *DEED_RECALLED).pattern, re.IGNORECASE
)
# what the sentences that stand alone begin with, and deeds without a name: most texts begin otherwise, and this is fast
_FIRST = frozenset("ABCDEFGHIJLMNPRSTVYZamrvĐВНП赞点對メ添메你첨")
_BEGIN = (
    "liked reacted sent created left joined named removed added is changed set cleared voted turned took recorded pinned unpinned "
    "mentioned started missed called unsent you the this video audio hat hast a le envió ha salió abandonó creó nombró agregó añadió "
    "eliminó cambió inició reaccionó anuló enviou saiu criou adicionou removeu nomeou alterou mudou iniciou curtiu reagiu cancelou "
    "heeft vond wysłał(a) polubił(a) zareagował(a) bir отправил(-а) mengirim menyukai đã"
)
_VERBS = frozenset(_BEGIN.split())
# of languages whose notices are not known well enough: a whole message about a reaction or an attachment
GUESSED = re.compile(
    rf"(?:You called {ANY}\.|Отреагировал(?:\(-?а\)|а)? [^\n]{{0,20}}на ваше сообщение[^\n]{{0,20}}|Menanggapi [^\n]{{0,20}}pesan Anda[^\n]{{0,20}}|"
    rf"[^\n]{{0,20}}[Mm]esajına [^\n]{{1,20}}(?:tepki|ifade)[^\n]{{1,20}}|[^\n]{{0,40}}メッセージに[^\n]{{1,12}}リアクションしました|"
    rf"[^\n]{{0,40}}메시지에 [^\n]{{1,12}}(?:공감|반응)[^\n]{{1,12}}|(?:{ANY} )?أرسل(?:ت)? {ANY}?مرفق[^\n]{{0,4}}|أرسل(?:ت)? مرفق[^\n]{{0,4}})[.。]?"
)


def kind(text: str, sender: str) -> str | None:
    """The kind of a text that the app wrote itself: "system", "call" or "recall". None for what somebody typed."""
    bare = text.strip()
    if len(bare) > 400:
        return None
    if bare[:1] in _FIRST or "对" in bare:
        for pattern, found in _ALONE:
            if pattern.fullmatch(bare):
                return found
    for name in (sender, sender.split(" ")[0], *YOU):
        if not name or not bare.startswith(name):
            continue
        if _JOINED.fullmatch(bare, len(name)):
            return "system"
        if bare.startswith(" ", len(name)):
            for pattern, found in _AFTER:
                # "You took a screenshot" may be said to somebody: the app ends such a sentence with a full stop
                if pattern.fullmatch(bare, len(name) + 1) and (name not in YOU or found == "recall" or bare[-1] == "."):
                    return found
    return None


def unsure(text: str, people: tuple[str, ...]) -> bool:
    """Whether a text that `kind` does not know could be the app's own: a deed without a name, or with another's."""
    bare = text.strip()
    if len(bare) > 200:
        return False
    if bare.partition(" ")[0].lower() in _VERBS and _AGAIN.fullmatch(bare):
        return True
    if (not bare.isascii() or bare.startswith(("Menanggapi ", "You called "))) and GUESSED.fullmatch(bare):
        return True
    for person in (*people, *YOU):
        for name in (person, person.partition(" ")[0]):
            if name and bare.startswith(name + " ") and _DEED.fullmatch(bare, len(name) + 1):
                return True
    return False
