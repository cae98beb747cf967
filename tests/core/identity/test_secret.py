from hypothesis import given
from hypothesis import strategies as st

from unibos.core.identity import secret


def test_a_secret_is_known_by_its_digest():
    own = secret.make()
    kept = secret.digest(own)
    assert own not in kept
    assert secret.is_secret(own)
    assert secret.matches(own, kept)
    assert not secret.matches(secret.make(), kept)


@given(st.text(max_size=50), st.text(max_size=50))
def test_any_text_may_be_tried(text, kept):
    assert not secret.matches(text, kept)
