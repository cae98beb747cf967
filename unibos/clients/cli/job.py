"""`unibos job`: work that runs in the background."""

import time
from typing import TYPE_CHECKING, Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.bar import bar
from unibos.clients.cli.command import command, group
from unibos.clients.cli.exits import Exit
from unibos.clients.cli.words import say
from unibos.clients.paths import JOBS, below

if TYPE_CHECKING:
    from unibos.clients.api import Event

STATES = click.Choice(["waiting", "queued", "running", "done", "failed", "cancelled"])
_LOOK_SECONDS = 0.5
ENDED = frozenset({"done", "failed", "cancelled"})


@command("list", "unibos job list", "unibos job list --state failed --json")
@click.option("--state", type=STATES, help="Only in this state.")
@click.option("--kind", help="Only of this kind.")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many (50).")
@click.pass_obj
def list_jobs(asked: Asked, state: str | None, kind: str | None, limit: int) -> None:
    """List jobs, the newest first."""
    page = asked.api().page(JOBS, limit, state=state, kind=kind)
    if asked.json:
        show.document(page._asdict())
        return
    heads = (say("Id"), say("Made"), say("Kind"), say("State"), say("Progress"))
    show.table(heads, (_row(one) for one in page.items))
    show.more(page.next)


@command("show", "unibos job show 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11")
@click.argument("job_id", metavar="ID")
@click.pass_obj
def show_job(asked: Asked, job_id: str) -> None:
    """Show a job."""
    answer = asked.api().get(below(JOBS, job_id))
    if asked.json:
        show.document(answer)
        return
    show.facts(
        {
            say("Id"): answer["id"],
            say("Kind"): answer["kind"],
            say("Queue"): answer.get("queue"),
            say("State"): show.state(answer["state"]),
            say("Progress"): _progress(answer),
            say("Attempt"): f"{answer.get('attempt')}/{answer.get('max_attempts')}",
            say("Made"): show.moment(answer.get("created_at")),
            say("Finished"): show.moment(answer.get("finished_at")),
            say("Error"): _error(answer),
        }
    )


@command("cancel", "unibos job cancel 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11")
@click.argument("job_id", metavar="ID")
@click.pass_obj
def cancel(asked: Asked, job_id: str) -> None:
    """Cancel a job; one that runs is stopped."""
    answer = asked.api().change("DELETE", below(JOBS, job_id))
    if asked.json:
        show.document(answer or {"id": job_id})
    else:
        click.echo(say("Job {id} is cancelled.", id=job_id))


@command("watch", "unibos job watch 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11")
@click.argument("job_id", metavar="ID")
@click.pass_obj
def watch(asked: Asked, job_id: str) -> int:
    """Follow a job until it ends; fails if the job does."""
    api = asked.api()
    for event in api.events(below(JOBS, job_id, "events")):
        if asked.json:
            show.line({"id": event.id, "event": event.name, "data": event.data})
        else:
            click.echo(_told(event))
    answer = api.get(below(JOBS, job_id))
    if not asked.json:
        click.echo(show.state(answer["state"]))
        if answer.get("error"):
            click.echo(_error(answer), err=True)
    return Exit.OK if answer["state"] == "done" else Exit.FAILED


@command("batch", "unibos job batch NAME --watch", "unibos job batch NAME --cancel")
@click.argument("name")
@click.option("--watch", "follow", is_flag=True, help="Follow it until all its jobs have ended")
@click.option("--cancel", "end", is_flag=True, help="Cancel all its jobs that have not ended")
@click.pass_obj
def batch(asked: Asked, name: str, follow: bool, end: bool) -> int:
    """Show how far jobs that were asked for together have got; fails if one of them did."""
    api, path = asked.api(), below(JOBS, "batches", name)
    answer = api.change("DELETE", path) if end else api.get(path)
    if follow:
        with bar(answer["jobs"], things=True) as shown:
            done = 0
            while True:
                before, done = done, int(answer["progress"] * answer["jobs"])
                shown.advance(done - before)
                if answer["ended"]:
                    break
                time.sleep(_LOOK_SECONDS)
                answer = api.get(path)
    if asked.json:
        show.document(answer)
    else:
        states = {say(state): count for state, count in answer["states"].items() if count}
        show.facts({say("Jobs"): answer["jobs"], say("Progress"): show.percent(answer["progress"])})
        show.facts(states)
    return Exit.FAILED if answer["ended"] and answer["states"]["failed"] else Exit.OK


def _told(event: "Event") -> str:
    about = event.data or {}
    words = [show.clock(about.get("at")), show.state(event.name)]
    facts = about.get("data") or {}
    words.append(_share(facts))
    if facts.get("error"):
        words.append(_error(facts))
    return "  ".join(word for word in words if word)


def _row(one: dict[str, Any]) -> list[object]:
    made = show.moment(one.get("created_at"))
    return [one["id"], made, one["kind"], show.state(one["state"]), _progress(one)]


def _progress(one: dict[str, Any]) -> str:
    return "" if one["state"] in ENDED else _share(one.get("progress") or {})


def _share(progress: dict[str, Any]) -> str:
    value = progress.get("value")
    share = "" if value is None else show.percent(value)
    return f"{share} {show.clean(progress.get('phase'))}".strip()


def _error(one: dict[str, Any]) -> str:
    error = one.get("error") or {}
    return f"{show.clean(error.get('detail'))} [{show.clean(error.get('code'))}]" if error else ""


job = group("job", list_jobs, show_job, cancel, watch, batch, text="See what is worked on.")
