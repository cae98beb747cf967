"""The local socket: who is on this machine is known by the kernel's word alone."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx2
import pytest

from tests.box import Running
from unibos.base.local_socket import address_of

ME = "/api/v1/me"
SOMEBODY = 65534
STRANGER = """
import os, socket, sys
folder = os.open(sys.argv[1], os.O_PATH | os.O_DIRECTORY)
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
asker = socket.socket(socket.AF_UNIX)
asker.connect(sys.argv[1] + "/unibos.sock")
asker.sendall(b"GET %s HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\n%s\\r\\n" % (
    sys.argv[2].encode(), sys.argv[3].encode()))
while piece := asker.recv(65536):
    sys.stdout.buffer.write(piece)
"""


@pytest.fixture(scope="module")
def box():
    # pytest's own folders let nobody else in, and the stranger below has to get to the socket.
    folder = Path(tempfile.mkdtemp(prefix="unibos-"))
    with Running(folder / "data") as running:
        running.set_up()
        folder.chmod(0o755)
        yield running
    shutil.rmtree(folder)


def test_who_runs_the_service_is_an_owner_without_a_token(box):
    me = box.local().get(ME).json()
    assert (me["role"], me["email"], me["id"]) == ("owner", "", f"uid:{os.getuid()}")
    assert me["org"] == box.login["user"]["org"]
    made = box.local().post("/api/v1/collections/notes/records", json={"data": {"title": "x"}})
    assert made.status_code == 201


def test_a_token_on_the_local_socket_is_what_counts(box):
    local = box.local()
    login = box.log_in("owner@example.org")
    asked = {"authorization": f"Bearer {login['access_token']}"}
    assert local.get(ME, headers=asked).json()["email"] == "owner@example.org"
    refused = local.get(ME, headers={"authorization": "Bearer nonsense"})
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")


def ask_as_somebody(box, path, header=""):
    box.folder.chmod(0o755)
    try:
        asked = [sys.executable, "-c", STRANGER, str(box.folder), path, header]
        told = subprocess.run(asked, capture_output=True, check=True, timeout=60).stdout
    finally:
        box.folder.chmod(0o700)
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can ask as somebody else")
def test_another_user_of_the_machine_is_refused_but_may_log_in(box):
    status, told = ask_as_somebody(box, ME)
    assert (status, told["code"]) == (403, "peer_refused")
    assert ask_as_somebody(box, "/health")[0] == 200
    token = f"authorization: Bearer {box.login['access_token']}\r\n"
    status, me = ask_as_somebody(box, ME, token)
    assert (status, me["email"]) == (200, "owner@example.org")


def test_the_data_folder_lets_nobody_else_as_far_as_the_socket(box):
    assert box.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "headers",
    [
        {"unibos.uid": "0"},
        {"x-unibos-uid": "0", "unibos-uid": "0"},
        {"x-forwarded-for": "local", "forwarded": "for=local", "x-real-ip": "127.0.0.1"},
        {"host": "local"},
        {"authorization": ""},
    ],
)
def test_over_the_network_nobody_can_pretend_to_be_local(box, headers):
    answer = httpx2.get(box.url + ME, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] in ("token_missing", "token_invalid")


def test_a_socket_left_by_an_earlier_life_is_replaced(tmp_path):
    with socket.socket(socket.AF_UNIX) as left_over, address_of(tmp_path / "unibos.sock") as there:
        left_over.bind(there)
    with Running(tmp_path) as running:
        assert running.local().get("/health").status_code == 200
    assert not (tmp_path / "unibos.sock").exists()


def test_a_path_longer_than_an_address_of_a_socket(tmp_path):
    folder = tmp_path / ("long" * 30)
    with Running(folder) as running:
        assert len(str(folder)) > 107
        assert running.local().get(ME).json()["role"] == "owner"
