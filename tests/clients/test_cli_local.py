"""The commands that need no instance: config, logs, completion, doctor, serve."""

import json
import os
import subprocess
import sys

import pytest

import unibos as package
from unibos.clients.cli.exits import Exit
from unibos.ops.doctor import Check


def test_config_show_tells_every_origin(unibos, data, tmp_path):
    (tmp_path / "unibos.toml").write_text("[node]\nport = 80\n")
    lines = {
        line.split()[0]: line.split()[1:] for line in unibos("config", "show").out.splitlines()
    }
    assert lines["data"] == [str(data), "environment", "UNIBOS_DATA"]
    assert lines["node.port"] == ["80", "file", f"{tmp_path}/unibos.toml:", "node.port"]
    assert lines["node.tls"] == ["false", "default"]
    found = unibos("--data", "/elsewhere", "config", "show", "--json").json["items"]
    assert found[1] | {"help": ""} == {
        "key": "data", "value": "/elsewhere", "origin": "flag --data", "help": "",
    }  # fmt: skip


def test_config_path(unibos, tmp_path, monkeypatch):
    assert unibos("config", "path").out == f"{tmp_path}/unibos.toml\n"
    assert unibos("config", "path", "--json").json["exists"] is True
    assert unibos("config", "path", "--config", "/no/such").code == Exit.MISCONFIGURED


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_a_shell(unibos, shell):
    ended = unibos("completion", shell)
    assert ended.code == 0
    assert "_UNIBOS_COMPLETE" in ended.out


def test_the_shell_is_offered_commands_and_options():
    def offered(words):
        environ = {"_UNIBOS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "2"}
        return subprocess.run(
            [sys.executable, "-m", "unibos"],
            env=os.environ | environ,
            cwd=package.__path__[0] + "/..",
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert "plain,reprocess" in offered("unibos document re")
    assert "plain,--wait" in offered("unibos add --")


def test_logs_without_a_service_say_where_logs_are(unibos, monkeypatch):
    monkeypatch.setenv("PATH", "")
    ended = unibos("logs")
    assert (ended.code, "[no_journal]" in ended.err) == (Exit.NOT_FOUND, True)
    assert "standard error" in ended.err


@pytest.fixture
def journal(tmp_path, monkeypatch):
    """A journal that tells how it was asked."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("journalctl", 'echo "$@"'), ("systemctl", "exit 0")):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    return os.environ | {"PATH": f"{programs}:/usr/bin:/bin"}


UNITS = "--unit=unibos-node --unit=unibos-hub --unit=unibos-worker"


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (
            [],
            f"{UNITS} --lines 100 --no-hostname --no-pager",
        ),
        (
            ["-f", "-n", "5"],
            f"{UNITS} --lines 5 --no-hostname --follow",
        ),
        (
            ["--since", "today", "--json"],
            f"{UNITS} --lines 100 --no-hostname --no-pager --since today --output json",
        ),
    ],
)
def test_logs_are_the_journals(journal, arguments, asked):
    done = subprocess.run(
        [sys.executable, "-m", "unibos", "logs", *arguments],
        env=journal,
        cwd=package.__path__[0] + "/..",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == asked


CHECKS = [
    Check("disk", "ok", "{free_gib} GiB free at {folder}.", facts={"free_gib": 3, "folder": "/"}),
    Check("tesseract", "warn", "Odd.", "Look."),
]


@pytest.fixture
def checks(monkeypatch):
    checks = list(CHECKS)
    monkeypatch.setattr("unibos.ops.doctor.examine", lambda config: iter(checks))
    return checks


def test_doctor_says_what_to_do(unibos, checks):
    ended = unibos("doctor")
    assert (ended.code, ended.out) == (0, "✓ 3 GiB free at /.\n! Odd.\n  → Look.\n")
    assert unibos("doctor", "--lang", "tr").out.startswith("✓ / üzerinde 3 GiB boş.")


def test_doctor_fails_when_a_check_does(unibos, checks):
    checks.append(Check("server", "fail", "No\nanswer.", "Start it."))
    ended = unibos("doctor", "--json")
    assert ended.code == Exit.FAILED
    assert [one["state"] for one in ended.json["items"]] == ["ok", "warn", "fail"]
    assert "✗ No\\nanswer." in unibos("doctor").out


def test_serve_gives_its_options_to_the_settings(unibos, monkeypatch, tmp_path):
    given = []
    monkeypatch.setattr("unibos.roles.serve.serve", given.append)
    ended = unibos(
        *("serve", "--port", "0", "--host", "127.0.0.1", "--role", "node,worker"),
        *("--log-format", "json", "--no-offline", "--data", tmp_path),
    )
    assert ended.code == 0
    [config] = given
    assert (config.node.port, config.node.host) == (0, "127.0.0.1")
    assert config.role == ("node", "worker")
    assert (config.offline, config.origins["offline"]) == (False, "flag --offline")
    assert config.data == tmp_path
    assert config.origins["node.tls"] == "default"


def test_serve_refuses_what_no_setting_takes(unibos):
    ended = unibos("serve", "--port", "eighty", "--json")
    assert ended.code == Exit.MISCONFIGURED
    assert json.loads(ended.err)["code"] == "bad_setting"
