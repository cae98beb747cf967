"""Clients that write to a node which may die at any moment, and remember what it promised.

An answer that never came leaves a write in doubt. Creates and batches in doubt are not sent
again, since that could do them twice; patches, deletes, blobs and documents are, until they are
acknowledged, since doing them twice is doing them once.
"""

import hashlib
import http.client
import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from journal import Changes, Journal
from load import Address
from peers import EMAIL, PASSWORD
from servers import Client

COLLECTION = "soak"
RECORDS = f"/api/v1/collections/{COLLECTION}/records"
REFUSED = frozenset({429, 503})
BATCH_CREATES = 4
MAX_BLOB_BYTES = 200_000
PAUSE_SECONDS = 0.25
TIMEOUT_SECONDS = 30.0


def content(key: str, version: int) -> dict[str, Any]:
    """The data of a record, made from its key and version, so that any can be checked."""
    digest = hashlib.sha256(f"{key}:{version}".encode()).hexdigest()
    return {"title": key, "version": version, "body": digest * 4}


def blob(number: int) -> bytes:
    """The bytes of a blob, made from a number."""
    source = random.Random(number)
    return source.randbytes(source.randint(1, MAX_BLOB_BYTES))


@dataclass(frozen=True)
class Document:
    """An acknowledged document: a word in its text, and the job that reads it."""

    word: str
    job: str


@dataclass
class Soak:
    """What the clients share: where the node is, whether it is up, and what it acknowledged.

    ``blobs`` maps a hash to the number that made its bytes.
    """

    address: Address
    journal: Journal = field(default_factory=Journal)
    blobs: dict[str, int] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    up: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class Writer(threading.Thread):
    """One client; it works until the soak ends or something is plainly wrong."""

    def __init__(self, soak: Soak, name: str, token: str) -> None:
        super().__init__(name=name)
        self.soak = soak
        self.random = random.Random(name)
        self.client = Client(soak.address, TIMEOUT_SECONDS)
        self.client.token = token
        self.count = 0

    def run(self) -> None:
        """Step after step; a problem ends this client and is kept for the verdict."""
        try:
            while not self.soak.ended.is_set():
                if self.soak.up.wait(0.1):
                    self.step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs in the verdict
            self.soak.problems.append(f"{self.name}: {error!r}")
        finally:
            self.client.close()

    def step(self) -> None:
        """One write, or one group of writes."""
        raise NotImplementedError

    def send(
        self, method: str, path: str, body: bytes | None, media_type: str = "application/json"
    ) -> tuple[int, bytes] | None:
        """Send once; ``None`` when the answer was lost. The node's "not now" is waited out.

        :raises TimeoutError: after 30 s without an answer, kill or no kill.
        """
        while True:
            try:
                status, answer = self.client.send(method, path, body, media_type)
            except TimeoutError:
                raise
            except (OSError, http.client.HTTPException):
                self.soak.up.wait(1)
                return None
            if status == http.client.UNAUTHORIZED:
                self.sign_in()
            elif status in REFUSED:
                time.sleep(0.05)
            else:
                return status, answer

    def sign_in(self) -> None:
        """Take a fresh token; lost answers are tried again."""
        while True:
            try:
                account = {"email": EMAIL, "password": PASSWORD}
                self.client.token = ""
                answer = self.client.call("POST", "/api/v1/auth/login", account)
            except (OSError, http.client.HTTPException):
                self.soak.up.wait(1)
            else:
                self.client.token = answer["access_token"]
                return

    def insist(
        self, method: str, path: str, body: bytes, media_type: str = "application/json"
    ) -> bytes:
        """Send until it is answered, and return the answer; for writes that may be repeated."""
        while (answer := self.send(method, path, body, media_type)) is None:
            pass
        return expect((200, 201, 204), answer)


class RecordWriter(Writer):
    """Creates, patches and deletes records of its own, one by one and in batches."""

    def __init__(self, soak: Soak, name: str, token: str) -> None:
        super().__init__(soak, name, token)
        self.live: dict[str, tuple[str, int]] = {}

    def step(self) -> None:
        verbs = [self.create, self.patch, self.delete, self.batch]
        if len(self.live) < 10:
            self.create()
        else:
            self.random.choices(verbs, weights=[50, 25, 10, 15])[0]()

    def new_key(self) -> str:
        """A key that no record has had."""
        self.count += 1
        return f"{self.name}-{self.count}"

    def create(self) -> None:
        """One new record."""
        key = self.new_key()
        answer = self.send("POST", RECORDS, as_json({"data": content(key, 0)}))
        if answer is None:
            self.soak.journal.doubt({key: 0})
            return
        self.live[key] = (json.loads(expect((201,), answer))["id"], 0)
        self.soak.journal.acknowledge({key: 0})

    def patch(self) -> None:
        """The next version of a record, merged into it or put in its place."""
        method = self.random.choice(["PATCH", "PUT"])
        key = self.random.choice(list(self.live))
        id_, version = self.live[key]
        change = {key: version + 1}
        body = as_json({"data": content(key, version + 1)})
        while (answer := self.send(method, f"{RECORDS}/{id_}", body)) is None:
            self.soak.journal.doubt(change)
        expect((200,), answer)
        self.live[key] = (id_, version + 1)
        self.soak.journal.acknowledge(change)

    def delete(self) -> None:
        """The end of a record; when the answer was lost, not finding it is one too."""
        key = self.random.choice(list(self.live))
        id_, _ = self.live.pop(key)
        good: tuple[int, ...] = (200, 204)
        while (answer := self.send("DELETE", f"{RECORDS}/{id_}", None)) is None:
            self.soak.journal.doubt({key: None})
            good = (200, 204, 404)
        expect(good, answer)
        self.soak.journal.acknowledge({key: None})

    def batch(self) -> None:
        """New records and a patch in one transaction."""
        old = self.random.choice(list(self.live))
        id_, version = self.live[old]
        changes: dict[str, int | None] = {self.new_key(): 0 for _ in range(BATCH_CREATES)}
        writes: list[dict[str, object]] = [
            {"op": "create", "collection": COLLECTION, "data": content(key, 0)} for key in changes
        ]
        patch = {"op": "patch", "collection": COLLECTION, "id": id_}
        writes.append({**patch, "data": content(old, version + 1)})
        changes[old] = version + 1
        answer = self.send("POST", "/api/v1/batch", as_json({"writes": writes}))
        if answer is None:
            self.live[old] = (id_, version + 1)
            self.soak.journal.doubt(changes)
            return
        items = json.loads(expect((200,), answer))["items"]
        self.remember(changes, [item["id"] for item in items])

    def remember(self, changes: Changes, ids: list[str]) -> None:
        """Keep an acknowledged batch."""
        for (key, version), id_ in zip(changes.items(), ids, strict=True):
            self.live[key] = (id_, version or 0)
        self.soak.journal.acknowledge(changes)


class BlobWriter(Writer):
    """Uploads blobs of up to 200 kB."""

    def step(self) -> None:
        self.count += 1
        data = blob(self.count)
        sha256 = hashlib.sha256(data).hexdigest()
        self.insist("PUT", f"/api/v1/blobs/{sha256}", data, "application/octet-stream")
        self.soak.blobs[sha256] = self.count
        self.soak.ended.wait(PAUSE_SECONDS / 4)


class DocumentWriter(Writer):
    """Uploads small text files, each of which becomes a job."""

    def step(self) -> None:
        self.count += 1
        word = hashlib.sha256(f"{self.name}{self.count}".encode()).hexdigest()[:16]
        text = f"Letter number {self.count}\n\nThe word to find is {word}.\n"
        answer = json.loads(self.insist("POST", "/api/v1/documents", text.encode(), "text/plain"))
        self.soak.documents[answer["id"]] = Document(word, answer["job"])
        self.soak.ended.wait(PAUSE_SECONDS)


class UnexpectedAnswer(Exception):
    """The node answered what it should not have."""


def expect(good: tuple[int, ...], answer: tuple[int, bytes]) -> bytes:
    """The body of an answer whose status is one of ``good``."""
    status, body = answer
    if status not in good:
        raise UnexpectedAnswer(f"{status}, not one of {good}: {body[:300]!r}")
    return body


def as_json(value: Mapping[str, object]) -> bytes:
    """A JSON body."""
    return json.dumps(value).encode()
