import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.base64url import base64url, from_base64url


@given(st.binary(max_size=100))
def test_bytes_come_back(raw):
    text = base64url(raw)
    assert from_base64url(text) == raw
    assert not set(text) & set("+/=")


@pytest.mark.parametrize("text", ["a", "a+b/", "ab c", "ab.d", "ığ", "=", "abc\n"])
def test_what_is_no_base64url_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        from_base64url(text)
