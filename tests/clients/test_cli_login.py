"""Setup, login, logout and users: passwords never on the command line, certificates pinned."""

import datetime
import json
import ssl
import threading

import pytest

from unibos.base.clock import wall_ms
from unibos.base.trust import fingerprint
from unibos.clients.cli.exits import Exit

USERS = "/api/v1/users"
OWNER = {
    "id": "u1", "email": "owner@example.org", "name": "Owner", "role": "owner",
    "disabled": False, "created_at": "2026-01-02T03:04:05Z",
}  # fmt: skip
PAIR = {"access_token": "a", "refresh_token": "r", "expires_in": 900, "user": OWNER}


def kept(tmp_path):
    return json.loads((tmp_path / "home/unibos/logins.json").read_text())


def test_login_is_kept_and_used(unibos, remote, tmp_path):
    remote.on("POST", "/api/v1/auth/login", PAIR)
    remote.on("GET", "/api/v1/jobs", remote.page())
    call = ("login", "--url", remote.url, "--email", "owner@example.org", "--password-stdin")
    ended = unibos(*call, stdin=b"correct horse\n")
    assert ended.out == f"Logged in to {remote.url} as owner@example.org.\n"
    assert remote.asked[0].json == {"email": "owner@example.org", "password": "correct horse"}
    assert kept(tmp_path)["default"] == remote.url
    assert kept(tmp_path)["logins"][remote.url]["expires_ms"] > wall_ms() + 800_000
    assert unibos("job", "list").code == 0
    assert remote.asked[1].headers["authorization"] == "Bearer a"


def test_a_wrong_password_keeps_nothing(unibos, remote, tmp_path):
    remote.on("POST", "/api/v1/auth/login", remote.problem(401, "login_failed"))
    call = ("login", "--url", remote.url, "--email", "a@example.org", "--password-stdin")
    assert unibos(*call, stdin=b"x").code == Exit.AUTH
    assert not (tmp_path / "home/unibos/logins.json").exists()


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "says"),
    [
        (("login",), b"", Exit.USAGE, "--url"),
        (("login", "--url", "http://a"), b"", Exit.USAGE, "--email"),
        (("login", "--url", "http://a", "--email", "a"), b"", Exit.USAGE, "--password-stdin"),
        (
            ("login", "--url", "http://a", "--email", "a", "--password-stdin"),
            b"\n",
            Exit.USAGE,
            "[password_missing]",
        ),
    ],
)
def test_what_is_missing_is_told_where_nobody_can_be_asked(unibos, arguments, stdin, code, says):
    ended = unibos(*arguments, stdin=stdin)
    assert (ended.code, says in ended.err) == (code, True)


def test_a_person_is_asked(unibos, remote, monkeypatch):
    remote.on("POST", "/api/v1/auth/login", PAIR)
    answers = {"Email": "owner@example.org", "Password": "secret"}
    monkeypatch.setattr("click.prompt", lambda text, **options: answers[text])
    monkeypatch.setattr("unibos.clients.cli.asking._person_there", lambda: True)
    assert unibos("login", "--url", remote.url).code == 0
    assert remote.asked[0].json == {"email": "owner@example.org", "password": "secret"}


def test_logout_forgets_whatever_the_server_says(unibos, remote, tmp_path):
    remote.on("POST", "/api/v1/auth/login", PAIR)
    call = ("login", "--url", remote.url, "--email", "a@example.org", "--password-stdin", "--json")
    assert unibos(*call, stdin=b"x").json["url"] == remote.url
    remote.on("POST", "/api/v1/auth/logout", remote.problem(503, "stopping"))
    assert unibos("logout").out == f"Logged out of {remote.url}.\n"
    assert remote.asked[-1].headers["authorization"] == "Bearer a"
    assert kept(tmp_path)["logins"] == {}
    ended = unibos("logout")
    assert (ended.code, ended.err) == (0, "There is no login.\n")


def test_a_token_of_the_environment_is_used(unibos, remote, monkeypatch):
    monkeypatch.setenv("UNIBOS_URL", remote.url)
    monkeypatch.setenv("UNIBOS_TOKEN", "t")
    remote.on("GET", "/api/v1/jobs", remote.page())
    assert unibos("job", "list").code == 0
    assert remote.asked[0].headers["authorization"] == "Bearer t"


def test_somebody_elses_socket_is_not_used(unibos, node, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    ended = unibos("status")
    assert (ended.code, "[socket_forbidden]" in ended.err) == (Exit.AUTH, True)
    assert "sudo" in ended.err
    assert node.asked == []


@pytest.fixture
def secure(remote, tmp_path):
    """The instance behind its own certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "unibos")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    file = tmp_path / "tls.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(pem + key.private_bytes(serialization.Encoding.PEM, *form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    remote.socket = context.wrap_socket(remote.socket, server_side=True)
    remote.url = remote.url.replace("http:", "https:")
    remote.fingerprint = fingerprint(pem.decode())
    remote.on("POST", "/api/v1/auth/login", PAIR)
    remote.on("GET", "/api/v1/jobs", remote.page())
    return remote


def logging_in(unibos, remote, *more):
    call = ("login", "--url", remote.url, "--email", "a@example.org", "--password-stdin", *more)
    return unibos(*call, stdin=b"x")


def test_an_unknown_certificate_is_refused(unibos, secure):
    ended = logging_in(unibos, secure)
    assert (ended.code, "[certificate_unknown]" in ended.err) == (Exit.AUTH, True)
    assert secure.fingerprint in ended.err
    assert secure.asked == []


def test_another_certificate_than_the_expected_one_is_refused(unibos, secure):
    ended = logging_in(unibos, secure, "--fingerprint", "0" * 64)
    assert (ended.code, "[fingerprint_mismatch]" in ended.err) == (Exit.AUTH, True)
    assert secure.asked == []


def test_a_confirmed_certificate_is_pinned(unibos, secure, tmp_path):
    digits = secure.fingerprint.upper()
    shown = ":".join(digits[at : at + 2] for at in range(0, 64, 2))
    assert logging_in(unibos, secure, "--fingerprint", shown).code == 0
    assert unibos("job", "list").code == 0
    # Without the pin the same address is not trusted.
    (tmp_path / "home/unibos/logins.json").unlink()
    assert unibos("job", "list", "--url", secure.url).code == Exit.UNREACHABLE


def test_a_pin_outlives_a_new_password(unibos, secure):
    secure.on("POST", "/api/v1/auth/password", PAIR | {"access_token": "b"})
    assert logging_in(unibos, secure, "--fingerprint", secure.fingerprint).code == 0
    assert unibos("user", "passwd", "--password-stdin", stdin=b"old\nnew\n").code == 0
    assert unibos("job", "list").code == 0


def test_setup_of_an_instance_with_its_own_certificate(unibos, secure):
    secure.on("POST", "/api/v1/setup", secure.Answer(PAIR, 201))
    call = (*SETUP, "--code", "1-2", "--url", secure.url)
    assert unibos(*call, stdin=b"x").code == Exit.AUTH
    assert unibos(*call, "--fingerprint", secure.fingerprint, stdin=b"x").code == 0
    assert unibos("job", "list").code == 0


@pytest.fixture
def setup_answer(node):
    node.on("POST", "/api/v1/setup", node.Answer(PAIR, 201))


SETUP = ("setup", "--email", "owner@example.org", "--name", "Owner", "--password-stdin")


def test_setup_finds_the_code_on_the_box(unibos, node, data, setup_answer):
    (data / "setup-code").write_text("123456-654321\n")
    ended = unibos(*SETUP, stdin=b"correct horse\n")
    assert "owner@example.org owns this instance" in ended.out
    assert node.asked[0].json == {
        "setup_code": "123456-654321", "email": "owner@example.org", "name": "Owner",
        "password": "correct horse",
    }  # fmt: skip


def test_setup_without_a_code_says_so(unibos, node, setup_answer):
    ended = unibos(*SETUP, stdin=b"x")
    assert (ended.code, "--code" in ended.err) == (Exit.USAGE, True)


def test_setup_over_the_network_keeps_the_login(unibos, remote, tmp_path):
    remote.on("POST", "/api/v1/setup", remote.Answer(PAIR, 201))
    ended = unibos(*SETUP, "--code", "1-2", "--url", remote.url, "--json", stdin=b"x")
    assert ended.json == {"user": OWNER}
    assert list(kept(tmp_path)["logins"]) == [remote.url]


def test_setup_twice_ends_with_6(unibos, node):
    node.on("POST", "/api/v1/setup", node.problem(409, "setup_done"))
    ended = unibos(*SETUP, "--code", "1-2", "--lang", "tr", stdin=b"x")
    assert (ended.code, "Kurulum zaten yapıldı." in ended.err) == (Exit.CONFLICT, True)


@pytest.fixture
def users(node):
    node.on("GET", USERS, node.page(OWNER))
    node.on("PATCH", f"{USERS}/u1", lambda asked: OWNER | asked.json)
    node.on("DELETE", f"{USERS}/u1", node.Answer(None, 204))
    node.on("POST", USERS, lambda asked: node.Answer(OWNER | asked.json, 201))


def test_list_users(unibos, users):
    assert unibos("user", "list").out.splitlines()[1].split() == [
        "owner@example.org", "Owner", "owner", "active", "2026-01-02", "03:04",
    ]  # fmt: skip
    assert unibos("user", "list", "--json").json["items"] == [OWNER]


def test_add_a_user(unibos, node, users):
    ended = unibos("user", "add", "member@example.org", "--password-stdin", stdin=b"secret")
    assert ended.out == "member@example.org is added.\n"
    assert node.asked[0].json == {
        "email": "member@example.org", "name": "member", "role": "member", "password": "secret",
    }  # fmt: skip


@pytest.mark.parametrize("who", ["u1", "Owner@Example.org"])
def test_a_user_is_named_by_email_or_id(unibos, node, users, who):
    assert unibos("user", "role", who, "admin").code == 0
    assert node.of("PATCH", f"{USERS}/u1")[0].json == {"role": "admin"}
    assert unibos("user", "role", "nobody@example.org", "admin").code == Exit.NOT_FOUND


def test_passwd_disable_and_remove(unibos, node, users):
    node.on("PUT", f"{USERS}/u1/password", node.Answer(None, 204))
    assert unibos("user", "passwd", "u1", "--password-stdin", stdin=b"new").code == 0
    assert node.of("PUT", f"{USERS}/u1/password")[0].json == {"password": "new"}
    assert unibos("user", "disable", "u1").out == "owner@example.org is shut out.\n"
    assert unibos("user", "disable", "u1", "--undo", "--json").json["disabled"] is False
    changes = [one.json for one in node.of("PATCH", f"{USERS}/u1")]
    assert changes == [{"disabled": True}, {"disabled": False}]
    assert unibos("user", "remove", "u1").code == Exit.USAGE
    assert unibos("user", "remove", "u1", "--yes").code == 0
    assert len(node.of("DELETE", f"{USERS}/u1")) == 1


def test_ones_own_password(unibos, remote, tmp_path):
    remote.on("POST", "/api/v1/auth/login", PAIR)
    remote.on("POST", "/api/v1/auth/password", PAIR | {"access_token": "b"})
    assert logging_in(unibos, remote).code == 0
    ended = unibos("user", "passwd", "--password-stdin", stdin=b"old\nnew\n")
    assert ended.out == "owner@example.org has a new password.\n"
    assert remote.asked[-1].json == {"current_password": "old", "new_password": "new"}
    assert kept(tmp_path)["logins"][remote.url]["access_token"] == "b"


def test_a_login_used_by_two_threads_is_read_whole(unibos, remote, tmp_path):
    remote.on("POST", "/api/v1/auth/login", PAIR)
    assert logging_in(unibos, remote).code == 0
    from unibos.clients.login import Logins

    logins = Logins(tmp_path / "home/unibos")
    one = logins.find()
    writer = threading.Thread(target=lambda: [logins.keep(one) for _ in range(50)])
    writer.start()
    assert all(logins.find() == one for _ in range(50))
    writer.join()
