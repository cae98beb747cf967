"""The words beside amounts on receipts and invoices, in English, German and Turkish.

They are compared without accents and with small errors forgiven (see ``wording``).
"""

FINAL = (  # the sum to pay, after everything
    "grand total", "total amount due", "amount due", "balance due", "total due", "total payable",
    "amount payable", "payable", "rounded total", "total rounded", "net total", "nett total",
    "net amt", "net amount", "nett amount", "total to pay", "invoice total", "zu zahlen",
    "gesamtbetrag", "gesamtsumme", "rechnungsbetrag", "rechnungssumme", "endbetrag", "endsumme",
    "zahlbetrag", "gesamt brutto", "bruttobetrag", "genel toplam", "odenecek tutar", "odenecek",
    "total ttc", "toplam tutar", "vergiler dahil toplam tutar",
)  # fmt: skip

TOTAL = (  # a sum, of whatever
    "total", "summe", "toplam", "gesamt", "due",
)  # fmt: skip

INCLUSIVE = (  # tax and all included
    "inclusive", "incl", "including", "inkl", "dahil",
)  # fmt: skip

MAYBE = (  # an amount that may be the sum
    "amount", "betrag", "tutar", "sales", "umsatz", "brutto", "subtotal",
)  # fmt: skip

PAID = (  # what was given, or how
    "cash", "pay", "bar", "bargeld", "gegeben", "visa", "mastercard", "maestro", "girocard",
    "ec karte", "ec lastschrift", "lastschrift", "kartenzahlung", "kreditkarte", "credit card",
    "debit", "debit card", "card", "nakit", "kredi karti", "kart", "banka karti", "paid",
    "payment", "tendered", "received", "accepted total", "accepted", "bezahlt", "master", "amex",
    "ringgit", "erhalten", "eft", "alinan", "alinan para",
)  # fmt: skip

CHANGE = (  # what was given back
    "change", "ruckgeld", "rueckgeld", "zuruck", "zurueck", "para ustu", "change due",
    "wechselgeld",
)  # fmt: skip

TENDERED = (  # cash that change was given on
    "tendered", "received", "accepted total", "accepted", "cash", "bargeld", "gegeben", "nakit",
)  # fmt: skip

PART = (  # a sum that something is still added to
    "subtotal", "sub total", "zwischensumme", "ara toplam", "excluding", "excl", "exclusive",
    "netto", "net of", "before", "haric", "matrah", "kdv haric",
)  # fmt: skip

OTHER = (  # amounts that are not the sum
    "tax", "gst", "sst", "vat", "mwst", "ust", "umsatzsteuer", "steuer", "kdv", "topkdv",
    "toplam kdv", "discount", "rabatt", "indirim", "iskonto", "saving", "savings", "saved",
    "rounding", "round adj", "rundung", "yuvarlama", "qty", "quantity", "menge", "miktar",
    "items", "item count", "count", "points", "punkte", "puan", "service", "tip", "trinkgeld",
    "deposit", "pfand", "balance forward", "einzelpreis", "unit price", "price", "bakiye",
    "limit", "summary",
)  # fmt: skip

TAX = (  # what is added to a net sum
    "tax", "gst", "sst", "vat", "mwst", "ust", "umsatzsteuer", "kdv", "topkdv", "steuer",
    "service",
)  # fmt: skip

ROUNDING = (  # to coins that exist
    "rounding", "round adj", "rundung", "yuvarlama",
)  # fmt: skip
