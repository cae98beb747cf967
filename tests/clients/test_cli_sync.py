"""How sync is, at the command line: at a node, and at a hub, which makes no rounds."""

SYNC = "/api/v1/sync"
UNKNOWN = {
    "address": "",
    "reads": True,
    "writes": True,
    "latency_ms": None,
    "lag_here": None,
    "lag_there": None,
    "last_success": None,
    "last_error": None,
    "troubles": {},
    "sent_bytes": None,
    "received_bytes": None,
    "skew_ms": None,
    "quarantined": 0,
}
SEEN = UNKNOWN | {"id": "n1", "name": "attic", "kind": "node", "state": "online", "lag_there": 7}
ASKED = SEEN | {
    "kind": "hub",
    "state": "idle",
    "latency_ms": 3.2,
    "lag_here": 0,
    "last_success": "2026-01-02T03:04:05.000Z",
    "sent_bytes": 0,
    "received_bytes": 2048,
}


def status(*peers):
    return {
        "mode": "online",
        "paused": False,
        "metered": False,
        "export_stopped": False,
        "quarantined": 0,
        "pending_blobs": 0,
        "pending_bytes": 0,
        "blob_troubles": {},
        "peers": list(peers),
    }


def test_a_node_tells_all_that_rounds_tell(unibos, node):
    node.on("GET", SYNC, status(ASKED))
    heads, row = unibos("sync").out.splitlines()[-2:]
    for head in ("Answers in", "To come", "To go", "Last time", "Sent", "Received"):
        assert head in heads
    for cell in ("attic", "3 ms", "2026-01-02 03:04", "0 B", "2.0 KiB"):
        assert cell in row


def test_a_hub_tells_nothing_of_what_it_cannot_know(unibos, node):
    node.on("GET", SYNC, status(SEEN, SEEN | {"id": "n2", "name": "cellar", "lag_there": None}))
    heads, attic, cellar = unibos("sync").out.splitlines()[-3:]
    assert heads.split() == ["Peer", "State", "Ways", "To", "go"]
    assert attic.split() == ["attic", "online", "reads+writes", "7"]
    assert cellar.split() == ["cellar", "online", "reads+writes"]
