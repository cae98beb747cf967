"""The entry of the executable."""

import sys
from pathlib import PurePath

_GROUPS = {"unibos-hub": "hub"}
"""Names under which the program is one group of its commands."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        # The most frequent call of scripts and health checks: nothing else is imported for it.
        from unibos import __version__

        sys.stdout.write(f"unibos {__version__}\n")
        return
    if sys.argv[1:] == ["run-job"]:
        from unibos.roles.child import run_job

        run_job()
    from unibos.clients.cli.app import run

    group = _GROUPS.get(PurePath(sys.argv[0]).name)
    sys.exit(run([group, *sys.argv[1:]] if group else sys.argv[1:]))


if __name__ == "__main__":
    main()
