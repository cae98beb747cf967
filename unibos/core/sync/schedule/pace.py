"""When the next round with a peer begins: pure; clocks and chance come from the caller."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How often; all in seconds.

    :param interval_s: between two rounds where nothing is known to be new, give or take a tenth.
    :param gather_s: from a change to its round, so that those right behind it come along.
    :param retry_s: after a first failure; it doubles with each further one.
    :param longest_s: the most after failures.
    """

    interval_s: float = 300.0
    gather_s: float = 0.03
    retry_s: float = 1.0
    longest_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a peer; times by one steady clock in seconds.

    :param ended: when the last round ended or failed; None: there was none yet.
    :param failures: in a row, since the last round that went well.
    :param changed: when the first change was made here that no round has taken yet.
    :param news: the peer said that it has something new.
    :param empty: rounds in a row that news called for, and that brought nothing: the peer says that
        it has what cannot be taken.
    :param chance: of 0 to 1, drawn anew after each round, so that many nodes do not ask at once.
    """

    ended: float | None = None
    failures: int = 0
    changed: float | None = None
    news: bool = False
    empty: int = 0
    chance: float = 0.5


def due(pace: Pace, standing: Standing) -> float:
    """When the next round is to begin; it may have passed already."""
    if standing.ended is None:
        return float("-inf")
    if standing.failures:
        # A change makes nobody answer who does not: it waits like all else.
        return standing.ended + after_failure(pace, standing.failures, standing.chance)
    times = [standing.ended + pace.interval_s * (0.9 + 0.2 * standing.chance)]
    if standing.changed is not None:
        times.append(standing.changed + pace.gather_s)
    if standing.news:
        # Once may be by chance; then it waits as long as after failures.
        waits = (
            after_failure(pace, standing.empty - 1, standing.chance) if standing.empty > 1 else 0
        )
        times.append(standing.ended + waits)
    return min(times)


def after_failure(pace: Pace, failures: int, chance: float) -> float:
    """Seconds to the next try: between a half and the whole of a time that doubles."""
    whole = min(pace.longest_s, pace.retry_s * 2.0 ** min(failures - 1, 30))
    return whole * (0.5 + 0.5 * chance)


def _after_empty(pace: Pace, standing: Standing) -> float:
    """Once may be by chance; then it is as after failures."""
    if standing.empty < 2:
        return 0.0
    return after_failure(pace, standing.empty - 1, standing.chance)
