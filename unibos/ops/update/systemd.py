"""The services of systemd, by ``systemctl``."""

import subprocess
from pathlib import Path

from unibos.base.errors import Unavailable

UNITS = ("unibos-node.service", "unibos-hub.service", "unibos-worker.service")
_SECONDS = 180
_RESTARTS = 2
"""So often systemd may start it anew before it is said never to get ready."""


class Systemd:
    """Units that are stopped and started together."""

    def __init__(self, units: tuple[str, ...]) -> None:
        self.units = units

    def stop(self) -> None:
        """Stop them, and wait for their end."""
        _systemctl("stop", *self.units)

    def start(self) -> None:
        """Have them started; at boot they wait for the unit that runs this."""
        _systemctl("start", "--no-block", *self.units)

    def trouble(self) -> str:
        """Whether one has failed, or fails again and again."""
        for unit in self.units:
            told = _told(unit)
            restarts = int(told.get("NRestarts") or 0)
            if told.get("ActiveState") == "failed" or restarts >= _RESTARTS:
                return f"{unit} ends again and again ({told.get('Result', 'unknown')})"
        return ""


def active() -> tuple[str, ...]:
    """Those of our units that run; none where systemd is not the first process."""
    if not Path("/run/systemd/system").is_dir():
        return ()
    running = ("active", "activating", "reloading")
    return tuple(unit for unit in UNITS if _told(unit).get("ActiveState") in running)


def _told(unit: str) -> dict[str, str]:
    asked = ("show", unit, "--property=ActiveState,NRestarts,Result")
    lines = _systemctl(*asked).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _systemctl(*words: str) -> str:
    try:
        done = subprocess.run(
            ["systemctl", *words], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(str(error)) from error
    if done.returncode != 0:
        raise _failed(done.stderr.strip())
    return done.stdout


def _failed(why: str) -> Unavailable:
    return Unavailable(
        "update_service",
        f"systemctl failed: {why}.",
        hint="See `systemctl status unibos-node unibos-hub unibos-worker`.",
        why=why,
    )
