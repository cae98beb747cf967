"""Archives: what a release has, and what none may have."""

import io
import os
import tarfile

import pytest

from unibos.base.errors import Damaged, StorageFull
from unibos.core.store.system import System
from unibos.ops.update.place import Releases
from unibos.ops.update.unpack import Note, is_there, unpack

NOTE = Note("1.1.0", 2, "0" * 64)


@pytest.fixture
def releases(tmp_path):
    (tmp_path / "root/releases").mkdir(parents=True)
    return Releases(tmp_path / "root")


def member(name, content=b"x", **facts):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in facts.items():
        setattr(info, key, value)
    return info, content


def archive(tmp_path, *members, mode="w:xz"):
    path = tmp_path / "archive"
    with tarfile.open(path, mode) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


def link(name, target, kind=tarfile.SYMTYPE):
    return member(name, b"", type=kind, linkname=target)


def test_a_release(tmp_path, releases):
    path = archive(
        tmp_path,
        member("unibos", b"#!", mode=0o4777),
        member("./_internal/deep/a.txt", b"text", mode=0o600),
        link("_internal/b.txt", "deep/a.txt"),
        member("_internal/empty", b"", type=tarfile.DIRTYPE),
    )
    unpack(path, releases, NOTE, 7)
    folder = releases.folder("1.1.0")
    assert (folder / "_internal/b.txt").read_text() == "text"
    assert (folder / "unibos").stat().st_mode & 0o7777 == 0o755
    assert (folder / "_internal/deep/a.txt").stat().st_mode & 0o7777 == 0o644
    assert (folder / "_internal/empty").is_dir()
    assert is_there(releases, NOTE)
    assert not is_there(releases, Note("1.1.0", 2, "1" * 64))
    # The same version from another archive takes its place.
    unpack(archive(tmp_path, member("unibos", b"!")), releases, NOTE, 7)
    assert [one.name for one in folder.iterdir() if one.name != "release.json"] == ["unibos"]
    assert [one.name for one in folder.parent.iterdir()] == ["1.1.0"]


@pytest.mark.parametrize(
    "wrong",
    [
        [member("/etc/cron.d/x")],
        [member("../x")],
        [member("a/../../x")],
        [member("a//x")],
        [member("a/./x")],
        [member("")],
        [member(".hidden")],
        [member("a\nb")],
        [member("release.json")],
        [member("/".join("a" * 30))],
        [member("a"), member("a")],
        [member("a"), member("a/b")],
        [link("a", "/etc/passwd")],
        [link("a", "../../x")],
        [link("a", "b/../../x")],
        [link("a", "b"), member("a")],
        [member("a"), link("b", "a", tarfile.LNKTYPE)],
        [member("a", b"", type=tarfile.CHRTYPE)],
        [member("a", b"", type=tarfile.FIFOTYPE)],
        [member("a", b"", type=tarfile.GNUTYPE_SPARSE)],
        [member("a", bytes(200_000))],
        [member(f"a{number}", b"") for number in range(150)],
    ],
)
def test_what_no_archive_may_have(tmp_path, releases, wrong):
    path = archive(tmp_path, *wrong)
    with pytest.raises(Damaged) as told:
        unpack(path, releases, NOTE, 100)
    assert told.value.code == "update_archive_refused"
    assert list((releases.root / "releases").iterdir()) == []
    assert {one.name for one in tmp_path.iterdir()} == {"root", "archive"}


@pytest.mark.parametrize("cut", [0, 10, 60])
def test_what_is_no_archive(tmp_path, releases, cut):
    path = archive(tmp_path, member("a", os.urandom(50)))
    path.write_bytes(path.read_bytes()[:cut] + b"?" * (50 if cut != 60 else 0))
    with pytest.raises(Damaged):
        unpack(path, releases, NOTE, 100)
    assert list((releases.root / "releases").iterdir()) == []


class Full(System):
    def write(self, file, data):
        raise OSError(28, "No space left on device")


def test_a_full_disk(tmp_path, releases):
    releases.system = Full()
    with pytest.raises(StorageFull) as told:
        unpack(archive(tmp_path, member("a")), releases, NOTE, 100)
    assert told.value.code == "update_disk_full"
    assert list((releases.root / "releases").iterdir()) == []
