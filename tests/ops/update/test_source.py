"""Loading from a folder and from a server: cut, resumed, refused."""

import hashlib
import http.server
import threading
from contextlib import contextmanager

import pytest

from tests.ops.update.installation import PUBLIC, SECRET, offering
from unibos.base.errors import Damaged, Misconfigured, StorageFull, Unavailable
from unibos.core.store.system import System
from unibos.ops.update.index import File
from unibos.ops.update.signature import public_key
from unibos.ops.update.source import Progress, Source

CONTENT = bytes(range(256)) * 4000
FILE = File("a.tar.xz", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), 1)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves one archive as badly as it is told to."""

    ranges = True
    """Whether it knows parts of a file."""
    at_once = 10**9
    """So many bytes it sends before the line breaks."""
    begin_shift = 0
    seen = ()
    folder = None

    def do_GET(self):
        cls = type(self)
        path = self.folder / self.path.removeprefix("/")
        if not path.is_file():
            self.send_error(404)
            return
        asked = self.headers.get("range", "")
        cls.seen = (*cls.seen, asked)
        content, begin = path.read_bytes(), 0
        if asked and cls.ranges:
            begin = int(asked.removeprefix("bytes=").removesuffix("-")) + cls.begin_shift
            self.send_response(206)
            self.send_header("content-range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("content-length", str(len(content) - begin))
        self.end_headers()
        self.wfile.write(content[begin:][: cls.at_once])
        self.close_connection = True

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder, **facts):
    handler = type("Told", (Handler,), {"folder": folder} | facts)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "source"
    place.mkdir()
    (place / "a.tar.xz").write_bytes(CONTENT)
    (tmp_path / "key").write_text(SECRET)
    offering().publish(place, "stable", [], tmp_path / "key")
    return place


@pytest.fixture
def downloads(tmp_path):
    return tmp_path / "downloads"


def load(where, downloads, file=FILE, progress=None):
    source = Source(str(where), "stable")
    return source.load(file, downloads, System(), progress or Progress())


def test_from_a_folder(folder, downloads):
    counted = []
    progress = Progress(lambda total: counted.append(-total), counted.append)
    assert load(folder, downloads, progress=progress).read_bytes() == CONTENT
    assert sum(counted) == 0


@pytest.mark.parametrize("ranges", [True, False])
def test_from_a_server(folder, downloads, ranges):
    with serving(folder, ranges=ranges) as (url, _):
        assert load(url, downloads).read_bytes() == CONTENT


def test_a_line_that_breaks_again_and_again(folder, downloads):
    with serving(folder, at_once=200_000) as (url, server):
        assert load(url, downloads).read_bytes() == CONTENT
        assert len(server.seen) == 6
        assert server.seen[0] == ""
        assert server.seen[-1] == "bytes=1000000-"


def test_the_next_attempt_goes_on(folder, downloads):
    with serving(folder, at_once=0) as (url, _), pytest.raises(Unavailable):
        load(url, downloads)
    [part] = downloads.iterdir()
    part.write_bytes(CONTENT[:700_000])
    with serving(folder) as (url, server):
        assert load(url, downloads).read_bytes() == CONTENT
        assert server.seen == ("bytes=700000-",)


def test_a_server_that_sends_all_of_it_again(folder, downloads):
    downloads.mkdir()
    (downloads / f"{FILE.sha256}.part").write_bytes(CONTENT[:700_000])
    with serving(folder, ranges=False) as (url, _):
        assert load(url, downloads).read_bytes() == CONTENT


def test_a_server_that_sends_another_part(folder, downloads):
    downloads.mkdir()
    (downloads / f"{FILE.sha256}.part").write_bytes(CONTENT[:700_000])
    with serving(folder, begin_shift=5) as (url, _), pytest.raises(Unavailable):
        load(url, downloads)


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"?", CONTENT + b"?"])
@pytest.mark.parametrize("remote", [True, False])
def test_what_is_not_what_was_signed_is_removed(folder, downloads, content, remote):
    (folder / "a.tar.xz").write_bytes(content)
    with serving(folder) as (url, _), pytest.raises(Damaged) as told:
        load(url if remote else folder, downloads)
    assert told.value.code == "update_download_wrong"
    assert list(downloads.iterdir()) == []


def test_what_is_too_short_is_kept_for_the_next_attempt(folder, downloads):
    (folder / "a.tar.xz").write_bytes(CONTENT[:1000])
    with pytest.raises(Unavailable) as told:
        load(folder, downloads)
    assert told.value.code == "update_source_unreachable"
    assert [one.stat().st_size for one in downloads.iterdir()] == [1000]


def test_nobody_there(folder, downloads):
    with serving(folder) as (url, _):
        pass
    for where in (url, folder / "nowhere", "http://[", "https://127.0.0.1:1"):
        with pytest.raises(Unavailable) as told:
            load(where, downloads)
        assert told.value.code == "update_source_unreachable"


@pytest.mark.parametrize("remote", [True, False])
def test_a_signed_list(folder, remote):
    key = public_key(PUBLIC)
    with serving(folder) as (url, _):
        source = Source(url if remote else str(folder), "stable")
        assert b'"serial": 1' in source.signed_list(key)
        (folder / "stable.json").write_text((folder / "stable.json").read_text() + " ")
        with pytest.raises(Damaged) as told:
            source.signed_list(key)
    assert told.value.code == "update_signature_wrong"


def test_a_list_without_a_signature_or_without_an_end(folder):
    key = public_key(PUBLIC)
    (folder / "stable.json.minisig").unlink()
    with pytest.raises(Unavailable):
        Source(str(folder), "stable").signed_list(key)
    (folder / "stable.json").write_bytes(bytes(2 * 1024 * 1024))
    with pytest.raises(Damaged):
        Source(str(folder), "stable").signed_list(key)


class Full(System):
    def write(self, file, data):
        raise OSError(28, "No space left on device")


def test_a_full_disk(folder, downloads):
    with pytest.raises(StorageFull) as told:
        Source(str(folder), "stable").load(FILE, downloads, Full(), Progress())
    assert told.value.code == "update_disk_full"


def test_there_must_be_a_source():
    with pytest.raises(Misconfigured) as told:
        Source("", "stable")
    assert told.value.code == "update_source_missing"
