"""Faults of a network and of power, by chance: a seed gives the same ones again."""

import random
import time

from tests.e2e.fleet import Fleet, Host

POINTS = {
    "hub": ("sync.applied", "sync.answered", "sync.blob_chunk", "sync.blob_kept"),
    "node": (
        "sync.applied",
        "sync.pulled",
        "sync.pushed",
        "sync.blob_chunk",
        "sync.blob_kept",
        "sync.blob_given",
    ),
}
HARM = ("weather", "weather", "fair weather", "cut", "unplug", "kill", "doom", "doom", "doom")
_MERCY = 0.7
_TICK_S = 0.05


class Faults:
    """Does harm to a fleet for a while.

    :ivar told: what was done when, for whoever has to understand a failure.
    :ivar kills: how many processes were killed; ``deaths``: how many died at a crash point.
    """

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self._fleet = fleet
        self._chance = random.Random(seed)
        self._began = time.monotonic()
        self._due: list[tuple[float, str, Host]] = []
        self._points = {
            role: self._chance.sample(POINTS[role], len(POINTS[role])) for role in POINTS
        }
        self.told: list[str] = []
        self.kills = self.deaths = 0
        fleet.network.seed(seed)

    def run(self, seconds: float, deaths: int) -> None:
        """Harm, heal what was harmed, and harm again: for so long, and where so few processes
        have died at a crash point until then, for up to three times as long."""
        following = 0.0
        while True:
            now = time.monotonic()
            passed = now - self._began
            if passed > 3 * seconds or (passed > seconds and self.deaths >= deaths):
                return
            if now >= following:
                self._harm(self._chance.choice(self._fleet.hosts))
                following = now + self._chance.uniform(0.3, 1.5)
            self._heal_due(now)
            self._bury()
            time.sleep(_TICK_S)

    def end(self) -> None:
        """Have all be well, and everybody run."""
        self._fleet.network.heal()
        self._bury()
        for host in self._fleet.hosts:
            host.kill_if_doomed()
        for host in self._fleet.hosts:
            host.ready()
        self._tell("all is well")

    def _harm(self, host: Host) -> None:
        chance, network = self._chance, self._fleet.network
        what = chance.choice(HARM)
        seconds = chance.uniform(0.5, 3.0)
        if what == "weather":
            bad = {
                "loss": round(chance.uniform(0.05, 0.2), 2),
                "delay_ms": round(chance.uniform(50, 300)),
                "jitter_ms": round(chance.uniform(0, 50)),
            }
            network.change(host.name, **bad)
            self._tell(f"{host.name}: {bad}")
            return
        if what == "fair weather":
            network.change(host.name)
            self._tell(f"{host.name}: {what}")
            return
        if any(one is host for _, _, one in self._due):
            return
        if what in ("kill", "doom") and host.doomed and chance.random() < _MERCY:
            # It is to die by itself.
            return
        point = ""
        if what == "cut":
            network.change(host.name, cut=True)
        elif what == "unplug":
            network.unplug(host.name)
        else:
            host.kill()
            self.kills += 1
            if what == "doom":
                points = self._points[host.role]
                points.append(points.pop(0))
                # Files are rare, records are not.
                passes = 1 if "blob" in points[-1] else chance.randrange(1, 4)
                point, seconds = f"{points[-1]} {passes}", 0.0
        self._due.append((time.monotonic() + seconds, point or what, host))
        self._tell(f"{host.name}: {what} {point} for {seconds:.1f} s")

    def _heal_due(self, now: float) -> None:
        for one in [one for one in self._due if one[0] <= now]:
            self._due.remove(one)
            _, what, host = one
            if what == "cut":
                self._fleet.network.change(host.name)
            elif what == "unplug":
                self._fleet.network.plug(host.name)
            else:
                host.launch("" if what == "kill" else what)

    def _bury(self) -> None:
        """Start again who died at its crash point."""
        for host in self._fleet.hosts:
            if host.server is not None and host.server.over:
                self._tell(f"{host.name}: died at its point" if host.doomed else "ENDED")
                self.deaths += host.doomed
                host.kill()
                host.launch()

    def _tell(self, what: str) -> None:
        self.told.append(f"{time.monotonic() - self._began:6.2f} {what}")
