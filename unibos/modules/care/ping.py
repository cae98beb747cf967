"""The job that only answers: shows that a worker takes jobs and that its answer arrives."""

import os
import platform
from collections.abc import Mapping
from typing import Any

from unibos import __version__
from unibos.base.errors import Invalid
from unibos.core.jobs.kind import PortableKind, Report

_MOST = 200


def accept(args: Mapping[str, Any]) -> dict[str, Any]:
    """Only a text, which comes back.

    :raises Invalid: ``job_args_invalid``.
    """
    text = args.get("text", "")
    if set(args) - {"text"} or not isinstance(text, str) or len(text) > _MOST:
        raise Invalid("job_args_invalid", f"It takes a text of at most {_MOST} characters.")
    return {"text": text}


def work(args: dict[str, Any], report: Report) -> Any:
    """The text, and who answers."""
    del report
    return {
        "text": args.get("text", ""),
        "host": platform.node(),
        "machine": platform.machine(),
        "pid": os.getpid(),
        "version": __version__,
    }


PING = PortableKind(name="care.ping", queue="default", work=work, accept=accept)
