"""Only what the key signed, in minisign's prehashed format."""

import base64

import pytest

from tests.ops.update.installation import PUBLIC, SECRET, minisign
from unibos.base.errors import Damaged, Misconfigured
from unibos.ops.update.signature import public_key, verify

CONTENT = b'{"format": 1}\n'


@pytest.fixture
def signature(tmp_path):
    (tmp_path / "list").write_bytes(CONTENT)
    (tmp_path / "key").write_text(SECRET)
    return minisign().sign(tmp_path / "list", tmp_path / "key", "of a test").read_text()


def test_the_comment_that_is_signed(signature):
    assert verify(CONTENT, signature, public_key(PUBLIC)) == "of a test"


def older(signature):
    """Signed directly, as minisign once did: ``Ed`` in place of ``ED``."""
    lines = signature.splitlines()
    lines[1] = base64.b64encode(b"Ed" + base64.b64decode(lines[1])[2:]).decode()
    return "\n".join(lines)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("of a test", "of a rest"),
        lambda text: text.replace("trusted comment: of", "comment: of"),
        lambda text: "\n".join(text.splitlines()[:3]),
        lambda text: text.replace("RUT6", "RUT7"),
        older,
        lambda _: "",
        lambda _: "a\n!\nb\nc",
        lambda _: "a\nAAAA\ntrusted comment: b\nAAAA",
    ],
)
def test_another_signature_is_refused(signature, change):
    changed = change(signature)
    assert changed != signature
    with pytest.raises(Damaged) as told:
        verify(CONTENT, changed, public_key(PUBLIC))
    assert told.value.code == "update_signature_wrong"


def test_another_content_is_refused(signature):
    with pytest.raises(Damaged):
        verify(CONTENT + b" ", signature, public_key(PUBLIC))


def test_another_key_is_refused(signature):
    number, point = base64.b64decode(PUBLIC)[:10], bytes(32)
    with pytest.raises(Damaged):
        verify(CONTENT, signature, (number + point)[2:])


@pytest.mark.parametrize("text", ["", "RWT6", "no base64", base64.b64encode(bytes(42)).decode()])
def test_without_a_key_nothing_is_checked(text):
    with pytest.raises(Misconfigured) as told:
        public_key(text)
    assert told.value.code == "update_key_missing"
