"""A gate in front of programs: each waits there until a test lets it through."""

import os
import shlex
from pathlib import Path


class Gate:
    """Stands in for a program; who starts it tells so, and waits.

    :param program: what is run behind the gate, with the arguments that it was given.
    """

    def __init__(self, folder: Path, program: str, name: str) -> None:
        folder.mkdir()
        self.path = folder / name
        self._arrived, self._go = folder / "arrived", folder / "go"
        self._closed = folder / "closed"
        for pipe in (self._arrived, self._go):
            os.mkfifo(pipe)
        arrived, go, closed = (
            shlex.quote(str(path)) for path in (self._arrived, self._go, self._closed)
        )
        self.path.write_text(
            "#!/bin/sh\n"
            f"if [ -e {closed} ]; then echo $$ > {arrived}; read word < {go}; fi\n"
            f'exec {shlex.quote(program)} "$@"\n'
        )
        self.path.chmod(0o755)

    def close(self) -> None:
        """From now on programs wait."""
        self._closed.touch()

    def arrival(self) -> int:
        """Wait until a program waits; its process id."""
        return int(self._arrived.read_text())

    def open(self) -> None:
        """Programs need not wait any more."""
        self._closed.unlink()

    def let_through(self) -> None:
        """Let the one that waits go on."""
        self._go.write_text("go\n")
