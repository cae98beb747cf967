"""`unibos notification`: news of the box, and a way for scripts to tell some."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import NOTIFICATIONS, below

_LEVELS = click.Choice(["info", "warning", "error"])


@command("list", "unibos notification list --unread", "unibos notification list --json")
@click.option("--unread", is_flag=True, help="Only those that nobody has read")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many (50).")
@click.pass_obj
def list_notifications(asked: Asked, unread: bool, limit: int) -> None:
    """List notifications, newest first."""
    only = {"unread": "true"} if unread else {}
    page = asked.api().page(NOTIFICATIONS, limit, **only)
    if asked.json:
        show.document(page._asdict())
        return
    if not page.items:
        click.echo(say("There are no notifications."))
        return
    heads = (say("Id"), say("Made"), say("Level"), say("Title"), say("Sent to"))
    show.table(heads, (_row(one) for one in page.items))
    show.more(page.next)


@command("send", 'unibos notification send "The door is open" --level warning')
@click.argument("title")
@click.option("--body", default="", help="What there is to say beyond the title")
@click.option("--level", type=_LEVELS, default="info", help="How much it matters")
@click.pass_obj
def send(asked: Asked, title: str, body: str, level: str) -> None:
    """Notify: it is kept, and sent to all targets."""
    api = asked.api()
    made = api.post(NOTIFICATIONS, {"title": title, "body": body, "level": level})
    if asked.json:
        show.document(made)
        return
    targets = api.get(NOTIFICATIONS, limit=1)["targets"]
    if targets:
        click.echo(say("It was kept. Targets that get it: {targets}.", targets=", ".join(targets)))
    else:
        click.echo(say("It was kept. The settings name no target."))


@command("read", "unibos notification read --all", "unibos notification read ID…")
@click.argument("ids", metavar="ID", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that are unread")
@click.pass_obj
def read(asked: Asked, ids: tuple[str, ...], everything: bool) -> None:
    """Mark notifications as read."""
    if not ids and not everything:
        raise click.UsageError(say("Name notifications, or take --all."))
    api = asked.api()
    wanted = list(ids)
    if everything:
        page = api.page(NOTIFICATIONS, 1_000_000, unread="true")
        wanted += [one["id"] for one in page.items]
    for id_ in wanted:
        api.change("PATCH", below(NOTIFICATIONS, id_), {"read": True})
    if asked.json:
        show.document({"read": len(wanted)})
    else:
        click.echo(say("Notifications marked as read: {count}", count=len(wanted)))


def _row(one: dict[str, Any]) -> list[object]:
    made, sent = show.moment(one["created_at"]), ", ".join(sorted(one["sent"]))
    return [one["id"], made, show.state(one["level"]), one["title"], sent]


notification = group(
    "notification",
    list_notifications,
    send,
    read,
    text="News of this box: list them, mark them as read, send one.",
)
