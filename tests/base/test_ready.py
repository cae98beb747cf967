"""What the service manager is told, on real datagram sockets."""

import logging
import os
import socket
import time

import pytest

from unibos.base import ready


@pytest.fixture(params=["path", "long path", "abstract"])
def manager(request, tmp_path, monkeypatch):
    """The socket that a service manager listens on."""
    folder = tmp_path / ("n" * 120 if request.param == "long path" else "n")
    folder.mkdir()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if request.param == "abstract":
        name = f"unibos-test-{os.getpid()}-{time.monotonic_ns()}"
        listener.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    else:
        monkeypatch.chdir(folder)
        listener.bind("notify")
        monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
    listener.settimeout(5)
    with listener:
        yield listener


def told(manager):
    return manager.recv(4096).decode().split("\n")


def test_a_life_as_the_manager_hears_of_it(manager):
    ready.ready("a node\non port 8001")
    assert told(manager) == ["READY=1", "STATUS=a node on port 8001"]
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    ready.reloading("joining")
    reload, moment, status = told(manager)
    assert (reload, status) == ("RELOADING=1", "STATUS=joining")
    name, _, microseconds = moment.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(microseconds) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    ready.stopping("stopping")
    assert told(manager) == ["STOPPING=1", "STATUS=stopping"]


def test_nobody_is_told_who_did_not_ask(monkeypatch, caplog):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    ready.ready("a node")
    assert caplog.records == []


def test_a_manager_that_is_gone_stops_nothing(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    with caplog.at_level(logging.WARNING):
        ready.ready("a node")
    assert "could not be told" in caplog.text


def test_a_watched_life(manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "2500000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert ready.watchdog_seconds() == 2.5
    ready.alive()
    assert told(manager) == ["WATCHDOG=1"]
    ready.reloading("joining")
    assert told(manager)[-1] == "WATCHDOG_USEC=900000000"
    ready.ready("a node")
    assert told(manager)[-1] == "WATCHDOG_USEC=2500000"


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"},
    ],
)
def test_nobody_watches(monkeypatch, told):
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert ready.watchdog_seconds() is None
