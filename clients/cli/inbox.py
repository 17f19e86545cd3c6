"""`sealtrace inbox`: the conversations of this agency, what is owed in them, and by when."""

from typing import Annotated

import typer

from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.freshness import vouched_replica
from clients.talk.telling import duty_json, duty_text, entry, summary, talk_json, tell, times_text
from clients.talk.threads import find, talks
from clients.trust import Trust
from ledger.counting import counted
from ledger.jsontext import JsonValue
from ledger.talk.clocks import overdue as overdue_of


def inbox(
    context: typer.Context,
    thread: Annotated[str | None, typer.Argument(metavar="THREAD", help="A thread, or the name of a message.")] = None,
    *,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is overdue, on either side.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the conversations, show one of them, or say what is overdue. Touches no network: `sealtrace sync` fetches.

    Example: sealtrace inbox --overdue
    """
    edge = edge_of(context)
    place = edge.home(home)
    charter, me, now = Trust(place.trusted).charters()[-1], place.config().id, edge.world.clock()
    with edge.stored(place) as (replica, outbox):
        waiting, said = len(outbox.letters()), vouched_replica(replica, now=now)
        found = (find(replica, thread),) if thread is not None else talks(replica)
    if overdue:
        late = overdue_of([duty for one in found for duty in one.duties], now=now)
        lines = [line for duty in late for line in entry("overdue", duty_text(duty, now=now))]
        lines = [*lines, *entry("", times_text(found))] if late else ["nothing is overdue, on either side"]
        edge.show("\n".join(lines), {"overdue": [duty_json(one, now=now) for one in late]}, as_json=as_json)
        return
    if thread is not None:
        edge.show("\n".join(tell(found[0], charter, me, now=now)), talk_json(found[0], now=now), as_json=as_json)
        return
    lines = [line for one in reversed(found) for line in summary(one, me, now=now)]
    lines += [f"{counted(waiting, 'message')} still to be sent: run `sealtrace sync`"] if waiting else []
    text = "\n".join([*(lines or ["no conversation yet: `sealtrace request` begins one"]), f"as of the log {said}"])
    threads: JsonValue = [talk_json(one, now=now) for one in found]
    edge.show(text, {"threads": threads, "waiting": waiting, "witnesses": said}, as_json=as_json)
