"""Rules of the configuration, and what boards may run."""

import pytest

from unibos.base.errors import Misconfigured
from unibos.core.jobs.routing.board import max_size_mb_for, queues_for
from unibos.core.jobs.routing.rules import NO_RULES, Rules
from unibos.core.store.job import JobSpec

KINDS = ("documents.read", "documents.sensitive.read", "media.transcode")
READ = JobSpec(name="documents.read", queue="ocr", locality="hub")


def test_rules_change_the_kinds_that_they_are_for():
    rules = Rules.parse(
        [
            "documents.* prefer=gpu fallback=60 priority=2",
            "media.transcode queue=media memory_mb=512 requires=ffmpeg,gpu max_size_mb=50",
            "documents.read priority=-1",
        ],
        KINDS,
    )
    read = rules.applied(READ)
    assert (read.prefer, read.fallback_seconds, read.priority) == ("gpu", 60, -1)
    film = rules.applied(JobSpec(name="media.transcode"))
    assert (film.queue, film.memory_mb, film.max_size_mb) == ("media", 512, 50)
    assert film.requires == ("ffmpeg", "gpu")
    other = JobSpec(name="core.tidy")
    assert rules.applied(other) is NO_RULES.applied(other) is other


@pytest.mark.parametrize(
    ("asked", "locality"), [("node_only", "node_only"), ("attached", "attached"), ("any", "hub")]
)
def test_a_rule_holds_a_kind_nearer_and_never_lets_it_go_further(asked, locality):
    rules = Rules.parse([f"documents.read locality={asked}"], KINDS)
    assert rules.applied(READ).locality == locality


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("documents.raed prefer=gpu", "documents.sensitive.read"),
        ("photos.* prefer=gpu", "media.transcode"),
        ("documents.read", "max_size_mb"),
        ("documents.read prefers=gpu", "fallback"),
        ("documents.read prefer", "fallback"),
        ("documents.read prefer=", "capability"),
        ("documents.read locality=far", "node_only"),
        ("documents.read queue=fast", "realtime"),
        ("documents.read fallback=soon", "seconds"),
        ("documents.read priority=1000", "-100"),
        ("documents.read priority=1 priority=2", "once"),
        ("documents.read requires=a,,b", "capabilities"),
        ("   ", "KIND"),
    ],
)
def test_a_rule_that_cannot_be_understood_is_named(text, named):
    with pytest.raises(Misconfigured) as refused:
        Rules.parse(["documents.* priority=1", text], KINDS)
    assert refused.value.code == "rule_invalid"
    assert repr(text) in refused.value.detail
    assert named in refused.value.hint


def test_boards_run_what_fits_them():
    assert queues_for("zero2w", "all") == {"default", "sync", "realtime"}
    assert queues_for("pi3", "ocr") == {"ocr"}
    assert queues_for("pi3", "media") == frozenset()
    assert "media" in queues_for("pi4", "all")
    assert "finance" in queues_for("pi5", "all")
    assert max_size_mb_for("pi4") == 50
    assert max_size_mb_for("pc") > 100_000
