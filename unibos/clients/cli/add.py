"""`unibos add`: take documents in."""

import json
from typing import Any

import click

from unibos.clients.cli import sending, show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.bar import bar
from unibos.clients.cli.command import command
from unibos.clients.cli.exits import Exit
from unibos.clients.cli.finding import DOCUMENT_SUFFIXES, find, names_in
from unibos.clients.cli.sending import Outcome
from unibos.clients.cli.words import say
from unibos.clients.paths import DOCUMENTS


@command(
    "add",
    "unibos add receipt.jpg",
    "unibos add ~/Scans --tag taxes --wait",
    "find . -name '*.pdf' -print0 | unibos add --files-from -",
)
@click.argument("files", nargs=-1, metavar="FILE|FOLDER…")
@click.option("--files-from", metavar="FILE", help="Names of files, one a line; - is stdin.")
@click.option("--tag", "tags", multiple=True, help="Give this tag to what is added; repeatable.")
@click.option("--wait", is_flag=True, help="Wait until all is read, and tell what was found.")
@click.pass_obj
def add(
    asked: Asked, files: tuple[str, ...], files_from: str | None, tags: tuple[str, ...], wait: bool
) -> int:
    """Take documents in: photos, scans, PDF and text files."""
    named = [*files, *(names_in(files_from) if files_from else ())]
    found = list(find(named, DOCUMENT_SUFFIXES))
    if not found:
        raise click.UsageError(say("There are no files to add."))
    api = asked.api()
    outcomes = []
    with bar(sum(sending.size(file) for file in found)) as shown:
        for outcome in sending.all_sent(api, DOCUMENTS, found, tags, shown.advance):
            outcomes.append(outcome)
            if not (asked.json and wait):
                shown.line(_line(asked, outcome))
    if wait:
        for outcome in sending.all_read(api, DOCUMENTS, outcomes):
            click.echo(_line(asked, outcome))
    if not asked.json:
        sending.sum_up(outcomes)
    bad = any(outcome.state in ("refused", "failed") for outcome in outcomes)
    return Exit.FAILED if bad else Exit.OK


def _line(asked: Asked, outcome: Outcome) -> str:
    if asked.json:
        told = vars(outcome).copy()
        told["document"] = told.pop("shown")
        return json.dumps(told, ensure_ascii=False)
    return sending.line(outcome, _found(outcome.shown or {}))


def _found(document: dict[str, Any]) -> str:
    fields = document.get("fields") or {}
    some = (fields.get("merchant"), fields.get("date"), fields.get("total"), fields.get("currency"))
    told = [show.clean(value) for value in some if value not in (None, "")]
    return ", ".join([show.clean(document.get("kind")), *told]).strip(", ")
