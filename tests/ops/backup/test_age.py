"""The age format: what others wrote is read, and nothing that was changed is."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import Damaged, Error, Invalid, Unauthenticated
from unibos.ops.backup import keys
from unibos.ops.backup.age import CHUNK, Key, Passphrase, Sealing, opened, sealed_size

# Written by age 1.1.1: age-keygen, `age -r`, `age -p`.
IDENTITY = """# created: 2026-11-23T12:25:38Z
# public key: age1dwedefunxwec40m9tmm5lvpak4agzdk5uc9jaeups3ads2wzhafqyt6vha
AGE-SECRET-KEY-1CLM3EEZK7PWJS9MDQYF56MV9QV8X0YLHLEULNMYTZMLZ9KU0G55S4F4NQ8
"""
TO_KEY = base64.b64decode(
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBJcmlGcDVodEUxOGM4aWlRN2tDQk5vdng1b3d5QktRbVZpNEN5"
    "VWU4VWxZCkJMSFdzZGN2WDA0bWkwemdUL29JSExIYy8vQ00wRmVlV2VLUm9LRTEwZzQKLS0tIElJd3ZJYlpTWnlJNE1y"
    "V2hMZ3AyV0tEUDNpMnRrekUwTUxsdGpoelhEWjQKrTfe9DsCLIsEoIfGlmuCOU9109sKpFJAGupN0qK5pF7cHWAleg4q"
    "iONeyw=="
)
TO_PASSPHRASE = base64.b64decode(
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCB1NzFrR3VwbWR0Yk5ETVpua3JNZ3NBIDE4CnlLbk0zWHNoMmFP"
    "N3pGSkJKbUxmMi9Xek5nREhGYm9VSjI1R0szM2x4OGcKLS0tIG9PWDM5Q1MrWmlyUFg0VHJVOTZ2Q1hBSTJFaXpWKzRa"
    "OTFqT3hBYUhhd0kKuS0zjqDRa7/PktB8mHmcbhRWXHCNqJOheqsGDJ1aF/pIE/SccOeubDn7kA=="
)
KEY = Key.from_raw(bytes(range(32)))


def sealed(content, secret=KEY):
    sink = io.BytesIO()
    sealing = Sealing(sink, secret)
    sealing.write(content)
    sealing.finish()
    return sink.getvalue()


def read(raw, secret=KEY):
    return b"".join(opened(io.BytesIO(raw), secret))


def test_what_the_program_age_wrote_is_read():
    assert read(TO_KEY, keys.read(IDENTITY)) == b"kept by age"
    assert read(TO_PASSPHRASE, Passphrase("correct horse battery")) == b"kept by age"


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])
def test_round_trip_at_the_edges_of_chunks(size):
    content = bytes(index % 251 for index in range(size))
    assert read(sealed(content)) == content
    assert len(sealed(content)) == sealed_size(size)


@given(st.binary(max_size=300), st.text(min_size=1, max_size=30))
def test_round_trip_with_a_passphrase(content, passphrase):
    assert read(sealed(content, Passphrase(passphrase, 2)), Passphrase(passphrase)) == content


def test_the_same_content_is_never_sealed_alike():
    assert sealed(b"x") != sealed(b"x")


def test_another_secret_is_told():
    for raw, other in (
        (sealed(b"x"), Key.generate()),
        (sealed(b"x", Passphrase("one", 2)), Passphrase("other")),
        (sealed(b"x", Passphrase("one", 2)), KEY),
        (sealed(b"x"), Passphrase("one")),
    ):
        with pytest.raises(Unauthenticated) as told:
            read(raw, other)
        assert told.value.code == "backup_secret_wrong"


def test_every_changed_byte_is_noticed():
    raw = sealed(b"some content")
    for place in range(len(raw)):
        for change in (1, 0x20, 0x80):
            broken = bytearray(raw)
            broken[place] ^= change
            with pytest.raises(Error):
                read(bytes(broken))


def test_every_cut_and_every_addition_is_noticed():
    raw = sealed(bytes(CHUNK + 10))
    for length in {*range(230), *range(CHUNK, len(raw))}:
        with pytest.raises(Error):
            read(raw[:length])
    with pytest.raises(Damaged):
        read(raw + b"x")


def test_chunks_cannot_change_places():
    raw = sealed(bytes(CHUNK) + bytes(CHUNK) + b"end")
    head = len(raw) - sealed_size(2 * CHUNK + 3) + sealed_size(0) - 16
    step = CHUNK + 16
    first, second = raw[head : head + step], raw[head + step : head + 2 * step]
    with pytest.raises(Damaged):
        read(raw[:head] + second + first + raw[head + 2 * step :])


@pytest.mark.parametrize("cost", ["0", "016", "21", "99", "-1", "1e1", "１６"])
def test_a_header_cannot_ask_for_all_memory(cost):
    raw = sealed(b"x", Passphrase("p", 2))
    line = raw.split(b"\n")[1]
    asked = line.rsplit(b" ", 1)[0] + b" " + cost.encode()
    with pytest.raises(Damaged):
        read(raw.replace(line, asked), Passphrase("p"))


@given(st.binary(min_size=32, max_size=32))
def test_a_written_key_is_read_again(raw):
    assert keys.read("# a comment\n\n" + keys.written(Key.from_raw(raw)) + "\n").raw == raw


def test_a_mistyped_key_is_noticed():
    text = keys.written(KEY)
    for place in range(len(text)):
        wrong = text[:place] + ("Q" if text[place] != "Q" else "P") + text[place + 1 :]
        with pytest.raises(Invalid):
            keys.read(wrong)
    for wrong in ("", "x", text.lower()[:20] + text[20:], text[:-1], text + "Q"):
        with pytest.raises(Invalid):
            keys.read(wrong)


def test_a_key_file_is_private_and_never_overwritten(tmp_path):
    path = tmp_path / "unibos.key"
    made = keys.make_file(path)
    assert keys.read(path.read_text()).raw == made.raw
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Error) as told:
        keys.make_file(path)
    assert told.value.code == "file_exists"
