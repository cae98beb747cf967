"""The entry of the executable."""

import sys


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

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
