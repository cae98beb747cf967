"""The schedule of one peer: rounds on changes here, on news there, when it is back, at intervals.

One task makes the rounds, one after the other. Beside it a second one asks the peer whether there
is something new, and is answered when there is: while nothing happens, that question is all that
goes over the line, and nothing is written anywhere.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Error, Unavailable
from unibos.core.sync.schedule.pace import Pace, Standing, due

if TYPE_CHECKING:
    from unibos.core.sync.exchange.progress import Outcome, Progress

log = logging.getLogger(__name__)

PeerState = Literal["starting", "running", "idle", "failing", "paused", "stopped"]

_NOT_GONE = frozenset({"export_stopped"})
"""The peer answers, and there is something that it does not do now."""

_QUICK_S = 1.0
"""A peer that says at once that there is nothing new is asked again after this long."""


class Rounds(Protocol):
    """What is done again and again; see :class:`unibos.core.sync.exchange.round.Round`."""

    async def run(
        self, told: "Callable[[Progress], None]", *, pull: bool = True, push: bool = True
    ) -> "Outcome":
        """One whole round."""
        ...

    async def wait(self) -> bool:
        """Whether the peer has something new, as soon as it has."""
        ...


@dataclass(frozen=True, slots=True)
class Ways:
    """Whether the peer is read from and written to; once in an interval all are read from."""

    pull: bool = True
    push: bool = True


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the schedule asks and tells, all in its event loop.

    :param unsent: whether there is something here that the peer may have and has not.
    :param told: how a round gets on.
    :param moved: the state is another one, or a round has ended.
    """

    unsent: Callable[[], Awaitable[bool]]
    told: "Callable[[Progress], None]"
    moved: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Times:
    """Clocks and chance.

    :param steady: seconds that only go forward.
    """

    wall: Wall = wall_ms
    steady: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, and when, in milliseconds since 1970."""

    error: Error
    at: int


class Schedule:
    """Rounds with one peer, for as long as it is started.

    :ivar outcome: of the last round that went well, since the start.
    :ivar succeeded_at: when that was, in milliseconds since 1970.
    :ivar failure: the last one; it stays to be seen when all is well again.
    :ivar gone_since: by the steady clock; None: the peer answered the last time.
    """

    def __init__(
        self,
        name: str,
        rounds: Rounds,
        hooks: Hooks,
        pace: Pace,
        *,
        times: Times | None = None,
        paused: bool = False,
    ) -> None:
        self._name = name
        self._rounds = rounds
        self._hooks = hooks
        self._pace = pace
        self._times = times or Times()
        self._paused = paused
        self._ways = Ways()
        self._standing = Standing(chance=self._times.chance())
        self._wake = asyncio.Event()
        self._asked: list[asyncio.Future[Outcome]] = []
        self._running = False
        self._task: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self.outcome: Outcome | None = None
        self.succeeded_at: int | None = None
        self.failure: Failure | None = None
        self.gone_since: float | None = None

    @property
    def state(self) -> PeerState:
        """What it does now."""
        if self._task is None:
            return "stopped"
        if self._running:
            return "running"
        if self._paused:
            return "paused"
        if self._standing.failures:
            return "failing"
        return "idle" if self.outcome else "starting"

    @property
    def there(self) -> bool:
        """Whether the peer answered the last time that it was asked."""
        tried = self.outcome is not None or self.failure is not None
        return tried and self.gone_since is None

    @property
    def ways(self) -> Ways:
        """Which ways its rounds go."""
        return self._ways

    def start(self) -> None:
        """Begin, with a round at once."""
        self._task = asyncio.create_task(self._run(), name=f"sync with {self._name}")

    async def stop(self) -> None:
        """End; a round on its way is given up, which harms nothing."""
        for task in (self._task, self._asking):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._task = self._asking = None
        _answer(self._taken(), _stopped())

    def changed(self) -> None:
        """Something was written here."""
        if self._ways.push and self._standing.changed is None:
            self._standing = replace(self._standing, changed=self._times.steady())
            self._wake.set()

    def hurry(self) -> None:
        """The peer is within reach again, or something is to be told at once: try now."""
        if self._running:
            self._standing = replace(self._standing, news=True)
        else:
            self._standing = replace(self._standing, ended=None, failures=0)
        self._wake.set()

    def go(self, ways: Ways) -> None:
        """Have rounds go these ways from now on."""
        if ways == self._ways:
            return
        self._ways = ways
        if not ways.pull:
            self._stop_asking()
        self.hurry()

    def pause(self) -> None:
        """Make no more rounds but those that are asked for."""
        self._paused = True
        self._stop_asking()
        self._wake.set()
        self._hooks.moved()

    def resume(self) -> None:
        """Go on, with a round at once."""
        self._paused = False
        self.hurry()
        self._hooks.moved()

    async def now(self) -> "Outcome":
        """A whole round that begins after this call, also while it is paused.

        :raises Error: what the round raises.
        """
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._asked.append(future)
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while True:
            await self._until_due()
            if self._only_changed() and not await self._hooks.unsent():
                # It came from the peer itself, or stays here.
                continue
            await self._round()

    async def _until_due(self) -> None:
        while True:
            self._wake.clear()
            seconds = self._seconds()
            if seconds is not None and seconds <= 0:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()

    def _seconds(self) -> float | None:
        """Until the next round; None: there is none to come by itself."""
        if self._asked:
            return 0.0
        if self._paused:
            return None
        return due(self._pace, self._standing) - self._times.steady()

    def _only_changed(self) -> bool:
        """Whether nothing but a change here calls for the round; the change is then taken."""
        if self._asked or self._standing.changed is None:
            return False
        without = replace(self._standing, changed=None)
        if self._standing.failures or due(self._pace, without) <= self._times.steady():
            return False
        self._standing = without
        return True

    async def _round(self) -> None:
        asked, ways, news = self._taken(), self._ways, self._standing.news
        without = replace(self._standing, changed=None, news=False)
        if asked or due(self._pace, without) <= self._times.steady():
            ways = replace(ways, pull=True)
        self._standing, self._running = without, True
        self._hooks.moved()
        try:
            outcome = await self._rounds.run(self._hooks.told, pull=ways.pull, push=ways.push)
        except Error as error:
            self._failed(error)
            _answer(asked, error)
        except Exception:
            log.exception("a round failed", extra={"peer": self._name})
            defect = Error("internal_error", "Something went wrong here; the log says what.")
            self._failed(defect)
            _answer(asked, defect)
        else:
            self._succeeded(outcome, news=news)
            _answer(asked, outcome)
        finally:
            self._running = False
            _answer(asked, _stopped())
        self._hooks.moved()

    def _succeeded(self, outcome: "Outcome", *, news: bool) -> None:
        if self._standing.failures:
            log.info("syncs again", extra={"peer": self._name})
        self.outcome, self.succeeded_at, self.gone_since = outcome, self._times.wall(), None
        empty = self._standing.empty + 1 if news and not outcome.pulled else 0
        self._standing = replace(self._standing, empty=empty)
        self._end(failures=0)
        if self._ways.pull and not self._paused and self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name=f"news of {self._name}")

    def _failed(self, error: Error) -> None:
        if not self._standing.failures:
            told = {"peer": self._name, "code": error.code, "detail": error.detail}
            log.warning("a round failed", extra=told)
        self.failure = Failure(error, self._times.wall())
        self._stop_asking()
        gone = isinstance(error, Unavailable) and error.code not in _NOT_GONE
        if not gone:
            self.gone_since = None
        elif self.gone_since is None:
            self.gone_since = self._times.steady()
        self._end(failures=self._standing.failures + 1)

    def _end(self, *, failures: int) -> None:
        self._standing = replace(
            self._standing,
            ended=self._times.steady(),
            failures=failures,
            chance=self._times.chance(),
        )

    async def _ask(self) -> None:
        """Ask the peer for news until it has some."""
        error = None
        try:
            while not await self._news():
                pass
        except Error as raised:
            error = raised
        except Exception:
            log.exception("asking for news failed", extra={"peer": self._name})
            error = Error("internal_error", "Something went wrong here; the log says what.")
        self._asking = None
        if error is not None and error.code != "epoch_changed" and not self._running:
            self._failed(error)
            self._hooks.moved()
        else:
            self._standing = replace(self._standing, news=True)
        self._wake.set()

    async def _news(self) -> bool:
        began = self._times.steady()
        news = await self._rounds.wait()
        if not news and self._times.steady() - began < _QUICK_S:
            await asyncio.sleep(_QUICK_S)
        return news

    def _stop_asking(self) -> None:
        task, self._asking = self._asking, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _taken(self) -> "list[asyncio.Future[Outcome]]":
        asked, self._asked = self._asked, []
        return asked


def _stopped() -> Unavailable:
    return Unavailable("sync_stopped", "Sync with this peer has stopped.")


def _answer(asked: "list[asyncio.Future[Outcome]]", answer: "Outcome | Error") -> None:
    for future in asked:
        if future.done():
            continue
        if isinstance(answer, Error):
            future.set_exception(answer)
        else:
            future.set_result(answer)
