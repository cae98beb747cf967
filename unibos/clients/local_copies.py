"""Copies of the running server's databases, asked for over the local socket of each role."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from unibos.base.errors import StorageFull, Unavailable
from unibos.clients.paths import BACKUP_COPY

if TYPE_CHECKING:
    from unibos.clients.api import Api
    from unibos.ops.backup.snapshot import Name

_SOCKETS = {"node": "unibos.sock", "hub": "hub.sock"}
_POLL_SECONDS = 0.1


class LocalCopies:
    """Asks for copies.

    :param data: the data folder, where the sockets are.
    :param language: of what the server says.
    """

    def __init__(self, data: Path, language: str) -> None:
        self._data = data
        self._language = language

    def copy(self, name: "Name") -> Path:
        """Have a database copied, and wait for it; where the copy is.

        :raises StorageFull: ``storage_full``.
        :raises Unavailable: ``unreachable``, or whatever kept the server from it.
        """
        with self._api(name) as api:
            answer = api.post(BACKUP_COPY)
            while answer["state"] == "running":
                time.sleep(_POLL_SECONDS)
                answer = api.get(BACKUP_COPY)
        if answer["state"] == "failed":
            why = answer["error"]
            kind = StorageFull if why["code"] == "storage_full" else Unavailable
            raise kind(why["code"], why["detail"], hint=why["hint"])
        return Path(answer["path"])

    def forget(self, name: "Name") -> None:
        """Have the copy removed."""
        with self._api(name) as api:
            api.change("DELETE", BACKUP_COPY)

    @contextmanager
    def _api(self, name: "Name") -> Iterator["Api"]:
        # Importing HTTP takes longer than a backup without a server.
        from unibos.clients.api import Api

        api = Api(self._data / _SOCKETS[name], language=self._language)
        try:
            yield api
        finally:
            api.close()
