"""The entry of the executable."""

import sys
from pathlib import PurePath

_GROUPS = {"unibos-hub": "hub", "unibos-worker": "worker", "unibos-dev": "dev"}
"""Names under which the program is one group of its commands."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:] in (["--version"], ["--version", "--json"]):
        # The most frequent call of scripts and health checks: nothing else is imported for it.
        from unibos.base.origin import origin

        here = origin()
        sys.stdout.write(f"{here.document() if sys.argv[2:] else here.line()}\n")
        return
    if sys.argv[1:] == ["run-job"]:
        from unibos.roles.child import run_job

        run_job()
    from unibos.clients.cli.app import run

    group = _GROUPS.get(PurePath(sys.argv[0]).name)
    sys.exit(run([group, *sys.argv[1:]] if group else sys.argv[1:]))


if __name__ == "__main__":
    main()
