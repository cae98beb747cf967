"""What comes before a change: which release, its archive beside the others, whether it runs at all.

Nothing here touches the running program or its data.
"""

import shutil
import subprocess
from collections.abc import Collection

from msgspec.structs import replace

from unibos.base.errors import Conflict, Damaged, NotFound
from unibos.base.origin import architecture
from unibos.core.store.copies import NEWEST_SCHEMA
from unibos.ops.update.databases import Databases
from unibos.ops.update.index import Here, Index, Offer, decoded
from unibos.ops.update.place import Releases, discard
from unibos.ops.update.source import Progress, Source
from unibos.ops.update.state import Change, History, StateFiles
from unibos.ops.update.unpack import Note, is_there, make_sure_of_room, unpack
from unibos.ops.update.versions import rank

_PROGRAM_SECONDS = 120


def present(releases: Releases, history: History, held: Collection[str]) -> Here:
    """What an offer has to fit."""
    return Here(releases.current, NEWEST_SCHEMA, architecture(), held, history.failed)


def look(source: Source, key: bytes, channel: str, history: History) -> Index:
    """The list of releases, checked.

    :raises Unavailable: ``update_source_unreachable``.
    :raises Damaged: ``update_signature_wrong``, ``update_index_invalid``.
    :raises Conflict: ``update_index_older``.
    """
    return decoded(source.signed_list(key), channel, history.serials.get(channel, 0))


def remember(files: StateFiles, index: Index) -> None:
    """Never take an older list from now on; nothing is written when it is no newer one."""
    history = files.history()
    if history.serials.get(index.channel, 0) < index.serial:
        files.remember(replace(history, serials={**history.serials, index.channel: index.serial}))


def make_ready(
    source: Source, offer: Offer, releases: Releases, databases: Databases, progress: Progress
) -> None:
    """Put the offered release beside the others, and see that its program runs here.

    :raises StorageFull: ``update_disk_full``.
    :raises Damaged: ``update_download_wrong``, ``update_archive_refused``,
        ``update_program_broken``.
    """
    release, file = offer.release, offer.file
    note = Note(release.version, release.schema, file.sha256)
    # Beside the copy, a migration makes one of its own.
    make_sure_of_room(databases.folder, 2 * databases.size())
    if not is_there(releases, note):
        make_sure_of_room(releases.root, file.size + file.unpacked + 2 * databases.size())
        archive = source.load(file, releases.downloads, releases.system, progress)
        unpack(archive, releases, note, file.unpacked)
        shutil.rmtree(releases.downloads)
    _see_that_it_runs(releases, release.version)


def _see_that_it_runs(releases: Releases, version: str) -> None:
    """A program for another machine is found before anything stops for it."""
    try:
        done = subprocess.run(
            [releases.program(version), "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROGRAM_SECONDS,
            check=False,
        )
        said = (done.stdout or done.stderr).strip()[:200]
        runs = done.returncode == 0 and said.split()[:2] == ["unibos", version]
    except (OSError, subprocess.TimeoutExpired) as error:
        said, runs = str(error), False
    if not runs:
        discard(releases.folder(version))
        raise Damaged(
            "update_program_broken",
            f"The program of {version} does not run here: {said or 'it says nothing'}.",
            hint="Nothing was changed; tell who made the release.",
            version=version,
            said=said,
        )


def way_back(
    releases: Releases, history: History, databases: Databases, *, force: bool
) -> tuple[str, str]:
    """The version to go back to, and the version whose databases come with it, or nothing.

    Where the schema stayed the same, the program before reads today's databases: nothing is lost.

    :param force: lose what was stored since, if it must be.
    :raises NotFound: ``update_nothing_before``, ``update_copy_gone``.
    :raises Conflict: ``update_would_lose``.
    """
    version, now = history.previous, releases.current
    older = bool(version) and rank(version) < rank(now)
    if not older or not releases.program(version).exists():
        raise NotFound(
            "update_nothing_before",
            f"There is no program before {now} to go back to.",
            present=now,
        )
    kept = history.kept
    if kept is None or not kept.schema_changed:
        return version, ""
    if kept.version != version or not databases.has_copies(version):
        raise NotFound(
            "update_copy_gone",
            f"{version} cannot read the databases of {now}, and the copies of before are gone.",
            hint="Restore a backup of that time: unibos backup restore",
            version=version,
            present=now,
        )
    if not force:
        records = sum(one.records for one in kept.databases)
        raise Conflict(
            "update_would_lose",
            f"{version} cannot read the databases of {now}. Going back would lose everything that "
            f"was stored since {kept.made_at}; there were {records} records then.",
            hint="Make a backup first. To go back all the same: unibos update rollback --force",
            version=version,
            present=now,
            since=kept.made_at,
            records=records,
        )
    return version, version


def refuse_while_unfinished(change: Change | None) -> None:
    """Let only one change be under way.

    :raises Conflict: ``update_unfinished``.
    """
    if change is not None:
        raise Conflict(
            "update_unfinished",
            f"The change from {change.old} to {change.new} is not finished ({change.phase}).",
            hint="Finish it: sudo unibos update resume",
            old=change.old,
            new=change.new,
        )
