"""Every setting, declared once: its place in :class:`Config` is its key in the file.

A field's annotation carries the limits, the help, the names in environment and command line, and
whether profile or board give the default. :func:`settings` reads them back as a table.
"""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import fields

from unibos.base.board import Board

PREFIX = "UNIBOS_"
CLIENT_VARIABLES = ("UNIBOS_CONFIG", "UNIBOS_URL", "UNIBOS_TOKEN", "UNIBOS_LANG")
"""Variables that are no settings: the file's place, and what the command line client reads."""

Role = Literal["node", "hub", "worker"]
_LATER = "; without effect in this version"
_Urls = Annotated[
    tuple[Annotated[str, Meta(max_length=200, pattern="^https?://[^/?#\\s@]+/?$")], ...],
    Meta(max_length=8),
]
_URLS = "a list of addresses such as https://hub.example.org"


class About(Struct, frozen=True):
    """What an annotation says about a setting beside its type and limits."""

    help: str
    env: tuple[str, ...] = ()
    """Names in the environment beside ``UNIBOS_<KEY>``, first wins."""
    flag: str = ""
    """The option of ``unibos serve``, where there is one."""
    profile: str = ""
    """The field of :class:`unibos.base.board.Profile` that is the default."""
    board: str = ""
    """The field of :class:`unibos.base.board.Board` that is the default."""
    expects: str = ""
    """What is expected, in words, where type and limits do not say it well enough."""
    secret: bool = False
    """Never shown."""


class Section(Struct, frozen=True, kw_only=True):
    """A table of the file."""


_PROXIES = About(
    "Proxies in front whose X-Forwarded-For is believed",
    expects="a list of addresses and networks such as 127.0.0.1 or 10.0.0.0/8",
)


class Node(Section, frozen=True, kw_only=True):
    """``[node]``"""

    host: Annotated[str, About("Address to listen on", flag="--host")] = "0.0.0.0"  # noqa: S104 -- a node serves its LAN
    port: Annotated[int, Meta(ge=0, le=65535), About("Port; 0 takes a free one", flag="--port")] = (
        8001
    )
    tls: Annotated[bool, About("Serve HTTPS instead of HTTP", flag="--tls")] = False
    tls_cert: Annotated[
        Path | None, About("Certificate chain (PEM) instead of the instance's own")
    ] = None
    tls_key: Annotated[Path | None, About("Private key (PEM) of tls_cert")] = None
    proxies: Annotated[tuple[str, ...], _PROXIES] = ()
    offline_login_days: Annotated[
        int,
        Meta(ge=0, le=365),
        About("Days after a login through the hub that its user may log in here without it"),
    ] = 30


class Log(Section, frozen=True, kw_only=True):
    """``[log]``"""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        About("Least weight of what is logged", flag="--log-level"),
    ] = "info"
    format: Annotated[
        Literal["auto", "text", "json"],
        About("One line of text or one JSON object per event", flag="--log-format"),
    ] = "auto"


class BoardSettings(Section, frozen=True, kw_only=True):
    """``[board]``"""

    model: Annotated[
        Literal["auto", "zero", "zero2w", "pi3", "pi4", "pi5", "pc"],
        About("Take this hardware instead of what is found"),
    ] = "auto"
    profile: Annotated[
        Literal["auto", "edge", "standard", "desktop"],
        About("Take these limits instead of those that fit the hardware", flag="--profile"),
    ] = "auto"


class Org(Section, frozen=True, kw_only=True):
    """``[org]``"""

    name: Annotated[str, Meta(min_length=1, max_length=200), About("Name of the first org")] = (
        "Home"
    )


class Setup(Section, frozen=True, kw_only=True):
    """``[setup]``: the first owner, for a box that nobody sets up by hand."""

    email: Annotated[str, About("Email of the first owner")] = ""
    name: Annotated[str, About("Name of the first owner")] = ""
    password: Annotated[
        str, About("Password of the first owner; erased from the file once read", secret=True)
    ] = ""


class Documents(Section, frozen=True, kw_only=True):
    """``[documents]``"""

    languages: Annotated[
        tuple[Annotated[str, Meta(pattern="^[A-Za-z_]{3,20}$")], ...],
        Meta(min_length=1),
        About(
            "Languages to read in, as tesseract names them",
            expects="a list of tesseract languages, such as eng, deu or tur",
        ),
    ] = ("eng", "deu", "tur")
    max_mb: Annotated[int, Meta(ge=1, le=4096), About("Largest document, in MiB")] = 100


class Http(Section, frozen=True, kw_only=True):
    """``[http]``"""

    stop_seconds: Annotated[
        int, Meta(ge=0, le=600), About("Time that running requests and jobs get at a stop")
    ] = 20


class Jobs(Section, frozen=True, kw_only=True):
    """``[jobs]``"""

    heavy: Annotated[
        int,
        Meta(ge=0, le=64),
        About(
            "Child processes for heavy jobs at the same time; 0 leaves them to workers",
            profile="heavy_jobs",
        ),
    ]
    memory_mb: Annotated[
        int,
        Meta(ge=64, le=65536),
        About("Memory of one such child, in MiB", profile="child_memory_mb"),
    ]
    keep_days: Annotated[int, Meta(ge=1, le=3650), About("Days that a finished job is kept")] = 30
    rules: Annotated[
        tuple[Annotated[str, Meta(min_length=3, max_length=300)], ...],
        Meta(max_length=100),
        About(
            "Where jobs run, beyond what their kinds say",
            expects='a list of rules such as "documents.* prefer=gpu fallback=60"',
        ),
    ] = ()
    hand_over: Annotated[
        bool, About("Give jobs to the hub's workers that cannot be done here, or not soon")
    ] = True
    hand_over_seconds: Annotated[
        int,
        Meta(ge=0, le=86400),
        About("Time that a job waits here before the hub's workers may have it"),
    ] = 10
    take_back_seconds: Annotated[
        int,
        Meta(ge=5, le=86400),
        About("Time that the hub's workers get to begin a job until it is taken back"),
    ] = 120


class Blobs(Section, frozen=True, kw_only=True):
    """``[blobs]``"""

    grace_hours: Annotated[
        int, Meta(ge=1, le=8760), About("Hours that bytes without a record are kept")
    ] = 24


class Hub(Section, frozen=True, kw_only=True):
    """``[hub]``: what the hub itself goes by, and where a node finds the hubs it may use."""

    host: Annotated[str, About("Address that the hub listens on", flag="--hub-host")] = "0.0.0.0"  # noqa: S104 -- a hub serves its nodes
    port: Annotated[
        int,
        Meta(ge=0, le=65535),
        About("Port of the hub; 0 takes a free one", flag="--hub-port"),
    ] = 8000
    tls: Annotated[
        bool,
        About(
            "Serve HTTPS; without it only on loopback or behind a proxy of hub.proxies",
            flag="--hub-tls",
        ),
    ] = True
    tls_cert: Annotated[
        Path | None, About("Certificate chain (PEM) instead of the instance's own")
    ] = None
    tls_key: Annotated[Path | None, About("Private key (PEM) of tls_cert")] = None
    proxies: Annotated[tuple[str, ...], _PROXIES] = ()
    name: Annotated[
        str, Meta(max_length=200), About("Name of this hub; empty takes the machine's")
    ] = ""
    shelf_gb: Annotated[
        int,
        Meta(ge=0, le=1048576),
        About("GiB of other instances' backups that the hub keeps for each org; 0 keeps none"),
    ] = 0
    public_urls: Annotated[
        _Urls,
        About(
            "Where nodes reach this hub, best first; empty takes the machine's names",
            expects=_URLS,
        ),
    ] = ()
    heartbeat_seconds: Annotated[
        int, Meta(ge=1, le=3600), About("How often a node tells that it lives")
    ] = 30
    late_seconds: Annotated[
        int, Meta(ge=2, le=86400), About("Silence after which a node is late")
    ] = 90
    offline_seconds: Annotated[
        int, Meta(ge=3, le=604800), About("Silence after which a node is offline")
    ] = 300
    urls: Annotated[
        _Urls,
        About(
            "Hubs of this instance, best first; empty takes those that it heard of when it joined",
            env=("UNIBOS_HUBS",),
            expects=_URLS,
        ),
    ] = ()
    role: Annotated[
        Literal["primary", "standby", "regional"],
        About("What this hub is among several; only primary in this version", env=("HUB_ROLE",)),
    ] = "primary"
    region: Annotated[str, About("Region that this hub serves" + _LATER, env=("HUB_REGION",))] = ""
    ha_peer: Annotated[str, About("The other hub of a pair" + _LATER, env=("HA_PEER",))] = ""


class Worker(Section, frozen=True, kw_only=True):
    """``[worker]``: which jobs this machine does, for itself and, as a worker, for others."""

    type: Annotated[
        Literal["all", "core", "ocr", "media", "sync", "finance", "analytics", "realtime"],
        About("Kind of jobs that this machine does", env=("WORKER_TYPE",), flag="--type"),
    ] = "all"
    queues: Annotated[
        tuple[
            Literal["default", "ocr", "media", "sync", "finance", "analytics", "realtime"],
            ...,
        ],
        About(
            "Queues that this machine takes jobs from; empty: those of worker.type that fit the"
            " board",
            flag="--queues",
            expects="a list of queues such as ocr, media",
        ),
    ] = ()
    gpu: Annotated[bool, About("This machine has a GPU to use for jobs", env=("GPU_ENABLED",))] = (
        False
    )
    source: Annotated[
        str,
        Meta(max_length=500),
        About("Socket of the node or hub on this machine to work for; empty: the one joined"),
    ] = ""
    name: Annotated[
        str, Meta(max_length=200), About("Name of this worker; empty takes the machine's")
    ] = ""
    drain_seconds: Annotated[
        int,
        Meta(ge=0, le=86400),
        About("Time that running jobs get at a stop before they are handed back"),
    ] = 60
    max_size_mb: Annotated[
        int, Meta(ge=0, le=1048576), About("Largest input of a job, in MiB; 0: as fits the board")
    ] = 0


class Media(Section, frozen=True, kw_only=True):
    """``[media]``"""

    max_photo_mb: Annotated[int, Meta(ge=1, le=4096), About("Largest photo, in MiB")] = 100
    max_video_mb: Annotated[
        int, Meta(ge=0, le=1048576), About("Largest video, in MiB; 0: as fits the board")
    ] = 0
    transcode: Annotated[
        Literal["off", "h264", "av1"],
        About("What videos are made into that browsers cannot show; originals stay"),
    ] = "h264"


class Notifications(Section, frozen=True, kw_only=True):
    """``[notifications]``: where news goes beside the event stream."""

    ntfy: Annotated[
        str, Meta(max_length=500), About("Topic of an ntfy server, such as https://ntfy.example/t")
    ] = ""
    ntfy_token: Annotated[
        str, Meta(max_length=500), About("Access token of that server", secret=True)
    ] = ""
    webhook: Annotated[
        str, Meta(max_length=500), About("Address that gets each notification as JSON")
    ] = ""
    webhook_secret: Annotated[
        str,
        Meta(max_length=500),
        About("Signs what the webhook gets (HMAC-SHA256)", secret=True),
    ] = ""
    smtp: Annotated[
        str,
        Meta(max_length=500),
        About("Mail server, such as smtps://mail.example.org or smtp://127.0.0.1:25"),
    ] = ""
    smtp_user: Annotated[str, Meta(max_length=200), About("User at the mail server")] = ""
    smtp_password: Annotated[
        str, Meta(max_length=500), About("Password at the mail server", secret=True)
    ] = ""
    mail_from: Annotated[str, Meta(max_length=320), About("Sender of mails")] = ""
    mail_to: Annotated[
        tuple[Annotated[str, Meta(min_length=3, max_length=320)], ...],
        Meta(max_length=20),
        About("Receivers of mails", expects="a list of mail addresses"),
    ] = ()


class Sync(Section, frozen=True, kw_only=True):
    """``[sync]``"""

    peers: Annotated[
        _Urls,
        About(
            "Nodes of the same org to sync with directly",
            expects="a list of addresses such as https://192.168.1.5:8001",
        ),
    ] = ()
    hubs: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...],
        Meta(max_length=8),
        About(
            "Names or ids of the hubs that this node joined, best first; empty: in the order of"
            " joining",
            expects="a list of names or ids of hubs",
        ),
    ] = ()
    write_hub: Annotated[
        str, Meta(max_length=200), About("Name or id of the hub to write to; empty: the best")
    ] = ""
    read_strategy: Annotated[
        Literal["nearest", "priority"],
        About("Which hub to read from: the one that answers fastest, or the best"),
    ] = "nearest"
    failover_seconds: Annotated[
        int,
        Meta(ge=1, le=86400),
        About("Time that the hub to write to may be gone until another one takes its place"),
    ] = 30
    interval_seconds: Annotated[
        int,
        Meta(ge=10, le=86400),
        About("Longest time between two rounds with a peer, even if nothing is known to be new"),
    ] = 300
    tombstone_days: Annotated[
        int,
        Meta(ge=1, le=3650),
        About("Days that a deletion is remembered at least, and until all peers know of it"),
    ] = 7
    metered: Annotated[
        bool, About("The line is metered: sync only when unibos sync now says so")
    ] = False
    blobs: Annotated[
        Literal["eager", "on_demand"],
        About("Fetch files at once, or large ones only when somebody reads them", board="blobs"),
    ]


class Update(Section, frozen=True, kw_only=True):
    """``[update]``"""

    source: Annotated[
        str, Meta(max_length=500), About("Folder or address that releases come from")
    ] = ""
    key: Annotated[
        str,
        Meta(max_length=100),
        About("Public key of minisign that releases are signed with; empty takes the program's"),
    ] = ""
    channel: Annotated[
        str,
        Meta(pattern="^[a-z][a-z0-9-]{0,30}$"),
        About("Which list of releases", expects="a name such as stable"),
    ] = "stable"
    auto: Annotated[bool, About("Update by itself, within update.window")] = False
    window: Annotated[
        str,
        Meta(pattern="^([01][0-9]|2[0-3])-([01][0-9]|2[0-3])$"),
        About("Hours of the local time, from-until", expects="two hours such as 02-05 or 22-04"),
    ] = "02-05"
    hold: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6}){1,3}\Z")], ...],
        About("Versions that are never taken", expects="a list of versions such as 1.4.0"),
    ] = ()
    patience_seconds: Annotated[
        int, Meta(ge=1, le=7200), About("Time that a new program gets until it must be ready")
    ] = 300
    settle_seconds: Annotated[
        int, Meta(ge=0, le=3600), About("Time that it must then stay ready before it is trusted")
    ] = 10
    keep_days: Annotated[
        int, Meta(ge=0, le=3650), About("Days that the databases of before an update are kept")
    ] = 30


class Config(Struct, frozen=True, kw_only=True):
    """All settings of one process, the machine that they fit, and where each value comes from.

    :ivar file: the configuration file that was read.
    """

    role: Annotated[
        tuple[Role, ...],
        Meta(min_length=1),
        About("What this process serves; several live in one process", flag="--role"),
    ]
    data: Annotated[Path, About("Folder of the data", flag="--data")] = Path("/var/lib/unibos")
    deployment_type: Annotated[
        Literal["node", "hub", "worker", "dev"], About("Gives the role where none is set")
    ] = "node"
    offline: Annotated[
        bool, About("Never talk to a hub or peer", env=("UNIBOS_OFFLINE_MODE",), flag="--offline")
    ] = False
    node: Node
    log: Log
    board: BoardSettings
    org: Org
    setup: Setup
    documents: Documents
    http: Http
    jobs: Jobs
    blobs: Blobs
    hub: Hub
    worker: Worker
    media: Media
    notifications: Notifications
    sync: Sync
    update: Update
    machine: Board
    origins: Mapping[str, str]
    file: Path | None = None


class Setting(Struct, frozen=True):
    """One row of the table of settings."""

    key: str
    kind: object
    """The annotated type that a value is converted to."""
    default: object
    """``msgspec.NODEFAULT`` where profile, board or deployment type give it."""
    about: About

    @property
    def env(self) -> tuple[str, ...]:
        """Its names in the environment, the strongest first."""
        own = PREFIX + self.key.upper().replace(".", "_")
        return (own, *self.about.env)


@functools.cache
def settings() -> tuple[Setting, ...]:
    """The table of all settings, in the order of their declaration."""
    return tuple(_declared(Config, ""))


def _declared(section: type[Struct], prefix: str) -> Iterator[Setting]:
    for field in fields(section):
        marks = getattr(field.type, "__metadata__", ())
        about = next((mark for mark in marks if isinstance(mark, About)), None)
        if about:
            yield Setting(prefix + field.name, field.type, field.default, about)
        elif isinstance(field.type, type) and issubclass(field.type, Section):
            yield from _declared(field.type, f"{field.name}.")
