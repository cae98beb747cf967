"""A TCP proxy on the loopback address that counts the bytes that pass."""

import contextlib
import socket
import threading

from load import Address

_CHUNK = 256 * 1024


class Tap:
    """Passes connections on to a server; ``bytes`` counts both directions.

    :param server: where it leads.
    """

    def __init__(self, server: Address) -> None:
        self._server = server
        self._lock = threading.Lock()
        self.bytes = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address: Address = self._listening.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address, for who is to go through it."""
        return f"http://{self.address[0]}:{self.address[1]}"

    def close(self) -> None:
        """Take no more connections; those that there are end with their ends."""
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                asker, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(asker,), daemon=True).start()

    def _serve(self, asker: socket.socket) -> None:
        with asker, contextlib.suppress(OSError), socket.create_connection(self._server) as server:
            for end in (asker, server):
                # It passes on what comes as it comes: it must not wait for more to send.
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._pass, args=(server, asker), daemon=True)
            back.start()
            self._pass(asker, server)
            back.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                with self._lock:
                    self.bytes += len(data)
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
