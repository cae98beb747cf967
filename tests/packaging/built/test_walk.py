"""A newcomer's way with the finished program, in an environment with nothing of Python in it.

A program for another processor is called in a Debian of that, which holds nothing but what a
machine has that runs UNIBOS: `packaging/walk` makes it and tells it as ``UNIBOS_BUILT_ROOT``.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

PASSWORD = b"correct horse battery\n"
ROOT = os.environ.get("UNIBOS_BUILT_ROOT")
PATIENCE_S = 1500 if ROOT else 150
UNREADABLE = {"armhf": {".heif"}, "armel": {".heif", ".pdf"}}
"""Whose decoders are not built for a processor."""


class Home:
    """A folder of its own, and the program called from it as by `env -i`."""

    def __init__(self, folder, program):
        self.folder = folder
        self.program = program
        inside = ("/usr/sbin/chroot", ROOT, "/usr/bin/env", f"--chdir={folder}")
        self.inside = inside if ROOT else ()
        self.environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            # What a killed onefile has unpacked stays behind.
            "TMPDIR": str(folder),
            "UNIBOS_DATA": str(folder / "data"),
            "UNIBOS_BOARD_PROFILE": "edge",
        }
        if ROOT and "QEMU_CPU" in os.environ:
            self.environ["QEMU_CPU"] = os.environ["QEMU_CPU"]

    def call(self, *arguments, stdin=b"", code=0, program=None):
        done = subprocess.run(
            [*self.inside, program or self.program, *map(str, arguments)],
            env=self.environ,
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == code, done.stderr.decode()
        return done.stdout.decode()

    def json(self, *arguments, **options):
        return json.loads(self.call(*arguments, "--json", **options))


class Serving:
    """The program serving, in a session of its own."""

    def __init__(self, home, *options):
        self._process = subprocess.Popen(
            [*home.inside, home.program, "serve", "--host", "127.0.0.1", "--port", "0", *options],
            env=home.environ | {"UNIBOS_LOG_FORMAT": "json"},
            cwd=home.folder,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self):
        for line in self._process.stderr:
            if line.startswith("{") and "address" in json.loads(line):
                return self
        raise AssertionError(f"it ended with {self._process.wait()}")

    def __exit__(self, *_):
        # A onefile is two processes, of which the first can't take the second along when killed.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate(timeout=PATIENCE_S)

    def stop(self):
        """Stop it as a service manager does; the exit code."""
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode


@pytest.fixture(params=["onedir", "onefile"])
def home(request, tmp_path):
    return Home(tmp_path, request.getfixturevalue(request.param))


def set_up(home):
    asked = ("setup", "--email", "owner@example.org", "--name", "Owner", "--password-stdin")
    home.call(*asked, stdin=PASSWORD)


def added(home, *names):
    lines = home.call("add", *names, "--wait", "--json").splitlines()
    return [json.loads(line) for line in lines]


def text_of(home, document):
    return home.call("document", "text", document["id"])


def test_from_setup_over_a_crash_to_the_document_again(home, shared_data):
    shutil.copy(shared_data / "documents/linn.png", home.folder)
    with Serving(home):
        set_up(home)
        [one] = added(home, "linn.png")
        assert one["state"] == "done"
        before = text_of(home, one)
        word = max(re.findall(r"[A-Za-z]{5,}", before), key=len)
    with Serving(home) as again:
        assert text_of(home, one) == before
        assert [found["id"] for found in home.json("search", word)["items"]] == [one["id"]]
        states = {check["name"]: check["state"] for check in home.json("doctor")["items"]}
        assert set(states.values()) == {"ok"}
        assert again.stop() == 0


def test_every_kind_of_document_is_read(home, built, shared_data):
    """PDFium, libheif without its encoder, and Pillow with its libraries are all there."""
    known = {
        "documents/multipage.pdf",
        "documents/skew.pdf",
        "photos/samplefilehub.heif",
        "receipts/sroie-000.jpg",
    }
    unreadable = UNREADABLE.get(built.name, set())
    kinds = {kind for kind in known if Path(kind).suffix not in unreadable}
    with Serving(home):
        set_up(home)
        answers = added(home, *(shared_data / kind for kind in kinds))
        assert [one["state"] for one in answers] == ["done"] * len(kinds)
        shown = [home.json("document", "show", one["id"]) for one in answers]
        assert sum(bool(one["thumbnail"]) for one in shown) == len(kinds)
        for kind in known - kinds:
            said = home.call("add", shared_data / kind, "--wait", "--json", code=1)
            states = [json.loads(line) for line in said.splitlines()]
            assert "media_type_unsupported" in json.dumps(states[-1]), states


def test_records_are_held_against_their_schema(home):
    """The meta-schemas of jsonschema are data files that have to come along."""
    with Serving(home):
        set_up(home)
        schema = '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}'
        (home.folder / "schema.json").write_text(schema)
        home.call("collection", "create", "numbers", "--schema", "schema.json")
        home.call("record", "create", "numbers", '{"n": 1}')
        home.call("record", "create", "numbers", '{"n": "one"}', code=2)


@pytest.mark.parametrize("roles", [("hub",), ("hub", "node")])
def test_a_hub_alone_and_with_a_node(home, roles):
    options = [word for role in roles for word in ("--role", role)]
    with Serving(home, *options, "--hub-host", "127.0.0.1", "--hub-port", "0") as hub:
        assert home.json("status")["setup_done"] is False
        assert hub.stop() == 0


def test_it_carries_a_current_sqlite(home):
    with Serving(home):
        set_up(home)
        said = {check["name"]: check for check in home.json("doctor")["items"]}["sqlite"]
    version = re.search(r"(\d+)\.(\d+)\.(\d+)", json.dumps(said))
    assert tuple(map(int, version.groups())) >= (3, 51, 3), said


@pytest.mark.parametrize("name", ["unibos", "unibos-hub", "unibos-worker"])
def test_every_name_answers(built, tmp_path, name):
    home = Home(tmp_path, built / "unibos" / name)
    told = json.loads(home.call("--version", "--json"))
    assert told["architecture"] == built.name
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", told["commit"])
    linked = tmp_path / name
    linked.symlink_to(built / "unibos" / name)
    assert home.call("--version", program=linked).startswith(f"unibos {told['version']} (")


def test_help_and_completion_load_every_command(home):
    """Each command is imported only when it is called."""
    listed = re.findall(
        r"^  ([a-z]+)  ", home.call("--help").partition("Commands")[2], re.MULTILINE
    )
    assert len(listed) > 10
    for command in listed:
        assert "Usage: unibos" in home.call(command, "--help")


def test_other_programs_find_their_own_libraries(home, shared_data):
    """What reads pictures is told nothing of our libraries, and the job's child has no others."""
    seen = home.folder / "seen"
    stand_in = home.folder / "bin/tesseract"
    stand_in.parent.mkdir()
    stand_in.write_text(
        f'#!/bin/sh\necho "path=$LD_LIBRARY_PATH" >> {seen}\n'
        f"grep -oE '/usr/lib/.*/lib(crypto|ffi|python|sqlite|ssl|z)[.0-9].*' /proc/$PPID/maps"
        f' >> {seen}\nexec /usr/bin/tesseract "$@"\n'
    )
    stand_in.chmod(0o755)
    home.environ["PATH"] = f"{stand_in.parent}:/usr/bin:/bin"
    with Serving(home):
        set_up(home)
        [one] = added(home, shared_data / "receipts/sroie-000.jpg")
        assert one["state"] == "done"
    assert set(seen.read_text().split()) == {"path="}
