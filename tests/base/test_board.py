"""Machines made up in a temporary folder."""

import pytest

from unibos.base import board


def machine(root, model=None, memory_mb=512, cores=4):
    proc = root / "proc"
    (proc / "device-tree").mkdir(parents=True)
    if model:
        (proc / "device-tree/model").write_bytes(model.encode() + b"\0")
    (proc / "meminfo").write_text(f"MemTotal: {memory_mb * 1024} kB\nMemFree: 1 kB\n")
    (proc / "cpuinfo").write_text("".join(f"processor\t: {n}\n\n" for n in range(cores)))
    return root


@pytest.mark.parametrize(
    ("name", "memory_mb", "model", "profile"),
    [
        ("Raspberry Pi Zero W Rev 1.1", 427, "zero", "edge"),
        ("Raspberry Pi Zero 2 W Rev 1.0", 416, "zero2w", "edge"),
        ("Raspberry Pi Model B Plus Rev 1.2", 477, "zero", "edge"),
        ("Raspberry Pi Compute Module Rev 1.0", 477, "zero", "edge"),
        ("Raspberry Pi 2 Model B Rev 1.1", 921, "pi3", "edge"),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", 906, "pi3", "edge"),
        ("Raspberry Pi Compute Module 3 Plus Rev 1.0", 921, "pi3", "edge"),
        ("Raspberry Pi 4 Model B Rev 1.4", 1848, "pi4", "standard"),
        ("Raspberry Pi 4 Model B Rev 1.4", 3793, "pi4", "standard"),
        ("Raspberry Pi 4 Model B Rev 1.5", 7810, "pi4", "desktop"),
        ("Raspberry Pi 400 Rev 1.0", 3793, "pi4", "standard"),
        ("Raspberry Pi Compute Module 4 Rev 1.1", 921, "pi4", "edge"),
        ("Raspberry Pi 5 Model B Rev 1.0", 8052, "pi5", "desktop"),
        ("Raspberry Pi 500 Rev 1.0", 8052, "pi5", "desktop"),
        ("Raspberry Pi Compute Module 5 Rev 1.0", 4045, "pi5", "standard"),
        ("Raspberry Pi 6 Model B", 16000, "pi5", "desktop"),
        ("Pine64 RockPro64", 3800, "pc", "desktop"),
    ],
)
def test_a_raspberry_pi_says_its_name(tmp_path, name, memory_mb, model, profile):
    found = board.detect(machine(tmp_path, name, memory_mb))
    assert (found.name, found.model, found.memory_mb) == (name, model, memory_mb)
    assert found.profile.name == profile


@pytest.mark.parametrize(
    ("memory_mb", "profile"),
    [(1000, "edge"), (1024, "edge"), (1025, "standard"), (2048, "standard"), (2049, "desktop")],
)
def test_a_pc_is_judged_by_its_memory(tmp_path, memory_mb, profile):
    found = board.detect(machine(tmp_path, None, memory_mb))
    assert (found.model, found.name, found.profile.name) == ("pc", "PC", profile)


def test_a_pc_is_named_by_its_firmware(tmp_path):
    dmi = machine(tmp_path, None, 8000) / "sys/class/dmi/id"
    dmi.mkdir(parents=True)
    (dmi / "product_name").write_text("Thin Client\n")
    assert board.detect(tmp_path).name == "Thin Client"


def test_without_a_device_tree_the_kernel_names_the_pi(tmp_path):
    root = machine(tmp_path, None, 3793)
    with (root / "proc/cpuinfo").open("a") as cpuinfo:
        cpuinfo.write("Model\t\t: Raspberry Pi 4 Model B Rev 1.4\n")
    found = board.detect(root)
    assert (found.model, found.cores) == ("pi4", 4)


@pytest.mark.parametrize(("limit", "memory_mb"), [("536870912", 512), ("max", 8000)])
def test_a_container_has_its_limit_not_the_machines_memory(tmp_path, limit, memory_mb):
    cgroup = machine(tmp_path, None, 8000) / "sys/fs/cgroup"
    cgroup.mkdir(parents=True)
    (cgroup / "memory.max").write_text(limit + "\n")
    assert board.detect(tmp_path).memory_mb == memory_mb


def test_a_machine_that_says_nothing_gets_the_smallest_limits(tmp_path):
    found = board.detect(tmp_path)
    assert (found.cores, found.memory_mb, found.profile.name) == (1, 0, "edge")


def test_overrides_win(tmp_path):
    root = machine(tmp_path, "Raspberry Pi Zero 2 W Rev 1.0", 416)
    assert board.detect(root, model="pi5").profile.name == "edge"
    found = board.detect(root, profile="desktop")
    assert (found.model, found.profile.name, found.profile.heavy_jobs) == ("zero2w", "desktop", 4)


def test_limits_grow_with_the_profile():
    edge, standard, desktop = (board.limits(n, 8) for n in ("edge", "standard", "desktop"))
    assert (edge.heavy_jobs, standard.heavy_jobs, desktop.heavy_jobs) == (1, 2, 8)
    assert not edge.uvloop
    for limit in ("child_memory_mb", "sqlite_cache_kib", "readers", "password_hashes"):
        assert getattr(edge, limit) < getattr(standard, limit) < getattr(desktop, limit)


def test_limits_never_promise_more_than_the_cores():
    assert board.limits("standard", 1).heavy_jobs == 1
    assert board.limits("desktop", 2).heavy_jobs == 2


def test_this_machine_is_something():
    found = board.detect()
    assert found.cores >= 1
    assert found.memory_mb > 0
