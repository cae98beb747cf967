"""The Debian package: upgrade, refusal, removal, purge."""

import pytest

NODE = "unibos-node.service"


@pytest.fixture
def other(node):
    """Makes a package of another version out of the built one."""
    [package] = node.does("sh", "-c", "ls /built/*.deb").split()

    def make(version, change=":"):
        node.does(
            *("sh", "-ec"),
            f"rm -rf /tmp/t; dpkg-deb -R {package} /tmp/t; cd /tmp/t/DEBIAN;"
            f"sed -i 's/^Version: .*/Version: {version}/' control; {change};"
            f"dpkg-deb -Zgzip -z1 -b /tmp/t /tmp/other.deb",
        )
        return "/tmp/other.deb"

    return make


def test_an_upgrade_keeps_data_and_goes_on(node, other):
    made = node.does("unibos", "record", "create", "notes", '{"title": "Milk"}')
    before = node.unit(NODE, "MainPID")["MainPID"]
    node.does("dpkg", "--install", other("9.0.0"))
    assert node.unit(NODE, "ActiveState", "UnitFileState") == {
        "ActiveState": "active",
        "UnitFileState": "enabled",
    }
    assert node.unit(NODE, "MainPID")["MainPID"] != before
    assert node.unibos("record", "get", "notes", made)["data"]["title"] == "Milk"


def test_an_upgrade_starts_nothing_that_did_not_run(node, other):
    node.does("systemctl", "stop", "unibos-node")
    node.does("dpkg", "--install", other("9.0.0"))
    assert node.says("systemctl", "is-active", "unibos-node") == "inactive"


def test_a_version_that_does_not_know_the_schema_is_refused(node, other):
    old = other("0.0.1", change="sed -i 's/-gt [0-9]* /-gt 0 /' preinst")
    refused = node.run("dpkg", "--install", old)
    assert refused.returncode != 0
    assert "knows" in refused.stderr
    assert node.does("dpkg-query", "--show", "--showformat=${Status}", "unibos").endswith(
        "ok installed"
    )
    assert node.says("systemctl", "is-active", "unibos-node") == "active"


def test_removal_keeps_the_data_and_a_new_installation_finds_them(node):
    made = node.does("unibos", "record", "create", "notes", '{"title": "Milk"}')
    node.does("dpkg", "--remove", "unibos")
    assert node.run("test", "-e", "/usr/bin/unibos").returncode == 1
    node.does("test", "-s", "/var/lib/unibos/node.db")
    node.does("sh", "-c", "dpkg --install /built/*.deb")
    node.does("systemctl", "start", "unibos-node")
    assert node.unibos("record", "get", "notes", made)["data"]["title"] == "Milk"


def test_a_purge_asks_nothing_and_leaves_nothing(node):
    node.does("dpkg", "--purge", "unibos")
    left = "find / -xdev -iname '*unibos*' -not -path '/proc/*' -not -path '/built*'"
    assert node.says("sh", "-c", f"{left} -not -path '/var/log/*' 2>/dev/null") == ""
    assert node.run("getent", "passwd", "unibos").returncode == 2
