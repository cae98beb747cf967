"""`unibos-worker explain`: why a job runs or waits where it does."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.paths import JOBS, below


@command(
    "explain",
    "sudo unibos-worker explain 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11",
    "unibos-worker explain 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11 --url http://unibos.local:8001",
)
@click.argument("job_id", metavar="JOB")
@click.pass_obj
def explain(asked: Asked, job_id: str) -> None:
    """Tell why a job of the node or hub runs or waits where it does."""
    api = asked.api()
    answer = api.get(below(JOBS, job_id, "route"))
    if asked.json:
        show.document(answer)
        return
    show.facts(
        {
            say("Kind"): answer["kind"],
            say("State"): show.state(answer["state"]),
            say("Queue"): answer["queue"],
            say("Needs"): ", ".join(answer["requires"]),
            say("Prefers"): answer["prefer"],
            say("May go to"): answer["locality"],
            say("Here until"): show.moment(answer["here_until"]),
        }
    )
    heads = (say("Worker"), say("May take it"), say("Why"))
    show.table(heads, (_row(one) for one in answer["items"]))


def _row(one: dict[str, Any]) -> list[object]:
    return [one["worker"], say("yes") if one["may"] else say("no"), show.clean(one["text"])]
