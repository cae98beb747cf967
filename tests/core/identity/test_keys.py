import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from unibos.base.errors import Damaged, Misconfigured
from unibos.core.identity.keys import InstanceKey
from unibos.core.store.system import System


def test_key_is_made_once_and_kept_private(tmp_path):
    first = InstanceKey.open(tmp_path / "data")
    again = InstanceKey.open(tmp_path / "data")

    assert first.id == again.id
    assert (tmp_path / "data/instance.key").stat().st_mode & 0o777 == 0o600
    assert InstanceKey.open(tmp_path / "other").id != first.id


def test_id_is_the_hash_of_the_public_key(tmp_path):
    key = InstanceKey.open(tmp_path)
    raw = key.public.public_bytes(Encoding.Raw, PublicFormat.Raw)

    assert base64.b32decode(key.id.upper() + "====") == hashlib.sha256(raw).digest()
    assert len(key.id) == 52
    assert key.short == f"{key.id[:4]}-{key.id[4:8]}"


def test_key_is_on_the_disk_before_it_is_used(tmp_path):
    class Full(System):
        def sync(self, file):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        InstanceKey.open(tmp_path, Full())
    assert not (tmp_path / "instance.key").exists()
    assert InstanceKey.open(tmp_path).id


def test_secrets_are_stable_and_differ_by_purpose(tmp_path):
    key = InstanceKey.open(tmp_path / "a")

    assert key.secret("one") == InstanceKey.open(tmp_path / "a").secret("one")
    assert key.secret("one") != key.secret("two")
    assert key.secret("one") != InstanceKey.open(tmp_path / "b").secret("one")
    assert len(key.secret("one")) == 32


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_key_that_others_may_read_is_refused(tmp_path, mode):
    InstanceKey.open(tmp_path)
    (tmp_path / "instance.key").chmod(mode)

    with pytest.raises(Misconfigured) as refused:
        InstanceKey.open(tmp_path)
    assert refused.value.code == "instance_key_exposed"
    assert "chmod 600" in refused.value.hint


def test_key_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "instance.key").mkdir(mode=0o700)

    with pytest.raises(Misconfigured) as refused:
        InstanceKey.open(tmp_path)
    assert refused.value.code == "instance_key_unreadable"


def _other_kind():
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@pytest.mark.parametrize(
    "damage", [lambda text: b"", lambda text: text[:60], lambda _: _other_kind()]
)
def test_damaged_key_is_reported_and_left_alone(tmp_path, damage):
    InstanceKey.open(tmp_path)
    path = tmp_path / "instance.key"
    path.write_bytes(damaged := damage(path.read_bytes()))

    with pytest.raises(Damaged) as reported:
        InstanceKey.open(tmp_path)
    assert reported.value.code == "instance_key_damaged"
    assert path.read_bytes() == damaged


def test_of_two_first_starts_one_makes_the_key_and_both_have_it(tmp_path):
    class Slow(System):
        """Lets another start make the key between the look and the writing."""

        def create_text(self, path, text, mode=0o600):
            self.first = InstanceKey.open(tmp_path)
            super().create_text(path, text, mode)

    slow = Slow()
    late = InstanceKey.open(tmp_path, slow)
    assert late.id == slow.first.id == InstanceKey.open(tmp_path).id
    assert [path.name for path in tmp_path.iterdir()] == ["instance.key"]
