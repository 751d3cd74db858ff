"""What WhatsApp itself writes into a chat, in the languages it has: closed lists, and what one message is by them.

The wording is the app's own (Localizable.strings and strings.xml, as whats_json (MIT) has collected them, and public
exports). A language is left out where its wording is not known: what is not here stays what a person wrote, and in files
that have marks the mark tells it without any list. Phrases stand side by side, with "|" between; case and a last full
stop do not count. In a template `*` is a name or another few words, and `…` whatever follows on the line.
"""

import re
from collections import defaultdict
from functools import cache
from typing import NamedTuple

MARK = "\u200e"  # iPhones put it before all that the app writes
MARKS = "\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


class Said(NamedTuple):
    """One message: its kind, what was typed (None: nothing), and why its kind is in doubt.

    `doubt`: "" for none, "marked" for a text that no list knows but that begins with the mark, "notice" for a text that
    reads as a notice does; both are of kind text. `marked`: the mark stands before it. `group`: only groups have such a
    notice.
    """

    kind: str
    text: str | None
    doubt: str = ""
    marked: bool = False
    group: bool = False


# a file that is not in the export; where there are two, the first is the iPhone's
_OMITTED = {
    "image": (
        "image omitted|Bild weggelassen|imagen omitida|image absente|imagem ocultada|imagem não revelada|immagine omessa|"
        "afbeelding weggelaten|изображение отсутствует|зображення відсутнє|obraz pominięty|obrázek vynechán|görüntü dahil edilmedi|"
        "gambar tidak disertakan|imej tidak dimasukkan|لم يتم إدراج الصورة|התמונה הושמטה|फ़ोटो हटाई गई|đã bỏ qua hình ảnh|bild utesluten|"
        "billede udeladt|bilde ikke inkludert|Imagine omisă|εικόνα παραλείφθηκε|圖片已略去|圖像已省略|图片已省略|图像已省略|照片已忽略|已忽略图片|"
        "画像は含まれていません|画像が省略されました|이미지 생략됨|사진 생략됨"
    ),
    "video": (
        "video omitted|video note omitted|Video weggelassen|Video omitido|vidéo absente|vídeo omitido|vídeo não revelado|video omesso|"
        "video weggelaten|видео отсутствует|відео відсутнє|wideo pominięte|video vynecháno|video dahil edilmedi|video tidak disertakan|"
        "video tidak dimasukkan|لم يتم إدراج الفيديوهات|סרטון הווידאו הושמט|वीडियो छोड़ा गया|video utesluten|video udeladt|video utelatt|"
        "clip video omis|Videó kihagyva|βίντεο παραλείφθηκε|影片已略去|影片已省略|视频已省略|视频已忽略|ビデオは含まれていません|動画が省略されました|"
        "비디오 생략됨|동영상 생략됨"
    ),
    "voice": (
        "audio omitted|Audio weggelassen|audio omitido|audio omis|áudio ocultado|ficheiro de áudio não revelado|audio omesso|"
        "audio weggelaten|аудиофайл отсутствует|аудио отсутствует|аудіо відсутнє|audio pominięte|zvukový soubor vynechán|ses dahil edilmedi|"
        "audio tidak disertakan|audio tidak dimasukkan|لم يتم إدراج المقاطع الصوتية|קטע קול הושמט|ऑडियो हटाई गयी|bỏ qua tệp âm thanh|"
        "ljud utelslutet|ljud uteslutet|lyd udeladt|lyd utelatt|äänitiedostoa ei sisällytetä|ήχος παραλείφθηκε|音訊已略去|音訊已省略|"
        "音频已省略|音频已忽略|语音已省略|音声は含まれていません|音声が省略されました|오디오 생략됨"
    ),
    "sticker": (
        "sticker omitted|GIF omitted|Sticker weggelassen|GIF weggelassen|sticker omitido|GIF omitido|sticker omis|GIF retiré|"
        "figurinha omitida|sticker não revelado|GIF não revelada|sticker non incluso|sticker omesso|GIF esclusa|sticker weggelaten|"
        "GIF weggelaten|стикер не добавлен|GIF отсутствует|Наклейку не додано|GIF-анімацію пропущено|pominięto naklejkę|"
        "Plik GIF pominięty|nálepka vynechána|GIF vynechán|Çıkartma dahil edilmedi|GIF dahil edilmedi|stiker tidak disertakan|"
        "GIF tidak disertakan|pelekat tidak disertakan|GIF tidak dimasukkan|لم يتم إدراج صورة GIF|تم حذف الملصقات|סטיקר הושמט|GIF הושמט|"
        "स्टिकर छोड़ा गया|GIF छोड़ा गया|Đã bỏ qua ảnh GIF|sticker utesluten|GIF utesluten|klistermærke udeladt|GIF udeladt|"
        "klistremerke utelatt|GIF utelatt|tarraa ei sisällytetty|GIF-animaatio jätetty pois|GIF omis|matrica kihagyva|GIF fájl kihagyása|"
        "αυτοκόλλητο παραλήφθηκε|Παράληψη GIF|貼圖已略去|貼圖已忽略|GIF 已略去|GIF 圖片已被省略|贴图已省略|表情已省略|GIF 动态图已被忽略|"
        "スタンプは含まれていません|GIFは含まれていません|스티커 제외됨|GIF 생략됨"
    ),
    "contact": (
        "Contact card omitted|Kontaktkarte ausgelassen|Tarjeta de contacto omitida|Fiche contact manquante|Cartão do contato omitido|"
        "Contacto não revelado|Scheda contatto omessa|Visitekaartje weggelaten|Карточка контакта отсутствует|Картка контакту відсутня|"
        "Pominięta wizytówka kontaktu|Vizitka vynechána|Kişi kartı dahil edilmedi|Kartu kontak tidak disertakan|"
        "Kad kenalan tidak dimasukkan|لم يتم إدراج بطاقة جهة اتصال|כרטיס איש קשר הושמט|कॉन्टैक्ट कार्ड छोड़ा गया|Bỏ qua thẻ liên lạc|"
        "Kontaktkort uteslutet|Kontaktkort udeladt|Kontaktkort sløyfet|Yhteystietokortti jätettiin pois|Carte de vizită contact omisă|"
        "Névjegykártya kihagyva|Η κάρτα επαφής παραλήφθηκε|聯絡人卡片已略去|聯絡人卡片已省略|联系人卡片已忽略|連絡先カードを省略|연락처 카드 생략됨"
    ),
    "file": (
        "document omitted|Dokument weggelassen|documento omitido|document manquant|documento não revelado|documento omesso|"
        "document weggelaten|документ отсутствует|документ пропущено|dokument pominięty|dokument vynechán|belge dahil edilmedi|"
        "dokumen tidak disertakan|dokumen tidak dimasukkan|لم يتم إدراج المستند|מסמך הושמט|डॉक्यूमेंट छोड़ा गया|đã bỏ qua tài liệu|"
        "dokument uteslutet|dokument udeladt|utelatt dokument|dokumenttia ei sisällytetä|document omis|dokumentum kihagyva|"
        "έγγραφο παραλείφθηκε|文件已略去|文件已忽略|文档已省略|ドキュメントは含まれていません|문서 생략됨"
    ),
}
# Android's one word for any file: only between angle brackets
_MEDIA = (
    "Media omitted|Medien ausgeschlossen|Medien weggelassen|Multimedia omitido|Archivo omitido|Médias omis|Fichier omis|Mídia oculta|"
    "Mídia omitida|Arquivo de mídia oculto|Ficheiro não revelado|Media omessi|Media omesso|Media weggelaten|Без медиафайлов|"
    "Файл пропущен|Медіа пропущено|pominięto multimedia|pliki pominięto|Média vynechány|Média vynechána|Medya dahil edilmedi|"
    "Medya atlanmış|Media tidak disertakan|Media disingkirkan|تم استبعاد الوسائط|پيوست نما/آهنگ حذف شد|המדיה לא נכללה|המדיה הוסרה|"
    "מדיה הושמטה|मीडिया के बिना|สื่อถูกลบ|Bỏ qua Media|Media har utelämnats|Mediefil udeladt|Uten vedlegg|Media jätetty pois|"
    "Conținut media omis|Hiányzó médiafájl|Εξαίρεση πολυμέσων|省略多媒体文件|省略影音内容|忽略多媒體檔|已省略多媒體檔案|略過媒體檔案|"
    "メディアは含まれていません|미디어 파일을 생략한 대화내용|미디어 파일을 제외한 내용"
)
# the app's, too, but people say the same ("no picture", "the video was deleted"): only with the mark are they sure
_LOOSE = {
    "image": "ei kuvaa|ไม่มีรูปภาพ|تصویر حذف شد|kép küldése sikertelen",
    "video": "วิดีโอถูกลบ|ویدیو حذف شد|videota ei sisällytetä|đã bỏ video",
    "voice": "fără audio|ไม่มีไฟล์เสียง|صدا حذف شد|Hang kihagyása",
    "sticker": "ไม่มีสติกเกอร์|ละเว้น GIF|استیکر حذف شد|GIF حذف شد|đã bỏ sticker",
    "contact": "บัตรรายชื่อที่ละเว้น|برگ مخاطب حذف شد",
    "file": "ละเว้นเอกสาร|سند حذف شد",
    "call": (
        "Missed call|Voice call|Video call|Group voice call|Group video call|Sprachanruf|Videoanruf|Llamada de voz|Videollamada|Appel vocal|Appel vidéo|"
        "Ligação de voz|Chamada de voz|Ligação de vídeo|Chamada de vídeo|Videochamada|Chiamata vocale|Videochiamata|Spraakoproep|"
        "Video-oproep|Аудиозвонок|Видеозвонок|Аудіодзвінок|Відеодзвінок|Połączenie głosowe|Połączenie wideo|Hlasový hovor|Videohovor|"
        "Sesli arama|Görüntülü arama|Panggilan suara|Panggilan video|مكالمة صوتية|مكالمة فيديو|שיחה קולית|שיחת וידאו|वॉइस कॉल|वीडियो कॉल|"
        "Cuộc gọi thoại|Cuộc gọi video|Röstsamtal|Videosamtal|Taleopkald|Videoopkald|Taleanrop|Videoanrop|Äänipuhelu|Videopuhelu|"
        "语音通话|视频通话|語音通話|視訊通話|視像通話|音声通話|ビデオ通話|음성통화|음성 통화|영상통화|영상 통화"
    ),
}
_MISSED = (
    "Missed voice call|Missed video call|Missed group voice call|Missed group video call|Silenced voice call|Silenced video call|"
    "Verpasster Sprachanruf|Verpasster Videoanruf|Llamada perdida|Llamada perdida de voz|Llamada de voz perdida|Videollamada perdida|"
    "Appel vocal manqué|Appel vidéo manqué|Chamada de voz perdida|Chamada de vídeo perdida|Videochamada perdida|Ligação de voz perdida|"
    "Ligação de vídeo perdida|Chiamata vocale persa|Videochiamata persa|Gemist spraakgesprek|Gemist videogesprek|Gemiste spraakoproep|"
    "Gemiste video-oproep|Пропущенный аудиозвонок|Пропущенный видеозвонок|Пропущений аудіодзвінок|Пропущений відеодзвінок|"
    "Nieodebrane połączenie|Nieodebrane połączenie głosowe|Nieodebrane połączenie wideo|Nieodebrane poł. głosowe|Nieodebrane poł. wideo|"
    "Zmeškaný hlasový hovor|Zmeškaný hovor|Zmeškaný videohovor|Cevapsız sesli arama|Cevapsız görüntülü arama|"
    "Panggilan suara tak terjawab|Panggilan video tak terjawab|Panggilan suara terlepas|Panggilan video terlepas|مكالمة صوتية فائتة|"
    "مكالمة فيديو فائتة|تماس صوتی پاسخ داده نشده|تماس تصویری پاسخ داده نشده|שיחה קולית שלא נענתה|שיחת וידאו שלא נענתה|वॉइस कॉल मिस हुई|"
    "मिस्ड वॉइस कॉल|मिस्ड वीडियो कॉल|สายโทรวิดีโอที่ไม่ได้รับ|วิดีโอคอลที่ไม่ได้รับ|Cuộc gọi nhỡ video|Missat röstsamtal|Missat videosamtal|"
    "Ubesvaret taleopkald|Ubesvaret videoopkald|Tapt taleanrop|Tapt videoanrop|Vastaamaton äänipuhelu|Vastaamaton videopuhelu|"
    "Apel vocal ratat|Apel vocal nepreluat|Apel video ratat|Apel video nepreluat|Nem fogadott hanghívás|Nem fogadott videohívás|"
    "Αναπάντητη φωνητική κλήση|Αναπάντητη βιντεοκλήση|未接语音通话|未接视频通话|未接語音通話|未接視訊通話|未接視像通話|音声通話不在着信|"
    "ビデオ通話不在着信|부재중 영상통화|부재중 음성통화"
)
_DELETED = (
    "This message was deleted|You deleted this message|You deleted this message as admin|This message was deleted by an admin|"
    "Diese Nachricht wurde gelöscht|Du hast diese Nachricht gelöscht|Se eliminó este mensaje|Eliminaste este mensaje|"
    "Este mensaje fue eliminado|Ce message a été supprimé|Vous avez supprimé ce message|Mensagem apagada|Você apagou esta mensagem|"
    "Esta mensagem foi apagada|Esta mensagem foi apagada pelo remetente|Apagou esta mensagem|Questo messaggio è stato eliminato|"
    "Hai eliminato questo messaggio|Dit bericht is verwijderd|U hebt dit bericht verwijderd|Je hebt dit bericht verwijderd|"
    "Данное сообщение удалено|Вы удалили это сообщение|Вы удалили данное сообщение|Це повідомлення було видалено|"
    "Ви видалили це повідомлення|Ta wiadomość została usunięta|Usunąłeś(-ęłaś) tę wiadomość|Usunąłeś(aś) tę wiadomość|"
    "Tato zpráva byla smazána|Tato zpráva byla odstraněna|Tuto zprávu jste smazal/a|Tuto zprávu jste odstranil/a|Bu mesaj silindi|"
    "Bu mesajı sildiniz|Pesan ini dihapus|Pesan ini telah dihapus|Anda menghapus pesan ini|Anda telah menghapus pesan ini|"
    "Mesej ini telah dipadam|Anda telah memadamkan mesej ini|تم حذف هذه الرسالة|لقد حذَفت هذه الرسالة|أنت حذفت هذه الرسالة|"
    "این پیام حذف شد|این پیام حذف شده است|شما این پیام را حذف کردید|הודעה זו נמחקה|מחקת את ההודעה הזו|מחקת הודעה זו|"
    "यह मैसेज डिलीट कर दिया गया है|आपने यह मैसेज डिलीट किया|यह संदेश मिटाया गया|आपने यह संदेश मिटाया|ข้อความนี้ถูกลบแล้ว|ข้อความนี้ได้ถูกลบ|"
    "คุณได้ลบข้อความนี้|คุณลบข้อความนี้|Tin nhắn này đã bị xóa|Tin nhắn này đã bị xoá|Bạn đã xóa tin nhắn này|Bạn đã xoá tin nhắn này|"
    "Det här meddelandet raderades|Detta meddelande raderades|Du raderade det här meddelandet|Du har tagit bort meddelandet|"
    "Du raderade detta meddelande|Denne besked er blevet slettet|Denne besked blev slettet|Du har slettet denne besked|"
    "Du slettede denne besked|Denne meldingen ble slettet|Du slettet denne meldingen|Tämä viesti poistettiin|Poistit tämän viestin|"
    "Acest mesaj a fost șters|Ați șters acest mesaj|Ez az üzenet törlésre került|Törölted ezt az üzenetet|Ezt az üzenetet törölted|"
    "Αυτό το μήνυμα διαγράφηκε|Διαγράψατε αυτό το μήνυμα|Διαγράψατε το μήνυμα|这条消息已删除|这条消息已被删除|您删除了这条消息|"
    "你删除了这条消息|您已删除这条消息|信息已删除|此訊息已刪除|你已刪除此訊息|您已刪除此訊息|このメッセージは削除されました|"
    "このメッセージを削除しました|삭제된 메시지입니다|이 메시지는 삭제되었습니다|삭제한 메시지입니다|이 메시지를 삭제했습니다"
)
_LIVE = (
    "live location shared|Live-Standort wird geteilt|ubicación en tiempo real compartida|Localisation en direct partagée|"
    "localização atual compartilhada|Está a partilhar a sua localização|posizione attuale condivisa|live locatie gedeeld|"
    "Геоданные отправлены|геодані надіслано|udostępniona transmisja położenia|byla sdílena aktuální poloha|Mevcut konum paylaşıldı|"
    "Lokasi terkini dibagikan|lokasi terkini dikongsi|تمت مشاركة الموقع المباشر|مکان زنده به اشتراک گذاشته شد|משתף מיקום בשידור חי|"
    "लाइव स्थान साझा किया गया|ตำแหน่งปัจจุบันถูกแบ่งปัน|vị trí hiện thời được chia sẻ|liveposition delad|live placering delt|"
    "posisjon i sanntid delt|live-sijainti jaettu|locație în timp real distribuită|tartózkodási hely megosztva|"
    "η τωρινή τοποθεσία κοινοποιήθηκε|共享实时位置|實時位置已分享|ライブロケーション共有|공유한 실시간 위치"
)
_WAITING = (
    "Waiting for this message|Waiting for this message. This may take a while|Auf diese Nachricht warten. Dies kann etwas dauern|"
    "Esperando este mensaje. Esto puede tomar tiempo|Esperando el mensaje. Esto puede tardar un momento|"
    "Aguardando mensagem. Essa ação pode levar alguns instantes|En attente de ce message. Cela peut prendre du temps|"
    "Wachten op dit bericht. Dit kan even duren|Ожидание данного сообщения. Это может занять некоторое время|"
    "Menunggu pesan ini. Ini mungkin butuh beberapa saat|正在等待此消息。这可能需要一段时间"
)
# the word before a place's link
_PLACE = (
    "location|Standort|ubicación|localisation|localização|posizione|locatie|местоположение|місцезнаходження|położenie|poloha|konum|lokasi|"
    "الموقع|موقعیت|מיקום|स्थान|ตำแหน่งที่ตั้ง|vị trí|plats|placering|posisjon|sijainti|locație|Helyzet|τοποθεσία|位置|位置情報|위치"
)
_ATTACHED = (
    "file attached|Datei angehängt|archivo adjunto|archivo adjuntado|fichier joint|arquivo anexado|ficheiro anexado|file allegato|"
    "bestand bijgevoegd|файл добавлен|файл додано|załączony plik|soubor byl přiložen|dosya ekli|file terlampir|fail dilampirkan|"
    "الملف مرفق|קובץ מצורף|फाइल अटैच कर दी गई है|फाइल अटैच कर दी गई|ไฟล์ที่แนบ|tệp đính kèm|bifogad fil|fil vedhæftet|vedlagt fil|"
    "liitetiedosto|fișier atașat|fájl csatolva|συνημμένο αρχείο|文件附件|附件|附件檔案|檔案已附加|添付ファイル|添付ファイル有り|파일 첨부됨"
)
_ENCLOSED = (  # <attached: NAME>
    "attached|Anhang|angehängt|adjunto|pièce jointe|anexado|anexo|allegato|bijgevoegd|прикреплено|додано|załączono|příloha|eklendi|"
    "terlampir|dilampir|المُرفق|پیوست|מצורף|अटैच किया गया|แนบ|đính kèm|bifogat|vedhæftet|vedlagt|liite|atașare|csatolva|επισυνάφθηκε|附件|"
    "已附加|附加|添付ファイル|첨부|첨부됨"
)
_EDITED = (
    "This message was edited|Diese Nachricht wurde bearbeitet|Se editó este mensaje|Ce message a été modifié|Mensagem editada|"
    "Esta mensagem foi editada|Questo messaggio è stato modificato|Dit bericht is bewerkt|Данное сообщение изменено|Сообщение изменено|"
    "Bu mesaj düzenlendi|Pesan ini diedit|تم تعديل هذه الرسالة|הודעה זו נערכה|Tin nhắn này đã được chỉnh sửa|Det här meddelandet redigerades|"
    "此消息已编辑|此訊息已編輯|已編輯此訊息|このメッセージは編集されました"
)
# how a call went, behind the comma or the full stop
_WENT = (
    r"\d+\s?\w{1,8}\.?(?:\s\d+\s?\w{1,8}\.?)?|\d+:\d\d(?::\d\d)?|No answer|Tap to call back|Missed|Declined|Keine Antwort|"
    r"Tippe, um zurückzurufen|Sin respuesta|Toca para devolver la llamada|Sans réponse|Não atendida|Toque para ligar de volta|"
    r"Nessuna risposta|Geen antwoord|Нет ответа|Cevap yok|Tidak dijawab|无应答|未接听|无人接听|點按以回撥|点击回拨|無人接聽|応答なし|응답 없음"
)

# notices, by what they begin with; those of "chat" stand in private chats, too
_SECURE = (  # long and of the app alone: sure wherever notices stand under a name
    "Messages and calls are end-to-end encrypted…|Messages you send to this chat and calls are now secured…|"
    "Messages to this chat and calls are now secured…|Messages to this group are now secured with end-to-end…|"
    "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt…|Nachrichten in diesem Chat sowie Anrufe sind jetzt mit Ende-zu-Ende-…|"
    "Deine Nachrichten und Anrufe werden automatisch mit Ende-zu-Ende-…|Los mensajes y las llamadas están cifrados de extremo a extremo…|"
    "Los mensajes y llamadas en este chat ahora están protegidos con cifrado de extremo a extremo…|"
    "Tus mensajes y llamadas ahora están protegidos con cifrado de extremo a extremo…|"
    "Les messages et les appels sont chiffrés de bout en bout…|Vos messages et vos appels sont protégés avec le chiffrement de bout en bout…|"
    "As mensagens e as chamadas são protegidas com a criptografia de ponta a ponta…|As mensagens e ligações são protegidas com a criptografia…|"
    "As mensagens e chamadas são encriptadas ponto a ponto…|I messaggi e le chiamate sono crittografati end-to-end…|"
    "I tuoi messaggi e le tue chiamate sono protetti con la crittografia end-to-end…|"
    "Berichten en gesprekken worden end-to-end versleuteld…|Berichten en oproepen zijn end-to-end versleuteld…|"
    "Сообщения и звонки защищены сквозным шифрованием…|Ваши сообщения и звонки защищены сквозным шифрованием…|"
    "Повідомлення й дзвінки захищено наскрізним шифруванням…|Wiadomości i połączenia są w pełni zaszyfrowane…|"
    "Wiadomości i połączenia są szyfrowane end-to-end…|Zprávy a hovory jsou opatřeny koncovým šifrováním…|"
    "Zprávy a hovory jsou zabezpečeny…|Mesajlar ve aramalar uçtan uca şifrelidir…|Pesan dan panggilan terenkripsi secara end-to-end…|"
    "Mesej dan panggilan disulitkan hujung ke hujung…|الرسائل والمكالمات مشفرة تمامًا بين الطرفين…|"
    "پیام‌ها و تماس‌ها سرتاسر رمزگذاری شده‌اند…|ההודעות והשיחות מוצפנות מקצה-לקצה…|मैसेजेस और कॉल्स एंड-टू-एंड एन्क्रिप्टेड हैं…|"
    "ข้อความและการโทรได้รับการเข้ารหัสจากต้นทางถึงปลายทาง…|Tin nhắn và cuộc gọi được mã hóa đầu cuối…|"
    "Meddelanden och samtal är komplett krypterade…|Beskeder og opkald er end-to-end-krypterede…|"
    "Meldinger og samtaler er ende-til-ende-krypterte…|Viestit ja puhelut salataan täysin…|Mesajele și apelurile sunt criptate integral…|"
    "Az üzenetek és hívások végpontok közötti titkosítással vannak védve…|Τα μηνύματα και οι κλήσεις κρυπτογραφούνται πλήρως…|"
    "消息和通话都进行端到端加密…|消息和通话已进行端到端加密…|消息和通话已获端到端加密…|您发送的信息和通话都会进行端对端的加密…|訊息和通話經端對端加密…|訊息和通話已進行端對端加密…|"
    "訊息已受端對端加密保護…|您傳送的訊息和通話都會進行端對端的加密…|メッセージと通話はエンドツーエンド暗号化されています…|"
    "메시지와 통화는 종단간 암호화됩니다…|메시지 및 전화는 종단간 암호화되어…|메시지 및 전화는 암호화되어 안전합니다…|"
    "Your security code with * changed…|Deine Sicherheitsnummer für * hat sich geändert…|Cambió tu código de seguridad con *|"
    "Votre code de sécurité avec * a changé…|Seu código de segurança com * mudou…|O seu código de segurança partilhado com * mudou…|"
    "Il tuo codice di sicurezza con * è cambiato…|Uw beveiligingscode voor * is gewijzigd…|Je beveiligingscode voor * is gewijzigd…|"
    "Ваш код безопасности с контактом * изменился…|Код безпеки з контактом * змінився…|"
    "Twój kod zabezpieczeń z użytkownikiem * zmienił się…|Bezpečnostní kód mezi vámi a uživatelem * byl změněn…|"
    "Kode keamanan Anda dengan * telah berubah…|Kod keselamatan anda dengan * telah berubah…|تغيّر رمز أمانك المُستخدَم مع *|"
    "کد امنیتی شما با * تغییر کرد…|קוד האבטחה עם * שונה…|รหัสความปลอดภัยของคุณกับ * มีการเปลี่ยนแปลง…|Mã bảo mật của bạn với * đã thay đổi…|"
    "Sikkerhetskoden med * ble endret…|Din sikkerhedskode for * har ændret sig…|Turvanumerosi muuttui henkilön * kanssa…|"
    "Codul dvs. de securitate cu * s-a schimbat…|Ο κωδικός ασφαλείας σας με * άλλαξε…|您和*的安全代码已更改…|您與*之間的安全代碼已變更…|"
    "您與*的安全碼已變更…|* ile aranızdaki güvenlik kodu değişti…|*とのセキュリティコードが変更されました…|*님과의 보안 코드가 변경되었습니다…|"
    "* biztonsági kódja megváltozott…|* के लिए आपका सुरक्षा कोड बदल गया है…|"
    "This business uses a secure service from Meta…|This business works with other companies to manage this chat…|"
    "This chat is with a business account…|This chat is with the official business account of *"
)
_CHAT = (
    "Security code with * changed|You changed the subject *|* changed the subject *|You pinned a message|* pinned a message|You turned on disappearing messages…|"
    "* turned on disappearing messages…|You turned off disappearing messages…|* turned off disappearing messages…|"
    "You updated the message timer…|* updated the message timer…|* changed their phone number to a new number…|* changed to *|"
    "You blocked this contact…|You unblocked this contact…|* is a contact|* is in your contacts|You started a call|* started a call|"
    "Du hast eine Nachricht angeheftet|* hat eine Nachricht angeheftet|Du hast selbstlöschende Nachrichten aktiviert…|"
    "* hat selbstlöschende Nachrichten aktiviert…|Fijaste un mensaje|* fijó un mensaje|Activaste los mensajes temporales…|"
    "* activó los mensajes temporales…|Vous avez épinglé un message|* a épinglé un message|Vous avez activé les messages éphémères…|"
    "* a activé les messages éphémères…|Você fixou uma mensagem|* fixou uma mensagem|Você ativou as mensagens temporárias…|"
    "* ativou as mensagens temporárias…|Hai fissato un messaggio|* ha fissato un messaggio|Hai attivato i messaggi effimeri…|"
    "* ha attivato i messaggi effimeri…|Je hebt een bericht vastgezet|* heeft een bericht vastgezet|Вы закрепили сообщение|"
    "* закрепил(-а) сообщение|* закрепил(а) сообщение|Bir mesajı sabitlediniz|* bir mesajı sabitledi|Anda menyematkan pesan|"
    "* menyematkan pesan|您置顶了一条消息|你置顶了一条消息|*置顶了一条消息|您已釘選訊息|您釘選了一則訊息|你釘選了一則訊息|*釘選了一則訊息|"
    "メッセージをピン留めしました|*がメッセージをピン留めしました|您开启了限时消息…|*开启了限时消息…|您開啟了限時訊息…|*開啟了限時訊息…"
)
_GROUP = (
    "You created group *|You created this group|* created group *|* created this group|You added *|* added you|* added *|You removed *|"
    "* removed you|* removed *|You left|* left|You joined using this group's invite link|You joined using a group link|"
    "* joined using this group's invite link|* joined using your invite|* joined using a group link|* joined via invite link|"
    "* joined from the community|* joined this group via invite link…|You were added|You were removed|* was added|* was removed|"
    "You're now an admin|You're no longer an admin|You’re now an admin|You’re no longer an admin|* is now an admin|"
    "* is no longer an admin|You changed this group's icon|* changed this group's icon|You changed this group’s icon|"
    "* changed this group’s icon|You deleted this group's icon|* deleted this group's icon|You changed the group name *|"
    "* changed the group name *|You changed the group description…|"
    "* changed the group description…|You changed this group's settings…|* changed this group's settings…|"
    "You reset this group's invite link…|* reset this group's invite link…|You turned on admin approval…|* turned on admin approval…|"
    "You turned off admin approval…|* turned off admin approval…|* requested to join|Only admins can send messages…|"
    "This group was added to the community *|You added this group to the community…|* added this group to the community…|"
    "Anyone in the community *|This community was created…|Welcome to the community…|"
    "Du hast die Gruppe * erstellt|* hat die Gruppe * erstellt|Du hast diese Gruppe erstellt|* hat diese Gruppe erstellt|"
    "Du hast * hinzugefügt|* hat dich hinzugefügt|* hat * hinzugefügt|Du hast * entfernt|* hat dich entfernt|* hat * entfernt|"
    "Du hast die Gruppe verlassen|* hat die Gruppe verlassen|Du bist jetzt Admin|Du bist jetzt ein Admin|"
    "* ist der Gruppe mit dem Einladungslink beigetreten|* ist mithilfe des Einladungslinks dieser Gruppe beigetreten|"
    "Du hast das Gruppenbild geändert|* hat das Gruppenbild geändert|Du hast den Betreff * geändert|* hat den Betreff * geändert|"
    "Du hast den Gruppennamen * geändert|* hat den Gruppennamen * geändert|Du hast die Gruppenbeschreibung geändert…|"
    "* hat die Gruppenbeschreibung geändert…|"
    "Creaste el grupo *|* creó el grupo *|* creó este grupo|Añadiste a *|* te añadió|* añadió a *|Agregaste a *|* te agregó|"
    "* agregó a *|Eliminaste a *|* te eliminó|* eliminó a *|Saliste del grupo|* salió del grupo|* salió|Ahora eres admin. del grupo|"
    "Ahora eres administrador|* se unió usando el enlace de invitación de este grupo|* se unió con el enlace de invitación del grupo|"
    "Cambiaste el ícono de este grupo|Cambiaste el icono de este grupo|* cambió el ícono de este grupo|* cambió el icono de este grupo|"
    "Cambiaste el asunto *|* cambió el asunto *|Cambiaste el nombre del grupo *|* cambió el nombre del grupo *|"
    "Cambiaste la descripción del grupo…|* cambió la descripción del grupo…|"
    "Vous avez créé le groupe *|* a créé le groupe *|* a créé ce groupe|Vous avez ajouté *|* vous a ajouté|* vous a ajouté(e)|* a ajouté *|"
    "Vous avez retiré *|* vous a retiré|* a retiré *|Vous avez quitté le groupe|* a quitté le groupe|* est parti|* est parti(e)|"
    "Vous êtes désormais admin…|* a rejoint le groupe via le lien d'invitation…|* a rejoint en utilisant le lien d'invitation…|"
    "Vous avez changé l'icône du groupe|* a changé l'icône du groupe|Vous avez changé l'icône de ce groupe|* a changé l'icône de ce groupe|"
    "Vous avez changé le sujet *|* a changé le sujet *|* a changé le nom du groupe *|* a changé la description du groupe…|"
    "Você criou o grupo *|* criou o grupo *|* criou este grupo|Você adicionou *|* adicionou você|* adicionou *|Você removeu *|"
    "* removeu você|* removeu *|Você saiu|* saiu|* saiu do grupo|Você agora é um admin|Agora você é admin|"
    "* entrou usando o link de convite deste grupo|* entrou usando o link de convite|Você mudou a imagem deste grupo|"
    "* mudou a imagem deste grupo|* mudou a imagem do grupo|Você mudou o nome do grupo *|* mudou o nome do grupo *|* mudou o nome de *|"
    "Você mudou a descrição do grupo…|* mudou a descrição do grupo…|"
    "Hai creato il gruppo *|* ha creato il gruppo *|Hai aggiunto *|* ti ha aggiunto|* ha aggiunto *|Hai rimosso *|* ti ha rimosso|"
    "* ha rimosso *|Hai abbandonato|* ha abbandonato|* ha abbandonato il gruppo|Ora sei amministratore|Ora sei un amministratore|"
    "Hai cambiato l'immagine del gruppo|* ha cambiato l'immagine del gruppo|Hai cambiato l'oggetto *|* ha cambiato l'oggetto *|"
    "* ha cambiato il nome del gruppo *|* ha cambiato la descrizione del gruppo…|"
    "Je hebt de groep * gemaakt|* heeft de groep * gemaakt|* heeft groep * gemaakt|Je hebt * toegevoegd|* heeft je toegevoegd|"
    "* heeft * toegevoegd|Je hebt * verwijderd|* heeft je verwijderd|* heeft * verwijderd|Je bent weggegaan|* is weggegaan|"
    "* heeft de groep verlaten|Je bent nu een beheerder|Je hebt de groepsafbeelding gewijzigd|* heeft de groepsafbeelding gewijzigd|"
    "* heeft het onderwerp gewijzigd…|Je hebt het onderwerp gewijzigd…|* heeft de groepsnaam gewijzigd…|"
    "Вы создали группу *|* создал(-а) группу *|* создал(а) группу *|Вы добавили *|* добавил(-а) вас|* добавил(а) вас|* добавил(-а) *|"
    "* добавил(а) *|Вы удалили пользователя *|* удалил(-а) вас|Вы покинули группу|* покинул(-а) группу|* вышел(-ла)|Теперь вы админ…|"
    "* присоединился(-ась) к группе по ссылке…|Вы изменили картинку группы|* изменил(-а) картинку группы|Вы изменили фото группы|"
    "* изменил(-а) тему *|Вы изменили тему *|* изменил(-а) название группы *|* изменил(-а) описание группы…|"
    "* grubunu oluşturdunuz|* grubunu oluşturdu|* sizi ekledi|* ayrıldı|Artık yöneticisiniz|* bu grubun simgesini değiştirdi|"
    "Bu grubun simgesini değiştirdiniz|* grup açıklamasını değiştirdi…|"
    "Anda membuat grup *|* membuat grup *|Anda menambahkan *|* menambahkan Anda|* menambahkan *|Anda mengeluarkan *|* mengeluarkan Anda|"
    "Anda keluar|* keluar|Anda sekarang adalah admin|Anda kini adalah admin|* bergabung menggunakan tautan undangan grup ini|"
    "Anda mengubah ikon grup ini|* mengubah ikon grup ini|* mengubah subjek *|* mengubah nama grup *|* mengubah deskripsi grup…|"
    "您创建了群组*|你创建了群组*|*创建了群组*|*创建了此群组|您添加了*|你添加了*|*添加了您|*添加了你|*添加了*|您移除了*|*移除了您|*移除了*|您已退出群组|*退出了群组|"
    "*已退出群组|*离开了群组|*通过此群组的邀请链接加入|*使用此群组的邀请链接加入了群组|您现在是管理员|您现在已成为管理员|您更改了群组图标|你更改了群组图标|"
    "*更改了群组图标|您更改了此群组的图标|*更改了此群组的图标|*将群名称更改为*|*将群组名称更改为*|您将群名称更改为*|*更改了群组描述…|*将主题更改为*|"
    "您建立了群組*|你建立了群組*|*建立了群組*|*建立了此群組|您已建立群組*|*已建立群組*|您新增了*|你新增了*|*新增了您|*新增了你|*已新增您|*已將您加入|您移除了*|*移除了你|"
    "您已離開|*已離開|*離開了群組|*已離開群組|您已成為管理員|您現在是管理員|您變更了群組圖示|你變更了群組圖示|*變更了群組圖示|您已變更此群組的圖示|*已變更此群組的圖示|"
    "*變更了群組描述…|*將主旨更改為*|*將群組名稱變更為*|*已將群組名稱變更為*|*透過此群組的邀請連結加入|*使用此群組的邀請連結加入|"
    "グループ*を作成しました|*がグループ*を作成しました|*があなたを追加しました|*が*を追加しました|*が退出しました|*がグループのアイコンを変更しました|"
    "グループのアイコンを変更しました|*がグループの説明を変更しました…|*がグループ名を*に変更しました|"
    "*님이 그룹을 만들었습니다|*님이 *그룹을 만들었습니다|*님이 회원님을 추가했습니다|*님이 *님을 추가했습니다|*님이 나갔습니다|*님이 그룹 아이콘을 변경했습니다|"
    "*님이 그룹 이름을 *변경했습니다"
)
_VIEWED_ONCE = {
    "image": "You received a view once photo…|You sent a view once photo…|View once photo omitted",
    "video": "You received a view once video…|You sent a view once video…|View once video omitted",
    "voice": "You received a view once voice message…|You sent a view once voice message…",
    "other": "You received a view once message…|You sent a view once message…",
}
_BY_ADMIN = "This message was deleted by admin *|Diese Nachricht wurde von Admin * gelöscht|Diese Nachricht wurde vom Admin * gelöscht"


def _key(text: str) -> str:
    return text.casefold().rstrip(".。 ")


_WHOLE: dict[str, str] = {
    _key(phrase): kind
    for kind, phrases in (
        *_OMITTED.items(), ("call", _MISSED), ("recall", _DELETED), ("location", _LIVE), ("other", _WAITING),
    )
    for phrase in phrases.split("|")
}  # fmt: skip
_WHOLE |= {
    f"<{phrase}>": kind for phrase, kind in _WHOLE.items() if kind not in ("call", "recall", "location", "other")
}
_ANGLED = {f"<{_key(phrase)}>": "file" for phrase in _MEDIA.split("|")}
_WHOLE |= _ANGLED
_UNSURE = {_key(phrase): kind for kind, phrases in _LOOSE.items() for phrase in phrases.split("|")}
_NO_DOCUMENT = tuple(_OMITTED["file"].split("|"))
_CALLS = frozenset(_key(phrase) for phrase in f"{_MISSED}|{_LOOSE['call']}".split("|"))
_CALL_STARTS = frozenset(phrase[:2] for phrase in _CALLS)
_AT = r"(?:at|um|a las|a la|à|às|alle|alle ore|om|в|о|kl\.|klo)"  # older apps say when it was missed
_CALL = re.compile(
    rf"(.{{3,40}}?)(?:\s?[,，.。•:]\s?(?:{_WENT})\.?|(?:,|\s{_AT})\s\d{{1,2}}[:.]\d\d(?:\s?[ap]\.?\s?m\.?)?)",
    re.IGNORECASE,
)
_LONGEST = max(map(len, (*_WHOLE, *_UNSURE))) + 2


def _any(phrases: str) -> str:
    return "|".join(map(re.escape, sorted(phrases.split("|"), key=len, reverse=True)))


_NAMED_FILE = r"(?:IMG|VID|AUD|PTT|STK|DOC)-\d{8}-WA\d+\.\w{2,5}"  # so Android names them in every language
_FILE_ATTACHED = re.compile(
    rf"(?:(?P<a>{_NAMED_FILE}) \([^()\n]{{3,40}}\)|(?P<b>[^\n]{{1,200}}?\.\w{{2,5}}) \((?:{_any(_ATTACHED)})\)|"
    rf"(?:فایل پیوست شد) (?P<c>[^\n]{{1,120}}\.\w{{2,5}}))(?=\n|$)"
)
_FILE_ENCLOSED = re.compile(
    rf"[<‹](?:{_any(_ENCLOSED)})\s?[:：]\s?(?P<a>[^>›\n]+)[>›]|[<‹][^<>‹›:：\n]{{2,25}}[:：]\s?(?P<b>\d{{8}}-[^<>‹›\n]+\.\w{{2,5}})[>›]"
)
_PLACED = re.compile(
    rf"(?:(?:{_any(_PLACE)})\s?[:：]?\s)?https://maps\.google\.com/\S+|(?:{_any(_PLACE)})\s?[:：]\s?https://maps\.\S+",
    re.IGNORECASE,
)
_VENUE = re.compile(r"[^\n]{1,200}\([^()\n]*\)\s?[:：]\s?https://foursquare\.com/v/\w+")
_DOCUMENT = re.compile(
    rf"[^\n]{{1,200}}?\.\w{{2,5}}(?: • {MARK}?\d+ [^\n•]{{1,12}})? {MARK}?(?:{_any(_OMITTED['file'])})\.?"
)
_CHANGED = re.compile(rf"\s?{MARK}?<(?:{_any(_EDITED)})[.。]?>$|\s?{MARK}<[^<>:：\n]{{4,60}}>$")
_POLL = re.compile(
    rf"{MARK}?(?:POLL|UMFRAGE|ENCUESTA|SONDAGE|ENQUETE|SONDAGGIO|投票|アンケート|투표)[:：]\n.*\n{MARK}?"
    rf"(?:OPTION|OPCIÓN|OPÇÃO|OPZIONE|选项|選項|オプション|옵션)[:：].*"
    rf"|{MARK}?[^\s:：]{{2,15}}[:：]\n[^\n]+(?:\n{MARK}?[^\s:：]{{2,15}}[:：] [^\n]+[(（]{MARK}?\d+ ?[^\s()（）]{{1,15}}[)）])+\s*",
    re.DOTALL,
)
_CALLED = re.compile(r"(?:^|[-_\d])(PHOTO|IMG|VIDEO|VID|AUDIO|PTT|STK|STICKER|GIF)(?:[-_]|$)", re.IGNORECASE)
_KIND_OF_NAME = {
    "PHOTO": "image", "IMG": "image", "VIDEO": "video", "VID": "video", "AUDIO": "voice", "PTT": "voice", "STK": "sticker",
    "STICKER": "sticker", "GIF": "sticker",
}  # fmt: skip
_ENDINGS = {
    "jpg": "image", "jpeg": "image", "png": "image", "heic": "image", "mp4": "video", "mov": "video", "3gp": "video",
    "opus": "voice", "m4a": "voice", "mp3": "voice", "aac": "voice", "ogg": "voice", "webp": "sticker", "vcf": "contact",
}  # fmt: skip


# templates by kind; those that begin with a name apart from those that begin with words
_LED: dict[str, list[tuple[str, str]]] = defaultdict(list)  # by their first two characters
_ACTED: list[tuple[str, str]] = []
for _kind, _phrases in (
    ("secure", _SECURE), ("chat", _CHAT), ("group", _GROUP), ("recall", _BY_ADMIN), *_VIEWED_ONCE.items(),
):  # fmt: skip
    for _phrase in _phrases.split("|"):
        if _phrase.startswith("*"):
            _ACTED.append((_kind, _phrase[1:]))
        else:
            _LED[_phrase[:2]].append((_kind, _phrase))


def _pattern(templates: list[tuple[str, str]], before: str = "") -> re.Pattern[str]:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, template in templates:
        escaped = re.escape(template.rstrip(".。"))
        by_kind[kind].append(escaped.replace(r"\*", r".{1,150}?").replace("…", ".{0,400}"))
    kinds = "|".join(f"(?P<{kind}>{'|'.join(parts)})" for kind, parts in by_kind.items())
    return re.compile(rf"{before}(?:{kinds})[.。]?")


@cache
def _led(start: str) -> re.Pattern[str]:
    return _pattern(_LED[start])


@cache
def _acted(before: str) -> re.Pattern[str]:
    return _pattern(_ACTED, before)


def notice(text: str, sender: str = "") -> str:
    """What kind of notice a text reads as: secure, chat, group, or another kind of message; "" for none.

    A notice that begins with a name is seen where that name is `sender`; without one, any name will do.
    """
    if len(text) > 600 or "\n" in text:
        return ""
    found = _led(text[:2]).fullmatch(text) if text[:2] in _LED else None
    if not found and not sender:
        found = _acted(r"[^:\n]{1,80}?").fullmatch(text)
    elif not found and text.startswith(sender):
        found = _acted("").fullmatch(text, len(sender))
    return (found and found.lastgroup) or ""


def bare_line(line: str) -> bool:
    """Whether a line with a colon in it is a notice as a whole: Ann changed the subject to "x: y"."""
    head = line.partition(":")[0]
    found = notice(line.strip(MARKS + " "))
    return bool(found) and any(c.isspace() or c > "\u2e7f" for c in head)


def understood(text: str, sender: str, android: bool) -> Said:
    """What one message is, by the lists alone."""
    marked = text[:1] == MARK
    if ">" in text:
        text = _CHANGED.sub("", text) if text.casefold().strip(MARKS + " ") not in _WHOLE else text
    plain = text.strip(MARKS + " \n")
    if not plain:
        return Said("other", None)
    known = _placeholder(plain, marked, android) or _with_file(text, plain, marked)
    if known:
        return known
    if "https://" in plain and _place(plain.replace(MARK, ""), marked):
        return Said("location", None)
    if "\n" in plain and _POLL.fullmatch(text):
        return Said("other", None)
    if marked or plain[:2] in _LED or plain.startswith(sender):
        found = notice(plain.replace(MARK, ""), "" if marked else sender)
        if found in ("secure", "chat", "group"):
            sure = found == "secure" and not android
            return Said("system" if sure else "text", plain, "" if sure else "notice", marked, found == "group")
        if found:
            return Said(found, None)
    return Said("text", plain, "marked", True) if marked else Said("text", plain)


def _place(plain: str, marked: bool) -> bool:
    if marked:
        return "https://maps." in plain or "https://foursquare.com/" in plain
    return bool(_PLACED.fullmatch(plain) or _VENUE.fullmatch(plain))


def _placeholder(plain: str, marked: bool, android: bool) -> Said | None:
    if android and plain == "null":  # a picture that could be seen once
        return Said("image", None)
    if len(plain) > _LONGEST:
        return None
    key = _key(plain.replace(MARK, ""))
    if key in _WHOLE:
        return Said(_WHOLE[key], None)
    if key in _UNSURE:
        return Said(_UNSURE[key], None) if marked else Said("text", plain, "notice")
    if key[:2] in _CALL_STARTS:
        call = _CALL.fullmatch(plain.replace(MARK, ""))
        if call and _key(call[1]) in _CALLS:
            return Said("call", None)
        if marked and key.split(",")[0].split(".")[0].split("，")[0] in _CALLS:
            return Said("call", None)
    return None


def _with_file(text: str, plain: str, marked: bool) -> Said | None:
    """A file with its caption: before the mark on an iPhone, on the lines below on Android."""
    if plain.rstrip(".").endswith(_NO_DOCUMENT) and _DOCUMENT.fullmatch(plain):
        return Said("file", None)
    if MARK in text or "\n" in plain:
        front, mark, last = plain.rpartition(MARK)
        if mark and (kind := _WHOLE.get(_key(last)) or _UNSURE.get(_key(last))):
            # what the app itself wrote stands before it, too: NAME.pdf • 3 pages
            return Said(kind, None if marked else front.strip(MARKS + " \n") or None)
        first, end, below = plain.partition("\n")
        kind = _WHOLE.get(_key(first)) if end else None
        if kind and (marked or _key(first) in _ANGLED):
            return Said(kind, below.strip(MARKS + " \n") or None)
    enclosed = _FILE_ENCLOSED.search(plain) if ">" in plain or "›" in plain else None
    attached = None if enclosed or ")" not in plain else _FILE_ATTACHED.match(plain)
    if enclosed and (enclosed.start() == 0 or enclosed.end() == len(plain)):
        front = "" if marked else plain[: enclosed.start()]
        below = plain[enclosed.end() :]
        return _filed(enclosed["a"] or enclosed["b"], (front + below).strip(MARKS + " \n"))
    if not attached and plain.startswith("فایل پیوست شد "):
        attached = _FILE_ATTACHED.match(plain)
    if attached:
        return _filed(attached["a"] or attached["b"] or attached["c"], plain[attached.end() :].strip(MARKS + " \n"))
    return None


def _filed(name: str, caption: str) -> Said:
    name = name.strip(MARKS + " ")
    called = _CALLED.search(name)
    kind = _KIND_OF_NAME[called[1].upper()] if called else _ENDINGS.get(name.rpartition(".")[2].lower(), "file")
    titled = caption in (name, name.rpartition(".")[0])  # below a document Android writes its title
    return Said(kind, None if titled else caption or None)
