"""Records, collections, batches and search, over the wire."""

import pytest

from unibos.base.ids import new_id

NOTES = "/api/v1/collections/notes/records"


def make(owner, **data):
    answer = owner.post(NOTES, json={"data": data})
    assert answer.status_code == 201, answer.text
    return answer.json()


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    return answer.json()


def test_create_read_replace_merge_delete(owner):
    made = make(owner, title="Süt", tags=["market"])
    assert set(made) == {"id", "collection", "created_at", "updated_at", "data"}
    url = f"{NOTES}/{made['id']}"
    read = owner.get(url)
    assert read.json() == made
    merged = owner.patch(url, json={"data": {"tags": None, "body": "al"}})
    assert merged.json()["data"] == {"title": "Süt", "body": "al"}
    assert merged.headers["etag"] != read.headers["etag"]
    replaced = owner.put(url, json={"data": {"title": "Ekmek"}})
    assert (replaced.status_code, replaced.json()["data"]) == (200, {"title": "Ekmek"})
    assert owner.delete(url).status_code == 204
    refused(owner.get(url), 404, "record_not_found")


def test_etags_guard_against_lost_updates(owner):
    made = owner.post(NOTES, json={"data": {"title": "a"}})
    url, old = f"{NOTES}/{made.json()['id']}", made.headers["etag"]
    assert owner.get(url, headers={"if-none-match": old}).status_code == 304
    new = owner.patch(url, json={"data": {"title": "b"}}, headers={"if-match": old})
    assert new.status_code == 200
    for method in ("PUT", "PATCH"):
        late = owner.request(method, url, json={"data": {}}, headers={"if-match": old})
        refused(late, 412, "record_changed")
    refused(owner.delete(url, headers={"if-match": old}), 412, "record_changed")
    assert owner.delete(url, headers={"if-match": new.headers["etag"]}).status_code == 204


def test_a_client_may_choose_an_id_so_that_a_retry_does_no_harm(owner):
    url = f"{NOTES}/{new_id()}"
    first = owner.put(url, json={"data": {"title": "once"}})
    second = owner.put(url, json={"data": {"title": "once"}})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    refused(owner.put(f"{NOTES}/mine", json={"data": {}}), 422, "id_invalid")


def test_lists_are_paged_filtered_sorted(owner):
    owner.post("/api/v1/collections", json={"name": "sums", "schema": {}}).raise_for_status()
    url = "/api/v1/collections/sums/records"
    for number in range(7):
        owner.post(url, json={"data": {"n": number, "even": number % 2 == 0}})
    seen, cursor = [], None
    while True:
        asked = {"limit": 3, "sort": "-n"} | ({"cursor": cursor} if cursor else {})
        page = owner.get(url, params=asked).json()
        seen += [item["data"]["n"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [6, 5, 4, 3, 2, 1, 0]
    even = owner.get(url, params={"filter": ["even=true", "n>2"], "sort": "n"}).json()
    assert [item["data"]["n"] for item in even["items"]] == [4, 6]
    refused(owner.get(url, params={"limit": 201}), 400, "query_invalid")
    refused(owner.get(url, params={"limit": "1", "nonsense": 1}), 400, "query_invalid")
    refused(owner.get(url, params={"filter": "n"}), 422, "filter_invalid")


def test_a_schema_is_kept_to(owner):
    schema = {
        "type": "object",
        "properties": {"total": {"type": "number", "minimum": 0}, "shop": {"type": "string"}},
        "required": ["total"],
    }
    made = owner.post("/api/v1/collections", json={"name": "receipts", "schema": schema})
    assert made.status_code == 201
    assert made.json()["search"] == {"title": None, "body": ["shop"], "unless": None}
    url = "/api/v1/collections/receipts/records"
    told = refused(owner.post(url, json={"data": {"total": -1}}), 422, "record_invalid")
    assert told["errors"][0]["at"] == "$.total"
    id_ = owner.post(url, json={"data": {"total": 1}}).json()["id"]
    refused(owner.patch(f"{url}/{id_}", json={"data": {"total": None}}), 422, "record_invalid")
    assert owner.get(f"{url}/{id_}").json()["data"] == {"total": 1}
    refused(owner.post("/api/v1/collections", json={"name": "receipts"}), 409, "collection_exists")


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"pattern": "(a+)+$"}}},
        {"$ref": "https://example.org/schema"},
        {"type": "nonsense"},
        {"properties": []},
        {"items": 3},
        {"anyOf": {}},
    ],
)
def test_schemas_from_users_are_bounded(owner, schema):
    answer = owner.post("/api/v1/collections", json={"name": "bad", "schema": schema})
    refused(answer, 422, "schema_invalid")


def test_a_deep_schema_is_refused(owner):
    schema: dict = {}
    for _ in range(20):
        schema = {"properties": {"a": schema}}
    answer = owner.post("/api/v1/collections", json={"name": "deep", "schema": schema})
    refused(answer, 422, "schema_invalid")


def test_managed_collections_are_read_but_not_written(owner):
    url = "/api/v1/collections/documents/records"
    assert owner.get(url).status_code == 200
    refused(owner.post(url, json={"data": {}}), 403, "collection_managed")
    write = {"op": "create", "collection": "documents", "data": {}}
    told = refused(owner.post("/api/v1/batch", json={"writes": [write]}), 403, "collection_managed")
    assert told["index"] == 0


def test_a_batch_is_kept_whole_or_not_at_all(owner):
    made = make(owner, title="to change")
    writes = [
        {"op": "create", "collection": "notes", "data": {"title": "batch one"}},
        {"op": "patch", "collection": "notes", "id": made["id"], "data": {"body": "x"}},
        {"op": "put", "collection": "notes", "id": new_id(), "data": {"title": "batch put"}},
        {"op": "delete", "collection": "notes", "id": made["id"]},
    ]
    items = owner.post("/api/v1/batch", json={"writes": writes}).json()["items"]
    assert [item and item["data"].get("title") for item in items] == [
        "batch one",
        "to change",
        "batch put",
        None,
    ]
    again = owner.post("/api/v1/batch", json={"writes": writes})
    told = refused(again, 404, "record_not_found")
    assert told["index"] == 1
    found = owner.get("/api/v1/search", params={"q": "batch one"}).json()["items"]
    assert len(found) == 1


@pytest.mark.parametrize(
    "write",
    [
        {"op": "create", "collection": "notes", "id": "x", "data": {}},
        {"op": "create", "collection": "notes"},
        {"op": "delete", "collection": "notes"},
        {"op": "delete", "collection": "notes", "id": "x", "data": {}},
        {"op": "put", "collection": "notes", "id": "x", "data": {}},
    ],
)
def test_a_write_that_makes_no_sense_is_refused(owner, write):
    answer = owner.post("/api/v1/batch", json={"writes": [write]})
    assert answer.status_code == 422
    assert answer.json()["index"] == 0


def test_search_finds_over_all_collections_with_marks(owner):
    make(owner, title="Alışveriş listesi", body="peynir, zeytin ve ekmek")
    found = owner.get("/api/v1/search", params={"q": "zeyt"}).json()["items"]
    assert [item["title"] for item in found] == ["Alışveriş listesi"]
    (start, end), text = found[0]["marks"][0], found[0]["snippet"]
    assert text[start:end] == "zeytin"
    assert owner.get("/api/v1/search", params={"q": "ALISVERIS"}).json()["items"]
    assert owner.get("/api/v1/search", params={"q": '"x" OR NEAR('}).json()["items"] == []
    refused(owner.get("/api/v1/search", params={"q": "a", "cursor": "!"}), 422, "cursor_invalid")


def test_search_has_pages(owner):
    for number in range(5):
        make(owner, title=f"pageword {number}")
    asked = {"q": "pageword", "limit": 2}
    seen = []
    while True:
        page = owner.get("/api/v1/search", params=asked).json()
        seen += [item["title"] for item in page["items"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert len(set(seen)) == 5


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "json_invalid"),
        (b'{"data": 1}', "application/json", 400, "body_invalid"),
        (b'{"data": {}, "more": 1}', "application/json", 400, "body_invalid"),
        (b"[" * 100_000, "application/json", 400, None),
        (b'{"data":{"a":"\xff"}}', "application/json", 400, "json_invalid"),
        (b"{}", "text/plain", 415, "media_type_unsupported"),
        (b"", "application/json", 400, "json_invalid"),
        (b'{"data":{"a":"' + b"x" * 3 * 1024 * 1024 + b'"}}', "application/json", 413, None),
    ],
)
def test_bodies_that_are_not_understood(owner, body, media_type, status, code):
    answer = owner.post(NOTES, content=body, headers={"content-type": media_type})
    assert answer.status_code == status
    assert code in (None, answer.json()["code"])


def test_unknown_paths_methods_and_collections(owner):
    refused(owner.get("/api/v1/nothing"), 404, "path_not_found")
    answer = owner.delete("/api/v1/collections")
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    refused(owner.get("/api/v1/collections/nope/records"), 404, "collection_not_found")
    refused(owner.get("/api/v1/collections/nope"), 404, "collection_not_found")
    assert owner.get("/api/v1/collections/notes").json()["module"] == "notes"


def test_every_answer_carries_the_security_headers(owner):
    for path in (NOTES, "/api/v1/nothing", "/health", "/openapi.json"):
        headers = owner.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_head_is_get_without_the_body(owner):
    made = make(owner, title="head")
    answer = owner.head(f"{NOTES}/{made['id']}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_the_answer_of_a_batch_has_a_limit(owner):
    large = make(owner, body="x" * 1_000_000)
    patches = [
        {"op": "patch", "collection": "notes", "id": large["id"], "data": {"title": str(number)}}
        for number in range(20)
    ]
    refused(owner.post("/api/v1/batch", json={"writes": patches}), 413, "batch_too_large")
    assert owner.get(f"{NOTES}/{large['id']}").json() == large
    assert owner.post("/api/v1/batch", json={"writes": patches[:3]}).status_code == 200
