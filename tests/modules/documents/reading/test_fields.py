"""What is found in the lines of receipts and invoices of several countries."""

import datetime
import re
import textwrap

import pytest

from tests.modules.documents.reading.papers import PAPERS
from unibos.modules.documents.reading.classification import believed, classify, title
from unibos.modules.documents.reading.fields import find_fields
from unibos.modules.documents.reading.result import Field
from unibos.modules.documents.reading.words import text_rows

TODAY = datetime.date(2025, 1, 1)


def lines(text):
    return text_rows(textwrap.dedent(text).strip())


def fields(text, **options):
    return find_fields(lines(text), **{"day_first": None, "today": TODAY, **options})


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_paper_is_understood(paper):
    rows = lines(paper.text)
    found = find_fields(rows, day_first=None, today=TODAY)
    values = {name: field.value for name, field in found.items()}
    assert values == {
        "merchant": paper.merchant,
        "date": paper.date,
        "total": paper.total,
        "currency": paper.currency,
    }
    assert classify(rows, found) == paper.kind
    assert title(paper.kind, rows, found).startswith(f"{paper.merchant}, {paper.date}")


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_confidences_are_shares(paper):
    for field in fields(paper.text).values():
        assert 0 < field.confidence < 1


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_totals_survive_letters_for_digits(paper):
    worse = re.sub(r"(?<=\d[.,])0(?=\d)|(?<=\d[.,]\d)0", "O", paper.text)
    assert fields(worse)["total"].value == paper.total


def test_nothing_is_made_up_of_nothing():
    assert fields("") == {}
    assert find_fields([], day_first=None, today=TODAY) == {}


def test_a_story_has_no_sum_and_is_no_receipt():
    rows = lines(
        """
        The boat came in at dusk. Nobody spoke for a while, and the lamps were
        lit one after the other along the quay, until the whole harbour shone.
        """
    )
    found = find_fields(rows, day_first=None, today=TODAY)
    assert "total" not in found
    assert classify(rows, found) == "other"
    assert believed("other", {"total": Field("1.00", 0.9), "date": Field("2020-01-01", 0.9)}) == {
        "date": Field("2020-01-01", 0.9)
    }


@pytest.mark.parametrize(
    "text",
    [
        """
        Sehr geehrte Damen und Herren,
        hiermit kündige ich meinen Vertrag zum nächstmöglichen Zeitpunkt.
        Mit freundlichen Grüßen
        """,
        """
        Dear Sir or Madam,
        thank you for your letter of May 3rd.
        Yours sincerely
        """,
        """
        Sayın Yetkili,
        Başvurumun sonucunu bildirmenizi rica ederim.
        Saygılarımla
        """,
    ],
)
def test_letters_are_letters(text):
    rows = lines(text)
    assert classify(rows, find_fields(rows, day_first=None, today=TODAY)) == "letter"


def test_a_title_of_other_papers_is_their_first_line_and_never_long():
    assert title("other", lines("Minutes of the meeting\nPresent: all"), {}) == (
        "Minutes of the meeting"
    )
    assert len(title("other", lines("word " * 60), {})) <= 80
    assert title("other", [], {}) == ""
    assert title("receipt", [], {"total": Field("7.16", 1.0), "currency": Field("EUR", 1.0)}) == (
        "7.16 EUR"
    )


def test_the_sum_of_cash_less_change_proves_a_total_that_was_not_read():
    found = fields(
        """
        SOME SHOP LTD
        Bread 2.50
        Milk 1.25
        T?T@L #.#5
        Cash 5.00
        Change 1.25
        """
    )
    assert found["total"].value == "3.75"


def test_rounding_to_coins_wins_only_where_rounding_is_mentioned():
    receipt = """
        A SHOP
        Item 31.47
        Total Amount 31.47
        {rounding}
        Please pay 31.45
        """
    assert fields(receipt.format(rounding="Rounding Adj -0.02"))["total"].value == "31.45"
    assert fields(receipt.format(rounding=""))["total"].value == "31.47"


def test_a_total_at_a_rate_is_only_a_part():
    found = fields(
        """
        A BAKERY
        TOTAL 0% SUPPLIES: 39.40
        TOTAL 6% SUPPLIES (EXCL. GST): 12.96
        GST: 0.78
        TOTAL PAYABLE: 53.14
        """
    )
    assert found["total"].value == "53.14"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("HOME TOOLS &\nELECTRICAL\n1, JALAN SATU", "HOME TOOLS & ELECTRICAL"),
        ("LUCKY HARDWARE\nENTERPRISE (EAST\nSIDE) SDN BHD", None),
        ("PAPER MOON (123456-X)\n12 High Street", "PAPER MOON"),
        ("Muster GmbH, Hauptstr. 1, 10115 Berlin", "Muster GmbH"),
        ("TAX INVOICE\nGOLDEN BISTRO\n5 Main Street", "GOLDEN BISTRO"),
        ("Willkommen\nBlumen Wiese\nAm Markt 1\nwww.blumen-wiese.de", "Blumen Wiese"),
    ],
)
def test_names_are_cut_and_joined(text, name):
    expected = name or text.replace("\n", " ")
    assert fields(text)["merchant"].value == expected


def test_an_address_or_a_date_alone_is_no_name():
    assert "merchant" not in fields("12345 Berlin\n02.03.2020")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Total RM9.90", "MYR"),
        ("Total RM 9.90", "MYR"),
        ("Summe 9,90 €", "EUR"),
        ("Summe EUR 9,90", "EUR"),
        ("TOPLAM 9,90 TL", "TRY"),
        ("TOPLAM ₺9,90", "TRY"),
        ("TOPKDV *1,20\nTOPLAM *9,90", "TRY"),
        ("Total £9.90", "GBP"),
        ("Total $9.90", "USD"),
        ("Total CHF 9.90", "CHF"),
        ("MwSt 19% 1,58\nSumme 9,90", "EUR"),
        ("Lot $319, 2nd Floor\nACME SDN BHD\nTotal 9.90", "MYR"),
    ],
)
def test_currencies(text, code):
    assert fields(text)["currency"].value == code


def test_no_currency_is_guessed_without_a_sign():
    assert "currency" not in fields("Total 9.90")
