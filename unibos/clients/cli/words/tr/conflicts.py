"""Turkish of `unibos conflicts` and `unibos sync quarantine`."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "See what lost when the same was changed in two places, and bring it back.": (
        "Aynı şey iki yerde değiştirildiğinde neyin kaybettiğini gör ve geri getir."
    ),
    "List what lost, the newest first.": "Kaybedenleri listele, en yenisi başta.",
    "Only in this collection.": "Yalnız bu koleksiyonda.",
    "Only of this record.": "Yalnız bu kaydın.",
    "Only those that wait for a decision.": "Yalnız karar bekleyenler.",
    "Found": "Bulundu",
    "Record": "Kayıt",
    "Lost": "Kaybeden",
    "Open": "Açık",
    "Show what lost beside what there is: a line with + is what restoring would bring back.": (
        "Kaybedeni şimdikinin yanında göster: + ile başlayan satır geri gelecek olandır."
    ),
    "Written": "Yazıldı",
    "Written by": "Yazan",
    "Copy": "Kopya",
    "stood here": "burada duruyordu",
    "came from the peer": "eşten geldi",
    "The record is deleted.": "Kayıt silinmiş.",
    "Bring back what lost, as a new change.": "Kaybedeni yeni bir değişiklik olarak geri getir.",
    "{record} has it back.": "{record} onu geri aldı.",
    "Let go of what lost, for good.": "Kaybedenden kalıcı olarak vazgeç.",
    "Let go of it for good?": "Ondan kalıcı olarak vazgeçilsin mi?",
    "Conflict {id} is closed.": "{id} çakışması kapandı.",
    "See changes that could not be taken yet, and try again.": (
        "Henüz alınamayan değişiklikleri gör ve yeniden dene."
    ),
    "List what is held back, and why.": "Bekletilenleri nedenleriyle listele.",
    "Came": "Geldi",
    "From": "Kimden",
    "Tried again": "Yeniden denenecek",
    "Reason": "Neden",
    "Try to take all of it now.": "Hepsini şimdi almayı dene.",
    "{taken} taken, {held} held as before.": "{taken} alındı, {held} önceki gibi bekliyor.",
    "Let go of a change; where it comes from it stays.": (
        "Bir değişiklikten vazgeç; geldiği yerde kalır."
    ),
    "Never take this change?": "Bu değişiklik hiç alınmasın mı?",
    "Change {id} is let go.": "{id} değişikliğinden vazgeçildi.",
    "Wait no more for a peer that does not come back; PEER is its id.": (
        "Geri gelmeyecek bir eşi artık bekleme; PEER onun kimliğidir."
    ),
    "Does {peer} not come back?": "{peer} geri gelmeyecek mi?",
    "Nothing waits for {peer} any more.": "{peer} artık beklenmiyor.",
}

CODES: Mapping[str, str] = {
    "conflict_not_found": "Böyle bir çakışma yok.",
    "peer_not_found": "Böyle bir eş beklenmiyor.",
    "quarantine_full": "Karantinada yer kalmadı.",
    "quarantined_not_found": "Karantinada böyle bir değişiklik yok.",
}
