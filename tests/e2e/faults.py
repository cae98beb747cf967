"""Faults of a network and of power, by chance: a seed gives the same ones again, though not to the
millisecond."""

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
        following, nodes = 0.0, list(self._fleet.nodes.values())
        while True:
            now = time.monotonic()
            passed = now - self._began
            if passed > 3 * seconds or (passed > seconds and self.deaths >= deaths):
                return
            if now >= following:
                # What the hub suffers, all do.
                self._harm(self._chance.choice([*nodes, *self._fleet.hosts]))
                following = now + self._chance.uniform(0.4, 1.6)
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
        what = self._chance.choice(HARM)
        if what == "weather":
            self._worsen(host)
        elif what == "fair weather":
            self._fleet.network.change(host.name)
            self._tell(f"{host.name}: {what}")
        elif any(one is host for _, _, one in self._due):
            return
        elif what in ("cut", "unplug"):
            self._part(host, what)
        elif not host.doomed or self._chance.random() > _MERCY:
            self._kill(host, doomed=what == "doom")

    def _worsen(self, host: Host) -> None:
        bad = {
            "loss": round(self._chance.uniform(0.05, 0.2), 2),
            "delay_ms": round(self._chance.uniform(50, 300)),
            "jitter_ms": round(self._chance.uniform(0, 50)),
        }
        self._fleet.network.change(host.name, **bad)
        self._tell(f"{host.name}: {bad}")

    def _part(self, host: Host, how: str) -> None:
        seconds = self._chance.uniform(0.5, 3.0)
        if how == "cut":
            self._fleet.network.change(host.name, cut=True)
        else:
            self._fleet.network.unplug(host.name)
        self._due.append((time.monotonic() + seconds, how, host))
        self._tell(f"{host.name}: {how} for {seconds:.1f} s")

    def _kill(self, host: Host, *, doomed: bool) -> None:
        """Now; and who is doomed starts again at once, and dies by itself at a crash point."""
        host.kill()
        self.kills += 1
        seconds, doom = self._chance.uniform(0.5, 3.0), ""
        if doomed:
            points = self._points[host.role]
            points.append(points.pop(0))
            # Files are rare, records are not.
            passes = 1 if "blob" in points[-1] else self._chance.randrange(1, 3)
            seconds, doom = 0.0, f"{points[-1]} {passes}"
            self._fleet.network.change(host.name)
        self._due.append((time.monotonic() + seconds, doom, host))
        self._tell(f"{host.name}: killed for {seconds:.1f} s {doom}")

    def _heal_due(self, now: float) -> None:
        for one in [one for one in self._due if one[0] <= now]:
            self._due.remove(one)
            _, what, host = one
            if what == "cut":
                self._fleet.network.change(host.name)
            elif what == "unplug":
                self._fleet.network.plug(host.name)
            else:
                host.launch(what)

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
