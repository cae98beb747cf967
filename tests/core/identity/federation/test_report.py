"""What a node tells about itself."""

from unibos.base.board import temperature_c
from unibos.core.identity.federation.report import Reporter


def test_a_report_is_of_its_moment(tmp_path):
    now = [1_790_000_000_000]
    reporter = Reporter(
        "0.1.0", "pi4", "standard", tmp_path, lambda: 3, wall=lambda: now[0], root=tmp_path
    )
    first = reporter()
    now[0] += 5
    second = reporter()
    assert (first.clock, second.clock) == (now[0] - 5, now[0])
    assert (first.version, first.board, first.profile) == ("0.1.0", "pi4", "standard")
    assert 0 < first.disk_free <= first.disk_total
    assert (first.queue_length, first.temperature_c) == (3, None)


def test_the_hottest_sensor_counts(tmp_path):
    assert temperature_c(tmp_path) is None
    for number, text in enumerate(["41000\n", "52312\n", "-3000\n", "", "hot\n", "99999999\n"]):
        zone = tmp_path / f"sys/class/thermal/thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(text)
    assert temperature_c(tmp_path) == 52.312
