"""How orgs look from outside: what the API shows, takes and checks."""

import re
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from unibos.base.clock import iso
from unibos.base.errors import Invalid
from unibos.core.identity.scope import Role
from unibos.core.identity.users import check_name
from unibos.core.store import orgs
from unibos.core.store.slugs import is_slug

Type = Literal["individual", "family", "team", "organization", "nonprofit", "enterprise"]
Plan = Literal["free", "starter", "professional", "enterprise", "self_hosted"]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Text = Annotated[str, Meta(max_length=253)]
ModuleName = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
Modules = Annotated[list[ModuleName], Meta(max_length=50)]

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}")
_MEMBERS_MAY = frozenset({"name", "type"})


class Usage(Struct, frozen=True, kw_only=True):
    """How much of its limits an org uses."""

    users: int
    nodes: int
    storage_bytes: int


class Org(Struct, frozen=True, kw_only=True):
    """An org; a limit that is null does not bind, and times are ISO 8601 in UTC.

    ``max_storage_gb`` counts 10⁹ bytes; ``enabled_modules`` null means all; ``delete_after`` is
    when an org that is about to go will be deleted for good.
    """

    id: str
    name: str
    slug: str
    type: str
    plan: str
    created_at: str
    max_users: int | None
    max_nodes: int | None
    max_storage_gb: int | None
    enabled_modules: list[str] | None
    custom_domain: str | None
    delete_after: str | None
    usage: Usage | None = None
    """Told of a single org, not in lists."""


class OrgPage(Struct, frozen=True, kw_only=True):
    """Some orgs in the order of their making, and the cursor of the next page or None."""

    items: list[Org]
    next: str | None


class MyOrg(Struct, frozen=True, kw_only=True):
    """An org of the asker, and the asker's role in it."""

    id: str
    name: str
    slug: str
    type: str
    role: Role
    delete_after: str | None


class MyOrgs(Struct, frozen=True, kw_only=True):
    """All orgs of the asker, the oldest first."""

    items: list[MyOrg]
    next: None = None


class OrgChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of an org; what is left out stays, and null takes a limit away.

    Admins change ``name`` and ``type``; all else is for the hub's operator.
    """

    name: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    type: Type | UnsetType = UNSET
    slug: Text | UnsetType = UNSET
    plan: Plan | UnsetType = UNSET
    max_users: Count | UnsetType | None = UNSET
    max_nodes: Count | UnsetType | None = UNSET
    max_storage_gb: Count | UnsetType | None = UNSET
    enabled_modules: Modules | UnsetType | None = UNSET
    custom_domain: Text | UnsetType | None = UNSET

    def for_operators(self) -> bool:
        """Whether it touches what only the hub's operator may change."""
        return not _MEMBERS_MAY.issuperset(self.given())

    def given(self) -> dict[str, Any]:
        """What was not left out, by name."""
        return {name: value for name, value in asdict(self).items() if value is not UNSET}

    def checked(self) -> dict[str, Any]:
        """The new values of :class:`unibos.core.store.orgs.Org`.

        :raises Invalid: ``name_invalid``, ``slug_invalid``, ``domain_invalid``.
        """
        values = self.given()
        if "name" in values:
            values["name"] = check_name(values["name"])
        if "slug" in values:
            values["slug"] = check_slug(values["slug"])
        if values.get("enabled_modules") is not None:
            values["enabled_modules"] = tuple(dict.fromkeys(values["enabled_modules"]))
        if values.get("custom_domain") is not None:
            values["custom_domain"] = check_domain(values["custom_domain"])
        return values


class OrgNew(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new org; whoever has the address ``owner`` is invited to own it.

    :param slug: made from the name when it is left out.
    """

    name: Annotated[str, Meta(max_length=200)]
    owner: Annotated[str, Meta(max_length=254)]
    type: Type = "organization"
    plan: Plan = "self_hosted"
    slug: Text = ""


def check_slug(text: str) -> str:
    """A slug as it is kept.

    :raises Invalid: ``slug_invalid``.
    """
    slug = text.strip()
    if not is_slug(slug):
        raise Invalid(
            "slug_invalid",
            "A slug has 1 to 48 of the characters a to z, 0 to 9 and -, with no - at its ends.",
            field="slug",
        )
    return slug


def check_domain(text: str) -> str:
    """The name of an internet domain, in the form that DNS has it in (RFC 5890).

    :raises Invalid: ``domain_invalid``.
    """
    try:
        domain = text.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        domain = ""
    if len(domain) > 253 or _DOMAIN.fullmatch(domain) is None:
        raise Invalid(
            "domain_invalid",
            "This is not the name of a domain.",
            hint="Write it as data.example.org.",
            field="custom_domain",
        )
    return domain


def shown(org: orgs.Org, usage: orgs.Usage | None = None) -> Org:
    """An org as the API shows it."""
    modules = org.enabled_modules
    return Org(
        id=org.id,
        name=org.name,
        slug=org.slug,
        type=org.type,
        plan=org.plan,
        created_at=iso(org.created_at),
        max_users=org.max_users,
        max_nodes=org.max_nodes,
        max_storage_gb=org.max_storage_gb,
        enabled_modules=None if modules is None else list(modules),
        custom_domain=org.custom_domain,
        delete_after=moment(org.delete_after),
        usage=None if usage is None else _usage(usage),
    )


def moment(ms: int | None) -> str | None:
    """A time that may be missing, as ISO 8601 in UTC."""
    return None if ms is None else iso(ms)


def _usage(counted: orgs.Usage) -> Usage:
    return Usage(users=counted.users, nodes=counted.nodes, storage_bytes=counted.storage_bytes)
