import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import Invalid
from unibos.core.identity import emails


@pytest.mark.parametrize(
    "text",
    [
        "owner@example.org",
        "Owner+receipts@Example.ORG",
        "o'neil@example.org",
        "owner@localhost",
        "sahip@örnek.example",
        "müşteri@example.org",
        f"{'a' * 64}@example.org",
    ],
)
def test_addresses_that_are_accepted(text):
    assert emails.check(f"  {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "owner",
        "@example.org",
        "owner@",
        "owner@@example.org",
        "two words@example.org",
        "owner@-example.org",
        "owner@example..org",
        "owner@example.org\nBcc: other@example.org",
        "owner\x00@example.org",
        "owner\ud800@example.org",
        "<owner@example.org>",
        f"{'a' * 65}@example.org",
        f"owner@{'.'.join(['a' * 60] * 5)}",
    ],
)
def test_addresses_that_are_refused(text):
    with pytest.raises(Invalid) as refused:
        emails.check(text)
    assert refused.value.code == "email_invalid"


def test_spellings_of_one_address_have_one_key():
    assert emails.key(" Öwner@Example.ORG ") == emails.key("o\u0308wner@example.org")
    assert emails.key("a@example.org") != emails.key("b@example.org")


@given(st.text() | st.text(st.characters(categories=["Cs", "L"])))
def test_key_of_anything_can_be_looked_up(text):
    key = emails.key(text)
    key.encode()
    assert len(key) <= emails.MAX_LENGTH + 1
