"""An instance that takes jobs with its machine token, as a worker does, and no more than that."""

from pathlib import Path

import httpx2

from tests.machine import Machine
from unibos.base.clock import wall_ms
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken
from unibos.core.identity.registry.machine_tokens import MachineTokens

FACTS = {"kinds": {"documents.read": 1}, "memory_mb": 512}


class Hand(Machine):
    """A worker's key, and a client that asks its source."""

    def __init__(self, folder: Path, client: httpx2.Client, name: str = "hand") -> None:
        self.key = InstanceKey.open(folder)
        self.name, self._client = name, client
        self.ahead = 0

    def asks(self, text: str, **changed: object) -> dict:
        """What it says to join with a join token."""
        token = JoinToken.parse(text)
        self.hub = token.hub
        self._tokens = MachineTokens(self.key, token.hub)
        return {
            "secret": token.secret,
            "public_key": public_text(self.key),
            "proof": prove(self.key, token.hub, token.secret),
            "name": self.name,
            "facts": FACTS,
            **changed,
        }

    def enroll(self, text: str, **changed: object) -> httpx2.Response:
        """Ask to join."""
        return self._client.post("/api/v1/workers/enroll", json=self.asks(text, **changed))

    def token(self, now_ms: int | None = None) -> str:
        """One for the next request, by the source's time as far as it was told."""
        return self._tokens.issue(wall_ms() + self.ahead if now_ms is None else now_ms)

    def ask(self, method: str, path: str, body: object = None) -> httpx2.Response:
        """See :class:`Machine`."""
        answer = self._ask(method, path, body, self.token())
        if answer.status_code == 401 and answer.json()["code"] == "machine_token_expired":
            self.ahead = answer.json()["time"] - wall_ms()
            answer = self._ask(method, path, body, self.token())
        return answer

    def sign(self, **said: object) -> httpx2.Response:
        """A sign of life."""
        return self.ask("POST", "/api/v1/workers/sign", said)

    def claim(self, **said: object) -> httpx2.Response:
        """Ask for jobs."""
        return self.ask("POST", "/api/v1/leases", said)

    def report(self, lease: dict, type_: str = "done", **more: object) -> str:
        """Tell of an attempt; the verdict's code."""
        one = {name: lease[name] for name in ("org", "job", "attempt")}
        items = [{**one, "type": type_, **more}]
        answer = self.ask("POST", "/api/v1/leases/reports", {"items": items})
        assert answer.status_code == 200, answer.text
        return answer.json()["items"][0].get("code", "")
