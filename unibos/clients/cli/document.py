"""`unibos document`: what was taken in, and what was read out of it."""

from typing import Any

import click

from unibos.clients.cli import changing, show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command, group
from unibos.clients.cli.fetching import fetch
from unibos.clients.cli.words import say
from unibos.clients.paths import DOCUMENTS, below

STATES = click.Choice(["queued", "done", "failed"])
KINDS = click.Choice(["receipt", "invoice", "letter", "other"])
ORDERS = click.Choice(["created_at", "-created_at", "-updated_at", "title", "-title"])
_ID = "0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11"


@command("list", "unibos document list", "unibos document list --kind receipt --tag taxes")
@click.option("-q", "--query", help="Only what contains these words.")
@click.option("--status", type=STATES, help="Only in this state.")
@click.option("--kind", type=KINDS, help="Only of this kind.")
@click.option("--tag", help="Only with this tag.")
@click.option("--bin", "in_bin", is_flag=True, default=None, help="What lies in the bin.")
@click.option("--sort", type=ORDERS, help="Sort by this field; -FIELD turns it round.")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many (50).")
@click.pass_obj
def list_documents(
    asked: Asked,
    query: str | None,
    status: str | None,
    kind: str | None,
    tag: str | None,
    in_bin: bool | None,
    sort: str | None,
    limit: int,
) -> None:
    """List documents."""
    wanted = {"q": query, "status": status, "kind": kind, "tag": tag, "sort": sort}
    binned = "true" if in_bin else None
    page = asked.api().page(DOCUMENTS, limit, bin=binned, **wanted)
    if asked.json:
        show.document(page._asdict())
        return
    heads = (say("Id"), say("Added"), say("State"), say("Kind"), say("Title"))
    show.table(heads, (_row(one) for one in page.items))
    show.more(page.next)


@command("show", f"unibos document show {_ID}")
@click.argument("document_id", metavar="ID")
@click.pass_obj
def show_document(asked: Asked, document_id: str) -> None:
    """Show what is known of a document."""
    answer = asked.api().get(below(DOCUMENTS, document_id))
    if asked.json:
        show.document(answer)
        return
    fields = answer.get("fields") or {}
    show.facts(
        {
            say("Id"): answer["id"],
            say("Title"): answer.get("title"),
            say("State"): show.state(answer["status"]),
            say("Kind"): say(answer.get("kind") or ""),
            say("Merchant"): fields.get("merchant"),
            say("Date"): fields.get("date"),
            say("Total"): f"{fields.get('total') or ''} {fields.get('currency') or ''}".strip(),
            say("Pages"): len(answer.get("pages") or ()) or None,
            say("Language"): answer.get("language"),
            say("Tags"): ", ".join(answer.get("tags") or ()),
            say("File"): answer.get("filename"),
            say("Size"): show.size(answer.get("size") or 0),
            say("Added"): show.moment(answer.get("created_at")),
            say("In the bin since"): show.moment(answer.get("binned_at")),
            say("Error"): (answer.get("error") or {}).get("detail"),
        }
    )


@command("text", f"unibos document text {_ID}", f"unibos document text {_ID} | grep -i total")
@click.argument("document_id", metavar="ID")
@click.pass_obj
def text(asked: Asked, document_id: str) -> None:
    """Print the text that was read."""
    answer = asked.api().get(below(DOCUMENTS, document_id))
    read = answer.get("text") or ""
    if asked.json:
        show.document({"id": answer["id"], "text": read})
    else:
        click.echo(show.text(read))


@command(
    "download",
    f"unibos document download {_ID}",
    f"unibos document download {_ID} -o receipt.jpg",
)
@click.argument("document_id", metavar="ID")
@click.option("-o", "--output", metavar="FILE", help="Where to; - is standard output.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.pass_obj
def download(asked: Asked, document_id: str, output: str | None, force: bool) -> None:
    """Fetch the original, byte for byte."""
    source = below(DOCUMENTS, document_id, "original")
    fetch(asked, source, document_id, output, document_id, force=force)


@command(
    "tag", f"unibos document tag {_ID} taxes 2026", f"unibos document tag {_ID} --remove taxes"
)
@click.argument("document_id", metavar="ID")
@click.argument("tags", nargs=-1)
@click.option("--remove", multiple=True, metavar="TAG", help="Take this tag off; repeatable.")
@click.pass_obj
def tag(asked: Asked, document_id: str, tags: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Add tags to a document, or take some off."""
    changing.retag(asked, DOCUMENTS, document_id, tags, remove)


@command("title", f"unibos document title {_ID} 'Coffee machine'")
@click.argument("document_id", metavar="ID")
@click.argument("title")
@click.pass_obj
def set_title(asked: Asked, document_id: str, title: str) -> None:
    """Give a document a title."""
    changing.change(asked, DOCUMENTS, document_id, {"title": title})


@command("bin", f"unibos document bin {_ID}")
@click.argument("document_ids", nargs=-1, required=True, metavar="ID…")
@click.pass_obj
def to_bin(asked: Asked, document_ids: tuple[str, ...]) -> None:
    """Move documents to the bin."""
    changing.to_bin(asked, DOCUMENTS, document_ids)


@command("restore", f"unibos document restore {_ID}")
@click.argument("document_ids", nargs=-1, required=True, metavar="ID…")
@click.pass_obj
def restore(asked: Asked, document_ids: tuple[str, ...]) -> None:
    """Take documents out of the bin."""
    changing.restore(asked, DOCUMENTS, document_ids)


@command("purge", f"unibos document purge {_ID} --yes")
@click.argument("document_ids", nargs=-1, required=True, metavar="ID…")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def purge(asked: Asked, document_ids: tuple[str, ...], yes: bool) -> None:
    """Delete documents for good."""
    confirm(say("Delete {count} for good?", count=len(document_ids)), yes=yes)
    changing.purge(asked, DOCUMENTS, document_ids)


@command(
    "reprocess", f"unibos document reprocess {_ID}", "unibos document reprocess --failed --json"
)
@click.argument("document_ids", nargs=-1, metavar="ID…")
@click.option("--failed", is_flag=True, help="All that could not be read, up to 1,000")
@click.pass_obj
def reprocess(asked: Asked, document_ids: tuple[str, ...], failed: bool) -> None:
    """Read documents anew."""
    if bool(document_ids) == failed:
        raise click.UsageError(say("Name documents, or take --failed."))
    if document_ids:
        changing.reprocess(asked, DOCUMENTS, document_ids)
        return
    made = asked.api().post(f"{DOCUMENTS}/reprocess", {"failed": True})
    if asked.json:
        show.document(made)
        return
    click.echo(say("Documents that are read anew: {count}", count=made["documents"]))
    if made["documents"]:
        click.echo(say("Follow them: unibos job batch {batch} --watch", batch=made["batch"]))


def _row(one: dict[str, Any]) -> list[object]:
    added = show.moment(one.get("created_at"))
    return [
        one["id"],
        added,
        show.state(one["status"]),
        say(one.get("kind") or ""),
        one.get("title"),
    ]


document = group(
    "document",
    list_documents,
    show_document,
    text,
    download,
    tag,
    set_title,
    to_bin,
    restore,
    purge,
    reprocess,
    text="Work with documents.",
)
