"""What replicas say to each other. JSON over HTTP; structs that come often are arrays.

Numbers called ``seq`` count in the epoch of whoever tells them, times are in milliseconds since
1970. Every request names the epoch of the answerer that it counts in; in another one the answer is
``epoch_changed``, and the round begins again.
"""

from typing import Annotated, Any

from msgspec import Meta, Raw, Struct

PROTOCOL = 1
BATCH_RECORDS = 500
BATCH_BYTES = 1024 * 1024
"""A batch ends after the record that reaches this, so it has at most one record (1 MiB) more."""
MESSAGE_BYTES = 4 * 1024 * 1024
"""The most that a message may have once it is unpacked."""
PAGE_IDS = 5_000
MOST_COLLECTIONS = 1_000
WAIT_S = 50

Name = Annotated[str, Meta(max_length=64)]
Id = Annotated[str, Meta(max_length=128)]
Text = Annotated[str, Meta(max_length=200)]
Seq = Annotated[int, Meta(ge=0, lt=2**62)]
Start = Annotated[str, Meta(max_length=16)]
"""Names the start of the process that gave a ``seq``; see :mod:`unibos.core.store.starts`."""
Origin = Annotated[str, Meta(pattern=r"^[0-9A-Za-z._-]{1,128}\Z")]
"""The instance id of whoever wrote something; it goes on to places such as HTTP headers."""


class Head(Struct, frozen=True, array_like=True):
    """How one collection stands at who tells it, and what they hold of the other's.

    :param seq: the newest change.
    :param version: counts changes of what may be sent; in a new one all is told again.
    :param horizon: deletions up to this ``seq`` may be forgotten.
    :param defined: the clock of the definition, (hlc, origin).
    :param installed: a module here defines it, so no definition is to be sent.
    :param held: all of the other's changes up to this ``seq`` are here.
    :param held_version: the version of it at the other for which that counts.
    :param held_start: the start of the other that gave ``held``; empty: it was not told.
    """

    name: Name
    seq: Seq
    version: Seq
    horizon: Seq
    defined: tuple[Seq, Id]
    installed: bool
    held: Seq
    held_version: Seq
    held_start: Start = ""


class PolicyTold(Struct, frozen=True, array_like=True):
    """How far one instance lets what it writes in a collection travel."""

    collection: Name
    origin: Origin
    export: Annotated[str, Meta(pattern=r"^(local|nodes|hub)\Z")]
    hlc: Seq


class DefinitionTold(Struct, frozen=True):
    """A collection's definition, with the clock of its last change; not how far it may travel.

    :param origin: who changed it last; empty: nobody since definitions have clocks.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,62}\Z")]
    schema: dict[str, Any]
    strategy: str
    ceiling: str
    search: dict[str, Any]
    module: Name | None
    managed: bool
    key: Name | None
    blobs: tuple[Name, ...]
    hlc: Seq
    origin: Annotated[str, Meta(pattern=r"^[0-9A-Za-z._-]{0,128}\Z")]
    moment: Name | None = None


class Hello(Struct, frozen=True):
    """How either side introduces itself; the asker's is a request, the answerer's is within
    :class:`HelloAnswer`.

    :param counter: the highest ``seq`` that this epoch has given.
    :param holds: the epoch of the other that ``held`` of each collection counts in; empty: none.
    :param time: the teller's clock.
    :param policies: None: the other has heard them already, as its ``heard`` or an earlier hello
        of this teller tells. ``digest`` names them.
    :param heard: the ``digest`` of the other's policies that were heard last.
    """

    protocol: int
    kind: Annotated[str, Meta(pattern=r"^(hub|node)\Z")]
    name: Text
    epoch: Id
    counter: Seq
    holds: Id
    time: Seq
    collections: Annotated[list[Head], Meta(max_length=MOST_COLLECTIONS)]
    digest: Id
    heard: Id
    policies: list[PolicyTold] | None


class HelloAnswer(Struct, frozen=True):
    """The answer to a hello.

    :param definitions: those that the asker does not know in this state.
    :param wants: collections whose definitions the asker should send with its first push.
    """

    hello: Hello
    definitions: list[DefinitionTold]
    wants: list[Name]


class Change(Struct, frozen=True, array_like=True):
    """A record's whole present state.

    :param data: the record's JSON; ``null``: it is deleted. (``Raw | None`` would be read as None
        only.)
    :param clocks: fields whose clock is not the record's, and removed fields: (hlc, origin).
    :param seen: the newest write of each other origin that it knows.
    """

    id: Id
    hlc: Seq
    origin: Origin
    data: Raw
    clocks: dict[str, tuple[Seq, Origin]] | None = None
    seen: dict[Origin, Seq] | None = None


Changes = Annotated[list[Change], Meta(max_length=BATCH_RECORDS)]


class Pull(Struct, frozen=True):
    """Asks for changes of one collection.

    :param after: the last ``seq`` that is here.
    :param everything: also those that the asker itself delivered once.
    """

    epoch: Id
    own_epoch: Id
    collection: Name
    version: Seq
    after: Seq
    everything: bool = False


class Pulled(Struct, frozen=True):
    """Changes, oldest first; with them all up to ``upto``, which ``start`` gave, is there. ``more``
    may follow."""

    upto: Seq
    more: bool
    changes: Changes
    start: Start = ""


class Push(Struct, frozen=True):
    """Gives changes of one collection; ``upto`` is the asker's ``seq`` that is reached by them, and
    ``start`` gave it.

    :param own_epoch: the asker's, in which ``upto`` and ``version`` count.
    :param after: where the answerer holds less than this, it holds no more by this push alone.
    """

    epoch: Id
    own_epoch: Id
    collection: Name
    version: Seq
    after: Seq
    upto: Seq
    changes: Changes
    definition: DefinitionTold | None = None
    start: Start = ""


class Pushed(Struct, frozen=True):
    """The changes are kept: in the records, or in the quarantine.

    :param before: the answerer's head in the collection before, and ``head`` after it; where the
        asker had pulled up to ``before``, and nothing was merged (``exact``), it has all up to
        ``head``, which ``start`` gave.
    """

    before: Seq
    head: Seq
    exact: bool
    quarantined: int = 0
    start: Start = ""


class Ids(Struct, frozen=True):
    """Asks which records there are, in the order of their ids, behind ``after``.

    :param heard: the digest of the policies that were heard last. By others more may be left out,
        which must not be taken for deleted.
    """

    epoch: Id
    own_epoch: Id
    heard: Id
    collection: Name
    after: Id


class IdsPage(Struct, frozen=True):
    """Ids, in order; the asker may have them all. ``last`` ends the range; empty: to the end."""

    ids: list[Id]
    last: Id


class Wait(Struct, frozen=True):
    """Asks to be told when something is new.

    :param pulled: by collection, the version and ``seq`` up to which all is here.
    :param heard: the digest of the policies that were heard last.
    """

    epoch: Id
    own_epoch: Id
    heard: Id
    pulled: dict[Name, tuple[Seq, Seq]]


class News(Struct, frozen=True):
    """Whether there is something new."""

    new: bool


Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
PAGE_BLOBS = 500


class BlobsOffered(Struct, frozen=True):
    """Offers blobs, asks for blobs, and asks what is waited for; each may be left out.

    :param blobs: offered, by SHA-256 with their sizes in bytes; at most :data:`PAGE_BLOBS`.
    :param asked: waited for by the asker; at most as many.
    :param after: asks what the answerer waits for, since it told this ``upto``.
    """

    blobs: Annotated[dict[Sha256, Seq], Meta(max_length=PAGE_BLOBS)] = {}
    asked: Annotated[list[Sha256], Meta(max_length=PAGE_BLOBS)] = []
    after: Seq | None = None


class BlobsWanted(Struct, frozen=True):
    """The answer to :class:`BlobsOffered`.

    :param wanted: those of the offered that are waited for, with the number of bytes that are
        there already.
    :param refused: those of the offered that are waited for and cannot be taken now, with the
        code of the reason.
    :param there: those of the asked that can be fetched, with their sizes.
    :param waiting: what the answerer waits for, of what it may name to the asker.
    :param upto: ``waiting`` tells all up to here; ``more`` may follow.
    """

    wanted: dict[Sha256, Seq] = {}
    refused: dict[Sha256, str] = {}
    there: dict[Sha256, Seq] = {}
    waiting: list[Sha256] = []
    upto: Seq = 0
    more: bool = False
