"""A booted Debian with the package; collected only where `make test-system` says which."""

import os
from pathlib import Path

import pytest

from tests.system.machine import Machine, missing, tree

collect_ignore_glob = [] if "UNIBOS_BUILT" in os.environ else ["test_*.py"]


@pytest.fixture(scope="session")
def built():
    return Path(os.environ["UNIBOS_BUILT"])


@pytest.fixture(
    scope="session", params=os.environ.get("UNIBOS_SUITES", "bookworm,trixie").split(",")
)
def debian(request, built):
    """A tree of Debian; UNIBOS_SUITES names others, with commas."""
    if reason := missing():
        pytest.skip(reason)
    return tree(built.parent / "system", request.param)


@pytest.fixture
def machine(debian, built, tmp_path):
    """A fresh machine that has the package installed, and nothing of it running."""
    with Machine(debian, tmp_path, built) as booted:
        [package] = built.glob("*.deb")
        # As apt does where the recommended packages are not wanted.
        booted.does("dpkg", "--install", f"/built/{package.name}")
        assert booted.says("systemctl", "is-active", "unibos-node", "unibos-hub").split() == [
            *("inactive", "inactive")
        ]
        yield booted
        assert booted.says("systemctl", "--failed", "--no-legend", "--plain") == ""


@pytest.fixture
def node(machine):
    """The machine with a node running; started is ready, since it tells systemd itself."""
    machine.does("systemctl", "enable", "--now", "unibos-node")
    asked = ("setup", "--email", "owner@example.org", "--name", "Owner", "--password-stdin")
    machine.does("unibos", *asked, stdin="correct horse battery\n")
    return machine
