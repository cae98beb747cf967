"""A hub's start: where it is reached, how it is encrypted, who owns it, what it does by itself."""

import asyncio
import socket
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.box import PASSWORD, RunningHub
from unibos.base.errors import Misconfigured
from unibos.base.trust import unchecked
from unibos.roles.addresses import announced
from unibos.roles.chores import chores


def settings(host="0.0.0.0", urls=()):
    return SimpleNamespace(host=host, public_urls=urls)


@pytest.mark.parametrize(
    ("host", "urls", "told"),
    [
        ("192.0.2.7", (), ("https://192.0.2.7:8000",)),
        ("fd00::7", (), ("https://[fd00::7]:8000",)),
        ("127.0.0.1", (), ("https://127.0.0.1:8000",)),
        ("0.0.0.0", ("https://hub.example.org/",), ("https://hub.example.org",)),
    ],
)
def test_where_a_hub_says_that_it_is(host, urls, told):
    assert announced(settings(host, urls), "https", 8000) == told


@pytest.mark.parametrize(
    ("name", "told"), [("Box", "box.local"), ("box.example.org", "box.example.org")]
)
def test_a_hub_that_listens_everywhere_is_found_by_its_name(monkeypatch, name, told):
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    first, *others = announced(settings(), "https", 8000)
    assert first == f"https://{told}:8000"
    assert all(other.startswith("https://") for other in others)


def certificate(folder, *, own):
    """A certificate, signed by itself or by an authority; its files and its fingerprint."""
    key, authority = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("hub", "authority")
    ]
    now = datetime.now(UTC)
    issuer, signer = (names[0], key) if own else (names[1], authority)
    made = x509.CertificateBuilder(
        issuer, names[0], key.public_key(), 1, now, now + timedelta(days=1)
    ).sign(signer, SHA256())
    paths = folder / "chain.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    paths[1].write_bytes(private)
    return {"hub.tls": True, "hub.tls_cert": paths[0], "hub.tls_key": paths[1]}, made


@pytest.mark.parametrize("own", [True, False])
def test_a_hub_vouches_for_a_certificate_that_nobody_else_does(tmp_path, own):
    options, made = certificate(tmp_path, own=own)
    with RunningHub(tmp_path / "data", options) as hub:
        told = hub.local().get("/api/v1/status").json()["fingerprint"]
        assert told == (made.fingerprint(SHA256()).hex() if own else None)
        assert not (tmp_path / "data/tls.pem").exists()


def test_a_certificate_that_is_none_stops_the_start(tmp_path):
    options, _ = certificate(tmp_path, own=True)
    (tmp_path / "chain.pem").write_text("nothing")
    with pytest.raises(Misconfigured) as raised, RunningHub(tmp_path / "data", options):
        raise AssertionError("it must not start")
    assert raised.value.code == "certificate_unusable"


def test_plain_http_is_for_the_proxy_and_this_machine(tmp_path):
    with pytest.raises(Misconfigured) as raised, RunningHub(tmp_path, {"hub.host": "0.0.0.0"}):
        raise AssertionError("it must not start")
    assert raised.value.code == "plain_http_refused"
    behind = {"hub.host": "0.0.0.0", "hub.proxies": "203.0.113.7"}
    with RunningHub(tmp_path, behind) as hub:
        port = hub.url.rpartition(":")[2]
        assert httpx2.get(f"http://127.0.0.1:{port}/health").status_code == 200
        outside = address_of_this_machine()
        if outside is None:
            pytest.skip("this machine has no address but its own")
        refused = httpx2.get(f"http://{outside}:{port}/health")
        assert (refused.status_code, refused.json()["code"]) == (403, "https_required")


@pytest.mark.timeout(25)
def test_idle_encrypted_connections_do_not_hold_up_the_stop(tmp_path):
    with RunningHub(tmp_path, {"hub.tls": True, "http.stop_seconds": 600}) as hub:
        port = int(hub.url.rpartition(":")[2])
        raw = socket.create_connection(("127.0.0.1", port))
        idle = unchecked().wrap_socket(raw, server_hostname="hub")
        idle.sendall(b"GET /health HTTP/1.1\r\nhost: hub\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        hub.running.stop()
        idle.close()


def address_of_this_machine():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


def test_guesses_are_counted_by_the_client_behind_a_proxy_and_no_word_of_its_own(tmp_path):
    def guess(hub, number, client):
        said = {"email": f"{number}@example.org", "password": "wrong"}
        headers = {"x-forwarded-for": f"203.0.113.{number}, {client}"}
        return httpx2.post(f"{hub.url}/api/v1/auth/login", json=said, headers=headers).json()

    with RunningHub(tmp_path, {"hub.proxies": "127.0.0.1"}) as hub:
        hub.set_up()
        codes = [guess(hub, number, "198.51.100.1")["code"] for number in range(22)]
        assert codes[-1] == "too_many_attempts"
        assert guess(hub, 99, "198.51.100.2")["code"] == "login_failed"


def test_the_owner_comes_from_the_settings(tmp_path):
    wanted = {"setup.email": "owner@example.org", "setup.password": PASSWORD, "org.name": "Smith"}
    with RunningHub(tmp_path, wanted) as hub:
        assert hub.setup_code is None
        owner = hub.client(hub.log_in("owner@example.org")["access_token"])
        (org,) = owner.get("/api/v1/orgs").json()["items"]
        assert (org["name"], org["slug"]) == ("Smith", "smith")


def test_chores_are_done_again_and_again_and_one_that_fails_stops_nothing(caplog):
    done, twice = [], threading.Event()

    def failing():
        raise ValueError("this one")

    def working():
        done.append(threading.current_thread())
        if len(done) == 2:
            twice.set()

    async def run():
        async with chores({"failing": failing, "working": working}, first=0, every=0):
            await asyncio.to_thread(twice.wait, 30)

    asyncio.run(run())
    assert len(done) >= 2
    assert threading.main_thread() not in done
    assert "a chore failed" in caplog.text
