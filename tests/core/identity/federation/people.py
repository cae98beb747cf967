"""Who logs in in the tests of a joined node, and how they look at what came of it."""

import pytest

from unibos.base.errors import Error
from unibos.core.store import hub_users

PASSWORD = "four unrelated words"
OTHER = "another four words"
MEMBER = "member@example.org"
LOCAL = "local@example.org"


def code_of(call):
    with pytest.raises(Error) as refused:
        call()
    return refused.value.code


def known(node, id_):
    return node.store.read(lambda view: hub_users.find(view, id_), node.identity.org)
