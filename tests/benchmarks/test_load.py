"""The load generator's reading of answers, its figures, and its loop against a tiny server."""

import socketserver
import threading
from dataclasses import replace

import load
import pytest
from hypothesis import given
from hypothesis import strategies as st

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n2;x=y\r\n!!\r\n0\r\n\r\n"
)
BODILESS = b"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n"


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED, BODILESS])
def test_an_answer_ends_where_it_ends_and_not_before(answer):
    assert load.answer_end(answer) == len(answer)
    assert [load.answer_end(answer[:cut]) for cut in range(len(answer))] == [0] * len(answer)


@given(st.lists(st.binary(min_size=1, max_size=300)))
def test_chunks_are_put_together_again(parts):
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    assert load.answer_end(answer) == len(answer)
    assert load.body_of(answer) == b"".join(parts)


def test_status_and_body():
    assert load.status_of(BODILESS) == 204
    assert load.body_of(PLAIN) == b"hello"
    assert load.body_of(BODILESS) == b""


def test_an_answer_without_a_length_is_an_error():
    with pytest.raises(load.LoadError, match="without a length"):
        load.answer_end(b"HTTP/1.1 200 OK\r\n\r\nuntil the close")


def test_a_request_carries_token_and_body():
    whole = load.request("POST", "/x", "secret", b'{"a":1}')
    head, _, body = whole.partition(b"\r\n\r\n")
    assert head.splitlines()[0] == b"POST /x HTTP/1.1"
    assert b"Authorization: Bearer secret" in head
    assert b"Content-Length: 7" in head
    assert body == b'{"a":1}'


def test_a_request_without_body_names_no_length():
    assert b"Content-Length" not in load.request("GET", "/x")


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 50), (99, 99), (100, 100)])
def test_percentiles_of_one_to_a_hundred(percent, value):
    assert load.percentile(range(1, 101), percent) == value


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.floats(0, 100))
def test_a_percentile_is_one_of_the_values(values, percent):
    assert load.percentile(values, percent) in values


def test_no_values_have_no_percentile():
    with pytest.raises(ValueError, match="no values"):
        load.percentile([], 50)


def test_ratios_compare_neighbours():
    assert load.ratios([2.0, 30.0, 4.0], [1.0, 10.0, 4.0]) == {
        "median": 2.0,
        "low": 1.0,
        "high": 3.0,
    }


def test_ratios_need_pairs():
    with pytest.raises(ValueError, match="argument"):
        load.ratios([1.0], [1.0, 2.0])


class Answers(socketserver.StreamRequestHandler):
    """Answers every request by its path: the status, then a body."""

    def handle(self):
        while line := self.rfile.readline():
            status = int(line.split()[1][1:])
            while self.rfile.readline() != b"\r\n":
                pass
            if status == 0:
                return
            body = b"right"
            self.server.served.append(status)
            self.wfile.write(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n%s" % (status, body))


@pytest.fixture
def server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as made:
        made.daemon_threads = True
        made.served = []
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def case(*paths, check=lambda body: body == b"right"):
    return load.Case("test", [load.request("GET", path) for path in paths], 200, check)


@pytest.mark.parametrize("connections", [1, 4])
def test_a_run_sends_as_many_requests_as_asked(server, connections):
    done = load.run(server.server_address, case("/200"), connections, limit=50)
    assert len(done.latencies) == len(server.served) == 50
    assert 0 < max(done.latencies) <= done.seconds
    assert done.per_second == pytest.approx(50 / done.seconds)


def test_a_run_without_time_finishes_what_it_began(server):
    done = load.run(server.server_address, case("/200"), 3, seconds=0)
    assert len(done.latencies) == 3


def test_fewer_requests_than_connections(server):
    done = load.run(server.server_address, case("/200"), 8, limit=2)
    assert len(done.latencies) == 2


def test_a_request_can_be_made_from_the_answer_before(server):
    seen = []

    def follow(body):
        seen.append(body)
        if len(seen) == 5:
            return load.request("GET", "/201")
        return load.request("GET", "/200")

    chain = replace(case("/200"), follow=follow)
    with pytest.raises(load.LoadError, match="expected 200"):
        load.run(server.server_address, chain, 1, seconds=60)
    assert seen == [b"right"] * 5
    assert server.served == [200] * 5 + [201]


def test_one_wrong_status_fails_the_run(server):
    with pytest.raises(load.LoadError, match="expected 200"):
        load.run(server.server_address, case("/200", "/500"), 1, limit=10)


def test_a_wrong_body_fails_the_run(server):
    wrong = case("/200", check=lambda body: False)
    with pytest.raises(load.LoadError, match="wrong body"):
        load.run(server.server_address, wrong, 1, limit=1)


def test_a_closed_connection_fails_the_run(server):
    with pytest.raises((load.LoadError, ConnectionResetError)):
        load.run(server.server_address, case("/0"), 1, limit=1)
