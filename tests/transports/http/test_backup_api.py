"""Copies of the database over HTTP."""

from pathlib import Path

from unibos.core.store.copies import contents

COPY = "/api/v1/backup/copy"


def done(client):
    while (answer := client.get(COPY).json())["state"] == "running":
        pass
    return answer


def test_an_operator_has_the_database_copied(box, owner):
    for client in (box.local(), owner):
        begun = client.post(COPY)
        assert begun.status_code == 202
        answer = done(client)
        assert (answer["state"], answer["error"]) == ("done", None)
        assert answer["done"] == answer["total"] == Path(answer["path"]).stat().st_size
        assert contents(Path(answer["path"])).users == 1
        assert client.delete(COPY).status_code == 204
        assert not Path(answer["path"]).exists()
        assert client.get(COPY).json()["code"] == "copy_not_found"


def test_nobody_else_does(box):
    member = box.member("admin", "admin@example.org")
    for method in ("GET", "POST", "DELETE"):
        assert member.request(method, COPY).json()["code"] == "role_required"
