"""A backup looks where the roles keep their data and listen."""

import inspect

from unibos.clients import local_copies
from unibos.core.store.store import Options
from unibos.ops.backup.snapshot import BLOB_FOLDERS
from unibos.roles import hub, node


def test_sockets_and_folders_are_those_of_the_roles():
    assert local_copies._SOCKETS == {"node": node.SOCKET, "hub": hub.SOCKET}
    assert BLOB_FOLDERS["node"] == Options().blobs
    assert f'blobs="{BLOB_FOLDERS["hub"]}"' in inspect.getsource(hub)
