"""The root: help, global options, and how a call ends."""

import gc
import json
import os
import subprocess
import sys
from dataclasses import asdict

import pytest

import unibos as package
from unibos.base import errors
from unibos.base.origin import origin
from unibos.base.problems import error_of
from unibos.clients.cli import status as status_module
from unibos.clients.cli.exits import Exit, exit_of
from unibos.clients.problems import unreachable

STATUS = "/api/v1/status"


def test_without_a_command_help_is_shown(unibos):
    ended = unibos()
    assert ended.code == 0
    assert "receipt.jpg" in ended.out
    for name in ("serve", "doctor", "completion"):
        assert f"  {name} " in ended.out


def test_help_of_a_command_has_examples(unibos):
    ended = unibos("add", "--help")
    assert ended.code == 0
    assert "unibos add receipt.jpg" in ended.out


@pytest.mark.parametrize(
    "arguments", [("--lang", "tr", "add", "--help"), ("add", "--help", "--lang=tr")]
)
def test_help_speaks_turkish(unibos, arguments):
    ended = unibos(*arguments)
    assert "Kullanım: unibos add" in ended.out
    assert "Örnekler:" in ended.out


def test_the_version_is_told_fast_and_slow(unibos):
    told = f"{origin().line()}\n"
    assert unibos("--version").out == told
    assert json.loads(unibos("--json", "--version").out) == asdict(origin())
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "unibos", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=package.__path__[0] + "/..",
    )
    assert done.stdout == told
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"click", "msgspec", "rich", "httpx2", "asyncio"}


def test_help_imports_nothing_heavy():
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "unibos", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=package.__path__[0] + "/..",
        # Coverage, where it is taken, would import for itself.
        env={name: value for name, value in os.environ.items() if "COV" not in name},
    ).stderr
    imported = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert not imported & {"rich", "httpx2", "starlette", "PIL", "sqlite3", "unibos.ops.doctor"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("stats",), "Did you mean status?"),
        (("zzzzzz",), "There is no command zzzzzz."),
        (("document", "lst"), "Did you mean list?"),
        (("add", "--wat"), "--wait"),
        (("record", "get", "notes"), "ID"),
        (("--lang", "xx", "status"), "xx"),
        (("--lang", "tr", "record", "get", "notes"), "ID eksik."),
        (("--lang", "tr", "add", "--wat"), "--wait mi demek istediniz?"),
        (("add", "--zzz"), "There is no option --zzz."),
        (("serve", "--log-level", "loud"), "warning"),
        (("status", "--url", "unibos.local"), "no address"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_so(unibos, arguments, says):
    ended = unibos(*arguments)
    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert says in ended.err
    assert len(ended.err.splitlines()) <= 2


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (400, "query_invalid", Exit.USAGE),
        (401, "login_failed", Exit.AUTH),
        (403, "peer_refused", Exit.AUTH),
        (404, "record_not_found", Exit.NOT_FOUND),
        (409, "setup_done", Exit.CONFLICT),
        (412, "record_changed", Exit.CONFLICT),
        (413, "body_too_large", Exit.USAGE),
        (415, "media_type_unsupported", Exit.USAGE),
        (422, "email_invalid", Exit.USAGE),
        (429, "too_many_attempts", Exit.LATER),
        (500, "internal_error", Exit.FAILED),
        (503, "stopping", Exit.LATER),
        (507, "storage_full", Exit.STORAGE_FULL),
        (418, "teapot", Exit.USAGE),
    ],
)
def test_a_problem_is_told_in_a_line_with_hint_and_code(unibos, node, status, code, exit_code):
    node.on("GET", STATUS, node.problem(status, code, "It is so.", hint="Do this."))
    ended = unibos("status")
    assert (ended.code, ended.out) == (exit_code, "")
    assert ended.err == f"Error: It is so. [{code}]\nHint: Do this.\n"


def test_who_has_no_token_is_told_to_log_in(unibos, node):
    node.on("GET", STATUS, node.problem(401, "token_missing", hint="POST /api/v1/auth/login"))
    assert "Hint: Log in: unibos login\n" in unibos("status").err


def test_an_error_in_json_is_json_on_standard_error(unibos, node):
    node.on("GET", STATUS, node.problem(409, "busy", "It is so.", hint="Wait."))
    ended = unibos("status", "--json")
    assert ended.out == ""
    assert ended.err == '{"code": "busy", "detail": "It is so.", "hint": "Wait."}\n'


def test_a_known_error_is_told_in_turkish(unibos, node):
    node.on("GET", STATUS, node.problem(429, "too_many_attempts", "Slow.", retry_after=7))
    assert "7 saniye" in unibos("status", "--lang", "tr").err
    node.on("GET", STATUS, node.problem(429, "too_many_attempts", "Slow."))
    assert "Slow." in unibos("status", "--lang", "tr").err


def test_what_an_error_says_cant_steer_the_terminal(unibos, node):
    node.on("GET", STATUS, node.problem(409, "busy", "a\x1b[2J\nError: forged"))
    ended = unibos("status")
    assert ended.err == "Error: a\\x1b[2J\\nError: forged [busy]\n"


def test_an_answer_of_something_else_is_told(unibos, node):
    node.on("GET", STATUS, node.Answer(b"<html>", 502))
    assert "[http_502]" in unibos("status").err
    node.on("GET", STATUS, node.Answer(b"<html>", 200))
    ended = unibos("status")
    assert (ended.code, "[no_unibos]" in ended.err) == (Exit.FAILED, True)


def test_nobody_there_ends_with_5(unibos, data):
    ended = unibos("status")
    assert ended.code == Exit.UNREACHABLE
    assert str(data / "unibos.sock") in ended.err
    assert "doctor" in ended.err


# httpcore leaves a socket that was refused to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_socket_without_a_server_ends_with_5(unibos, data):
    import socket

    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(data / "unibos.sock"))
    ended = unibos("status")
    gc.collect()  # Now, while the warning may be ignored, not in another test.
    assert (ended.code, "[unreachable]" in ended.err) == (Exit.UNREACHABLE, True)


def test_an_address_without_a_server_ends_with_5(unibos):
    assert unibos("status", "--url", "http://127.0.0.1:1").code == Exit.UNREACHABLE


def test_a_wrong_setting_ends_with_9(unibos, tmp_path):
    (tmp_path / "unibos.toml").write_text("prot = 1\n")
    ended = unibos("status")
    assert (ended.code, "[unknown_setting]" in ended.err) == (Exit.MISCONFIGURED, True)
    assert unibos("status", "--config", tmp_path / "no.toml").code == Exit.MISCONFIGURED


def test_the_global_options_stand_anywhere(unibos, node):
    node.on("GET", "/api/v1/jobs", node.page())
    for arguments in (
        ("--json", "job", "list"),
        ("job", "--json", "list"),
        ("job", "list", "--json"),
    ):
        assert unibos(*arguments).json == {"items": [], "next": None}


def test_an_interrupt_ends_with_130(unibos, monkeypatch):
    def interrupted(asked):
        raise KeyboardInterrupt

    monkeypatch.setattr(status_module.Asked, "api", interrupted)
    ended = unibos("status")
    assert (ended.code, ended.out) == (Exit.INTERRUPTED, "")


def test_a_defect_is_told_in_a_line_without_a_traceback(unibos, monkeypatch):
    def broken(asked):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(status_module.Asked, "api", broken)
    ended = unibos("status")
    assert ended.code == Exit.FAILED
    assert "ZeroDivisionError: oh (test_app.py:" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("arguments", ["job list --json", "--help"])
def test_a_reader_that_has_gone_is_no_error(node, data, arguments):
    node.on("GET", "/api/v1/jobs", node.page(*({"id": "x" * 500} for _ in range(500))))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "unibos", "--data", data, *arguments.split()],
        stdout=writer,
        stderr=subprocess.PIPE,
        cwd=package.__path__[0] + "/..",
        env=os.environ | {"UNIBOS_CONFIG": os.devnull},
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_every_kind_of_error_has_its_exit_code():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    found = {kind.__name__: exit_of(kind("code", "detail")) for kind in kinds}
    assert {name for name, code in found.items() if code == Exit.FAILED} == {"Error"}
    assert exit_of(unreachable("a", "b")) == Exit.UNREACHABLE


def test_facts_of_a_problem_are_kept():
    error = error_of(429, {"code": "c", "detail": "d", "retry_after": 3, "odd key": 1})
    assert (type(error), error.facts) == (errors.TooMany, {"retry_after": 3})
    assert error_of(500, "text").code == "http_500"
