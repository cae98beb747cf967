"""Targets of notifications, against real servers."""

import email
import email.policy
import socket
from dataclasses import replace
from email.header import decode_header, make_header

import msgspec
import pytest

from tests.modules.care.places import free_port, mail_server, web_server
from unibos.base.errors import Invalid, Unavailable
from unibos.modules.care.notifications.targets.mail import Mail
from unibos.modules.care.notifications.targets.ntfy import Ntfy
from unibos.modules.care.notifications.targets.target import News
from unibos.modules.care.notifications.targets.webhook import Webhook, signature
from unibos.transports.http.posting import post

NEWS = News(
    id="0199-1",
    level="error",
    title="Disk ağzına kadar dolu\r\nX-Evil: 1",
    body="Yer açın.",
    source="health",
    at="2026-11-23T10:00:00.000Z",
)


def test_ntfy_gets_title_priority_and_token():
    with web_server() as taken:
        Ntfy(f"{taken.url}/topic", "tk_secret", post).send(NEWS)
        path, headers, body = taken.wait(1)[0]
    assert path == "/topic"
    assert body.decode() == "Yer açın."
    assert headers["authorization"] == "Bearer tk_secret"
    assert headers["priority"] == "5"
    assert str(make_header(decode_header(headers["title"]))) == "Disk ağzına kadar dolu X-Evil: 1"
    assert "x-evil" not in headers


def test_ntfy_without_a_body_sends_the_title():
    with web_server() as taken:
        Ntfy(taken.url, "", post).send(replace(NEWS, body="", title="Full"))
        _, headers, body = taken.wait(1)[0]
    assert (headers["title"], body, "authorization" in headers) == ("Full", b"Full", False)


def test_a_webhook_is_signed_over_what_it_gets():
    with web_server() as taken:
        Webhook(f"{taken.url}/hook", "s3cret", post, wall=lambda: 1_700_000_000_123).send(NEWS)
        path, headers, body = taken.wait(1)[0]
    assert path == "/hook"
    assert headers["webhook-id"] == NEWS.id
    assert headers["webhook-timestamp"] == "1700000000"
    assert headers["webhook-signature"] == signature("s3cret", NEWS.id, "1700000000", body)
    assert headers["webhook-signature"] != signature("other", NEWS.id, "1700000000", body)
    said = msgspec.json.decode(body)
    assert said["data"] == {
        "id": NEWS.id,
        "level": "error",
        "title": NEWS.title,
        "body": NEWS.body,
        "source": "health",
    }


def test_the_signature_is_that_of_standard_webhooks():
    # Computed with openssl: printf 'a.1.{}' | openssl dgst -sha256 -hmac k -binary | base64
    assert signature("k", "a", "1", b"{}") == "v1,qOHU3ZNEI7JL1FZgWWn7yzERdFXcrDUOV4Nz0pT+puQ="


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (404, Invalid, "notification_refused"),
        (302, Invalid, "notification_refused"),
        (429, Unavailable, "notification_not_sent"),
        (503, Unavailable, "notification_not_sent"),
    ],
)
def test_what_an_answer_means(status, error, code):
    with web_server() as taken:
        taken.status = status
        with pytest.raises(error) as raised:
            Webhook(taken.url, "", post).send(NEWS)
        assert raised.value.code == code
        assert [path for path, _, _ in taken.items] == ["/"]


def test_nobody_there_is_tried_later():
    with pytest.raises(Unavailable, match="notification"):
        Webhook(f"http://127.0.0.1:{free_port()}/", "", post).send(NEWS)
    with pytest.raises(Unavailable, match="does not answer"):
        mail_to(f"smtp://127.0.0.1:{free_port()}").send(NEWS)


def test_a_mail_arrives_whole_and_its_header_cannot_be_forged():
    with mail_server() as taken:
        mail_to(taken.url).send(NEWS)
        envelope = taken.wait(1)[0]
    assert envelope.mail_from == "box@example.org"
    assert envelope.rcpt_tos == ["owner@example.org", "second@example.org"]
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert message["subject"] == "[UNIBOS] Disk ağzına kadar dolu X-Evil: 1"
    assert message["x-evil"] is None
    assert message["message-id"] == "<0199-1@example.org>"
    assert "Yer açın." in message.get_content()


@pytest.mark.parametrize(
    ("answer", "error"),
    [("554 no", Invalid), ("451 later", Unavailable)],
)
def test_a_mail_server_may_refuse(answer, error):
    with mail_server(answer) as taken, pytest.raises(error, match="answered with"):
        mail_to(taken.url).send(NEWS)


def test_a_mail_server_elsewhere_must_encrypt(monkeypatch):
    """Login and mail go to another machine only after STARTTLS, which this server has not."""
    with mail_server() as taken:
        port = taken.url.rpartition(":")[2]
        real = socket.create_connection
        monkeypatch.setattr(
            socket, "create_connection", lambda _to, *rest: real(("127.0.0.1", int(port)), *rest)
        )
        with pytest.raises(Invalid, match="no encryption"):
            mail_to(f"smtp://mail.example.org:{port}").send(NEWS)
        assert not taken.items


def mail_to(server: str) -> Mail:
    receivers = ("owner@example.org", "second@example.org")
    return Mail(server, "", "", "box@example.org", receivers)
