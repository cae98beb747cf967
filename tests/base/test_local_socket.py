"""Local sockets in folders whose paths are longer than an address of a socket."""

import os
import socket
from pathlib import Path

import pytest

from unibos.base.local_socket import address_of


def test_a_socket_is_bound_and_reached_however_long_its_path_is(tmp_path):
    path = tmp_path / ("deep" * 20) / ("er" * 40) / "unibos.sock"
    assert len(os.fsencode(path)) > 107
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        with address_of(path) as address:
            listener.bind(address)
        listener.listen()
        with address_of(path) as address:
            client.connect(address)
    assert path.is_socket()


def test_no_descriptor_is_left_and_a_missing_folder_is_told(tmp_path):
    before = {one.name for one in Path("/proc/self/fd").iterdir()}
    with address_of(tmp_path / "a"):
        pass
    with pytest.raises(FileNotFoundError), address_of(tmp_path / "none" / "a"):
        pass
    assert {one.name for one in Path("/proc/self/fd").iterdir()} == before
