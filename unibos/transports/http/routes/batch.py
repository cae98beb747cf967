"""Many writes in one transaction: all of them are kept, or none."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from unibos.base.errors import (
    Conflict,
    Error,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    TooLarge,
)
from unibos.core.identity.scope import Scope
from unibos.core.module.endpoint import MIB, Answer, Call, Endpoint
from unibos.core.store import records
from unibos.core.store.transaction import Transaction
from unibos.transports.http.routes.records import RecordOut, checked_id, writable

MAX_WRITES = 500
MAX_ANSWER = 16 * MIB


class Write(Struct, frozen=True, forbid_unknown_fields=True):
    """One write; ``id`` is for all but ``create``, ``data`` for all but ``delete``."""

    op: Literal["create", "put", "patch", "delete"]
    collection: str
    id: str | UnsetType = UNSET
    data: dict[str, Any] | UnsetType = UNSET
    if_match: str | None = None


class Batch(Struct, frozen=True, forbid_unknown_fields=True):
    """Writes in the order in which they are made."""

    writes: Annotated[list[Write], Meta(min_length=1, max_length=MAX_WRITES)]


class BatchResult(Struct, frozen=True):
    """For each write its record as it stands then; null for a deleted one."""

    items: list[RecordOut | None]


async def write_batch(scope: Scope, call: Call) -> Answer:
    """Make all writes, or none: an error names the first that cannot be made."""
    steps = [_prepared(scope, number, write) for number, write in enumerate(call.body.writes)]

    def run(tx: Transaction) -> list[Raw]:
        items: list[Raw] = []
        room = MAX_ANSWER
        for number, step in enumerate(steps):
            items.append(_step(tx, number, step))
            room -= len(bytes(items[-1]))
            if room < 0:
                raise TooLarge(
                    "batch_too_large",
                    f"The records have more than {MAX_ANSWER} bytes together."
                    " Nothing of the batch was kept.",
                    hint="Send fewer writes at a time.",
                    limit=MAX_ANSWER,
                )
        return items

    return Answer({"items": await scope.store.awrite(run)})


def _prepared(scope: Scope, number: int, write: Write) -> Any:
    """Check what can be checked outside the transaction; the result is run inside it."""
    try:
        return _operation(scope, write)
    except Error as error:
        raise _at(error, number) from None


def _operation(scope: Scope, write: Write) -> Any:
    collection = writable(scope, write.collection)
    name, expected = write.collection, write.if_match
    if (write.op == "create") == isinstance(write.id, str):
        raise Invalid("write_invalid", f"{write.op} takes {'no' if write.id else 'an'} id.")
    if (write.op == "delete") == isinstance(write.data, dict):
        raise Invalid("write_invalid", f"{write.op} takes {'no' if write.data else 'its'} data.")
    id_, data = str(write.id), write.data if isinstance(write.data, dict) else {}
    if write.op == "create":
        draft = collection.draft(data)
        return lambda tx: records.create(tx, name, draft)
    if write.op == "put":
        checked_id(id_)
        draft = collection.draft(data)
        return lambda tx: records.put(tx, name, id_, draft, expected)[0]
    if write.op == "patch":
        return lambda tx: records.patch(tx, name, id_, data, collection.draft, expected)
    return lambda tx: records.delete(tx, name, id_, expected)


def _step(tx: Transaction, number: int, step: Any) -> Raw:
    try:
        record = step(tx)
    except Error as error:
        raise _at(error, number) from None
    return Raw(record.json if record is not None else b"null")


def _at(error: Error, number: int) -> Error:
    detail = f"Write {number}: {error.detail} Nothing of the batch was kept."
    facts = {**error.facts, "index": number}
    return type(error)(error.code, detail, hint=error.hint, **facts)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/batch",
        write_batch,
        "Make many writes in one transaction",
        {200: BatchResult},
        body=Batch,
        body_limit=8 * MIB,
        errors=(Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, TooLarge),
    ),
)
