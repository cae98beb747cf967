"""`unibos hub orgs`: the orgs of a hub."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from unibos.base.errors import Invalid
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command, group
from unibos.clients.cli.hub.invitations import tell_link
from unibos.clients.cli.user import find_user
from unibos.clients.cli.words import say
from unibos.clients.paths import ORGS, below

TYPES = click.Choice(["individual", "family", "team", "organization", "nonprofit", "enterprise"])
PLANS = click.Choice(["free", "starter", "professional", "enterprise", "self_hosted"])
NONE = "none"
LIMITS = ("max_users", "max_nodes", "max_storage_gb")


def _limit(ctx: click.Context, param: click.Parameter, value: str | None) -> int | str | None:
    """A number, or ``none``."""
    if value is None or value == NONE:
        return value
    number: int = click.IntRange(min=0)(value, param, ctx)
    return number


def _limit_option(name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(name, metavar="N|none", callback=_limit, help=text)


@command("list", "sudo unibos hub orgs list")
@click.pass_obj
def list_orgs(asked: Asked) -> None:
    """List all orgs."""
    items = list(asked.api().each(ORGS))
    if asked.json:
        show.document({"items": items, "next": None})
        return
    heads = (say("Short name"), say("Name"), say("Type"), say("Plan"), say("State"), say("Since"))
    show.table(heads, (_row(one) for one in items))


@command("show", "sudo unibos hub orgs show smith", "unibos hub orgs show smith --json")
@click.argument("org", metavar="ORG")
@click.pass_obj
def show_org(asked: Asked, org: str) -> None:
    """Show an org, its limits and how much of them it uses."""
    _told(asked, asked.api().get(below(ORGS, org)))


@command(
    "add",
    "sudo unibos hub orgs add Smith --owner owner@example.org",
    "sudo unibos hub orgs add 'Data Club' --owner owner@example.org --type nonprofit --slug club",
)
@click.argument("name")
@click.option("--owner", required=True, metavar="EMAIL", help="Who is invited to own it.")
@click.option("--type", "type_", type=TYPES, default="organization", help="What kind of org it is.")
@click.option("--plan", type=PLANS, default="self_hosted", help="The org's plan.")
@click.option("--slug", help="Short name for addresses and commands; made from the name if absent.")
@click.pass_obj
def add(asked: Asked, name: str, owner: str, type_: str, plan: str, slug: str | None) -> None:
    """Make an org and invite its owner."""
    wanted = {"name": name, "owner": owner, "type": type_, "plan": plan}
    made = asked.api().post(ORGS, wanted | ({"slug": slug} if slug else {}))
    if asked.json:
        show.document(made)
        return
    click.echo(say("The org {slug} is made.", slug=show.clean(made["org"]["slug"])))
    tell_link(made["invitation"])


@command(
    "set",
    "sudo unibos hub orgs set smith --max-users 10 --max-storage-gb none",
    "sudo unibos hub orgs set smith --modules notes,documents",
    "unibos hub orgs set smith --name 'The Smiths'",
)
@click.argument("org", metavar="ORG")
@click.option("--name", help="What the org is called.")
@click.option("--type", type=TYPES, help="What kind of org it is.")
@click.option("--slug", help="Short name for addresses and commands.")
@click.option("--plan", type=PLANS, help="The org's plan.")
@_limit_option("--max-users", "The most members.")
@_limit_option("--max-nodes", "The most nodes.")
@_limit_option("--max-storage-gb", "The most bytes of files, in 10⁹.")
@click.option("--modules", metavar="NAMES|all", help="Modules of its nodes, with commas between.")
@click.option("--domain", metavar="NAME|none", help="The org's own domain.")
@click.pass_obj
def set_org(
    asked: Asked, /, org: str, modules: str | None, domain: str | None, **given: Any
) -> None:
    """Change an org; plan and limits are for the hub's operator."""
    change = {key: value for key, value in given.items() if value is not None}
    change |= {key: None for key in LIMITS if change.get(key) == NONE}
    if modules is not None:
        names = [name.strip() for name in modules.split(",") if name.strip()]
        change["enabled_modules"] = None if modules == "all" else names
    if domain is not None:
        change["custom_domain"] = None if domain == NONE else domain
    if not change:
        raise click.UsageError(say("Say what to change: see --help."))
    _told(asked, asked.api().change("PATCH", below(ORGS, org), change))


@command("transfer", "sudo unibos hub orgs transfer smith member@example.org")
@click.argument("org", metavar="ORG")
@click.argument("user", metavar="EMAIL|ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def transfer(asked: Asked, org: str, user: str, yes: bool) -> None:
    """Give an org to another member; the present owner becomes an admin."""
    if asked.remote() is None:
        # The local socket acts in the org whose members are looked for.
        asked.org = asked.org or org
    api = asked.api()
    taker = find_user(api, user)
    email = show.clean(taker["email"])
    confirm(say("Give {org} to {email}?", org=show.clean(org), email=email), yes=yes)
    changed = api.post(below(ORGS, org, "transfer"), {"user": taker["id"]})
    if asked.json:
        show.document(changed)
    else:
        slug = show.clean(changed["slug"])
        click.echo(say("{org} belongs to {email} now.", org=slug, email=email))


@command("delete", "unibos hub orgs delete smith", "sudo unibos hub orgs delete smith --yes")
@click.argument("org", metavar="SLUG")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(asked: Asked, org: str, yes: bool) -> None:
    """Close an org; in 30 days all that it has is deleted."""
    api = asked.api()
    found = api.get(below(ORGS, org))
    if org != found["slug"]:
        raise Invalid(
            "slug_wanted",
            say("To delete an org, give its short name: {slug}", slug=show.clean(found["slug"])),
        )
    confirm(say("Delete {org} and all that it has?", org=show.clean(found["name"])), yes=yes)
    closed = api.change("DELETE", below(ORGS, org) + f"?slug={found['slug']}")
    if asked.json:
        show.document(closed)
        return
    moment = show.moment(closed["delete_after"])
    click.echo(say("{org} is closed, and will be deleted after {moment}.", org=org, moment=moment))


@command("restore", "unibos hub orgs restore smith")
@click.argument("org", metavar="ORG")
@click.pass_obj
def restore(asked: Asked, org: str) -> None:
    """Open a closed org again."""
    opened = asked.api().post(below(ORGS, org, "restore"))
    if asked.json:
        show.document(opened)
    else:
        click.echo(say("{org} is open again.", org=show.clean(opened["slug"])))


def _row(one: Mapping[str, Any]) -> list[object]:
    since = show.moment(one["created_at"])
    return [one["slug"], one["name"], say(one["type"]), one["plan"], _state(one), since]


def _state(one: Mapping[str, Any]) -> str:
    if one["delete_after"]:
        return say("deleted after {moment}", moment=show.moment(one["delete_after"]))
    return say("active")


def _told(asked: Asked, one: Mapping[str, Any]) -> None:
    if asked.json:
        show.document(one)
        return
    usage = one["usage"]
    stored = show.size(usage["storage_bytes"])
    allowed = one["max_storage_gb"]
    modules = one["enabled_modules"]
    show.facts(
        {
            say("Short name"): one["slug"],
            say("Name"): one["name"],
            say("Id"): one["id"],
            say("Type"): say(one["type"]),
            say("Plan"): one["plan"],
            say("State"): _state(one),
            say("Users"): _of(usage["users"], one["max_users"]),
            say("Nodes"): _of(usage["nodes"], one["max_nodes"]),
            say("Files"): _of(stored, None if allowed is None else f"{allowed} GB"),
            say("Modules"): say("all") if modules is None else ", ".join(modules) or say("none"),
            say("Domain"): one["custom_domain"],
        }
    )


def _of(present: object, allowed: object) -> str:
    """How much of a limit is used."""
    most = say("no limit") if allowed is None else str(allowed)
    return say("{present} of {most}", present=present, most=most)


orgs = group(
    "orgs",
    list_orgs,
    show_org,
    add,
    set_org,
    transfer,
    delete,
    restore,
    text="Make, change and delete orgs.",
)
