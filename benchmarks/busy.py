"""A node on a data folder, and one client on its local socket who writes without a pause."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from load import percentile

ROOT = Path(__file__).resolve().parents[1]
NOTES = "/api/v1/collections/notes/records"
BODY = json.dumps({"data": {"title": "written meanwhile", "body": "words " * 40}})


class Busy:
    """Runs as long as the context lasts."""

    def __init__(self, data: Path) -> None:
        self._socket = data / "unibos.sock"
        options = ("--host", "127.0.0.1", "--port", "0", "--profile", "edge")
        self._command = (sys.executable, "-m", "unibos", "--data", str(data), "serve", *options)

    def __enter__(self) -> "Busy":
        self._process = subprocess.Popen(self._command, cwd=ROOT, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                self._line = self._connected()
            except OSError:
                time.sleep(0.05)
            else:
                return self
        self.__exit__()
        raise SystemExit("the server does not answer")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def pace(self, seconds: float = 0, until: threading.Event | None = None) -> dict[str, float]:
        """Write for some seconds, or until something is done: how fast, and the slowest write."""
        times = []
        begin = time.perf_counter()
        while (time.perf_counter() - begin < seconds) or (until and not until.is_set()):
            before = time.perf_counter()
            self._line.request("POST", NOTES, BODY, {"content-type": "application/json"})
            answer = self._line.getresponse()
            answer.read()
            if answer.status != 201:
                raise SystemExit(f"a write was answered with {answer.status}")
            times.append(time.perf_counter() - before)
        return {
            "per_second": round(len(times) / (time.perf_counter() - begin)),
            "p99_ms": round(percentile(times, 99) * 1000, 1),
            "max_ms": round(max(times) * 1000, 1),
            "server_peak_mib": round(self._peak_kib() / 1024, 1),
        }

    def _peak_kib(self) -> int:
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

    def _connected(self) -> http.client.HTTPConnection:
        line = http.client.HTTPConnection("local")
        line.sock = socket.socket(socket.AF_UNIX)
        line.sock.connect(os.fspath(self._socket))
        line.request("GET", "/health/ready")
        line.getresponse().read()
        return line
