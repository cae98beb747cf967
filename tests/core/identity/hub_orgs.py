"""How the tests fill a hub with orgs and people."""

from tests.core.identity.conftest import ADDRESS, PASSWORD
from unibos.core.identity.org_shapes import OrgNew
from unibos.core.identity.scope import Role

URL = "https://hub.example.org:8000"


def hub_url():
    return URL


class People:
    """A hub's operator, orgs and members; what its methods return has been awaited.

    :param box: a hub whose owner is set up.
    """

    def __init__(self, box):
        self.box = box
        self.identity = box.identity
        self.operator = box.identity.local_scope(0)

    def run(self, coroutine):
        return self.box.run(coroutine)

    def org(self, name, owner=None, **more):
        """Make an org and have its owner accept; the org, and the owner's scope."""
        owner = owner or f"owner@{name.lower()}.example"
        made = self.run(
            self.identity.orgs.create(self.operator, OrgNew(name=name, owner=owner, **more))
        )
        return made.org, self.scope(self.accept(made.invitation))

    def invite(self, scope, email, role=Role.MEMBER):
        return self.run(self.identity.invitations.create(scope, email, role))

    def accept(self, made, password=PASSWORD, name="", address=ADDRESS):
        return self.run(self.identity.invitations.accept(made.secret, name, password, address))

    def member(self, scope, email, role=Role.MEMBER):
        """Invite somebody and have them accept; their scope."""
        return self.scope(self.accept(self.invite(scope, email, role)))

    def scope(self, login):
        return self.identity.authenticate(login.access_token)
