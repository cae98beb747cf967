"""`unibos enable` and `disable` on a real systemd."""

import json

NODE, HUB = "unibos-node.service", "unibos-hub.service"
WORKER = "unibos-worker.service"
OWNER = ("--email", "owner@example.org", "--name", "Owner")
PASSWORD = "correct horse battery"


def states(machine):
    """Of node and hub: whether each runs, and whether it starts with the machine."""
    return [
        tuple(machine.says("systemctl", asked, NODE, HUB).split())
        for asked in ("is-active", "is-enabled")
    ]


def told(roles, *units):
    """What a command that changed something says."""
    unit = units[0] if units else None
    return {"roles": roles, "unit": unit, "units": list(units), "changed": True}


def roles(machine):
    """What the service says of itself over its socket."""
    return sorted(machine.unibos("status")["roles"])


def test_node_then_hub_then_both_in_one_process_and_back(machine):
    assert machine.unibos("enable", "node") == told(["node"], NODE)
    assert states(machine) == [("active", "inactive"), ("enabled", "disabled")]
    assert machine.unibos("enable", "node")["changed"] is False

    both = told(["hub", "node"], NODE)
    assert machine.unibos("enable", "hub") == both
    assert states(machine) == [("active", "inactive"), ("enabled", "disabled")]
    assert roles(machine) == ["hub", "node"]

    assert machine.unibos("disable", "node") == told(["hub"], HUB)
    assert states(machine) == [("inactive", "active"), ("disabled", "enabled")]

    assert machine.unibos("disable", "hub") == told([])
    assert states(machine) == [("inactive", "inactive"), ("disabled", "disabled")]


def test_a_worker_beside_a_node_does_its_jobs_from_a_unit_of_its_own(machine):
    assert machine.unibos("enable", "node", "worker")["units"] == [NODE, WORKER]
    assert machine.says("systemctl", "is-active", NODE, WORKER).split() == ["active", "active"]
    machine.does("unibos", "setup", *OWNER, "--password-stdin", stdin=f"{PASSWORD}\n")
    machine.does("tee", "/root/a.txt", stdin="the zeppelin leaves at noon\n")
    machine.does("unibos", "add", "/root/a.txt", "--wait")
    assert machine.unibos("worker", "status")["ended"]["done"] == 1
    machine.does("systemctl", "kill", "--signal=KILL", WORKER)
    machine.does("tee", "/root/b.txt", stdin="and comes back at midnight\n")
    machine.does("unibos", "add", "/root/b.txt", "--wait")
    found = machine.unibos("search", "midnight")
    assert len(found["items"]) == 1
    assert machine.unibos("disable", "worker")["units"] == [NODE]
    assert machine.says("systemctl", "is-active", NODE, WORKER).split() == ["active", "inactive"]


def test_limits_of_the_board_hold(machine):
    machine.does("unibos", "enable", "node")
    told = machine.unit(NODE, "CPUQuotaPerSecUSec", "DropInPaths")
    assert told["CPUQuotaPerSecUSec"] != "infinity"
    assert "60-limits.conf" in told["DropInPaths"]


def test_what_does_not_start_is_taken_back(machine):
    machine.does("unibos", "enable", "node")
    machine.does("tee", "-a", "/etc/unibos/unibos.toml", stdin="[hub]\ntls = 7\n")
    failed = machine.run("unibos", "enable", "hub", "--json")
    assert json.loads(failed.stderr)["code"] == "bad_setting"
    assert states(machine) == [("active", "inactive"), ("enabled", "disabled")]


def test_only_root_may(machine):
    refused = machine.run("setpriv", "--reuid=65534", "unibos", "enable", "node", "--json")
    assert refused.returncode == 4
    assert json.loads(refused.stderr)["code"] == "root_wanted"


def test_a_purge_takes_along_what_was_written(machine):
    machine.does("unibos", "enable", "node", "hub")
    machine.does("dpkg", "--purge", "unibos")
    assert machine.says("sh", "-c", "ls -d /etc/systemd/system/unibos*") == ""
