"""What was written and acknowledged, and whether it is still there in the end.

Every value that is written is unique, and every change is made to a version that was read before
(``If-Match``), so it is known exactly what each write knew and overruled. A value is kept where it
stands in the end, where a conflict log has it, or where a write that knew it put another in its
place and that one is kept in turn. Whatever was acknowledged and is not kept is lost.
"""

import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import httpx2

from tests.e2e.fleet import Host

FIELDS = ("first", "second", "third")
COLLECTION = "ledger"
_RECORDS = f"/api/v1/collections/{COLLECTION}/records"
HOT = 8
"""So many of the oldest records, and as many of the newest, are changed by everybody: the oldest
are everywhere, so there are conflicts."""

Value = tuple[str, str, str]
"""A record's id, a field, and what was written into it."""


@dataclass
class Write:
    """One write.

    :param knew: the record's data that it was made to; empty: it made the record.
    :param put: what it changed; None: it deleted the record.
    """

    host: str
    record: str
    knew: Mapping[str, str]
    put: Mapping[str, str] | None
    acknowledged: bool = False


@dataclass
class Ledger:
    """All writes of all writers."""

    writes: list[Write] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, write: Write) -> Write:
        """Note that it is tried; it may be kept though nobody says so."""
        with self._lock:
            self.writes.append(write)
        return write

    def some_record(self, chance: random.Random) -> str | None:
        """One that is changed again and again."""
        with self._lock:
            made = [one.record for one in self.writes if not one.knew]
        return chance.choice(made[:HOT] + made[-HOT:]) if made else None

    @property
    def acknowledged(self) -> list[Write]:
        return [write for write in self.writes if write.acknowledged]

    def lost(self, final: Mapping[str, Mapping[str, str]], logged: Iterable[Value]) -> list[str]:
        """Every acknowledged write of which something is kept nowhere.

        :param final: the data of all records in the end, by id.
        :param logged: what all conflict logs have.
        """
        kept = {(id_, name, text) for id_, data in final.items() for name, text in data.items()}
        kept |= set(logged)
        grown = True
        while grown:
            before = len(kept)
            for write in reversed(self.writes):
                kept |= _knowingly_replaced(write, kept, final)
            grown = len(kept) > before
        lost = []
        for write in self.acknowledged:
            if write.put is None:
                if final.get(write.record) == write.knew:
                    lost.append(f"{write.host}: the deletion of {write.record}")
                continue
            lost += [
                f"{write.host}: {write.record} {name}={text}"
                for name, text in write.put.items()
                if (write.record, name, text) not in kept
            ]
        return lost


def _knowingly_replaced(write: Write, kept: set[Value], final: Mapping[str, object]) -> set[Value]:
    """What a write that is kept has put something else in the place of."""
    id_, knew = write.record, write.knew
    if write.put is None:
        # A deletion that is not kept lost to a write that did not know it, which shows in the end.
        return (
            {(id_, name, text) for name, text in knew.items()} if _stands(write, final) else set()
        )
    return {
        (id_, name, knew[name])
        for name, text in write.put.items()
        if name in knew and (id_, name, text) in kept
    }


def _stands(deletion: Write, final: Mapping[str, object]) -> bool:
    if deletion.record not in final:
        return True
    return deletion.acknowledged and final[deletion.record] != deletion.knew


class Writer(threading.Thread):
    """Writes at one node, through its local socket, for as long as it is not stopped."""

    def __init__(self, host: Host, ledger: Ledger, seed: str, pause_s: float) -> None:
        super().__init__(name=f"writer at {host.name}")
        self._host, self._ledger = host, ledger
        self._chance = random.Random(seed)
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._count = 0
        self.wrong: list[str] = []

    def stop(self) -> None:
        """End after the write that is under way."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        with self._host.local() as client:
            while not self._ended.wait(self._pause_s):
                try:
                    self._step(client)
                except httpx2.TransportError:
                    # It was killed; whether the write was kept nobody knows.
                    continue
                except Exception as error:  # noqa: BLE001 - the test's thread raises it
                    self.wrong.append(f"{self.name}: {error!r}")
                    return

    def _step(self, client: httpx2.Client) -> None:
        what = self._chance.random()
        if what < 0.02:
            self._document(client)
        elif what < 0.25:
            self.create(client)
        else:
            self._change(client, deletes=what > 0.97)

    def _text(self) -> str:
        self._count += 1
        return f"{self._host.name} {self._count}"

    def create(self, client: httpx2.Client) -> None:
        """Make a record."""
        put = {name: self._text() for name in FIELDS}
        answer = client.post(_RECORDS, json={"data": put})
        if self._heard(answer, 201):
            self._ledger.begin(Write(self._host.name, answer.json()["id"], {}, put, True))

    def _change(self, client: httpx2.Client, *, deletes: bool) -> None:
        id_ = self._ledger.some_record(self._chance)
        if id_ is None:
            return
        place = f"{_RECORDS}/{id_}"
        present = client.get(place)
        if not self._heard(present, 200):
            return
        put = None
        if not deletes:
            names = self._chance.sample(FIELDS, self._chance.choice((1, 1, 2)))
            put = {name: self._text() for name in names}
        write = Write(self._host.name, id_, present.json()["data"], put)
        self._ledger.begin(write)
        said = {} if put is None else {"json": {"data": put}}
        headers = {"if-match": present.headers["etag"]}
        method = "DELETE" if put is None else "PATCH"
        answer = client.request(method, place, headers=headers, **said)
        if self._heard(answer, 204 if put is None else 200):
            write.acknowledged = True
        else:
            write.put = {}

    def _document(self, client: httpx2.Client) -> None:
        size = self._chance.choice((200, 3_000, 30_000))
        content = f"{self._text()}: ".encode() + self._chance.randbytes(size).hex().encode()
        answer = client.post(
            "/api/v1/documents", content=content, headers={"content-type": "text/plain"}
        )
        if self._heard(answer, 201):
            self._ledger.documents[answer.json()["id"]] = self._host.name

    def _heard(self, answer: httpx2.Response, wanted: int) -> bool:
        """Whether it was done; not there yet, changed meanwhile and stopping are no faults."""
        if answer.status_code != wanted and answer.status_code not in (404, 412, 503):
            self.wrong.append(f"{self.name}: {answer.status_code} {answer.text}")
        return answer.status_code == wanted
