"""What `packaging/build --offer` makes is what `unibos update` takes."""

import json
import tarfile

import pytest

from tests.ops.update.installation import PUBLIC, SECRET, offering
from unibos.ops.update.index import decoded
from unibos.ops.update.signature import public_key, verify


@pytest.fixture
def place(tmp_path):
    (tmp_path / "key").write_text(SECRET)
    onedir = tmp_path / "unibos"
    (onedir / "_internal").mkdir(parents=True)
    (onedir / "unibos").write_text("program")
    (onedir / "_internal/base").write_text("library")
    for name in ("unibos-hub", "unibos-worker"):
        (onedir / name).symlink_to("unibos")
    return tmp_path


def offer(place, version, architecture, **more):
    module = offering()
    build = module.Build(
        tree=place / "unibos", version=version, architecture=architecture, schema=3, **more
    )
    module.offer(place / "offers", "stable", build, place / "key")


def index(place):
    return decoded((place / "offers/stable.json").read_bytes(), "stable", 0)


def test_architectures_of_a_version_are_one_release(place):
    offer(place, "1.4.0", "amd64", notes={"en": "Faster", "tr": ""})
    offer(place, "1.4.0", "arm64")
    offer(place, "1.5.0", "arm64")
    listed = index(place)
    assert listed.serial == 3
    assert {one.version: sorted(one.files) for one in listed.releases} == {
        "1.4.0": ["amd64", "arm64"],
        "1.5.0": ["arm64"],
    }
    archive = place / "offers" / listed.releases[0].files["arm64"].name
    with tarfile.open(archive) as tar:
        assert sorted(tar.getnames()) == ["_internal", "_internal/base", "unibos"]


def test_the_list_is_signed(place):
    offer(place, "1.4.0", "amd64")
    content = (place / "offers/stable.json").read_bytes()
    signature = (place / "offers/stable.json.minisig").read_text()
    assert verify(content, signature, public_key(PUBLIC)) == "unibos releases stable 1"


def test_a_version_is_withdrawn_and_one_that_is_not_there_is_an_error(place):
    offer(place, "1.4.0", "amd64")
    offering().hold(place / "offers", "stable", "1.4.0", "loses thumbnails", place / "key")
    assert json.loads((place / "offers/stable.json").read_text())["releases"][0]["held"]
    with pytest.raises(SystemExit, match=r"does not offer 9\.0"):
        offering().hold(place / "offers", "stable", "9.0", "", place / "key")
