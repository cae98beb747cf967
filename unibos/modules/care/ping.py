"""The job that only answers: shows that a worker takes jobs and that its answer arrives."""

import os
import platform
import time
from collections.abc import Mapping
from typing import Any

from unibos import __version__
from unibos.base.errors import Invalid
from unibos.core.jobs.kind import PortableKind, Report

_LONGEST_TEXT = 200
_LONGEST_SECONDS = 60
_STEP_SECONDS = 0.1


def accept(args: Mapping[str, Any]) -> dict[str, Any]:
    """A text, which comes back, and how many seconds that should take.

    :raises Invalid: ``job_args_invalid``.
    """
    text, seconds = args.get("text", ""), args.get("seconds", 0)
    if set(args) - {"text", "seconds"} or not isinstance(text, str) or len(text) > _LONGEST_TEXT:
        raise Invalid("job_args_invalid", f"It takes a text of at most {_LONGEST_TEXT} characters.")
    if type(seconds) not in (int, float) or not 0 <= seconds <= _LONGEST_SECONDS:
        raise Invalid("job_args_invalid", f"It takes at most {_LONGEST_SECONDS} seconds.")
    return {"text": text, "seconds": seconds}


def work(args: dict[str, Any], report: Report) -> Any:
    """The text, and who answers."""
    end = time.monotonic() + args.get("seconds", 0)
    while (left := end - time.monotonic()) > 0:
        report(None, "waiting")
        time.sleep(min(left, _STEP_SECONDS))
    return {
        "text": args.get("text", ""),
        "host": platform.node(),
        "machine": platform.machine(),
        "pid": os.getpid(),
        "version": __version__,
    }


PING = PortableKind(name="care.ping", queue="default", work=work, accept=accept)
