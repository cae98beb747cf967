"""A process that has loaded all that a kind's work needs, and bears a child for each job.

Starting Python takes longer than reading a photo, so a kind whose jobs are short and many may have
its children forked from one that is warm. Each job has a child of its own as before, as confined
and as easily ended; the nursery itself never sees what strangers made. It dies with the server,
whose end of the socket it watches, and ends by itself when it was not asked for a while.

Server and nursery talk over a socket in turns: the kind's name, then ``fork`` with the child's
three streams, answered by its process id, and ``reap`` with an id, answered by its exit status. A
child that ended keeps its id until it is reaped.
"""

import atexit
import errno
import gc
import os
import select
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NoReturn

_IDLE_SECONDS = 10
_MESSAGE = 256
_STREAMS = 3
_KILLED = 9  # the status of who was ended by SIGKILL
_lock = threading.Lock()
_nurseries: dict[tuple[tuple[str, ...], str], "Nursery"] = {}


class Nursery:
    """The server's side of one nursery.

    :raises OSError: it cannot be started.
    """

    def __init__(self, command: tuple[str, ...], kind: str, environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self._socket = ours
        with theirs:
            process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env=environment,
            )
        # It leaves when it likes, and is not to lie about as a zombie.
        self._watch = threading.Thread(target=process.wait, name="nursery", daemon=True)
        self._watch.start()
        self._socket.send(kind.encode())

    def fork(self, streams: tuple[int, int, int]) -> int:
        """Have it bear a child with these descriptors as its standard streams; its id.

        :raises ConnectionError: it is gone.
        :raises OSError: no child could be had.
        """
        with self._lock:
            socket.send_fds(self._socket, [b"fork"], streams)
            pid = int(self._answer())
        if pid < 0:
            raise OSError(-pid, os.strerror(-pid))
        return pid

    def reap(self, pid: int) -> int:
        """Wait for a child; its exit code as ``subprocess`` gives it."""
        try:
            with self._lock:
                self._socket.send(b"reap %d" % pid)
                status = int(self._answer())
        except OSError:
            # Its children ended with it.
            status = _KILLED
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Have it end, with its children."""
        self._socket.close()
        self._watch.join()

    def _answer(self) -> bytes:
        answer = self._socket.recv(_MESSAGE)
        if not answer:
            raise ConnectionResetError
        return answer


def born(
    command: tuple[str, ...],
    kind: str,
    environment: Mapping[str, str],
    streams: tuple[int, int, int],
) -> tuple[Nursery, int]:
    """A child from the nursery of a kind, which is started where there is none.

    :raises OSError: no process can be started.
    """
    key = command, kind
    with _lock:
        present = _nurseries.get(key)
        if present is not None:
            try:
                return present, present.fork(streams)
            except ConnectionError:
                # It had been idle, and left.
                del _nurseries[key]
                present.close()
        if not _nurseries:
            atexit.register(_close_all)
        nursery = _nurseries[key] = Nursery(command, kind, environment)
        return nursery, nursery.fork(streams)


def _close_all() -> None:
    with _lock:
        while _nurseries:
            _nurseries.popitem()[1].close()


def is_asked() -> bool:
    """Whether this process was started as a nursery: with a socket as its standard input."""
    return stat.S_ISSOCK(os.fstat(0).st_mode)


def serve(warm_up: Callable[[str], None], be_child: Callable[[], None]) -> int:
    """Be a nursery until the server is gone, or asks no more.

    :param warm_up: loads what the work of the kind of this name needs; starts no thread.
    :param be_child: is called in each child, with its streams in place.
    """
    # A killed server may leave an answer unread, which breaks the line instead of ending it.
    with socket.socket(fileno=os.dup(0)) as server, suppress(ConnectionError):
        null = os.open(os.devnull, os.O_RDWR)
        # Whatever is printed here is nobody's answer.
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(null)
        warm_up(server.recv(_MESSAGE).decode())
        gc.freeze()
        children = 0
        while children or select.select([server], [], [], _IDLE_SECONDS)[0]:
            message, streams, _, _ = socket.recv_fds(server, _MESSAGE, _STREAMS)
            if not message:
                break
            if message == b"fork":
                pid = _fork(server, streams, be_child)
                children += pid > 0
                server.send(b"%d" % pid)
            else:
                children -= 1
                server.send(b"%d" % os.waitpid(int(message.split()[1]), 0)[1])
    return 0


def _fork(server: socket.socket, streams: list[int], be_child: Callable[[], None]) -> int:
    """The child's id; where there can be none, the negative number of the error."""
    try:
        pid = os.fork()
    except OSError as error:
        pid = -(error.errno or errno.EAGAIN)
    if pid == 0:
        _be(server, streams, be_child)
    if pid > 0:
        # Both do it, so that it is done before anybody can know the id.
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)
    for stream in streams:
        os.close(stream)
    return pid


def _be(server: socket.socket, streams: list[int], be_child: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        server.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        be_child()
        sys.stdout.flush()
        code = 0
    finally:
        os._exit(code)
