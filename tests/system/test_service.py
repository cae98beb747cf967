"""UNIBOS as a service of a Debian that has no network."""

import json

NODE = "unibos-node.service"


def journal(machine, unit, *options):
    told = machine.does("journalctl", f"--unit={unit}", "--output=json", *options)
    return [json.loads(line) for line in told.splitlines()]


def messages(machine, unit, *options):
    return [entry["MESSAGE"] for entry in journal(machine, unit, *options)]


def test_it_runs_as_its_own_user_and_tells_the_journal(node):
    shown = node.unit(NODE, "ActiveState", "StatusText", "MainPID", "NRestarts")
    assert shown["ActiveState"] == "active"
    assert "node" in shown["StatusText"]
    assert node.does("stat", "--format=%U", f"/proc/{shown['MainPID']}") == "unibos"
    said = messages(node, NODE)
    assert any("node is ready" in line for line in said)
    assert any("Setup code: " in line for line in said)
    by_unibos = journal(node, NODE, "_SYSTEMD_UNIT=unibos-node.service")
    assert {entry["PRIORITY"] for entry in by_unibos} <= {"6"}
    [ready] = [entry for entry in by_unibos if "node is ready" in entry["MESSAGE"]]
    assert ready["UNIBOS_LOGGER"] == "unibos.roles.serve"
    assert ready["UNIBOS_ADDRESS"].startswith("http://")
    assert ready["SYSLOG_IDENTIFIER"] == "unibos"
    assert "node is ready" in node.does("unibos", "logs")


def test_a_document_is_read_and_outlives_restart_kill_and_reload(node, shared_data):
    picture = (shared_data / "documents/linn.png").read_bytes()
    node.write("/root/linn.png", picture)
    node.write("/root/paper.pdf", (shared_data / "documents/multipage.pdf").read_bytes())
    node.write("/root/photo.heif", (shared_data / "photos/samplefilehub.heif").read_bytes())
    files = ("/root/linn.png", "/root/paper.pdf", "/root/photo.heif")
    lines = node.does("unibos", "add", *files, "--wait", "--json").splitlines()
    added = [json.loads(line) for line in lines]
    assert [one["state"] for one in added] == ["done"] * 3
    text = node.does("unibos", "document", "text", added[0]["id"])
    assert text

    node.does("systemctl", "restart", "unibos-node")
    assert node.does("unibos", "document", "text", added[0]["id"]) == text

    before = node.unit(NODE, "MainPID")["MainPID"]
    node.does("systemctl", "kill", "--signal=KILL", "unibos-node")
    again = {"NRestarts": "1", "ActiveState": "active"}
    node.until(lambda: node.unit(NODE, "NRestarts", "ActiveState") == again)
    assert node.unit(NODE, "MainPID")["MainPID"] != before
    assert node.does("unibos", "document", "text", added[0]["id"]) == text

    node.does("systemctl", "stop", "unibos-node")
    assert node.unit(NODE, "Result", "ActiveState") == {
        "Result": "success",
        "ActiveState": "inactive",
    }


def test_the_watchdog_ends_a_process_that_is_frozen(node):
    assert node.unit(NODE, "WatchdogUSec") == {"WatchdogUSec": "2min"}
    node.does("mkdir", "-p", "/etc/systemd/system/unibos-node.service.d")
    quick = "[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n"
    node.write("/etc/systemd/system/unibos-node.service.d/90-test.conf", quick.encode())
    node.does("systemctl", "daemon-reload")
    node.does("systemctl", "restart", "unibos-node")
    process = node.unit(NODE, "MainPID")["MainPID"]
    made = node.does("unibos", "record", "create", "notes", '{"title": "Milk"}')
    node.does("systemctl", "kill", "--signal=STOP", "unibos-node")
    again = {"NRestarts": "1", "ActiveState": "active"}
    node.until(lambda: node.unit(NODE, "NRestarts", "ActiveState") == again)
    assert node.unit(NODE, "MainPID")["MainPID"] != process
    assert "watchdog" in node.does("journalctl", "--unit=unibos-node").lower()
    assert node.unibos("record", "get", "notes", made)["data"]["title"] == "Milk"


def test_a_healthy_service_outlives_its_watchdog(node):
    node.does("mkdir", "-p", "/etc/systemd/system/unibos-node.service.d")
    quick = b"[Service]\nWatchdogSec=1\n"
    node.write("/etc/systemd/system/unibos-node.service.d/90-test.conf", quick)
    node.does("systemctl", "daemon-reload")
    node.does("systemctl", "restart", "unibos-node")
    process = node.unit(NODE, "MainPID")["MainPID"]
    fed = {node.unit(NODE, "WatchdogTimestampMonotonic")["WatchdogTimestampMonotonic"]}

    def fed_often():
        fed.add(node.unit(NODE, "WatchdogTimestampMonotonic")["WatchdogTimestampMonotonic"])
        return len(fed) > 8

    node.until(fed_often)
    assert node.unit(NODE, "MainPID", "NRestarts") == {"MainPID": process, "NRestarts": "0"}


def test_the_first_owner_is_in_the_file_and_the_password_is_erased(machine):
    secret = "a password of the file"
    text = f'[setup]\nemail = "owner@example.org"\nname = "Owner"\npassword = "{secret}"\n'
    machine.does("tee", "-a", "/etc/unibos/unibos.toml", stdin=text)
    machine.does("systemctl", "start", "unibos-node")
    assert machine.unibos("status")["setup_done"] is True
    assert secret not in machine.does("cat", "/etc/unibos/unibos.toml")


def test_a_hub_takes_the_place_of_a_node_and_both_live_in_one(node):
    node.does("systemctl", "start", "unibos-hub")
    assert node.says("systemctl", "is-active", "unibos-node", "unibos-hub").split() == [
        *("inactive", "active")
    ]
    node.does("systemctl", "stop", "unibos-hub")
    node.does("tee", "-a", "/etc/unibos/unibos.toml", stdin='role = ["hub", "node"]\n')
    node.does("systemctl", "start", "unibos-node")
    said = messages(node, NODE, "--since=-10min")
    assert any("hub is ready" in line for line in said)


def test_what_it_may_not_do(node):
    """The sandbox holds: seen from within, next to nothing can be written."""
    process = f"--target={node.unit(NODE, 'MainPID')['MainPID']}"
    assert node.run("nsenter", process, "--mount", "touch", "/usr/x").returncode != 0
    assert node.run("nsenter", process, "--mount", "touch", "/etc/x").returncode != 0
    assert node.run("nsenter", process, "--mount", "ls", "/root/.").stdout == ""
    status = node.does("cat", f"/proc/{node.unit(NODE, 'MainPID')['MainPID']}/status")
    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert told["NoNewPrivs"] == "1"
    assert told["Seccomp"] == "2"
    assert int(told["CapEff"], 16) == int(told["CapBnd"], 16) == 0
