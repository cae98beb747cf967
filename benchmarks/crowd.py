"""A crowd of nodes on one hub: how long until a write of one is known to all others.

One process plays the nodes. Each says hello, waits at the hub for news and pulls them, as a real
one does, and keeps nothing on a disk: what is measured is the hub. Now and then one of them pushes
a note; the lag is counted from then until each of the others has it. As JSON.

    python benchmarks/crowd.py [--nodes 200] [--writes 100] [--every 0.5]
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import machine
import msgspec
import peers
import process
from fleet import Fleet
from load import percentile
from notes import make_notes

sys.path.append(str(Path(__file__).resolve().parents[1]))

from unibos.base.clock import COUNTER_BITS, wall_ms
from unibos.base.ids import new_id
from unibos.core.sync.exchange.messages import (
    PROTOCOL,
    Change,
    DefinitionTold,
    Head,
    Hello,
    PolicyTold,
    Pull,
    Push,
    Wait,
)
from unibos.transports.http.peer_client import PeerClient
from unibos.transports.http.peer_ends import HubPeer

NODES = 200
WRITES = 100
EVERY_S = 0.5
PATIENCE_S = 120.0
COLLECTION = peers.COLLECTION


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=NODES)
    parser.add_argument("--writes", type=int, default=WRITES)
    parser.add_argument("--every", type=float, default=EVERY_S, help="seconds between two writes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unibos-crowd-") as name:
        hub = peers.Unibos(Path(name), "--no-hub-tls", roles=("hub",))
        try:
            hub.server.start()
            hub.set_up()
            fleet = Fleet(hub.client, options.nodes)
            found = asyncio.run(_story(hub, fleet, options.writes, options.every))
        finally:
            hub.server.stop()
    result = {"benchmark": "crowd", **machine.describe(), "nodes": options.nodes}
    print(json.dumps(result | found, indent=2))


@dataclass
class Crowd:
    """What all nodes know of the writes: when each was sent, and who has it since when."""

    sent: dict[str, float] = field(default_factory=dict)
    lags: list[float] = field(default_factory=list)
    awaited: int = 0
    all_there: asyncio.Event = field(default_factory=asyncio.Event)

    def has(self, id_: str) -> None:
        """One more node has this note."""
        began = self.sent.get(id_)
        if began is None:
            return
        self.lags.append(time.perf_counter() - began)
        if len(self.lags) >= self.awaited:
            self.all_there.set()


class Member:
    """One played node."""

    def __init__(self, link: PeerClient, instance: str, crowd: Crowd) -> None:
        self._link = link
        self._instance = instance
        self._crowd = crowd
        self._epoch = new_id()
        self._seq = 0
        self._hub = ""
        self._heard = ""
        self._pulled = (0, 0)

    async def hello(self) -> None:
        """Say hello, as at the beginning of each round."""
        version, seq = self._pulled
        head = Head(COLLECTION, self._seq, 1, 0, (0, ""), False, seq, version)
        policy = PolicyTold(COLLECTION, self._instance, "hub", 1)
        told = (PROTOCOL, "node", self._instance[:8], self._epoch, self._seq, self._hub, wall_ms())
        answer = await self._link.hello(Hello(*told, [head], "one", self._heard, [policy]))
        self._hub, self._heard = answer.hello.epoch, answer.hello.digest
        for head in answer.hello.collections:
            if head.name == COLLECTION and head.version != version:
                self._pulled = (head.version, 0)

    async def push(self, note: dict[str, object], *, define: bool = False) -> None:
        """Give the hub a note."""
        self._seq += 1
        change = Change(
            new_id(),
            wall_ms() << COUNTER_BITS,
            self._instance,
            msgspec.Raw(json.dumps(note).encode()),
        )
        definition = _definition() if define else None
        if not define:
            self._crowd.sent[change.id] = time.perf_counter()
        places = (self._hub, self._epoch, COLLECTION, 1, self._seq - 1, self._seq)
        await self._link.push(Push(*places, [change], definition))

    async def live(self) -> None:
        """Wait for news and take them, again and again."""
        while True:
            asked = Wait(self._hub, self._epoch, self._heard, {COLLECTION: self._pulled})
            if (await self._link.wait(asked)).new:
                await self.hello()
                await self._pull()

    async def _pull(self) -> None:
        more = True
        while more:
            version, after = self._pulled
            asked = Pull(self._hub, self._epoch, COLLECTION, version, after)
            answer = await self._link.pull(asked)
            for change in answer.changes:
                self._crowd.has(change.id)
            self._pulled, more = (version, answer.upto), answer.more


async def _story(hub: peers.Unibos, fleet: Fleet, writes: int, every: float) -> dict[str, object]:
    crowd = Crowd()
    host, port = hub.server.address
    links = [
        PeerClient((f"http://{host}:{port}",), "", HubPeer(fleet.hub), key, wall_ms)
        for key in fleet.keys
    ]
    members = [Member(link, key.id, crowd) for link, key in zip(links, fleet.keys, strict=True)]
    for number, member in enumerate(members):
        await member.hello()
        if not number:
            await member.push({"title": "the first"}, define=True)
    crowd.awaited = writes * (len(members) - 1)
    lives = [asyncio.create_task(member.live()) for member in members]
    await asyncio.sleep(2.0)
    cpu, began = process.cpu_seconds(hub.server.pid), time.perf_counter()
    chosen = random.Random(1)
    for note in make_notes(writes):
        await chosen.choice(members).push(note)
        await asyncio.sleep(every)
    try:
        await asyncio.wait_for(crowd.all_there.wait(), PATIENCE_S)
    finally:
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
    seconds = time.perf_counter() - began
    return {
        "writes": writes,
        "every_seconds": every,
        "arrivals": len(crowd.lags),
        "lag_ms": {
            f"p{share}": round(percentile(crowd.lags, share) * 1000, 1) for share in (50, 95, 99)
        }
        | {"max": round(max(crowd.lags) * 1000, 1)},
        "hub_cpu_share": round((process.cpu_seconds(hub.server.pid) - cpu) / seconds, 3),
        "hub_rss_mib": round(process.memory_kib(hub.server.pid)["rss"] / 1024, 1),
    }


def _definition() -> DefinitionTold:
    schema: dict[str, object] = dict(peers.SCHEMA)
    search = {"title": "title", "body": ["body"]}
    places = (COLLECTION, schema, "fields", "hub", search, None, False, None, ())
    return DefinitionTold(*places, 0, "")


if __name__ == "__main__":
    main()
