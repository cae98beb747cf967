"""The software bill of materials: CycloneDX 1.6, from what PyInstaller says it took from where."""

import hashlib
import importlib.metadata
import json
import subprocess
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlite
from origin import Origin
from owners import owners_of

_UNTOLD = {"huey": "MIT"}
"""Licences that stand in the distribution's licence file alone, by their SPDX names."""

_SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # of URLs, RFC 9562 section 6.6


def bill(work: Path, origin: Origin) -> str:
    """The document as JSON; the same build gives the same text.

    :raises SystemExit: a bundled file comes from nowhere that is known.
    """
    owners = owners_of(json.loads((work / "origins.json").read_text()))
    components = [
        _sqlite(),
        _distribution(importlib.metadata.distribution("pyinstaller"), ()),
        *(_distribution(one, paths) for one, paths in owners.distributions.items()),
        *(_package(name, origin) for name in owners.packages),
    ]
    components.sort(key=lambda one: one["bom-ref"])
    about = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(origin.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": "unibos",
                "name": "unibos",
                "version": origin.version,
                "licenses": [{"license": {"id": "MIT"}}],
                "properties": [
                    {"name": "unibos:commit", "value": origin.commit},
                    {"name": "unibos:architecture", "value": origin.architecture},
                ],
            },
        },
        "components": components,
        "dependencies": [{"ref": "unibos", "dependsOn": [one["bom-ref"] for one in components]}],
    }
    serial = uuid.uuid5(_SPACE, json.dumps(about, sort_keys=True))
    return json.dumps({**about, "serialNumber": f"urn:uuid:{serial}"}, indent=1) + "\n"


def _sqlite() -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": f"sqlite@{sqlite.VERSION}",
        "name": "sqlite",
        "version": sqlite.VERSION,
        "licenses": [{"license": {"id": "blessing"}}],
        "cpe": f"cpe:2.3:a:sqlite:sqlite:{sqlite.VERSION}:*:*:*:*:*:*:*",
        "hashes": [{"alg": "SHA-256", "content": sqlite.SHA256}],
        "description": f"The amalgamation of the npm package {sqlite.PACKAGE}",
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _distribution(found: importlib.metadata.Distribution, paths: Iterable[Path]) -> dict[str, Any]:
    name = found.name.lower().replace("_", "-")
    reference = f"pkg:pypi/{name}@{found.version}"
    component = {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": found.version,
        "purl": reference,
        "licenses": [_licence(found)],
    }
    parts = [
        {
            "type": "file",
            "bom-ref": f"{reference}#{path.name}",
            "name": path.name,
            "hashes": [{"alg": "SHA-256", "content": _sha256(path)}],
        }
        for path in sorted(paths)
        if ".so" in path.suffixes
    ]
    return {**component, "components": parts} if parts else component


def _licence(found: importlib.metadata.Distribution) -> dict[str, Any]:
    told = found.metadata
    expression = told["License-Expression"] or _UNTOLD.get(found.name)
    if expression:
        return {"expression": expression}
    marked = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier", ())
        if line.startswith("License :: ")
    ]
    name = ", ".join(marked) or (told["License"] or "").strip().split("\n")[0]
    if not name:
        raise SystemExit(f"{found.name} tells no licence: look it up, and add it to _UNTOLD.")
    return {"license": {"name": name}}


def _package(name: str, origin: Origin) -> dict[str, Any]:
    asked = ("dpkg-query", "--show", "--showformat=${Version} ${source:Package}\n", name)
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    version, source = told.splitlines()[0].split()
    purl = f"pkg:deb/debian/{name}@{version}?arch={origin.architecture}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "properties": [{"name": "unibos:source", "value": source}],
    }
