"""What a list offers to whom."""

import json

import pytest

from unibos.base.errors import Conflict, Damaged, NotFound
from unibos.ops.update.index import Here, decoded, named, newest, refusals

FILE = {"name": "a.tar.xz", "size": 10, "sha256": "0" * 64, "unpacked": 20}


def release(version, schema=2, minimum="1.0", **more):
    files = {"amd64": FILE}
    return {"version": version, "schema": schema, "minimum": minimum, "files": files} | more


def index(*releases, serial=7, seen=0, **more):
    head = {"format": 1, "channel": "stable", "serial": serial, "made_at": "2026-11-01T00:00:00Z"}
    content = json.dumps(head | {"releases": releases} | more).encode()
    return decoded(content, "stable", seen)


def here(version="1.2.0", schema=2, architecture="amd64", held=(), failed=()):
    return Here(version, schema, architecture, held, failed)


def offered(*releases, **facts):
    offer = newest(index(*releases), here(**facts))
    return offer and offer.release.version


def test_the_newest_that_fits():
    listed = release("1.9"), release("1.10"), release("1.2.1")
    assert offered(*listed) == "1.10"
    assert offered(*listed, version="1.10.0") is None
    assert offered(*listed, architecture="armel") is None
    assert offered(*listed, held=["1.10"]) == "1.9"
    assert offered(*listed, failed=["1.10", "1.9"]) == "1.2.1"
    assert offered(release("1.9"), release("2.0", held="loses thumbnails")) == "1.9"
    assert offered(release("1.9"), release("2.0", minimum="1.9")) == "1.9"
    assert offered(release("2.0", minimum="1.9"), version="1.9") == "2.0"
    assert offered(release("1.9", schema=1)) is None
    assert offered() is None


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("1.1.0", "update_downgrade"),
        ("1.2.0", "update_downgrade"),
        ("1.3.0", "update_downgrade"),
        ("1.4.0", "update_held"),
        ("1.5.0", "update_held"),
        ("1.6.0", "update_minimum"),
    ],
)
def test_what_is_refused_though_it_is_asked_for(version, code):
    listed = index(
        release("1.1.0"),
        release("1.2.0"),
        release("1.3.0", schema=1),
        release("1.4.0", held="a reason"),
        release("1.5.0"),
        release("1.6.0", minimum="1.5.9"),
    )
    asker = here(held=["1.5.0"])
    with pytest.raises(Conflict) as told:
        named(listed, asker, version)
    assert told.value.code == code
    refused = {one: why.code for one, why in refusals(listed, asker)}
    assert refused.get(version, "update_downgrade") == code


def test_what_failed_before_is_tried_again_only_when_asked_for():
    listed, asker = index(release("1.3.0")), here(failed=["1.3.0"])
    assert newest(listed, asker) is None
    assert [why.code for _, why in refusals(listed, asker)] == ["update_failed_before"]
    assert named(listed, asker, "1.3.0").release.version == "1.3.0"


def test_what_is_not_there():
    for asker in (here(), here(architecture="armel")):
        with pytest.raises(NotFound) as told:
            named(index(release("1.3.0")), asker, "1.3.0" if asker != here() else "9.9")
        assert told.value.code == "update_not_offered"


@pytest.mark.parametrize(
    "wrong",
    [
        release("../etc"),
        release("1.3.0\n"),
        release("1"),
        release("1.3", files={"amd64": FILE | {"name": "../a"}}),
        release("1.3", files={"amd64": FILE | {"name": "http://a"}}),
        release("1.3", files={"amd64": FILE | {"size": 0}}),
        release("1.3", files={"amd64": FILE | {"size": 1 << 40}}),
        release("1.3", files={"amd64": FILE | {"sha256": "00"}}),
        release("1.3", schema="2"),
        {"version": "1.3"},
    ],
)
def test_a_list_with_one_wrong_release_is_refused(wrong):
    with pytest.raises(Damaged) as told:
        index(release("1.3.0"), wrong)
    assert told.value.code == "update_index_invalid"


def test_another_channel_or_format_is_refused():
    for wrong in ({"channel": "testing"}, {"format": 2}):
        with pytest.raises(Damaged):
            index(**wrong)


def test_a_list_that_is_older_than_one_seen_before_is_refused():
    assert index(seen=7).serial == 7
    with pytest.raises(Conflict) as told:
        index(seen=8)
    assert told.value.code == "update_index_older"


def test_what_a_newer_program_writes_into_its_list_is_no_error():
    assert newest(index(release("1.3.0", later=True), later=1), here())
