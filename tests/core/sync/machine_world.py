"""The world of the state machine: replicas that crash, and links that fail, on command.

Stores are real ones. What would be a thread that only waits for the disk runs inline, so that the
same steps always give the same story.
"""

import asyncio
import shutil
import sqlite3
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from unibos.base.errors import Error, Unavailable
from unibos.core.store import replica as replicas
from unibos.core.store import system
from unibos.core.store.store import Options, Store
from unibos.core.sync.exchange.round import Round
from unibos.core.sync.local import Local

from .replicas import ORG, START_MS, Replica

OTHER_ORG = "01a207db-7f80-7000-8000-00000000000b"
NAME = "node"
POINTS = (
    "sync.applied",
    "sync.pulled",
    "sync.pushed",
    "sync.answered",
    "withdrawing.page",
    "writer.before_commit",
    "writer.after_commit",
)


class Crash(sqlite3.OperationalError):
    """The process ends here. The writer takes it for what ends a transaction, and lives on."""


class Inline(ThreadPoolExecutor):
    """Runs what it gets at once."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whatever it is, the future tells it
            future.set_exception(error)
        return future


def memory_folder():
    """Where a commit costs no disk."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="sync-", dir=memory if memory.is_dir() else None))


class Template:
    """An empty database of the newest schema, of which all others are copies."""

    def __init__(self):
        self.folder = memory_folder()
        Store(self.folder, NAME, "nobody").close()

    def copy(self, folder):
        folder.mkdir(parents=True)
        shutil.copy(self.folder / f"{NAME}.db", folder)


class Skewed:
    """A clock of its own: the world's, so much ahead."""

    def __init__(self, world):
        self._world = world
        self.ahead = 0

    def __call__(self):
        return self._world.ms + self.ahead


class Place(Replica):
    """A replica in a folder, with at most one copy of an earlier moment."""

    def __init__(self, world, name, kind="node", *, folder=None, instance=None, installed=()):
        self._world = world
        self.crashed = False
        self.installed = frozenset(installed)
        if folder is None:
            folder = world.folder / name
            world.template.copy(folder)
        super().__init__(folder, name, kind, clock=Skewed(world), instance=instance)

    def open(self):
        self.store = Store(
            self.folder,
            NAME,
            self.instance,
            wall=self.clock,
            options=Options(cache_kib=256, reader_threads=1),
        )
        self.store._pool = Inline()
        self.home = self.store.org(ORG)
        self.local = Local(
            self.store, self.instance, self.kind, lambda: self.instance, self.installed, self.clock
        )
        self._world.threads[self.store._writer._thread.ident] = self
        self.crashed = False
        self._world.enter(self.begin)

    def close(self):
        """Let go of the files, as the end of the process would."""
        self._world.threads.pop(self.store._writer._thread.ident)
        self.rounds = {}
        self.store.close()

    def restart(self):
        """End in order, and begin again."""
        self._world.enter(self.end)
        self.close()
        self.open()

    def reopen(self):
        """Begin again after a crash."""
        self.close()
        self.open()

    def save(self):
        """Keep a copy of this moment."""
        copy = self.folder.with_name(f"{self.name}.copy")
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        self._copy(copy)

    def restore(self, way):
        """Go back to the copy.

        :param way: ``database`` alone; ``folder``, with the file beside it; ``renewed``, as the
            program does it, which begins a new epoch.
        """
        copy = self.folder.with_name(f"{self.name}.copy")
        if not copy.exists():
            return False
        beside = self.folder / f"{NAME}.replica"
        mark = replicas.mark_in(beside)
        self.close()
        for suffix in ("-wal", "-shm"):
            (self.folder / f"{NAME}.db{suffix}").unlink(missing_ok=True)
        shutil.copy(copy / f"{NAME}.db", self.folder)
        if way == "folder":
            shutil.copy(copy / f"{NAME}.replica", self.folder)
        elif way == "renewed":
            newest = sqlite3.connect(self.folder / f"{NAME}.db")
            hlc = replicas_newest(newest)
            newest.close()
            replicas.renew(beside, hlc, mark, system=system.System())
        self.open()
        return True

    def clone(self, name):
        """Another replica that takes itself for this one."""
        folder = self.folder.with_name(name)
        folder.mkdir()
        self._copy(folder)
        return Place(
            self._world, name, folder=folder, instance=self.instance, installed=self.installed
        )

    def rows(self, question, *values):
        return self.home.read(lambda view: view.connection.execute(question, values).fetchall())

    def _copy(self, folder):
        source, target = (
            sqlite3.connect(self.folder / f"{NAME}.db"),
            sqlite3.connect(folder / f"{NAME}.db"),
        )
        source.backup(target)
        source.close()
        target.close()
        shutil.copy(self.folder / f"{NAME}.replica", folder)


def replicas_newest(connection):
    from unibos.core.store import counters

    return counters.newest(connection)


@dataclass
class Trouble:
    """What happens to a round.

    :param kind: ``cut``, ``crash`` or ``meanwhile``.
    :param at: the number of the message, or how often the crash point was passed before.
    :param where: ``asked`` or ``answered``: whether a cut message was handled; or the crash point.
    :param act: what happens meanwhile.
    """

    kind: str = ""
    at: int = 0
    where: str = ""
    act: object = None


CALM = Trouble()


class World:
    """Places, time, and what passes between places."""

    def __init__(self, template, watch):
        self.template = template
        self.folder = memory_folder()
        self.ms = START_MS
        self.threads = {}
        self.places = {}
        self.watch = watch
        self.sent = []
        self.givers = {}
        self.messages = 0
        self._trouble = CALM
        self._passed = 0
        self._active = []
        self._runner = asyncio.Runner()
        self._runner.get_loop().set_default_executor(Inline())
        system.listen(self._reached)

    def close(self):
        system.listen(None)
        for place in self.places.values():
            with suppress(Error):
                place.close()
        self._runner.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, place):
        self.places[place.name] = place
        return place

    def enter(self, do):
        """Call something where there is a running event loop."""

        async def call():
            do()

        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is None:
            self._runner.run(call())
        else:
            do()

    def run(self, coroutine):
        return self._runner.run(coroutine)

    def round(self, asker, answerer, trouble=CALM, **more):
        """A round; None when it did not come to its end."""
        self._trouble, self._passed, self.messages = trouble, 0, 0
        try:
            return self.run(self.ask(asker, answerer, **more))
        finally:
            self._trouble = CALM
            for place in self.places.values():
                if place.crashed:
                    place.reopen()

    async def ask(self, asker, answerer, **more):
        known = asker.rounds.get(answerer.name)
        if known is None:
            link = Wire(self, asker, answerer)
            known = asker.rounds[answerer.name] = Round(asker.local, ORG, link)
        self._active.append(asker)
        try:
            return await known.run(**more)
        except (Error, Crash) as error:
            if asker.crashed or answerer.crashed or error.code in EXPECTED:
                return None
            raise
        finally:
            self._active.pop()

    async def carry(self, asker, answerer, verb, asked):
        """A message, and its answer."""
        trouble, number = self._trouble, self.messages
        self.messages += 1
        here = number == trouble.at
        if trouble.kind == "meanwhile" and here:
            self._trouble = CALM
            await trouble.act(asker, answerer)
        text = msgspec.json.encode(asked)
        self.watch(asker, answerer, asked, text)
        if trouble.kind == "cut" and here and trouble.where == "asked":
            raise _unreachable()
        answer = await self.deliver(asker, answerer, verb, text, type(asked))
        self.watch(answerer, asker, answer, msgspec.json.encode(answer))
        if verb == "push":
            self.givers.setdefault(asked.own_epoch, set()).add(asker.name)
        elif verb == "pull":
            self.givers.setdefault(asked.epoch, set()).add(answerer.name)
        if verb in ("push", "pull"):
            self.sent.append((asker.name, answerer.name, verb, text, type(asked)))
        if trouble.kind == "cut" and here:
            raise _unreachable()
        return msgspec.json.decode(msgspec.json.encode(answer), type=type(answer))

    async def deliver(self, asker, answerer, verb, text, kind):
        if asker.crashed or answerer.crashed:
            raise _unreachable()
        handle = getattr(answerer.answer, verb)
        self._active.append(answerer)
        try:
            answer = await handle(answerer.scope(asker), msgspec.json.decode(text, type=kind))
        except (Error, Crash):
            if answerer.crashed:
                raise _unreachable() from None
            raise
        finally:
            self._active.pop()
        if answerer.crashed:
            raise _unreachable()
        return answer

    def again(self, number):
        """Deliver a message that was on its way for long, or twice."""
        if not self.sent:
            return
        asker, answerer, verb, text, kind = self.sent[number % len(self.sent)]
        with suppress(Error):
            self.run(self.deliver(self.places[asker], self.places[answerer], verb, text, kind))

    def _reached(self, point):
        place = self.threads.get(threading.get_ident())
        if place is None:
            place = self._active[-1] if self._active else None
        if place is None:
            return
        if place.crashed:
            raise Crash("it has crashed")
        if self._trouble.kind == "crash" and self._trouble.where == point:
            self._passed += 1
            if self._passed > self._trouble.at:
                place.crashed = True
                raise Crash(point)


EXPECTED = frozenset({"peer_unreachable", "export_stopped", "database_error", "store_closed"})


def _unreachable():
    return Unavailable("peer_unreachable", "The link is cut.")


class Wire:
    """A :class:`PeerLink` between two places."""

    def __init__(self, world, asker, answerer):
        self._world, self._asker, self._answerer = world, asker, answerer
        self.peer = answerer.instance
        self.kind = answerer.kind
        self.address = ""
        self.sent_bytes = self.received_bytes = 0

    async def hello(self, asked):
        return await self._world.carry(self._asker, self._answerer, "hello", asked)

    async def pull(self, asked):
        return await self._world.carry(self._asker, self._answerer, "pull", asked)

    async def push(self, asked):
        return await self._world.carry(self._asker, self._answerer, "push", asked)

    async def ids(self, asked):
        return await self._world.carry(self._asker, self._answerer, "ids", asked)
