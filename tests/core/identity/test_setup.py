import re

import pytest

from unibos.base.errors import Conflict, Error, Invalid, TooMany, Unauthenticated
from unibos.core.identity.scope import Role
from unibos.core.store.system import System

EMAIL = "owner@example.org"
PASSWORD = "four unrelated words"
ADDRESS = "192.0.2.7"


def code_file(box):
    return box.folder / "setup-code"


def attempt(box, code, address=ADDRESS, **changes):
    fields = {"email": EMAIL, "name": "Owner", "password": PASSWORD} | changes
    return box.run(box.identity.setup(code, address=address, **fields))


def test_code_lies_alone_in_a_private_file(box):
    code = box.identity.setup_code
    assert re.fullmatch("[0-9]{6}-[0-9]{6}", code)
    assert code_file(box).read_text() == code + "\n"
    assert code_file(box).stat().st_mode & 0o777 == 0o600


def test_codes_differ(open_box):
    assert open_box("one").identity.setup_code != open_box("two").identity.setup_code


def test_restart_keeps_the_code(box):
    code = box.identity.setup_code
    box.restart()
    assert box.identity.setup_code == code


@pytest.mark.parametrize("damaged", [b"", b"12345", b"\xff\xfe", b"123456-65432x\n"])
def test_damaged_code_is_replaced(box, damaged):
    code_file(box).write_bytes(damaged)
    box.restart()
    assert code_file(box).read_text() == box.identity.setup_code + "\n"


def test_owner_is_made_and_the_code_is_dead(box):
    code = box.identity.setup_code
    login = attempt(box, code)

    assert box.identity.setup_code is None
    assert not code_file(box).exists()
    assert (login.user.email, login.user.role, login.user.org) == (
        EMAIL,
        Role.OWNER,
        box.identity.org,
    )
    assert box.scope(login).role is Role.OWNER
    assert box.login().user == login.user
    with pytest.raises(Conflict) as refused:
        attempt(box, code, email="second@example.org")
    assert refused.value.code == "setup_done"
    box.restart()
    assert box.identity.setup_code is None
    assert not code_file(box).exists()


@pytest.mark.parametrize("spelling", ["{0}{1}", " {0} {1}\n", "{0}-{1}"])
def test_code_may_be_typed_without_care(box, spelling):
    typed = spelling.format(*box.identity.setup_code.split("-"))
    assert attempt(box, typed).user.role is Role.OWNER


def test_wrong_codes_are_refused_and_slowed(box):
    right = box.identity.setup_code
    for number in range(5):
        with pytest.raises(Unauthenticated) as refused:
            attempt(box, "000000-00000ğ", address=f"192.0.2.{number}")
        assert refused.value.code == "setup_code_wrong"
        assert right not in refused.value.detail + refused.value.hint
    with pytest.raises(TooMany) as slowed:
        attempt(box, right)
    box.clock.advance(seconds=slowed.value.facts["retry_after"])
    assert attempt(box, right).user.role is Role.OWNER


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "nobody"}, "email_invalid"),
        ({"name": " "}, "name_invalid"),
        ({"name": "a\nb"}, "name_invalid"),
        ({"name": "\ud800"}, "name_invalid"),
        ({"name": "n" * 201}, "name_invalid"),
        ({"password": "short"}, "password_too_short"),
        ({"password": EMAIL.upper()}, "password_too_common"),
    ],
)
def test_wrong_fields_do_not_use_the_code_up(box, changes, code):
    with pytest.raises(Invalid) as refused:
        attempt(box, box.identity.setup_code, **changes)
    assert refused.value.code == code
    assert attempt(box, box.identity.setup_code)


def test_of_two_at_once_one_becomes_owner(box):
    code = box.identity.setup_code
    outcomes = box.all(
        *(
            box.identity.setup(code, f"{who}@example.org", "Owner", PASSWORD, ADDRESS)
            for who in ("one", "two", "three")
        )
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Error)]
    assert [error.code for error in refused] == ["setup_done", "setup_done"]
    users = box.run(box.identity.users.page(box.identity.local_scope(0)))
    assert len(users.items) == 1


def test_owner_from_the_configuration_file(box):
    owner = box.run(box.identity.setup_without_code(EMAIL, "Owner", PASSWORD))
    assert owner.role is Role.OWNER
    assert box.identity.setup_code is None
    assert not code_file(box).exists()
    assert box.login().user == owner
    with pytest.raises(Conflict) as refused:
        box.run(box.identity.setup_without_code(EMAIL, "Owner", PASSWORD))
    assert refused.value.code == "setup_done"


def test_owner_made_in_another_way_ends_the_setup(box):
    box.member(Role.ADMIN, "admin@example.org")
    assert box.identity.setup_code is not None
    box.member(Role.OWNER, "other@example.org")
    assert box.identity.setup_code is None
    assert not code_file(box).exists()


def test_file_that_cannot_be_removed_changes_nothing(box, caplog):
    class ReadOnly(System):
        def remove(self, path):
            if path.name == "setup-code":
                raise OSError(30, "Read-only file system")
            super().remove(path)

    code = box.identity.setup_code
    box.store.system = ReadOnly()
    assert attempt(box, code).user.role is Role.OWNER
    assert box.identity.setup_code is None
    assert code not in caplog.text
    assert "could not be removed" in caplog.text
    with pytest.raises(Conflict):
        attempt(box, code)
    box.restart()
    assert not code_file(box).exists()
