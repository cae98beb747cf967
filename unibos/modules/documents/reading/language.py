"""Which language a text is in: counts small words that only one language uses often.

Words are compared without accents, because OCR with another language's model loses them.
"""

import re
import unicodedata
from collections.abc import Iterable

_ENOUGH = 3
_LEAD = 1.5

_COMMON: dict[str, str] = {
    "en": "the and of to in is was for that with this you your are be on from it at by have not or "
    "which thank please total cash change date amount invoice receipt tax welcome price "
    "dear sincerely regards",
    "de": "der die das und ist nicht ein eine einen mit von zu den dem des auf sie wir ihr ihre "
    "ihren fur im sich wird sind bei oder auch nach vielen dank summe mwst zahlen rechnung "
    "betrag bar ruckgeld datum uhr einkauf netto brutto steuer geehrte grussen strasse tel "
    "gmbh artikel kasse gegeben steuernummer",
    "tr": "ve bir bu ile icin da de olarak olan daha cok en gibi ne kadar sonra tarih saat toplam "
    "kdv fis tesekkur tesekkurler ederiz nakit tutar fatura adet kredi karti odeme topkdv "
    "vergi dairesi sayin saygilarimizla tl mah cad sok genel ara kasiyer",
    "fr": "le la les et est un une des du dans que qui pour pas sur avec vous nous au aux ce il "
    "elle je par plus ne se son sa ses merci montant facture carte",
    "es": "el los las una que en por con para del se su es al lo como mas gracias total fecha "
    "importe factura iva",
    "it": "il di che la per un una con del della sono non si nel alla gli grazie totale data "
    "importo fattura iva",
    "nl": "de het een van en in te dat is op zijn met voor niet aan er om bij ook als dan naar "
    "bedankt totaal datum bedrag btw",
    "ms": "dan yang di untuk dengan ini itu tidak akan pada terima kasih jumlah tarikh sila",
}

_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}

_MODELS = {
    "en": "eng",
    "de": "deu",
    "tr": "tur",
    "fr": "fra",
    "es": "spa",
    "it": "ita",
    "nl": "nld",
    "ms": "msa",
}


def fold(text: str) -> str:
    """Lower case without accents: ``Straße`` → ``strasse``, ``İŞLEM`` → ``islem``."""
    lowered = text.replace("İ", "i").replace("I", "i").replace("ı", "i").casefold()
    parts = unicodedata.normalize("NFKD", lowered)
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def guess(text: str) -> str | None:
    """ISO 639-1 code of the language that a text is most likely in, ``None`` if unclear."""
    counts = _count(re.findall(r"[a-z]+", fold(text)))
    ranked = sorted(counts.items(), key=lambda item: item[1], reverse=True)
    (first, most), (_, second) = ranked[0], ranked[1]
    return first if most >= _ENOUGH and most >= _LEAD * second else None


def model(language: str | None) -> str | None:
    """Tesseract's name of a language, ``None`` if we cannot guess that language."""
    return _MODELS.get(language or "")


def _count(words: Iterable[str]) -> dict[str, float]:
    """Weight of each language: a word shared by several languages counts a part for each."""
    counts = dict.fromkeys(_WORDS, 0.0)
    for word in words:
        known = [language for language, common in _WORDS.items() if word in common]
        for language in known:
            counts[language] += 1 / len(known)
    return counts
