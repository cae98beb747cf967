"""What an error carries."""

from unibos.base import errors


def test_an_error_says_what_happened_and_what_to_do():
    error = errors.TooLarge("body_too_large", "The body is too large.", hint="Split it.", limit=10)
    assert str(error) == error.detail == "The body is too large."
    assert (error.code, error.hint, error.facts) == ("body_too_large", "Split it.", {"limit": 10})


def test_every_kind_is_an_error():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) > 10
    assert all(issubclass(kind, errors.Error) for kind in kinds)
