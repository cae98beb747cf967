"""`unibos backup`: snapshots of all data on another disk or on a hub, and the way back.

It runs on the box: only the copying of a database that is in use is asked of the server.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from unibos.base.errors import Damaged
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.backup_place import meant
from unibos.clients.cli.bar import bar
from unibos.clients.cli.command import command, group
from unibos.clients.cli.exits import Exit
from unibos.clients.cli.passphrase import read_secret, secret_options
from unibos.clients.cli.words import language, say
from unibos.clients.local_copies import LocalCopies

if TYPE_CHECKING:
    from unibos.ops.backup.create import Progress
    from unibos.ops.backup.repository import Repository
    from unibos.ops.backup.snapshot import Header
    from unibos.ops.backup.verify import Finding


@command(
    "create",
    "unibos backup create --init /media/usb/unibos",
    "sudo unibos backup create /media/usb/unibos --keep 7 --key-file /root/unibos.key",
    "sudo unibos backup create --init https://hub.local:8000/kitchen",
)
@secret_options
@click.option("--init", is_flag=True, help="Make the repository first.")
@click.option("--keep", type=click.IntRange(1), help="Remove all but so many of the newest.")
@click.pass_obj
def create(
    asked: Asked,
    place: str,
    passphrase_file: str | None,
    passphrase_stdin: bool,
    key_file: str | None,
    init: bool,
    keep: int | None,
) -> int:
    """Make a snapshot of all data; the server may go on running."""
    from unibos.ops.backup import create as creation
    from unibos.ops.backup.repository import Repository, look_for
    from unibos.ops.backup.retention import prune

    data = asked.settings().data
    creation.databases_in(data)
    shelf = meant(asked, place)
    if init:
        new = read_secret(passphrase_file, key_file, from_stdin=passphrase_stdin, new=True)
        repository = Repository.create(shelf, new)
    else:
        look_for(shelf)
        present = read_secret(passphrase_file, key_file, from_stdin=passphrase_stdin)
        repository = Repository.open(shelf, present)
    with _shown() as progress:
        header = creation.create(data, repository, LocalCopies(data, language()), progress)
    _tell_made(asked, header)
    gone = prune(repository, header.instance, keep) if keep else []
    if gone and not asked.json:
        click.echo(say("{count} older ones were removed.", count=len(gone)), err=True)
    return Exit.DAMAGED if header.missing else Exit.OK


@command("list", "unibos backup list /media/usb/unibos", "unibos backup list /mnt/usb --json")
@secret_options
@click.pass_obj
def list_snapshots(asked: Asked, /, place: str, **secret: Any) -> None:
    """List the snapshots, the oldest first."""
    repository = _opened(asked, place, secret)
    found = [_header(repository, number) for number in repository.numbers()]
    if asked.json:
        items = [
            _facts(one) if one else {"number": number, "damaged": True} for number, one in found
        ]
        show.document({"items": items, "next": None})
        return
    heads = (
        say("Number"),
        say("Made"),
        say("Instance"),
        say("Records"),
        say("Files"),
        say("Size"),
        say("New"),
    )
    show.table(heads, (_row(number, one) for number, one in found))


@command("verify", "unibos backup verify /media/usb/unibos --deep")
@secret_options
@click.option("--deep", is_flag=True, help="Read everything and compare hashes.")
@click.pass_obj
def verify(asked: Asked, /, place: str, deep: bool, **secret: Any) -> int:
    """Check that every snapshot can be read and nothing is missing."""
    from unibos.ops.backup import verify as verification

    repository = _opened(asked, place, secret)
    with repository.locked(alone=False), _shown() as progress:
        begin, advance = (progress.begin, progress.advance) if deep else (_nothing, _nothing)
        found = verification.verify(repository, deep=deep, begin=begin, advance=advance)
    if asked.json:
        sound = {"sound": not found.findings, "deep": deep}
        show.document(sound | msgspec.to_builtins(found))
    else:
        _tell_findings(found.findings)
        counted = {"snapshots": found.snapshots, "objects": found.objects}
        click.echo(say("Looked at {snapshots} snapshots with {objects} objects.", **counted))
    return Exit.DAMAGED if found.findings else Exit.OK


@command(
    "restore",
    "sudo unibos backup restore /media/usb/unibos",
    "unibos backup restore /media/usb/unibos --snapshot 12 --data ./data --replace",
)
@secret_options
@click.option("--snapshot", type=click.IntRange(1), help="Its number; the newest without.")
@click.option("--replace", is_flag=True, help="Keep the present data aside, and replace it.")
@click.pass_obj
def restore(
    asked: Asked, /, place: str, snapshot: int | None, replace: bool, **secret: Any
) -> None:
    """Bring the data of a snapshot back; the server must be stopped."""
    from unibos.ops.backup import restore as restoring

    repository = _opened(asked, place, secret)
    header = _wanted(repository, snapshot)
    with _shown() as progress:
        data = asked.settings().data
        done = restoring.restore(repository, header, data, progress, replace=replace)
    if asked.json:
        told = {"folder": str(done.folder), "aside": str(done.aside) if done.aside else None}
        show.document(told | {"epochs": done.epochs, "snapshot": _facts(header)})
        return
    facts = {"number": header.number, "made": show.moment(header.made_at), "folder": done.folder}
    click.echo(say("Snapshot {number} of {made} is restored to {folder}.", **facts))
    if done.aside:
        click.echo(say("What was there is kept as {aside}.", aside=done.aside))
    if done.folder.stat().st_uid == 0:
        click.echo(say("It belongs to root: give it to the user that runs the service."), err=True)
    click.echo(say("If the instance that it is from still runs anywhere, stop it: both are one."))


@command(
    "drill",
    "unibos backup drill /media/usb/unibos --key-file /root/unibos.key",
    "unibos backup drill /media/usb/unibos --files 1000 --work /var/tmp",
)
@secret_options
@click.option("--snapshot", type=click.IntRange(1), help="Its number; the newest without.")
@click.option("--files", type=click.IntRange(0), default=50, help="Read so many files (50).")
@click.option("--work", type=click.Path(path_type=Path), help="Where the copy is made and removed.")
@click.pass_obj
def drill(
    asked: Asked,
    /,
    place: str,
    snapshot: int | None,
    files: int,
    work: Path | None,
    **secret: Any,
) -> int:
    """Rehearse a restore: bring the newest snapshot back, check it, and remove it again."""
    from unibos.ops.backup import drill as rehearsal

    repository = _opened(asked, place, secret)
    header = _wanted(repository, snapshot)
    with _shown() as progress:
        done = rehearsal.drill(repository, header, work or _room(asked), files, progress)
    if asked.json:
        told = {"sound": not done.findings, "records": done.records, "files_read": done.read}
        found = {"findings": msgspec.to_builtins(done.findings)}
        show.document(told | found | {"snapshot": _facts(header)})
    else:
        _tell_findings(done.findings)
        facts = {"number": header.number, "records": done.records, "files": done.read}
        said = say("Snapshot {number}: {records} records, {files} files read.", **facts)
        click.echo(said)
    return Exit.DAMAGED if done.findings else Exit.OK


def _opened(asked: Asked, place: str, secret: dict[str, Any]) -> "Repository":
    from unibos.ops.backup.repository import Repository, look_for

    shelf = meant(asked, place)
    look_for(shelf)
    file, key_file = secret["passphrase_file"], secret["key_file"]
    return Repository.open(
        shelf, read_secret(file, key_file, from_stdin=secret["passphrase_stdin"])
    )


def _wanted(repository: "Repository", number: int | None) -> "Header":
    from unibos.ops.backup.restore import newest

    return repository.header(number) if number else newest(repository)


@contextmanager
def _shown() -> Iterator["Progress"]:
    """A bar that appears when it is known how long it must be."""
    from unibos.ops.backup.create import Progress

    with ExitStack() as stack:
        advance: Callable[[int], None] = _nothing

        def begin(total: int) -> None:
            nonlocal advance
            advance = stack.enter_context(bar(total)).advance

        def passed(count: int) -> None:
            advance(count)

        yield Progress(begin, passed)


def _nothing(_count: int) -> None:
    """What is not shown."""


def _room(asked: Asked) -> Path:
    """Beside the data there is room for a second database; /tmp may lie in memory."""
    import os
    import tempfile

    data = asked.settings().data
    return data if os.access(data, os.W_OK) else Path(tempfile.gettempdir())


def _facts(header: "Header") -> dict[str, Any]:
    hidden = ("files", "list_sha256", "format")
    told: dict[str, Any] = msgspec.to_builtins(header)
    sums = {"size": header.size, "records": header.records}
    return {key: value for key, value in told.items() if key not in hidden} | sums


def _header(repository: "Repository", number: int) -> "tuple[int, Header | None]":
    """A snapshot's header; a damaged one does not hide the others."""
    try:
        return number, repository.header(number)
    except Damaged:
        return number, None


def _row(number: int, header: "Header | None") -> list[object]:
    if header is None:
        return [number, say("damaged"), "", "", "", "", ""]
    instance = f"{header.instance[:4]}-{header.instance[4:8]}"
    files = sum(one.blobs for one in header.databases)
    sizes = show.size(header.size), show.size(header.new_bytes)
    return [number, show.moment(header.made_at), instance, header.records, files, *sizes]


def _tell_made(asked: Asked, header: "Header") -> None:
    if asked.json:
        show.document(_facts(header))
        return
    facts = {
        "number": header.number,
        "records": header.records,
        "size": show.size(header.size),
        "new": show.size(header.new_bytes),
    }
    click.echo(say("Snapshot {number}: {records} records, {size}, {new} of it new.", **facts))
    for name in header.missing:
        click.echo(say("Missing or damaged on this machine: file {name}", name=name), err=True)


def _tell_findings(findings: "list[Finding]") -> None:
    for one in findings:
        said = say("Snapshot {number}: {what}", number=one.snapshot, what=show.clean(one.detail))
        click.echo(f"{said} [{one.code}]", err=True)


backup = group(
    "backup",
    create,
    list_snapshots,
    verify,
    restore,
    drill,
    text="Make encrypted backups, and bring them back.",
)
