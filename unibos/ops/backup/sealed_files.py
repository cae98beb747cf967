"""Encrypted files on a shelf."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from unibos.base.errors import Unauthenticated
from unibos.ops.backup.age import Key, Sealing, Secret, damaged, opened
from unibos.ops.backup.shelf import Shelf


def sealed(chunks: Iterable[bytes], secret: Secret) -> Iterator[bytes]:
    """The same bytes, encrypted while they pass."""
    sink = io.BytesIO()
    sealing = Sealing(sink, secret)
    for chunk in chunks:
        sealing.write(chunk)
        if sink.tell():
            yield _taken(sink)
    sealing.finish()
    yield _taken(sink)


def _taken(sink: io.BytesIO) -> bytes:
    content = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return content


@contextmanager
def unsealed(shelf: Shelf, name: str, key: Key) -> Iterator[Iterator[bytes]]:
    """Decrypt a file.

    :raises Damaged: ``backup_damaged``.
    """
    try:
        with shelf.read(name) as file:
            yield opened(file, key)
    except FileNotFoundError:
        raise damaged(f"{shelf.where(name)} is missing") from None
    except Unauthenticated as error:
        if error.code != "backup_secret_wrong":
            raise
        raise damaged(f"{shelf.where(name)} is not for this repository's key") from None
