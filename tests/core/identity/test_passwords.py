import asyncio
import threading

import argon2
import pytest

from unibos.base.errors import Invalid, Unavailable
from unibos.core.identity import passwords
from unibos.core.identity.passwords import Effort, Passwords

CHEAP = Effort(64, 1)


@pytest.fixture
def hashing():
    made = Passwords(CHEAP, at_once=2)
    yield made
    made.close()


@pytest.mark.parametrize(
    "password",
    [
        "four unrelated words",
        "x9!Kq2mZp0",
        "ğüşiöçığüş uzun",
        "a" * 5 + "bcdefgh" * 35,
        "pass\x00word 42",
    ],
)
def test_good_passwords(password):
    passwords.check(password, "owner@example.org")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_too_short"),
        ("x9!Kq2mZp", "password_too_short"),
        ("o\u0308" * 9, "password_too_short"),
        ("ab3 " * 65, "password_too_long"),
        ("ğüş4" * 40, "password_too_long"),
        ("PassWord123", "password_too_common"),
        ("aaaaaaaaaaaa", "password_too_common"),
        ("1234567890", "password_too_common"),
        ("0987654321", "password_too_common"),
        ("QwertyUiop", "password_too_common"),
        ("zyxwvutsrqp", "password_too_common"),
        ("galatasaray1905", "password_too_common"),
        ("Owner.name@example.org", "password_too_common"),
        ("owner.name", "password_too_common"),
        ("owner.nameowner.name", "password_too_common"),
    ],
)
def test_refused_passwords(password, code):
    with pytest.raises(Invalid) as refused:
        passwords.check(password, "owner.name@example.org")
    assert refused.value.code == code
    assert password not in refused.value.detail or not password


def test_verifier_fits_its_password_alone(hashing):
    async def hash_twice():
        return await asyncio.gather(hashing.hash("four words"), hashing.hash("four words"))

    first, second = asyncio.run(hash_twice())
    assert first != second
    assert first.startswith("$argon2id$")
    assert hashing.matches(first, "four words")
    assert not hashing.matches(first, "four words ")
    assert not hashing.matches(first, "four words" + "x" * 300)
    assert not hashing.matches("not a verifier", "four words")


def test_the_same_letters_match_however_they_are_composed(hashing):
    verifier = asyncio.run(hashing.hash("schöne wörter"))
    assert hashing.matches(verifier, "scho\u0308ne wo\u0308rter")


def test_lone_surrogates_are_only_a_strange_password(hashing):
    verifier = asyncio.run(hashing.hash("strange \ud800 password"))
    assert hashing.matches(verifier, "strange \ud800 password")
    assert not hashing.matches(verifier, "strange \ud801 password")


def test_an_unknown_account_costs_the_same_effort(hashing, monkeypatch):
    spent = []
    verify = argon2.PasswordHasher.verify

    def spy(self, verifier, password):
        spent.append(argon2.extract_parameters(verifier))
        return verify(self, verifier, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", spy)
    known = asyncio.run(hashing.hash("four words"))
    assert not hashing.matches(known, "wrong")
    assert not hashing.matches(None, "wrong")
    assert not hashing.matches(None, "w" * 10_000)
    assert spent[0] == spent[1] == spent[2]


def test_cheaper_verifiers_are_outgrown(hashing):
    verifier = asyncio.run(hashing.hash("four words"))

    def with_effort(memory, passes):
        return Passwords(Effort(memory, passes), 1)

    assert with_effort(64, 2).outgrown(verifier)
    assert with_effort(128, 1).outgrown(verifier)
    assert not with_effort(64, 1).outgrown(verifier)
    assert not with_effort(32, 1).outgrown(verifier)


def test_every_profile_has_an_effort_that_owasp_accepts():
    # Overridden for speed in the other tests, so "edge" is read from a fresh module.
    import importlib.util

    spec = importlib.util.find_spec("unibos.core.identity.passwords")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert set(fresh.EFFORTS) == {"edge", "standard", "desktop"}
    assert fresh.EFFORTS["edge"] == fresh.Effort(19 * 1024, 2, 1)
    assert all(effort.work >= 2 * 19 * 1024 for effort in fresh.EFFORTS.values())


def test_no_more_than_the_allowed_number_hash_at_once_and_never_on_the_loop(hashing):
    running, most, threads = 0, 0, set()
    lock, both = threading.Lock(), threading.Barrier(2, timeout=10)

    def work():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            threads.add(threading.current_thread())
        both.wait()
        with lock:
            running -= 1

    async def many():
        await asyncio.gather(*(hashing.run(work) for _ in range(6)))

    asyncio.run(many())
    assert most == 2
    assert threading.main_thread() not in threads


def test_queue_of_passwords_has_an_end(hashing):
    gate = threading.Event()

    async def flood():
        waiting = [asyncio.ensure_future(hashing.run(gate.wait)) for _ in range(passwords.WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as refused:
            await hashing.run(gate.wait)
        gate.set()
        await asyncio.gather(*waiting)
        assert await hashing.run(lambda: "again")
        return refused.value

    refused = asyncio.run(flood())
    assert refused.code == "login_overloaded"
    assert refused.facts["retry_after"] > 0
