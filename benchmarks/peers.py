"""The same work in the words of each server: prepare it, and make the requests of a case.

Both hold a collection ``bench_notes`` (title, body, tags, made and changed times) that any
signed-in user may read and write, and one user whose password the login case checks.
"""

import json
import random
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import servers
from load import Case, request
from notes import Note
from servers import Client, Server, ServerError

CASES = ("get", "list_20", "login", "create", "batch")
"""Reads first: they meet the preloaded records only."""

COLLECTION = "bench_notes"
EMAIL, PASSWORD = "owner@example.org", "Correct-horse-battery-1"
BATCH_WRITES = 10
PRELOAD_WRITES = 50
READ_IDS = 1000
LIST_ITEMS = 20
SCHEMA = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": {"type": "string"},
        "body": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


class Peer(ABC):
    """A server and how to ask it for the cases' work."""

    name: str
    durability: str

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client = Client(server.address)

    @abstractmethod
    def prepare(self) -> None:
        """Make the user and the collection."""

    @abstractmethod
    def sign_in(self) -> None:
        """Take a fresh token for the cases to come."""

    @abstractmethod
    def ids(self) -> list[str]:
        """Ids of stored records, at least as many as the read cases need."""

    @abstractmethod
    def case(self, name: str, notes: Sequence[Note]) -> Case:
        """The requests of one of ``CASES`` for this server."""

    def preload(self, notes: Sequence[Note]) -> None:
        """Store notes, in batches."""
        for start in range(0, len(notes), PRELOAD_WRITES):
            self.client.call(*self._batch(notes[start : start + PRELOAD_WRITES]))

    def random_ids(self) -> list[str]:
        """The ids that the get case asks for, in random order."""
        return random.Random(2).sample(self.ids(), READ_IDS)

    @abstractmethod
    def refresh(self, connections: int) -> Case:
        """Exchange of a token for a new one, by as many sessions as there are connections."""

    @abstractmethod
    def _batch(self, notes: Sequence[Note]) -> tuple[str, str, object]: ...

    def _batches(self, notes: Sequence[Note]) -> list[bytes]:
        groups = [notes[at : at + BATCH_WRITES] for at in range(0, len(notes), BATCH_WRITES)]
        return [self._bytes(*self._batch(group)) for group in groups if len(group) == BATCH_WRITES]

    def _bytes(self, method: str, path: str, body: object = None) -> bytes:
        data = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        return request(method, path, self.client.token, data)


class Unibos(Peer):
    """A UNIBOS node."""

    name = "unibos"
    durability = "SQLite WAL, synchronous=FULL: fsync before each (group) commit is answered"
    records = f"/api/v1/collections/{COLLECTION}/records"
    login = ("POST", "/api/v1/auth/login", {"email": EMAIL, "password": PASSWORD})

    def __init__(
        self,
        folder: Path,
        *options: str,
        roles: Sequence[str] = ("node",),
        program: Sequence[str] = servers.SOURCE,
    ) -> None:
        super().__init__(servers.unibos(folder, *options, roles=roles, program=program))
        self._folder = folder

    def set_up(self) -> None:
        """Make the owner with the setup code, and sign in."""
        code = (self._folder / "data" / "setup-code").read_text().strip()
        owner = {"email": EMAIL, "password": PASSWORD, "name": "Owner", "setup_code": code}
        self.client.token = self.client.call("POST", "/api/v1/setup", owner)["access_token"]

    def prepare(self) -> None:
        self.set_up()
        about = {"name": COLLECTION, "schema": SCHEMA, "strategy": "fields", "export": "local"}
        self.client.call("POST", "/api/v1/collections", about)

    def sign_in(self) -> None:
        self.client.token = self.client.call(*self.login)["access_token"]

    def ids(self) -> list[str]:
        found: list[str] = []
        cursor = ""
        while len(found) < READ_IDS:
            page = self.client.call("GET", f"{self.records}?limit=100{cursor}")
            found += [item["id"] for item in page["items"]]
            cursor = f"&cursor={page['next']}"
        return found

    def case(self, name: str, notes: Sequence[Note]) -> Case:
        made = {
            "get": lambda: Case(name, self._gets(), 200, _holds("data", "title")),
            "list_20": lambda: Case(
                name, [self._bytes("GET", f"{self.records}?limit={LIST_ITEMS}")], 200, _is_page
            ),
            "login": lambda: Case(name, [self._bytes(*self.login)], 200, _holds("access_token")),
            "create": lambda: Case(name, self._creates(notes), 201, _holds("data", "title")),
            "batch": lambda: Case(name, self._batches(notes), 200, _answers_batch),
        }
        return made[name]()

    def tokens(self, count: int) -> list[str]:
        """As many access tokens of one session."""
        login = self.client.call(*self.login)
        found = []
        for _ in range(count):
            body = {"refresh_token": login["refresh_token"]}
            login = self.client.call("POST", "/api/v1/auth/refresh", body)
            found.append(login["access_token"])
        return found

    def refresh(self, connections: int) -> Case:
        def exchange(login: bytes) -> bytes:
            body = {"refresh_token": json.loads(login)["refresh_token"]}
            return request("POST", "/api/v1/auth/refresh", "", json.dumps(body).encode())

        logins = [self.client.call(*self.login) for _ in range(connections)]
        first = [exchange(json.dumps(login).encode()) for login in logins]
        return Case("refresh", first, 200, _holds("access_token"), exchange)

    def _gets(self) -> list[bytes]:
        return [self._bytes("GET", f"{self.records}/{known}") for known in self.random_ids()]

    def _creates(self, notes: Sequence[Note]) -> list[bytes]:
        return [self._bytes("POST", self.records, {"data": note}) for note in notes]

    def _batch(self, notes: Sequence[Note]) -> tuple[str, str, object]:
        writes = [{"op": "create", "collection": COLLECTION, "data": note} for note in notes]
        return "POST", "/api/v1/batch", {"writes": writes}


class PocketBase(Peer):
    """PocketBase, with the batch API turned on and all else at its defaults.

    Its list is asked with ``skipTotal=1``: UNIBOS counts no total either, and PocketBase would
    be slower with one.
    """

    name = "pocketbase"
    durability = "SQLite WAL, synchronous=NORMAL: no fsync before a commit is answered"
    records = f"/api/collections/{COLLECTION}/records"
    login = (
        "POST",
        "/api/collections/users/auth-with-password",
        {"identity": EMAIL, "password": PASSWORD},
    )

    def __init__(self, folder: Path) -> None:
        super().__init__(servers.pocketbase(folder))
        program = [servers.pocketbase_program(), "superuser", "upsert", EMAIL, PASSWORD]
        done = subprocess.run(
            [*program, f"--dir={folder / 'data'}"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ServerError(done.stdout + done.stderr)

    def prepare(self) -> None:
        admin = {"identity": EMAIL, "password": PASSWORD}
        path = "/api/collections/_superusers/auth-with-password"
        self.client.token = self.client.call("POST", path, admin)["token"]
        batch = {"enabled": True, "maxRequests": PRELOAD_WRITES, "timeout": 3}
        self.client.call("PATCH", "/api/settings", {"batch": batch})
        self.client.call("POST", "/api/collections", _pocketbase_collection())
        user = {"email": EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD}
        self.client.call("POST", "/api/collections/users/records", user)
        self.sign_in()

    def sign_in(self) -> None:
        self.client.token = self.client.call(*self.login)["token"]

    def ids(self) -> list[str]:
        page = self.client.call("GET", f"{self.records}?perPage={READ_IDS}&fields=id&skipTotal=1")
        return [item["id"] for item in page["items"]]

    def case(self, name: str, notes: Sequence[Note]) -> Case:
        page = f"{self.records}?perPage={LIST_ITEMS}&skipTotal=1"
        made = {
            "get": lambda: Case(name, self._gets(), 200, _holds("title")),
            "list_20": lambda: Case(name, [self._bytes("GET", page)], 200, _is_page),
            "login": lambda: Case(name, [self._bytes(*self.login)], 200, _holds("token")),
            "create": lambda: Case(name, self._creates(notes), 200, _holds("title")),
            "batch": lambda: Case(name, self._batches(notes), 200, _answers_batch),
        }
        return made[name]()

    def refresh(self, connections: int) -> Case:
        asked = []
        for _ in range(connections):
            self.sign_in()
            asked.append(self._bytes("POST", "/api/collections/users/auth-refresh"))
        return Case("refresh", asked, 200, _holds("token"))

    def _gets(self) -> list[bytes]:
        return [self._bytes("GET", f"{self.records}/{known}") for known in self.random_ids()]

    def _creates(self, notes: Sequence[Note]) -> list[bytes]:
        return [self._bytes("POST", self.records, note) for note in notes]

    def _batch(self, notes: Sequence[Note]) -> tuple[str, str, object]:
        writes = [{"method": "POST", "url": self.records, "body": note} for note in notes]
        return "POST", "/api/batch", {"requests": writes}


def _pocketbase_collection() -> dict[str, object]:
    signed_in = '@request.auth.id != ""'
    rules = {f"{verb}Rule": signed_in for verb in ("list", "view", "create", "update", "delete")}
    fields = [
        {"name": "title", "type": "text", "required": True},
        {"name": "body", "type": "text"},
        {"name": "tags", "type": "json"},
        {"name": "created", "type": "autodate", "onCreate": True},
        {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
    ]
    return {"name": COLLECTION, "type": "base", "fields": fields, **rules}


def _holds(*path: str) -> Callable[[bytes], bool]:
    """A check that the JSON answer has something at ``path``."""

    def check(body: bytes) -> bool:
        value: Any = json.loads(body)
        for name in path:
            value = value.get(name, {})
        return bool(value)

    return check


def _is_page(body: bytes) -> bool:
    return len(json.loads(body)["items"]) == LIST_ITEMS


def _answers_batch(body: bytes) -> bool:
    """Ten results, and none of them an error (PocketBase gives each a status)."""
    answer: Any = json.loads(body)
    items = answer["items"] if isinstance(answer, dict) else answer
    return len(items) == BATCH_WRITES and all(item.get("status", 200) == 200 for item in items)
