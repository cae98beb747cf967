"""The signed list of releases of one channel, and which of them this instance may take.

A pure matter: what is offered depends on the list, on what runs here, and on what was asked for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from unibos.base.errors import Conflict, Damaged, NotFound
from unibos.ops.update.versions import PATTERN, rank

MAX_BYTES = 1024 * 1024
_GIB = 1024**3
_Version = Annotated[str, Meta(pattern=PATTERN)]


class File(Struct, frozen=True):
    """The archive of a release for one architecture; ``unpacked`` is the sum of its files."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+~-]{0,199}\Z")]
    size: Annotated[int, Meta(gt=0, le=_GIB)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    unpacked: Annotated[int, Meta(gt=0, le=4 * _GIB)]


class Release(Struct, frozen=True):
    """One version.

    ``schema`` is the newest schema of databases that it knows; ``minimum`` the oldest version that
    it can follow; ``held`` why its maker has withdrawn it, or empty; ``notes`` by language.
    """

    version: _Version
    schema: Annotated[int, Meta(ge=1)]
    minimum: _Version
    files: Mapping[str, File]
    held: Annotated[str, Meta(max_length=500)] = ""
    notes: Mapping[str, Annotated[str, Meta(max_length=20_000)]] = {}


class Index(Struct, frozen=True):
    """All releases of a channel; ``serial`` grows with every new list."""

    format: int
    channel: str
    serial: Annotated[int, Meta(ge=1)]
    made_at: str
    releases: Annotated[tuple[Release, ...], Meta(max_length=1000)]


@dataclass(frozen=True, slots=True)
class Here:
    """What an offer has to fit.

    :param version: what runs here.
    :param schema: the newest schema that it knows.
    :param held: versions that the owner never wants.
    :param failed: versions that did not pass here.
    """

    version: str
    schema: int
    architecture: str
    held: Collection[str] = ()
    failed: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A release that fits, and its archive."""

    release: Release
    file: File


def decoded(content: bytes, channel: str, seen: int) -> Index:
    """The list, whose signature was checked before.

    :param seen: the serial of the newest list that was ever seen.
    :raises Damaged: ``update_index_invalid``.
    :raises Conflict: ``update_index_older``.
    """
    try:
        index = msgspec.json.decode(content, type=Index)
    except msgspec.MsgspecError as error:
        raise _invalid(str(error)) from error
    if index.format != 1 or index.channel != channel:
        raise _invalid(f"format {index.format}, channel {index.channel}")
    if index.serial < seen:
        raise Conflict(
            "update_index_older",
            f"The list of releases has serial {index.serial}; {seen} was seen before.",
            hint="The source serves an old list: try again later, or check update.source.",
            serial=index.serial,
            seen=seen,
        )
    return index


def newest(index: Index, here: Here) -> Offer | None:
    """The best release that may be taken without anybody's word, if there is one."""
    fitting = [one for one in _made_for(index, here) if not _refusal(one, here)]
    if not fitting:
        return None
    best = max(fitting, key=lambda one: rank(one.version))
    return Offer(best, best.files[here.architecture])


def named(index: Index, here: Here, version: str) -> Offer:
    """The release that somebody asks for by its version; one that failed before is tried again.

    :raises NotFound: ``update_not_offered``.
    :raises Conflict: ``update_downgrade``, ``update_held``, ``update_minimum``.
    """
    found = next((one for one in _made_for(index, here) if one.version == version), None)
    if found is None:
        raise NotFound(
            "update_not_offered",
            f"There is no release {version} for {here.architecture}.",
            hint="`unibos update check` tells what there is.",
            version=version,
            architecture=here.architecture,
        )
    refusal = _refusal(found, here)
    if refusal and refusal.code != "update_failed_before":
        raise refusal
    return Offer(found, found.files[here.architecture])


def refusals(index: Index, here: Here) -> list[tuple[str, Conflict]]:
    """Newer versions that may not be taken, and why."""
    newer = [one for one in _made_for(index, here) if rank(one.version) > rank(here.version)]
    return [
        (one.version, refusal)
        for one in sorted(newer, key=lambda one: rank(one.version))
        if (refusal := _refusal(one, here))
    ]


def _made_for(index: Index, here: Here) -> list[Release]:
    return [one for one in index.releases if here.architecture in one.files]


def _refusal(release: Release, here: Here) -> Conflict | None:
    """Why a release may not be taken."""
    version = release.version
    if rank(version) <= rank(here.version) or release.schema < here.schema:
        return Conflict(
            "update_downgrade",
            f"{version} is not newer than {here.version}, which runs here.",
            hint="The way back to the program before is `unibos update rollback`.",
            version=version,
            present=here.version,
        )
    return _withdrawn(release, here)


def _withdrawn(release: Release, here: Here) -> Conflict | None:
    version = release.version
    if release.held or version in here.held:
        why = release.held or "update.hold names it"
        return Conflict("update_held", f"{version} is held: {why}.", version=version, why=why)
    if rank(here.version) < rank(release.minimum):
        return Conflict(
            "update_minimum",
            f"{version} follows {release.minimum} or a later version, not {here.version}.",
            hint="Take a version in between first: unibos update apply --version VERSION",
            version=version,
            minimum=release.minimum,
            present=here.version,
        )
    if version in here.failed:
        return Conflict(
            "update_failed_before",
            f"{version} did not pass here before.",
            hint="Try it again: unibos update apply --version VERSION",
            version=version,
        )
    return None


def _invalid(why: str) -> Damaged:
    return Damaged(
        "update_index_invalid",
        f"The list of releases cannot be understood: {why}.",
        hint="Check update.source and update.channel.",
        why=why,
    )
