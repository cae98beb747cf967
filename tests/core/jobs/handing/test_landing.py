"""What comes home, and who is in a hurry meanwhile."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace

from unibos.core.jobs.handing.landing import Landing
from unibos.core.jobs.handing.messages import Handover, Output


class Line:
    """Brings one byte, and then nothing more."""

    def __init__(self):
        self.reached = asyncio.Event()

    async def fetch(self, _job, _attempt, _output, to):
        to.write_bytes(b"x")
        self.reached.set()
        await asyncio.Event().wait()


def test_files_go_even_where_their_errand_is_ended_twice(tmp_path):
    """All threads are busy in that moment, so nothing of their removal has begun."""
    said = Handover(job="job", attempt=1, state="done", outputs=[Output("one", "0" * 64, 1)])
    free = threading.Event()

    async def story():
        line = Line()
        landing = Landing(None, line, None, tmp_path / "handed")
        job = SimpleNamespace(id="job", attempt=1)
        landed = asyncio.create_task(landing.land(job, said))
        await line.reached.wait()
        with ThreadPoolExecutor(1) as only:
            loop = asyncio.get_running_loop()
            loop.set_default_executor(only)
            busy = loop.run_in_executor(None, free.wait, 20)
            for _ in range(2):
                landed.cancel()
                await asyncio.sleep(0)
            free.set()
            await busy
            with suppress(asyncio.CancelledError):
                await landed

    asyncio.run(story())
    assert list((tmp_path / "handed").iterdir()) == []
