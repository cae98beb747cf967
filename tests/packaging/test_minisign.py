"""Signatures are the very bytes that minisign 0.11 made with the same key."""

import importlib.util
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "packaging/minisign.py"
PUBLIC = """\
untrusted comment: minisign public key B21D6582B22932FA
RWT6MimygmUdsryBXvv6mUjFOhCjV6+8DzkcgkSnUwgAMdkF7N0xGvmV
"""
# Of this test alone: it signs nothing else.
SECRET = """\
untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+jIpsoJlHbI4QmxiaCHS/LmMp4oW\
Xeudy6mUTWPHlNH73bI9RYZbELyBXvv6mUjFOhCjV6+8DzkcgkSnUwgAMdkF7N0xGvmVAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
AAAAAAA=
"""
SIGNATURE = """\
untrusted comment: signature of hello
RUT6MimygmUdsg7Y6nYF1dBW+JgfYsxpC1LKaL68YGbxB5zLymfy0ddhN4cM/gbnrwS6b47B5KMA+9gJWX4trNVPih4GJXBmRAU=
trusted comment: unibos 0.1.0
CiJzjdr568HRxP4R35D+A9/d4E3N0vSFHRMifIBqlnyCDR6fhi1gVkNacVxlq5b6UuoaDdio0I1THOaj4m7UBQ==
"""


@pytest.fixture(scope="module")
def minisign():
    spec = importlib.util.spec_from_file_location("minisign", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "hello").write_text("hello\n")
    (tmp_path / "key.pub").write_text(PUBLIC)
    (tmp_path / "key").write_text(SECRET)
    return tmp_path


def test_it_signs_as_minisign_does(minisign, folder):
    made = minisign.sign(folder / "hello", folder / "key", "unibos 0.1.0")
    assert made.name == "hello.minisig"
    assert made.read_text() == SIGNATURE


def test_it_checks_what_minisign_signed(minisign, folder):
    (folder / "hello.minisig").write_text(SIGNATURE)
    assert minisign.verify(folder / "hello", folder / "key.pub") == "unibos 0.1.0"


@pytest.mark.parametrize("change", ["file", "comment", "key"])
def test_anything_else_is_refused(minisign, folder, change):
    (folder / "hello.minisig").write_text(SIGNATURE)
    if change == "file":
        (folder / "hello").write_text("hallo\n")
    elif change == "comment":
        (folder / "hello.minisig").write_text(SIGNATURE.replace("0.1.0", "0.1.1"))
    else:
        other = PUBLIC.replace("RWT6Mimy", "RWT7Mimy")
        (folder / "key.pub").write_text(other)
    with pytest.raises(ValueError, match="signed"):
        minisign.verify(folder / "hello", folder / "key.pub")


def test_a_key_with_a_passphrase_is_refused(minisign, folder):
    # The derivation of a key from a passphrase is named "Sc".
    (folder / "key").write_text(SECRET.replace("RWQAAEIy", "RWRTY0Iy"))
    with pytest.raises(SystemExit, match="passphrase"):
        minisign.sign(folder / "hello", folder / "key", "")
