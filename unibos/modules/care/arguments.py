"""Arguments of jobs that take none."""

from collections.abc import Mapping
from typing import Any

from unibos.base.errors import Invalid


def nothing(args: Mapping[str, Any]) -> dict[str, Any]:
    """Accept no arguments.

    :raises Invalid: ``job_args_invalid``.
    """
    if args:
        raise Invalid("job_args_invalid", "It takes no arguments.")
    return {}
