"""The wires between network namespaces; run as a program: wires.py NAMESPACE=ADDRESS …

Each namespace gets a device ``lan``, and every IP packet that is sent there comes by here, to be
lost, held back or passed on as the weather of both its ends wants. Orders come as lines of JSON
over the standard input; with its end the devices are gone. It is a program of its own because the
kernel's own way (netem) is not in every kernel, and because threads of a test would hold it up.
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass

DEVICE = "lan"
_CLONE_NEWNET, _TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x40000000, 0x400454CA, 0x1, 0x1000
_LARGEST = 65536


@dataclass
class Weather:
    """How it is on the wire of one host, each way; times in milliseconds."""

    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    cut: bool = False


def opened(namespace: str) -> int:
    """A new device in a namespace, by its descriptor: each read is a packet, each write one."""
    libc = ctypes.CDLL(None, use_errno=True)
    inside = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(inside, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {namespace}")
    os.close(inside)
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    asked = struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI)
    fcntl.ioctl(device, _TUNSETIFF, asked)
    return device


class Wires:
    """Passes packets on.

    :param devices: by the host's address, as 4 bytes.
    """

    def __init__(self, devices: dict[bytes, int]) -> None:
        self._devices = devices
        self._weather = {address: Weather() for address in devices}
        self._on_their_way: list[tuple[float, int, bytes, bytes]] = []
        self._count = 0
        self._chance = random.Random(0)

    def order(self, asked: dict) -> None:
        """Other weather for one host; ``seed`` has chance begin anew."""
        if "seed" in asked:
            self._chance = random.Random(asked.pop("seed"))
        if "host" in asked:
            host = socket.inet_aton(asked.pop("host"))
            self._weather[host] = Weather(**asked)

    def take(self, device: int) -> None:
        """Read what a host sends."""
        while True:
            try:
                packet = os.read(device, _LARGEST)
            except BlockingIOError:
                return
            source, target = packet[12:16], packet[16:20]
            if packet[0] >> 4 == 4 and source in self._devices and target in self._devices:
                self._send(source, target, packet)

    def _send(self, source: bytes, target: bytes, packet: bytes) -> None:
        delay = 0.0
        for weather in (self._weather[source], self._weather[target]):
            if weather.cut or self._chance.random() < weather.loss:
                return
            swing = self._chance.uniform(-weather.jitter_ms, weather.jitter_ms)
            delay += max(0.0, weather.delay_ms + swing) / 1000
        self._count += 1
        due = time.monotonic() + delay
        heapq.heappush(self._on_their_way, (due, self._count, target, packet))

    def deliver(self) -> float | None:
        """Hand over what is due; seconds until the next is."""
        while self._on_their_way:
            due, _, target, packet = self._on_their_way[0]
            left = due - time.monotonic()
            if left > 0:
                return left
            heapq.heappop(self._on_their_way)
            try:
                os.write(self._devices[target], packet)
            except OSError:
                # A full queue, or a device that is down: such a packet is lost.
                continue
        return None


def main() -> None:
    devices = {}
    for word in sys.argv[1:]:
        namespace, address = word.split("=")
        devices[socket.inet_aton(address)] = opened(namespace)
    wires, orders = Wires(devices), sys.stdin.fileno()
    print("ready", flush=True)
    poll, rest, wait = select.poll(), b"", None
    for descriptor in (orders, *devices.values()):
        poll.register(descriptor, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll(None if wait is None else wait * 1000 + 0.5):
            if descriptor != orders:
                wires.take(descriptor)
                continue
            said = os.read(orders, _LARGEST)
            if not said:
                return
            *lines, rest = (rest + said).split(b"\n")
            for line in lines:
                wires.order(json.loads(line))
                print("done", flush=True)
        wait = wires.deliver()


if __name__ == "__main__":
    main()
