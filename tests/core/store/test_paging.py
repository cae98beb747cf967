from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import Invalid
from unibos.base.ids import new_id
from unibos.core.store.paging import behind, page_of


@given(st.integers(0, 20), st.integers(1, 7))
def test_pages_in_a_row_are_the_whole_list(length, limit):
    everything = [SimpleNamespace(id=f"{number:02}") for number in range(length)]
    seen, after = [], ""
    while after is not None:
        rest = [one for one in everything if one.id > after]
        page, after = page_of(rest[: limit + 1], limit)
        assert len(page) <= limit
        seen += page
    assert seen == everything


def test_a_cursor_is_an_id_of_the_list():
    id_ = new_id()
    assert behind(None) == ""
    assert behind(id_) == id_
    assert behind("any", str.isalpha) == "any"
    for cursor in ("", "any", id_ + " "):
        with pytest.raises(Invalid) as error:
            behind(cursor)
        assert error.value.code == "cursor_invalid"
