"""What is on a worker's disk."""

import pytest

from unibos.base.ids import new_id
from unibos.core.jobs.leasing.messages import Lease
from unibos.core.jobs.worker import desk as desks
from unibos.core.jobs.worker.assignment import done
from unibos.core.jobs.worker.desk import Desk


def lease(job="", attempt=1):
    return Lease(
        org="home",
        job=job or new_id(),
        attempt=attempt,
        kind="test",
        queue="test",
        priority=0,
        args={"say": "ö"},
        lease_seconds=60,
        timeout_seconds=60,
    )


def test_an_outcome_is_found_again(tmp_path):
    desk = Desk(tmp_path, lease())
    desk.lay()
    (desk.made / "page.txt").write_text("a page")
    report = done(desk.lease, {"pages": [1, 2]})
    desk.keep(report)
    ((found, kept),) = desks.left(tmp_path)
    assert (found, kept) == (desk, report)
    assert [file.name for file in found.files()] == ["page.txt"]
    found.clear()
    assert desks.left(tmp_path) == []


def test_what_was_only_begun_has_no_outcome(tmp_path):
    desk = Desk(tmp_path, lease())
    desk.lay()
    assert desks.left(tmp_path) == [(desk, None)]


def test_only_plain_files_are_sent(tmp_path):
    desk = Desk(tmp_path, lease())
    desk.lay()
    (desk.made / "page-1.webp").touch()
    for name in (".hidden", "Upper", "sp ace", "ö"):
        (desk.made / name).touch()
    (desk.made / "folder").mkdir()
    (desk.made / "link").symlink_to("/etc/passwd")
    assert [file.name for file in desk.files()] == ["page-1.webp"]


def test_what_cannot_be_read_is_removed(tmp_path):
    for name in ("x", "y-1"):
        (tmp_path / name).mkdir()
    (tmp_path / "y-1" / "attempt.json").write_text('{"lease": 3}')
    (tmp_path / "file").touch()
    desk = Desk(tmp_path, lease())
    desk.lay()
    desk.folder.rename(tmp_path / "elsewhere")
    assert desks.left(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
    assert desks.left(tmp_path / "none") == []


@pytest.mark.parametrize("job", ["../up", "", "x" * 36])
def test_a_job_without_a_right_id_gets_no_folder(tmp_path, job):
    with pytest.raises(ValueError, match="without a right id"):
        Desk(tmp_path, lease(job or " "))
    with pytest.raises(ValueError, match="without a right id"):
        Desk(tmp_path, lease(attempt=0))
