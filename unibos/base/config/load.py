"""Gather the settings of one process from flags, environment, file and defaults."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct

from unibos.base.board import Board, detect
from unibos.base.config.settings import (
    CLIENT_VARIABLES,
    PREFIX,
    Config,
    Section,
    Setting,
    settings,
)
from unibos.base.config.values import from_text, from_value
from unibos.base.errors import Misconfigured
from unibos.base.log import HIDDEN

DEFAULT_FILE = Path("/etc/unibos/unibos.toml")

_Found = dict[str, tuple[object, str]]
"""By key: the value and its origin."""


class Explained(Struct, frozen=True):
    """A setting as ``unibos config show`` tells it."""

    key: str
    value: object
    origin: str
    help: str


def load(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    file: Path | None = None,
    *,
    root: Path = Path("/"),
) -> Config:
    """Read all settings.

    :param flags: by key (``node.port``); text is read as in the environment, ``None`` is absent.
    :param environ: an empty variable counts as absent.
    :param file: named by the user, so it must exist; else ``UNIBOS_CONFIG``, else
        ``/etc/unibos/unibos.toml`` if that exists.
    :param root: where ``etc``, ``proc`` and ``sys`` lie.
    :raises Misconfigured: ``config_missing``, ``config_unreadable``, ``config_syntax``,
        ``unknown_setting``, ``bad_setting``.
    """
    table = {setting.key: setting for setting in settings()}
    read = file_in_use(environ, file, root)
    found = _in_file(read, table)
    found |= _in_environment(environ, table)
    found |= _in_flags(flags, table)
    machine = detect(root, model=_chosen(found, "model"), profile=_chosen(found, "profile"))
    for setting in settings():
        if setting.key not in found:
            found[setting.key] = _default(setting, machine, found)
    _check_pairs(found)
    return _built(found, machine, read)


def file_in_use(
    environ: Mapping[str, str], file: Path | None = None, root: Path = Path("/")
) -> Path | None:
    """The file that :func:`load` reads; ``None`` when only the default could be and is not there.

    :raises Misconfigured: ``config_missing``.
    """
    named = file or (Path(environ["UNIBOS_CONFIG"]) if environ.get("UNIBOS_CONFIG") else None)
    if named is None:
        default = root / DEFAULT_FILE.relative_to("/")
        return default if default.exists() else None
    if not named.exists():
        raise Misconfigured(
            "config_missing",
            f"There is no file {named}.",
            hint="Correct --config or UNIBOS_CONFIG.",
        )
    return named


def explain(config: Config) -> Iterator[Explained]:
    """Each setting with its value (secrets hidden) and where it comes from."""
    for setting in settings():
        value: Any = config
        for name in setting.key.split("."):
            value = getattr(value, name)
        if setting.about.secret and value:
            value = HIDDEN
        shown = msgspec.to_builtins(value, enc_hook=str)
        yield Explained(setting.key, shown, config.origins[setting.key], setting.about.help)


def _in_file(path: Path | None, table: Mapping[str, Setting]) -> _Found:
    if path is None:
        return {}
    import tomllib

    try:
        with path.open("rb") as opened:
            tree = tomllib.load(opened)
    except OSError as error:
        raise Misconfigured(
            "config_unreadable",
            f"{path} can't be read: {error.strerror}.",
            hint="Check the file's owner and mode.",
        ) from None
    except ValueError as error:
        raise Misconfigured(
            "config_syntax", f"{path} is no TOML: {error}.", hint="See https://toml.io."
        ) from None
    found: _Found = {}
    for key, value in _leaves(tree, "", table):
        origin = f"file {path}: {key}"
        if key not in table:
            raise _unknown(key, f"in {path}", table)
        found[key] = from_value(table[key], value, origin), origin
    return found


def _leaves(
    tree: Mapping[str, object], prefix: str, table: Mapping[str, Setting]
) -> Iterator[tuple[str, object]]:
    for name, value in tree.items():
        key = prefix + name
        if isinstance(value, dict) and value and key not in table:
            yield from _leaves(value, key + ".", table)
        elif not (value == {} and any(known.startswith(key + ".") for known in table)):
            yield key, value


def _in_environment(environ: Mapping[str, str], table: Mapping[str, Setting]) -> _Found:
    names = {name: setting for setting in table.values() for name in reversed(setting.env)}
    for name in environ:
        if name.startswith(PREFIX) and name not in names and name not in CLIENT_VARIABLES:
            raise _unknown(name, "in the environment", (*names, *CLIENT_VARIABLES))
    found: _Found = {}
    for setting in table.values():
        given = next((name for name in setting.env if environ.get(name)), None)
        if given:
            origin = f"environment {given}"
            found[setting.key] = from_text(setting, environ[given], origin), origin
    return found


def _in_flags(flags: Mapping[str, object], table: Mapping[str, Setting]) -> _Found:
    found: _Found = {}
    for key, value in flags.items():
        if key not in table:
            raise _unknown(key, "on the command line", table)
        if value is None or value == ():
            continue
        origin = f"flag {table[key].about.flag or key}"
        if isinstance(value, str):
            found[key] = from_text(table[key], value, origin), origin
        else:
            found[key] = from_value(table[key], value, origin), origin
    return found


def _chosen(found: _Found, name: str) -> Any:
    value = found.get(f"board.{name}", ("auto", ""))[0]
    return None if value == "auto" else value


def _default(setting: Setting, machine: Board, found: _Found) -> tuple[object, str]:
    if setting.about.profile:
        value = getattr(machine.profile, setting.about.profile)
        return value, f"profile {machine.profile.name}"
    if setting.about.board:
        return getattr(machine, setting.about.board), f"board {machine.model}"
    if setting.default is not NODEFAULT:
        return setting.default, "default"
    deployment = found.get("deployment_type", ("node", ""))[0]
    role = deployment if deployment in ("hub", "worker") else "node"
    return (role,), f"deployment_type {deployment}" if "deployment_type" in found else "default"


def _check_pairs(found: _Found) -> None:
    """Check settings that go together."""
    for section in ("node", "hub"):
        _check_certificate(found, section)
        _check_networks(*found[f"{section}.proxies"], f"{section}.proxies")
    patience = [found[f"hub.{name}_seconds"] for name in ("heartbeat", "late", "offline")]
    seconds: list[Any] = [value for value, _ in patience]
    if not seconds[0] < seconds[1] < seconds[2]:
        raise Misconfigured(
            "bad_setting",
            f"hub.heartbeat_seconds ({seconds[0]}), hub.late_seconds ({seconds[1]}) and"
            f" hub.offline_seconds ({seconds[2]}) must rise in this order.",
            hint="A node is late after it missed some heartbeats, and offline after more.",
        )


def _check_certificate(found: _Found, section: str) -> None:
    certificate, key = found[f"{section}.tls_cert"], found[f"{section}.tls_key"]
    if (certificate[0] is None) != (key[0] is None):
        there = certificate if certificate[0] else key
        raise Misconfigured(
            "bad_setting",
            f"{section}.tls_cert and {section}.tls_key go together; only one is set ({there[1]}).",
            hint="Set both, or neither: then the instance's own certificate is used.",
        )


def _check_networks(networks: Any, origin: str, key: str) -> None:
    if not networks:
        return
    from ipaddress import ip_network

    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise Misconfigured(
                "bad_setting",
                f"{key} must be a list of addresses and networks: {error} ({origin}).",
                hint="Such as 127.0.0.1 or 10.0.0.0/8.",
                key=key,
                origin=origin,
            ) from None


def _built(found: _Found, machine: Board, read: Path | None) -> Config:
    arguments: dict[str, Any] = {
        "file": read,
        "machine": machine,
        "origins": {setting.key: found[setting.key][1] for setting in settings()},
    }
    for field in msgspec.structs.fields(Config):
        if field.name in found:
            arguments[field.name] = found[field.name][0]
        elif isinstance(field.type, type) and issubclass(field.type, Section):
            names = field.type.__struct_fields__
            arguments[field.name] = field.type(
                **{name: found[f"{field.name}.{name}"][0] for name in names}
            )
    return Config(**arguments)


def _unknown(name: str, where: str, known: Any) -> Misconfigured:
    from difflib import get_close_matches

    # A key without its section is the usual slip, and too short for a likeness.
    near = [key for key in known if key.endswith(f".{name}")]
    near = near or get_close_matches(name, known, n=1, cutoff=0.6)
    hint = (
        f"Did you mean {' or '.join(near)}?" if near else "`unibos config show` lists all settings."
    )
    return Misconfigured(
        "unknown_setting", f"There is no setting {name} ({where}).", hint=hint, name=name
    )
