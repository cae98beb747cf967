"""`unibos sync`: how it is with each peer, a round now, a pause."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from unibos.base.errors import Error, Unavailable
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import SpokenGroup, command
from unibos.clients.cli.quarantine import forget, quarantine
from unibos.clients.cli.words import say
from unibos.clients.paths import SYNC, SYNC_EVENTS, SYNC_NOW, SYNC_PAUSE, SYNC_RESUME

if TYPE_CHECKING:
    from unibos.clients.api import Api


@command("status", "unibos sync", "unibos sync status --json")
@click.pass_obj
def status(asked: Asked) -> None:
    """Tell how sync is with each peer."""
    answer = asked.api().get(SYNC)
    if asked.json:
        show.document(answer)
        return
    _tell(answer)


@command("now", "unibos sync now", "unibos sync now --json")
@click.pass_obj
def now(asked: Asked) -> None:
    """Sync with every peer now, also while it is paused, and tell what came of it."""
    api = asked.api()
    with _bar(api, quiet=asked.json):
        tried = api.post(SYNC_NOW, patient=True)["peers"]
    if asked.json:
        show.document({"peers": tried})
    elif not tried:
        click.echo(say("There is no peer to sync with: join a hub, or name nodes in sync.peers."))
    else:
        heads = (
            say("Peer"),
            say("Came"),
            say("Went"),
            say("Conflicts"),
            say("Quarantined"),
            say("Trouble"),
        )
        show.table(heads, (_outcome(one) for one in tried))
    failed = [one for one in tried if one["error"]]
    if failed:
        raise Unavailable(
            "sync_failed",
            say("Sync failed with {count} of {all} peers.", count=len(failed), all=len(tried)),
            hint=failed[0]["error"]["detail"],
        )


@command("pause", "unibos sync pause")
@click.pass_obj
def pause(asked: Asked) -> None:
    """Sync on command only (unibos sync now), also after a restart, until it is resumed."""
    _changed(asked, asked.api().post(SYNC_PAUSE), say("Sync is paused."))


@command("resume", "unibos sync resume")
@click.pass_obj
def resume(asked: Asked) -> None:
    """Go on with sync after a pause."""
    _changed(asked, asked.api().post(SYNC_RESUME), say("Sync goes on."))


class SyncGroup(SpokenGroup):
    """The group; alone it tells the status."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a command, the status is what is asked for."""
        named = any(arg in self.commands for arg in args)
        wants_help = any(arg in ctx.help_option_names for arg in args)
        words = [arg for arg in args if not arg.startswith("-")]
        if not named and not wants_help and not words:
            args = [*args, "status"]
        return super().parse_args(ctx, args)


sync = SyncGroup(
    "sync",
    help="Sync with hubs and nodes: how it is, now, paused. Alone it tells how it is.",
    commands=[status, now, pause, resume, quarantine, forget],
    examples=("unibos sync", "unibos sync now", "unibos sync quarantine list"),
)


def line(answer: dict[str, Any]) -> str:
    """Sync in one line, for ``unibos status``; empty where there is nobody to sync with."""
    if answer["mode"] == "alone":
        return ""
    told = [_mode(answer)]
    behind = sum(peer["lag_there"] or 0 for peer in answer["peers"] if peer["writes"])
    if behind:
        told.append(say("{count} to send", count=behind))
    if answer["quarantined"]:
        told.append(say("{count} in quarantine", count=answer["quarantined"]))
    if answer["pending_blobs"]:
        told.append(say("{count} files on their way", count=answer["pending_blobs"]))
    return ", ".join(told)


def _mode(answer: dict[str, Any]) -> str:
    if answer["export_stopped"]:
        return say("stopped by the kill switch")
    if answer["paused"]:
        return say("paused")
    if answer["metered"]:
        return say("on command only (the line is metered)")
    return show.state(answer["mode"])


def _troubles(counted: dict[str, int]) -> str:
    return ", ".join(f"{code}: {count}" for code, count in counted.items())


def _tell(answer: dict[str, Any]) -> None:
    show.facts(
        {
            say("Sync"): _mode(answer) if answer["mode"] != "alone" else say("nobody to sync with"),
            say("In quarantine"): answer["quarantined"] or None,
            say("Files on their way"): answer["pending_blobs"] or None,
            say("Trouble with files"): _troubles(answer["blob_troubles"]) or None,
        }
    )
    if not answer["peers"]:
        return
    heads = (
        say("Peer"),
        say("State"),
        say("Ways"),
        say("Answers in"),
        say("To come"),
        say("To go"),
        say("Last time"),
        say("Sent"),
        say("Received"),
        say("Clock"),
        say("Quarantined"),
        say("Trouble"),
    )
    columns = zip(heads, *(_row(one) for one in answer["peers"]), strict=True)
    # A hub makes no rounds, so it knows nothing of what only they tell.
    known = [column for column in columns if any(cell not in ("", None) for cell in column[1:])]
    kept_heads, *rows = zip(*known, strict=True)
    show.table(kept_heads, rows)


def _row(peer: dict[str, Any]) -> list[object]:
    latency = peer["latency_ms"]
    return [
        peer["name"],
        show.state(peer["state"]),
        _ways(peer),
        "" if latency is None else f"{latency:.0f} ms",
        peer["lag_here"],
        peer["lag_there"],
        show.moment(peer["last_success"]),
        _size(peer["sent_bytes"]),
        _size(peer["received_bytes"]),
        _skew(peer["skew_ms"]),
        peer["quarantined"] or "",
        _trouble(peer),
    ]


def _size(count: int | None) -> str:
    return "" if count is None else show.size(count)


def _trouble(peer: dict[str, Any]) -> str:
    error = peer["last_error"]
    if error and peer["state"] == "failing":
        return str(error["code"])
    return ", ".join(f"{name}: {code}" for name, code in peer.get("troubles", {}).items())


def _ways(peer: dict[str, Any]) -> str:
    ways = [say("reads")] if peer["reads"] else []
    return "+".join([*ways, say("writes")] if peer["writes"] else ways)


def _skew(ms: int | None) -> str:
    """A second comes from the line as well."""
    if ms is None or abs(ms) < 1000:
        return "" if ms is None else say("right")
    length = show.duration(abs(ms) / 1000)
    return say("{length} ahead", length=length) if ms > 0 else say("{length} behind", length=length)


def _outcome(tried: dict[str, Any]) -> list[object]:
    error = tried["error"]
    counts = [tried[name] for name in ("pulled", "pushed", "conflicts", "quarantined")]
    return [tried["name"], *counts, error["code"] if error else ""]


def _changed(asked: Asked, answer: dict[str, Any], told: str) -> None:
    if asked.json:
        show.document(answer)
        return
    click.echo(told)


@contextmanager
def _bar(api: "Api", *, quiet: bool) -> Iterator[None]:
    """Show how rounds get on, as the event stream tells it; on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        tasks: dict[str, Any] = {}

        def follow() -> None:
            # It ends with the program. Where the stream breaks off, no more is shown.
            with suppress(Error, RuntimeError):
                for event in api.events(SYNC_EVENTS):
                    _show(shown, tasks, event.data)

        threading.Thread(target=follow, daemon=True).start()
        yield


def _show(shown: Any, tasks: dict[str, Any], told: dict[str, Any]) -> None:
    if told["what"] != "progress" or not told.get("total"):
        return
    peer, name = told["peer"], show.clean(told.get("name", ""))
    if peer not in tasks:
        tasks[peer] = shown.add_task("", total=None)
    text = f"{name}: {say(told['step'])} {show.clean(told.get('collection', ''))}"
    shown.update(tasks[peer], description=text, total=told["total"], completed=told.get("done", 0))
