"""The pure parts of the footprint: budgets and files that changed."""

import footprint
import pytest


@pytest.mark.parametrize(("value", "ok"), [(0.9, True), (1.0, True), (1.1, False)])
def test_a_budget_is_kept_or_broken(value, ok):
    assert footprint.Measure("start", value, "s", 1.0).as_json()["ok"] is ok


def test_without_a_budget_there_is_no_judgement():
    assert "ok" not in footprint.Measure("pss", 30.0, "MiB").as_json()


def test_files_that_came_went_or_changed(tmp_path):
    for name in ("kept", "grown", "gone", "locked"):
        (tmp_path / name).write_text(name)
    before = footprint.list_files(tmp_path)
    (tmp_path / "grown").write_text("more than before")
    (tmp_path / "gone").unlink()
    (tmp_path / "locked").chmod(0o400)
    (tmp_path / "new").touch()
    after = footprint.list_files(tmp_path)
    assert footprint.changed_files(before, after) == ["gone", "grown", "locked", "new"]
    assert footprint.changed_files(after, after) == []


def test_both_shapes_of_a_build_are_measured(tmp_path):
    built = tmp_path / "arm64"
    (built / "unibos").mkdir(parents=True)
    for name in ("unibos_1.0_arm64", "unibos_1.0_arm64.deb", "unibos_1.0_arm64.cdx.json"):
        (built / name).touch()
    assert footprint.shapes(built) == {
        "onedir": [f"{built}/unibos/unibos"],
        "onefile": [f"{built}/unibos_1.0_arm64"],
    }
    assert list(footprint.shapes(None)) == ["source"]
