"""Two builds of the same source beside each other: what differs, by name."""

import hashlib
from pathlib import Path


def differences(one: Path, other: Path) -> list[str]:
    """Names of the files that differ or that only one has; empty for identical trees."""
    first, second = _prints(one), _prints(other)
    return sorted(
        name for name in first.keys() | second.keys() if first.get(name) != second.get(name)
    )


def _prints(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): _print(path)
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def _print(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    with path.open("rb") as stream:
        return f"{path.stat().st_mode:o} {hashlib.file_digest(stream, 'sha256').hexdigest()}"
