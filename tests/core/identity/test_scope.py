import itertools

import msgspec
import pytest

from unibos.base.errors import Forbidden
from unibos.core.identity.login import me_of
from unibos.core.identity.scope import Principal, Role, Scope

ORDER = [Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER]


def test_roles_are_ordered():
    assert sorted(Role, key=lambda role: role) == ORDER
    assert max(Role.ADMIN, Role.VIEWER) is Role.ADMIN
    for lower, higher in itertools.combinations(ORDER, 2):
        assert lower < higher
        assert higher >= lower
        assert higher > lower
    with pytest.raises(TypeError):
        assert Role.OWNER < "viewer"


def test_roles_are_words_outside():
    assert [str(role) for role in ORDER] == ["viewer", "member", "admin", "owner"]
    assert msgspec.json.encode(Role.ADMIN) == b'"admin"'
    assert msgspec.json.decode(b'"admin"', type=Role) is Role.ADMIN


@pytest.mark.parametrize("needed", ORDER)
@pytest.mark.parametrize("role", ORDER)
def test_scope_lets_its_role_and_lower_ones_pass(role, needed):
    scope = Scope("org", None, Principal("user", "id", "Name"), role)
    if ORDER.index(role) >= ORDER.index(needed):
        scope.require(needed)
        return
    with pytest.raises(Forbidden) as refused:
        scope.require(needed)
    assert refused.value.code == "role_required"
    assert refused.value.facts == {"role": str(needed)}


def test_scope_cannot_be_changed():
    scope = Scope("org", None, Principal("user", "id", "Name"), Role.VIEWER)
    with pytest.raises(AttributeError):
        scope.role = Role.OWNER


def test_root_and_the_service_own_the_local_org(box):
    for uid, name in [(0, "root"), (box.service_uid, "service")]:
        scope = box.identity.local_scope(uid)
        assert scope.role is Role.OWNER
        assert scope.org == scope.store.org == box.identity.org
        assert scope.principal == Principal("local", f"uid:{uid}", name)
        assert me_of(scope, online=False).name == name


@pytest.mark.parametrize("uid", [1, 1235, 65534, -1])
def test_other_peers_are_refused(box, uid):
    with pytest.raises(Forbidden) as refused:
        box.identity.local_scope(uid)
    assert refused.value.code == "peer_refused"


def test_the_instance_works_for_itself(box):
    scope = box.identity.system_scope("sweeper")
    assert scope.principal.kind == "system"
    assert scope.role is Role.OWNER
    assert scope.session == ""


def test_local_org_stays_the_same(box):
    org = box.identity.org
    box.restart()
    assert box.identity.org == org
