"""What `unibos update` says."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from unibos.base.errors import Error
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.words import language, say, tell

if TYPE_CHECKING:
    from unibos.ops.update.index import Here, Index, Offer
    from unibos.ops.update.state import Outcome, StateFiles


def tell_check(
    asked: Asked,
    index: "Index",
    here: "Here",
    offer: "Offer | None",
    refused: Sequence[tuple[str, Error]],
) -> None:
    """What there is, and what of it may not be taken."""
    if asked.json:
        shown = msgspec.to_builtins(offer.release) if offer else None
        facts = {"present": here.version, "channel": index.channel, "made_at": index.made_at}
        left = [{"version": version, "code": why.code} for version, why in refused]
        show.document(facts | {"offer": shown, "refused": left})
        return
    if offer is None:
        click.echo(say("{present} is the newest that fits.", present=here.version))
    else:
        _tell_offer(offer, here)
    for _, why in refused:
        click.echo(show.clean(tell(why)), err=True)


def _tell_offer(offer: "Offer", here: "Here") -> None:
    release = offer.release
    facts = {"version": release.version, "size": show.size(offer.file.size)}
    click.echo(say("{version} is there ({size}); {present} runs.", present=here.version, **facts))
    if release.schema > here.schema:
        click.echo(say("It changes the form of the databases: they are copied before."))
    notes = release.notes.get(language()) or release.notes.get("en", "")
    if notes:
        click.echo(show.text(notes))
    click.echo(say("To take it: sudo unibos update apply"))


def tell_step(asked: Asked) -> Callable[[str], None]:
    """What hears of each step of a change."""
    return (lambda _step: None) if asked.json else _tell_step


def _tell_step(step: str) -> None:
    said = {
        "stop": say("Stopping the program."),
        "copy": say("Copying the databases."),
        "try": say("Trying the new program."),
        "check": say("Checking the databases."),
        "return": say("It did not pass: going back."),
        "start": say("It has passed."),
    }
    click.echo(said[step], err=True)


def tell_done(asked: Asked, files: "StateFiles") -> None:
    """What came of a change that went well."""
    outcome = files.history().last
    if outcome is not None:
        facts = {"old": outcome.old, "new": outcome.new}
        tell_end(asked, outcome, say("{new} runs in place of {old}.", **facts))


def tell_end(asked: Asked, outcome: "Outcome | None", said: str) -> None:
    """The last word of a command that changes, or would change, the program."""
    if asked.json:
        show.document({"outcome": msgspec.to_builtins(outcome)})
    else:
        click.echo(said)


def tell_status(facts: dict[str, Any]) -> None:
    """Which releases are there, and how the last change went."""
    installed = {
        "releases": say("releases side by side"),
        "package": say("Debian package: updates come by apt"),
        "other": say("by hand"),
    }
    told: dict[str, object] = {
        say("Installed"): installed[facts["installed"]],
        say("Folder"): facts.get("folder"),
        say("Version"): facts["present"],
        say("Before"): facts.get("previous"),
        say("By itself"): facts["window"] if facts["auto"] else say("no"),
        say("Not taken again"): ", ".join(facts.get("failed", ())),
    }
    show.facts(told)
    if facts.get("last"):
        _tell_last(facts["last"])
    change = facts.get("change")
    if change:
        named = {"old": change["old"], "new": change["new"]}
        click.echo(say("From {old} to {new}: not finished. sudo unibos update resume", **named))


def _tell_last(last: dict[str, str]) -> None:
    facts = {"at": show.moment(last["at"]), "old": last["old"], "new": last["new"]}
    said = {
        "passed": say("{at}: {new} took the place of {old}.", **facts),
        "returned": say("{at}: {new} did not pass, {old} runs again.", **facts),
        "abandoned": say("{at}: from {old} to {new} was given up; nothing was changed.", **facts),
    }
    click.echo(said[last["result"]])
    if last["reason"]:
        click.echo(f"  {show.clean(last['reason'])}")
