"""docs/api.md tells of every kind of token that is signed here, and of every claim in it."""

import ast
import re
from pathlib import Path

import jwt
import pytest

from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.oidc import claims
from unibos.core.identity.oidc.codes import Code
from unibos.core.identity.registry.hub_statement import NODE_KIND, issue_statement
from unibos.core.identity.registry.join_proof import prove
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.identity.registry.membership import issue_membership
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.signing.revocations import Revocations
from unibos.core.identity.tokens import AccessTokens
from unibos.core.store.store import Store

ROOT = Path(__file__).parents[2]
NOW = 1_767_225_600_000
CODE = Code("app", "org", "https://x", "openid", "", "", "user", "", 0, "https://hub", "EdDSA")


def told():
    """Kinds in the table → where the key is named, and the claims."""
    text = (ROOT / "docs/api.md").read_text().partition("\n### Tokens\n")[2].partition("\n### ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return {
        kind.strip().strip("`"): (
            set(re.findall("`(kid|jwk)`", by)),
            set(re.findall(r"`(\w+)`", has)),
        )
        for kind, by, has, _ in rows
    }


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """One token of each kind."""
    folder = tmp_path_factory.mktemp("hub")
    key = InstanceKey.open(folder)
    store = Store(folder, "hub", key.id)
    keys = SigningKeys(store, key)
    found = [
        AccessTokens(keys, lambda: NOW).issue("user", "org", "session", "member", NOW),
        claims.access_token(keys, CODE, NOW // 1000),
        prove(key, "hub", "id.secret"),
        MachineTokens(key, "hub").issue(NOW),
        issue_membership(key, "org", key.public.public_bytes_raw(), NOW),
        Revocations(store, key).signed("org"),
        issue_statement(key, None, (), NOW),
        issue_statement(key, None, (), NOW, NODE_KIND),
    ]
    store.close()
    return {jwt.get_unverified_header(token)["typ"]: token for token in found}


def test_every_kind_is_told(signed):
    assert told().keys() == signed.keys()


def test_no_other_kind_is_signed(signed):
    kinds = {
        node.value
        for path in (ROOT / "unibos").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and re.fullmatch(r"\w+\+jwt", str(node.value))
    }
    assert kinds == signed.keys()


@pytest.mark.parametrize("kind", told())
def test_header_and_claims_are_told(signed, kind):
    named, has = told()[kind]
    header = jwt.get_unverified_header(signed[kind])
    assert header["alg"] == "EdDSA"
    assert named <= header.keys()
    assert has == jwt.decode(signed[kind], options={"verify_signature": False}).keys()
