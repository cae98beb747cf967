"""Libraries that do nothing, for those that a module is linked with and UNIBOS never asks.

The module cannot be loaded without a library of that name that has its functions. Each of them
does nothing and answers 0, or what is asked for here.
"""

import hashlib
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

_DOES_NOTHING = "long {}(void) {{ return {}; }}\n"


def stand_in(
    cache: Path, name: str, module: Path, known: str, answers: Mapping[str, int] | None = None
) -> Path:
    """Path of a library called ``name``, made where the cache does not have it.

    :param module: who is linked with it.
    :param known: a regular expression for the functions that are known to be harmless.
    :param answers: of functions whose 0 would mean success.
    :raises SystemExit: the module asks for something that begins alike and is not known.
    """
    functions = sorted(_missing(module, known))
    source = "".join(_DOES_NOTHING.format(one, (answers or {}).get(one, 0)) for one in functions)
    made = hashlib.sha256((name + source).encode()).hexdigest()[:12]
    target = cache / f"stand-in-{made}" / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        command = ("cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(target), "-xc", "-")
        subprocess.run(command, input=source, text=True, check=True)
    return target


def _missing(module: Path, known: str) -> set[str]:
    asked = ("nm", "--dynamic", "--undefined-only", "--format=just-symbols", str(module))
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    found = {one for one in told if one.startswith(known.partition("_")[0])}
    strange = {one for one in found if not re.fullmatch(known, one)}
    if strange or not found:
        raise SystemExit(f"{module.name} asks for something new: {strange or 'nothing'}")
    return found
