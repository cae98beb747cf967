"""Who made out a receipt or an invoice: the line that looks most like a firm's name.

Names stand near the top, often in larger letters, with a legal form (GmbH, Sdn Bhd, A.Ş.) or a
trade (Market, Apotheke); addresses, numbers and greetings do not count. The web address on the same
paper is a strong hint.
"""

import re
from collections.abc import Sequence

import msgspec

from unibos.modules.documents.reading.amounts import amounts
from unibos.modules.documents.reading.language import fold
from unibos.modules.documents.reading.result import Field
from unibos.modules.documents.reading.wording import mentions
from unibos.modules.documents.reading.words import Row

_TOP = 12
_LARGE = 1.35
_LEAST = 0.4
_LEGAL = re.compile(
    r"\b(gmbh|mbh|ohg|kgaa|e\.?\s?k\.?|ag|kg|ug|se|s[do]n\.?\s*\.?bhd|s/b|bhd|ltd|limited|llc|inc|plc|llp|"
    r"corp|co\.|pty|a\.?\s?[sş]\.|ltd\.?\s?[sş]ti|tic\.|san\.|s\.?a\.?r\.?l|s\.p\.a|b\.v|n\.v)(?![a-z])"
)
_FORM = re.compile(
    rf"{_LEGAL.pattern}|\b(sdn|bhd|gida|tic|ticaret|san|sanayi|paz|pazarlama|ith|ihr|ins|insaat|turizm|"
    r"tekstil|oto|ve|und|and|ltd|sti|co|gmbh|kg)\b"
)
_TRADES = (
    "restaurant", "restoran", "restorant", "cafe", "coffee", "bakery", "backerei", "baeckerei",
    "konditorei", "metzgerei", "apotheke", "pharmacy", "eczane", "eczanesi", "market", "markt",
    "supermarket", "supermarkt", "mart", "minimarket", "store", "stores", "shop", "bookstore",
    "bookstores", "books", "hotel", "bistro", "pizzeria", "trading", "enterprise", "supplies",
    "hardware", "house", "kitchen", "grill", "bar", "petrol", "tankstelle", "drogerie", "baumarkt",
    "buchhandlung", "kaufhaus", "lokanta", "lokantasi", "lokantası", "bakkal", "manav", "kasap",
    "firin", "firini", "kirtasiye", "kitabevi", "magazacilik", "magazalari", "gida", "ticaret",
    "petrol", "otel", "kahve", "pastane", "pastanesi", "salon", "clinic", "klinik", "studio",
    "garage", "autohaus", "motors", "services", "company", "group", "industries", "electrical",
    "cash & carry", "stationery", "gift", "deco", "pizza", "marketing", "gallery", "boutique",
)  # fmt: skip
_ADDRESS = re.compile(
    r"\b(jalan|jln|jl|lot|lorong|taman|tmn|bandar|seksyen|floor|level|street|st\.|road|rd\.?|avenue|"
    r"ave\.?|lane|blvd|boulevard|suite|strasse|str\.|weg|platz|allee|[a-z]+(?:strasse|str\.|weg|platz|"
    r"ring|allee|gasse)|mah\.?|mahallesi|cad\.?|caddesi|sok\.?|sokak|sk\.|bulvari|no\.?:?\s?\d+|"
    r"postfach|p\.?o\.? box|selangor|johor|kuala lumpur|istanbul|ankara|izmir)(?![a-z])"
    r"|\b\d{5}\b|^\d+[a-z]?[,\s]"
)
_CONTACT = re.compile(
    r"\b(company no|co\.? ?no|roc|tel|telefon|phone|fax|faks|mobile|hp|h/p|email|e-mail|www|http|"
    r"ust|vergi|vkn|v\.d|gst|sst|vat|tax|reg|steuer\w*|id|mersis|iban|bic|bank)\b|@|www\."
)
_REGISTRATION = re.compile(r"\s*[\[({][^)\]}]*\d[^)\]}]*[)\]}]?\W*$")
_NUMBER_BEHIND = re.compile(r"\s+\(?[A-Z]{0,2}\d{5,10}\s?-\s?[A-Z]\)?\W*$")
_NOT_A_NAME = (
    "posted", "malaysia", "deutschland", "turkiye", "tq", "cash sale", "visit", "shopping",
    "invoice", "receipt", "tax invoice", "rechnung", "quittung", "beleg", "kassenbon",
    "kundenbeleg", "bon", "fatura", "fis", "bilgi fisi", "mali fis", "welcome", "willkommen",
    "hosgeldiniz",
    "thank you", "vielen dank", "tesekkurler", "cash bill", "bill", "copy", "kopie", "original",
    "date", "datum", "tarih", "cashier", "table", "kasse", "kasiyer", "goods sold", "returnable",
    "offnungszeiten", "opening hours", "seite", "page", "customer", "bill to", "kunde", "musteri",
    "sayin", "dear", "total", "summe", "toplam", "terminal", "merchant", "e arsiv",
)  # fmt: skip
_CUSTOMER = ("bill to", "billed to", "ship to", "sold to", "customer", "sayin", "musteri", "alici")
_DOMAIN = re.compile(r"(?:www\.|@|https?://)\s?([a-z0-9-]+)\s?\.\s?(?:[a-z]{2,})")
_MAIL_HOSTS = ("gmail", "yahoo", "hotmail", "outlook", "gmx", "icloud", "web", "t-online")
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")


class _Candidate(msgspec.Struct):
    name: str
    score: float


def find_merchant(rows: Sequence[Row]) -> Field | None:
    """The name of the shop or firm, ``None`` when no line looks like one."""
    names = _domains(rows)
    usual = _usual_height(rows)
    best: _Candidate | None = None
    for index, row in enumerate(rows):
        name = tidy(_joined(rows, index, usual))
        score = _score(row, name, index, usual, names) + _neighbours(rows, index)
        if best is None or score > best.score:
            best = _Candidate(name, score)
    if best is None or best.score < _LEAST:
        return None
    return Field(best.name, round(min(0.97, best.score), 2))


def tidy(name: str) -> str:
    """A name without what registries and printers put around it."""
    name = _NUMBER_BEHIND.sub("", _REGISTRATION.sub("", name))
    match = _LEGAL.search(name.lower())
    if match and "," in name[match.end() :]:
        name = name[: name.index(",", match.end())]
    return re.sub(r"\s+", " ", name).strip(" \t.,:;*-_=~'\"|/<>#«»—–")


def _joined(rows: Sequence[Row], index: int, usual: float) -> str:
    """A line, with those below that are its end, or set in the same large type."""
    row = rows[index]
    text = row.text
    for following in rows[index + 1 : index + 3]:
        if not _continues(text, following.text) and not _same_type(row, following, usual):
            break
        text = f"{text} {following.text}"
        row = following
    return text


def _same_type(row: Row, following: Row, usual: float) -> bool:
    """Tell whether two lines are set alike, larger than the rest, and only of words."""
    large = min(row.height, following.height) > _LARGE * usual
    alike = abs(row.height - following.height) < 0.15 * row.height
    near = following.top - row.top < 2.2 * row.height
    words = not any(map(str.isdigit, row.text + following.text))
    return large and alike and near and words and not _LEGAL.search(fold(following.text))


def _only_form(text: str) -> bool:
    """Tell whether a line is but the end of a firm's name: legal form, branch, abbreviations."""
    folded = fold(text)
    rest = _FORM.sub("", folded)
    return _LEGAL.search(folded) is not None and not re.search(r"[a-z0-9]{2}", rest)


def _continues(text: str, following: str) -> bool:
    """Tell whether a name goes on in the next line."""
    folded = fold(text)
    if _LEGAL.search(folded) or _ADDRESS.search(folded) or amounts(text):
        return False
    if (
        text.rstrip().endswith("&")
        or following.startswith("&")
        or text.count("(") > text.count(")")
    ):
        return True
    rest = re.sub(r"\([^)]*\)?", "", _FORM.sub("", fold(following)))
    if sum(map(str.isalpha, following)) < 3:
        return False
    return all(mentions(word, _TRADES) for word in re.findall(r"[a-z0-9]{2,}", rest))


def _score(row: Row, name: str, index: int, usual: float, domains: frozenset[str]) -> float:
    folded = fold(name)
    letters = sum(map(str.isalpha, name))
    if letters < 3 or letters < 0.5 * len(name.replace(" ", "")) or _only_form(name):
        return 0.0
    score = 0.5 * row.confidence - 0.1 + max(0.0, 0.3 - 0.03 * index)
    legal = _LEGAL.search(folded) is not None
    if legal:
        score += 0.35
    elif mentions(name, _TRADES):
        score += 0.15
    if _named_in(folded, domains):
        score += 0.3
    if usual and index < _TOP:
        score += 0.25 * max(0.0, min(1.0, row.height / usual - 1.1))
    return score - _doubt(row, folded, letters, legal=legal)


def _doubt(row: Row, folded: str, letters: int, *, legal: bool) -> float:
    """What speaks against a line being a name."""
    doubt = 0.0
    if _ADDRESS.search(folded) and not legal:
        doubt += 0.4
    if _CONTACT.search(folded):
        doubt += 0.5
    if mentions(folded, _NOT_A_NAME):
        doubt += 0.4
    if amounts(row.text) or _DATE.search(row.text):
        doubt += 0.5
    if letters > 45:
        doubt += 0.3
    if letters < 4:
        doubt += 0.3
    return doubt


def _neighbours(rows: Sequence[Row], index: int) -> float:
    """What the lines around add: an address stands below a name, "Bill to" above a customer's."""
    if any(mentions(before.text, _CUSTOMER) for before in rows[max(0, index - 2) : index]):
        return -0.4
    if index and _continues(rows[index - 1].text, rows[index].text):
        return -0.3
    for distance, following in enumerate(rows[index + 1 : index + 3]):
        if _ADDRESS.search(fold(following.text)):
            return 0.15 - 0.05 * distance
    return 0.0


def _usual_height(rows: Sequence[Row]) -> float:
    heights = sorted(row.height for row in rows)
    return heights[len(heights) // 2] if heights else 0.0


def _domains(rows: Sequence[Row]) -> frozenset[str]:
    """Names in the web and mail addresses of the text, without those of mail providers."""
    found = {name for row in rows for name in _DOMAIN.findall(fold(row.text))}
    return frozenset(re.sub(r"\W", "", name) for name in found if name not in _MAIL_HOSTS)


def _named_in(folded: str, domains: frozenset[str]) -> bool:
    words = re.findall(r"[a-z0-9]{4,}", folded)
    return any(
        word in domain or domain in word for word in words for domain in domains if len(domain) > 3
    )
