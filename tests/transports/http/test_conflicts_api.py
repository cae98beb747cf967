"""Conflicts and quarantine over the wire."""

import json
import sqlite3
from contextlib import closing

CONFLICTS = "/api/v1/sync/conflicts"
QUARANTINE = "/api/v1/sync/quarantine"
NOTES = "/api/v1/collections/notes/records"


def insert(box, table, **row):
    """Put a row where only a peer could; the server's own writer knows nothing of it."""
    with closing(sqlite3.connect(box.folder / "node.db")) as database, database:
        (org,) = database.execute("SELECT id FROM orgs").fetchone()
        marks = ", ".join("?" * (len(row) + 1))
        database.execute(
            f"INSERT INTO {table} (org, {', '.join(row)}) VALUES ({marks})",
            (org, *row.values()),
        )


def lose(box, record, **fields):
    insert(
        box,
        "conflicts",
        collection="notes",
        record=record,
        at=1_790_000_000_000,
        strategy="fields",
        fields=json.dumps(fields),
        hlc=1_790_000_000_000 << 16,
        origin="b-instance",
        mine=0,
        peer="b-instance",
        open=0,
    )


def meet(box, id_, name):
    insert(box, "peers", id=id_, epoch="e", kind="node", name=name, seen_at=1)


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_list_compare_restore(box, owner):
    made = owner.post(NOTES, json={"data": {"title": "new"}}).json()
    for title in ("old", "older"):
        lose(box, made["id"], title=title)
    first = owner.get(CONFLICTS, params={"limit": 1, "record": made["id"]}).json()
    rest = owner.get(CONFLICTS, params={"record": made["id"], "cursor": first["next"]}).json()
    assert rest["next"] is None
    one, two = *first["items"], *rest["items"]
    assert one["fields"] == ["title"]
    assert one["written_at"].startswith("2026-")
    shown = owner.get(f"{CONFLICTS}/{two['id']}").json()
    assert shown == {**two, "lost": {"title": "old"}, "present": {"title": "new"}}
    restored = owner.post(f"{CONFLICTS}/{two['id']}/restore")
    assert restored.json()["data"] == {"title": "old"}
    assert restored.headers["etag"] == owner.get(f"{NOTES}/{made['id']}").headers["etag"]
    refused(owner.post(f"{CONFLICTS}/{two['id']}/restore"), 404, "conflict_not_found")
    assert owner.post(f"{CONFLICTS}/{one['id']}/discard").status_code == 204
    assert owner.get(CONFLICTS, params={"record": made["id"]}).json()["items"] == []


def test_what_is_no_number_is_not_found_and_no_cursor(owner):
    refused(owner.get(f"{CONFLICTS}/x"), 404, "conflict_not_found")
    refused(owner.delete(f"{QUARANTINE}/{'9' * 30}"), 404, "quarantined_not_found")
    for path in (CONFLICTS, QUARANTINE):
        refused(owner.get(path, params={"cursor": "x"}), 422, "cursor_invalid")


def test_the_quarantine_is_listed_tried_and_let_go(box, owner):
    meet(box, "b-instance", "Kitchen")
    insert(
        box,
        "quarantine",
        peer="b-instance",
        collection="notes",
        record="not-an-id",
        at=1,
        code="record_id_invalid",
        detail="Why.",
        defined=0,
        size=40,
        change='["not-an-id",1,"b-instance",{"title":"t"}]',
    )
    (held,) = owner.get(QUARANTINE, params={"collection": "notes"}).json()["items"]
    assert (held["peer_name"], held["code"], held["due"]) == ("Kitchen", "record_id_invalid", None)
    # Nobody told how far its writes may travel, so it may not be here, and is let go.
    assert owner.post(f"{QUARANTINE}/retry").json() == {"taken": 1, "held": 0}
    assert owner.get(QUARANTINE).json()["items"] == []


def test_a_peer_is_forgotten_once(box, owner):
    meet(box, "c-instance", "Cellar")
    assert owner.delete("/api/v1/sync/peers/c-instance").status_code == 204
    refused(owner.delete("/api/v1/sync/peers/c-instance"), 404, "peer_not_found")
