"""An instance that asks a hub with its machine token, as a node does, and no more than that."""

from pathlib import Path

import httpx2

from unibos.base.clock import wall_ms
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken
from unibos.core.identity.registry.machine_tokens import MachineTokens


class Machine:
    """A node's key, and a client that asks its hub.

    :param client: one without a login.
    """

    def __init__(self, folder: Path, client: httpx2.Client, name: str = "machine") -> None:
        self.key = InstanceKey.open(folder)
        self.name, self._client = name, client
        self.hub = client.get("/.well-known/unibos").json()["hub"]
        self._tokens = MachineTokens(self.key, self.hub)

    def report(self) -> dict:
        """How it is: well."""
        return {"version": "0.1.0", "board": "pi4", "profile": "standard", "clock": wall_ms()}

    def enroll(self, text: str) -> httpx2.Response:
        """Ask to join with a join token."""
        token = JoinToken.parse(text)
        asked = {
            "secret": token.secret,
            "public_key": public_text(self.key),
            "proof": prove(self.key, self.hub, token.secret),
            "name": self.name,
            "report": self.report(),
        }
        return self._client.post("/api/v1/enroll", json=asked)

    def token(self, now_ms: int | None = None) -> str:
        """One for the next request."""
        return self._tokens.issue(wall_ms() if now_ms is None else now_ms)

    def ask(self, method: str, path: str, body: object = None) -> httpx2.Response:
        """Ask, a second time where the hub says that its time is another."""
        answer = self._ask(method, path, body, self.token())
        if answer.status_code == 401 and answer.json()["code"] == "machine_token_expired":
            answer = self._ask(method, path, body, self.token(answer.json()["time"]))
        return answer

    def _ask(self, method: str, path: str, body: object, token: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}"}
        return self._client.request(method, path, json=body, headers=headers)
