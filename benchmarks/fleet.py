"""Many nodes of one hub, played by the benchmark: their keys, their joining, their heartbeats."""

import itertools
import json
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from load import Case, request
from servers import Client

sys.path.append(str(Path(__file__).resolve().parents[1]))

from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import Report
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken
from unibos.core.identity.registry.machine_tokens import MachineTokens

PER_TOKEN = 500
PATH = "/api/v1/heartbeat"


class Fleet:
    """Nodes that joined.

    :param client: of the hub's owner.
    :ivar hub: the hub's instance id.
    :ivar keys: the nodes' own.
    """

    def __init__(self, client: Client, count: int) -> None:
        self.hub = ""
        self.keys: list[InstanceKey] = []
        for begin in range(0, count, PER_TOKEN):
            asked = {"uses": min(PER_TOKEN, count - begin), "label": "benchmark"}
            made = client.call("POST", "/api/v1/tokens", asked)
            token = JoinToken.parse(made["token"])
            self.hub = token.hub
            for number in range(begin, begin + asked["uses"]):
                self.keys.append(_joined(client, token, f"node-{number}"))
        self._turn = itertools.cycle([MachineTokens(key, self.hub) for key in self.keys])

    def heartbeats(self, count: int) -> Case:
        """As many heartbeats, of one node after the other."""
        now = time.time_ns() // 1_000_000
        body = json.dumps(_report(now)).encode()
        asked = [request("POST", PATH, next(self._turn).issue(now), body) for _ in range(count)]
        return Case(
            "heartbeat", asked, 200, lambda answer: "interval_seconds" in json.loads(answer)
        )


def _joined(client: Client, token: JoinToken, name: str) -> InstanceKey:
    key = InstanceKey(Ed25519PrivateKey.generate())
    enrollment = {
        "secret": token.secret,
        "public_key": public_text(key),
        "proof": prove(key, token.hub, token.secret),
        "name": name,
        "report": _report(time.time_ns() // 1_000_000),
    }
    client.call("POST", "/api/v1/enroll", enrollment)
    return key


def _report(clock: int) -> dict[str, object]:
    report = Report(
        version="0.1.0",
        board="pi4",
        profile="standard",
        clock=clock,
        uptime_seconds=3600,
        disk_free=10**10,
        disk_total=3 * 10**10,
        temperature_c=51.5,
    )
    return {name: getattr(report, name) for name in report.__struct_fields__}
