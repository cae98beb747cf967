"""Which event loop a role runs on."""

import asyncio
import sys

import pytest

from unibos.base.board import limits
from unibos.base.config import load
from unibos.roles import serve


def loops(profile):
    return serve._loops(load({}, {"UNIBOS_BOARD_PROFILE": profile}, None))


def test_a_small_board_has_the_loop_of_python():
    assert not limits("edge", 1).uvloop
    assert loops("edge") is None


def test_a_larger_one_has_the_faster_loop():
    uvloop = pytest.importorskip("uvloop", reason="it is not published for this processor")
    loop = loops("standard")()
    try:
        assert isinstance(loop, uvloop.Loop)
    finally:
        loop.close()


def test_where_the_faster_one_is_missing_python_s_own_does_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with asyncio.Runner(loop_factory=loops("desktop")) as runner:
        assert isinstance(runner.get_loop(), asyncio.BaseEventLoop)
