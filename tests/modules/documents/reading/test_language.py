"""Guessing languages, and words that OCR spelt wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.modules.documents.reading.language import fold, guess, model
from unibos.modules.documents.reading.wording import alike, mentions, skeleton


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Thank you for shopping with us, and please come again", "en"),
        ("Vielen Dank für Ihren Einkauf. Auf Wiedersehen und bis bald, Ihr Team", "de"),
        ("Vielen Dank fur lhren Einkauf, die Ware ist nicht vom Umtausch", "de"),
        ("TOPLAM KDV NAKİT TEŞEKKÜR EDERİZ", "tr"),
        ("Bu bir deneme metnidir ve çok kısa değil, daha sonra da olabilir", "tr"),
        ("Portez ce vieux whisky au juge blond qui fume, et la nuit est avec nous", "fr"),
        ("De linzen wassen en in het water laten weken met een ui", "nl"),
        ("12345 / 678", None),
        ("", None),
    ],
)
def test_languages_are_guessed_by_small_words(text, language):
    assert guess(text) == language


def test_only_known_languages_have_a_model():
    assert model("de") == "deu"
    assert model(None) is None
    assert model("xx") is None


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Straße", "strasse"), ("İŞLEM", "islem"), ("IŞIK", "isik"), ("ödeme", "odeme")],
)
def test_folding(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    "text", ["TOTAL", "TOTAI", "T0TAL", "Tota1", "T OTAL: TOTAL", "TOTL", "T0TAI.", "TOTA1:"]
)
def test_misread_words_are_found(text):
    assert mentions(f"x {text} 12,00", ("total",))


@pytest.mark.parametrize("text", ["TOT", "TALL", "SUBTOTAL", "TOTALLY DIFFERENT X", "BAR"])
def test_other_words_are_not(text):
    assert not mentions(text, ("total", "cash"))


def test_short_words_must_be_exact():
    assert mentions("Bar 10,00", ("bar",))
    assert not mentions("Bär Bor Bart", ("bot",))


def test_phrases_stand_together():
    assert mentions("YOUR GRAND T0TAL IS", ("grand total",))
    assert not mentions("grand hotel total", ("grand total",))


@given(st.text(max_size=40))
def test_every_text_has_itself(text):
    words = skeleton(text)
    assert all(alike(word, word) for word in words)
    assert guess(text) in {None, "en", "de", "tr", "fr", "es", "it", "nl", "ms"}
