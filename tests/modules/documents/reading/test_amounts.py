"""Amounts and dates in single lines."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.modules.documents.reading.amounts import amounts, money
from unibos.modules.documents.reading.dates import dates, find_date
from unibos.modules.documents.reading.words import text_rows

TODAY = datetime.date(2025, 1, 1)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Total 1,007.50", ["1007.50"]),
        ("TOPLAM *1.234,56", ["1234.56"]),
        ("Gesamt 1.234.567,89 EUR", ["1234567.89"]),
        ("CHF 1'250.00", ["1250.00"]),
        ("Bar 10,00", ["10.00"]),
        ("CHANGE RM .10", ["0.10"]),
        ("TOTAL RM 64. 15", ["64.15"]),
        ("S Service Chrg RM 5 83", ["5.83"]),
        ("RM9.90 z", ["9.90"]),
        ("EUR19,90", ["19.90"]),
        ("26,90€", ["26.90"]),
        ("Rückgeld -2,84", ["-2.84"]),
        ("Leergut 0,75-", ["-0.75"]),
        ("A 7 % 0,47 6,69 7,16", ["0.47", "6.69", "7.16"]),
        ("4.OO", ["4.00"]),
        ("RM l5.9O", ["15.90"]),
        ("3x10.49 31.47 S", ["10.49", "31.47"]),
        ("2*9,95", ["9.95"]),
        ("TOTAL64.15", ["64.15"]),
    ],
)
def test_amounts_in_all_spellings(text, values):
    assert [str(amount.value) for amount in amounts(text)] == values


@pytest.mark.parametrize(
    "text",
    [
        "MwSt 7,00%",
        "GST @6.00 %",
        "23.04.2020 09:59",
        "02.03.20",
        "geöffnet bis 20.00 Uhr",
        "0,952 kg",
        "12,50 kg",
        "Tel 05251/56677",
        "2312475009906",
        "192.168.10.20",
        "at 24, 25, or 30 frames",
        "",
    ],
)
def test_what_is_no_amount(text):
    assert amounts(text) == []


@given(st.decimals(min_value="0.01", max_value="9999999.99", places=2))
def test_every_amount_is_found_in_three_spellings(value):
    plain = money(value)
    english = f"{value:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    for text in (plain, english, german):
        assert [amount.value for amount in amounts(f"Total {text}")] == [Decimal(plain)]


@given(st.text(max_size=60))
def test_any_line_is_taken(text):
    for amount in amounts(text):
        assert 0 <= amount.start < amount.end
    list(dates(text, today=TODAY))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("02.03.2020", "2020-03-02"),
        ("Datum 02.03.20 15:59", "2020-03-02"),
        ("5/3/2018 22:52:33", "2018-03-05"),
        ("20-02-18", "2018-02-20"),
        ("2018-02-20", "2018-02-20"),
        ("20180220/191204", "2018-02-20"),
        ("03 / 02 / 2018", "2018-02-03"),
        ("O2.O3.2O2O", "2020-03-02"),
        ("12/28/2017", "2017-12-28"),
        ("2 Mart 2020", "2020-03-02"),
        ("15 Ağustos 2023", "2023-08-15"),
        ("17. März 2021", "2021-03-17"),
        ("3rd May 2019", "2019-05-03"),
        ("Sep 14, 2021", "2021-09-14"),
        ("27-Jan-19", "2019-01-27"),
        ("01.05.98", "1998-05-01"),
    ],
)
def test_dates_in_all_spellings(text, day):
    assert [found.isoformat() for found in dates(text, today=TODAY)] == [day]


@pytest.mark.parametrize(
    "text", ["31.02.2020", "05251/56677", "1.2.3.4", "GST 001287233536", "01.01.2031", "99/99/99"]
)
def test_what_is_no_date(text):
    assert list(dates(text, today=TODAY)) == []


@given(st.dates(datetime.date(1981, 1, 1), TODAY))
def test_every_day_is_found(day):
    for text in (f"{day:%d.%m.%Y}", f"{day:%d/%m/%Y}", f"{day:%Y-%m-%d}", f"{day:%d-%b-%Y}"):
        assert list(dates(text, today=TODAY)) == [day]


def test_month_first_where_it_is_asked_for():
    assert list(dates("03/04/2022", day_first=False, today=TODAY)) == [datetime.date(2022, 3, 4)]
    assert list(dates("03.04.2022", day_first=False, today=TODAY)) == [datetime.date(2022, 4, 3)]


def test_the_date_of_a_paper_is_not_its_due_date():
    rows = text_rows("Fällig am 31.05.2021\nRechnungsdatum 17.05.2021")
    assert find_date(rows, day_first=True, today=TODAY).value == "2021-05-17"
