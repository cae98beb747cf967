"""Rules: what the configuration says about where jobs run, beyond what their kinds say.

A rule is one text, ``KIND KEY=VALUE …``, such as ``documents.* prefer=gpu fallback=60``. KIND is
the name of a kind, or the beginning of some with a ``*`` behind it. Of several rules that fit a
kind and say the same key, the last one holds.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from unibos.base.errors import Misconfigured
from unibos.core.store.job import LOCALITIES, JobSpec, nearest

QUEUES = ("default", "ocr", "media", "sync", "finance", "analytics", "realtime")

Spec = TypeVar("Spec", bound=JobSpec)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: the kinds that it is for, and what it changes of them."""

    kinds: str
    changes: Mapping[str, Any]

    def fits(self, kind: str) -> bool:
        """Whether it is for this kind."""
        return fnmatchcase(kind, self.kinds)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of an instance, in their order."""

    items: tuple[Rule, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str], kinds: Iterable[str]) -> "Rules":
        """The rules that these texts say.

        :param kinds: the names of all kinds that this program knows.
        :raises Misconfigured: ``rule_invalid``, which names the rule and what would be right.
        """
        known = sorted(kinds)
        return cls(tuple(_rule(text, known) for text in texts))

    def applied(self, kind: Spec) -> Spec:
        """The kind as the rules have it. They cannot let it go further than it says itself."""
        changes: dict[str, Any] = {}
        for rule in self.items:
            if rule.fits(kind.name):
                changes |= rule.changes
        if not changes:
            return kind
        if "locality" in changes:
            changes["locality"] = nearest(kind.locality, changes["locality"])
        return replace(kind, **changes)


NO_RULES = Rules()


def _rule(text: str, known: list[str]) -> Rule:
    if not text.split():
        raise _invalid(text, "it is empty", "Write KIND KEY=VALUE.")
    pattern, *parts = text.split()
    if not any(fnmatchcase(kind, pattern) for kind in known):
        raise _invalid(text, f"there is no kind {pattern!r}", "Kinds: " + ", ".join(known) + ".")
    if not parts:
        raise _invalid(text, "it says nothing about the kind", _KEYS_HINT)
    changes: dict[str, Any] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or key not in _KEYS:
            raise _invalid(text, f"{part!r} is no KEY=VALUE with a known key", _KEYS_HINT)
        field, read, expects = _KEYS[key]
        if field in changes:
            raise _invalid(text, f"it says {key} twice", "Say it once.")
        try:
            changes[field] = read(value)
        except ValueError:
            raise _invalid(text, f"{value!r} is no {key}", f"{key} is {expects}.") from None
    return Rule(pattern, changes)


def _invalid(text: str, why: str, hint: str) -> Misconfigured:
    return Misconfigured("rule_invalid", f"The rule {text!r} in jobs.rules: {why}.", hint=hint)


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError(text)
        return number

    return read


def _one_of(names: Iterable[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in names:
            raise ValueError(text)
        return text

    return read


def _capability(text: str) -> str:
    if not text or len(text) > 200 or "," in text:
        raise ValueError(text)
    return text


def _capabilities(text: str) -> tuple[str, ...]:
    return tuple(_capability(name) for name in text.split(","))


_KEYS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "queue": ("queue", _one_of(QUEUES), "one of " + ", ".join(QUEUES)),
    "priority": ("priority", _whole(-100, 100), "a whole number from -100 to 100"),
    "locality": ("locality", _one_of(LOCALITIES), "one of " + ", ".join(LOCALITIES)),
    "requires": ("requires", _capabilities, "capabilities with commas between, such as gpu"),
    "prefer": ("prefer", _capability, "a capability, such as gpu"),
    "fallback": ("fallback_seconds", _whole(0, 86400), "a number of seconds up to 86400"),
    "max_size_mb": ("max_size_mb", _whole(0, 2**20), "a number of MiB"),
    "memory_mb": ("memory_mb", _whole(16, 2**20), "a number of MiB from 16"),
}
_KEYS_HINT = "Keys: " + ", ".join(_KEYS) + "."
