"""Outcomes, signs of life and progress, in as few calls as can be."""

import asyncio

from tests.core.jobs.worker.test_desk import lease
from unibos.base.errors import Error, TooLarge, Unavailable
from unibos.core.jobs.leasing.messages import MOST_LEASES, Verdict
from unibos.core.jobs.worker.assignment import done
from unibos.core.jobs.worker.contact import Contact
from unibos.core.jobs.worker.reports import Reports, key_of
from unibos.core.store.job import Progress


class Line:
    """Takes reports; ``refuse`` tells what is wrong with a call."""

    def __init__(self, refuse=lambda reports: None):
        self.refuse = refuse
        self.calls = []

    async def report(self, reports):
        self.calls.append(reports)
        error = self.refuse(reports)
        if error is not None:
            raise error
        return [Verdict(each.job, each.attempt) for each in reports]


async def reporting(line, *reports, most=10):
    lost = []
    made = Reports(line, Contact(0.001, 0.01, asyncio.Event()), lost.append)
    task = asyncio.create_task(made.run())
    taken = [made.hand_in(report) for report in reports]
    try:
        async with asyncio.timeout(most):
            return await asyncio.gather(*taken)
    finally:
        task.cancel()


def test_many_outcomes_are_few_calls():
    line = Line()
    reports = [done(lease(), number) for number in range(150)]
    assert asyncio.run(reporting(line, *reports)) == [""] * 150
    assert [len(call) for call in line.calls] == [MOST_LEASES, MOST_LEASES, 150 - 2 * MOST_LEASES]


def test_large_results_share_no_call():
    line = Line()
    reports = [done(lease(), "x" * 700_000) for _ in range(3)]
    assert asyncio.run(reporting(line, *reports)) == [""] * 3
    assert [len(call) for call in line.calls] == [1, 1, 1]


def test_one_that_is_refused_holds_up_no_other():
    bad = done(lease(), "too large")
    line = Line(lambda reports: TooLarge("body_too_large", "No.") if bad in reports else None)
    good = [done(lease(), number) for number in range(5)]
    codes = asyncio.run(reporting(line, *good[:2], bad, *good[2:]))
    assert codes == ["", "", "body_too_large", "", "", ""]


def test_trouble_over_there_passes():
    errors = [Error("internal_error", "Oh."), Unavailable("stopping", "Later.")]
    line = Line(lambda _: errors.pop() if errors else None)
    assert asyncio.run(reporting(line, done(lease(), 1))) == [""]
    assert len(line.calls) == 3


def test_the_newest_progress_is_told():
    async def test():
        line, held = Line(), lease()
        made = Reports(line, Contact(0.001, 0.01, asyncio.Event()), lambda key: None)
        made.hold(held)
        made.tell(key_of(held), Progress(0.1))
        made.tell(key_of(held), Progress(0.2, "reading"))
        task = asyncio.create_task(made.run())
        while not line.calls:
            await asyncio.sleep(0)
        task.cancel()
        ((report,),) = line.calls
        assert (report.type, report.progress) == ("running", Progress(0.2, "reading"))

    asyncio.run(test())


def test_pauses_grow_and_the_source_may_ask_for_more():
    contact = Contact(1, 60, asyncio.Event())
    plain = Unavailable("x", "X.")
    for failures, most in ((1, 1), (4, 8), (50, 60)):
        assert most / 2 <= contact.seconds(failures, plain) <= most
    assert contact.seconds(1, Unavailable("x", "X.", retry_after=30)) == 30
    assert contact.seconds(1, Unavailable("x", "X.", retry_after=3600)) == 60
