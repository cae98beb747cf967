"""`unibos enable` where it cannot be done."""

import json
import os

import pytest

from unibos.clients.cli.exits import Exit
from unibos.ops.service import units


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_only_root_may(unibos, monkeypatch, verb):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    ended = unibos(verb, "node", "--json")
    assert (ended.code, json.loads(ended.err)["code"]) == (Exit.AUTH, "root_wanted")


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_without_systemd_it_says_how_else(unibos, monkeypatch, verb):
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def nobody(_words):
        raise units.no_systemd()

    monkeypatch.setattr(units, "here", nobody)
    ended = unibos(verb, "node", "hub", "--json")
    told = json.loads(ended.err)
    assert (ended.code, told["code"]) == (Exit.NOT_FOUND, "no_systemd")
    assert "unibos serve" in told["hint"]


def test_a_role_that_is_none_is_a_slip(unibos):
    assert unibos("enable", "cook").code == Exit.USAGE
    assert unibos("enable").code == Exit.USAGE
