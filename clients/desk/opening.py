"""Put the parts of a desk together over a home."""

from clients.desk.database import open_desk
from clients.desk.doing import settle
from clients.desk.inquiries import INQUIRIES
from clients.desk.kept import KEPT
from clients.desk.lastruns import LAST_RUNS, LastRuns
from clients.desk.notifying import NOTIFYING
from clients.desk.office import Office
from clients.desk.once import ONCE
from clients.desk.parts import Parts
from clients.desk.people.passkeys import Relying
from clients.desk.people.people import open_people
from clients.desk.people.tables import PEOPLE
from clients.desk.place import Place
from clients.desk.proposals import PROPOSALS
from clients.desk.use.intents import INTENTS
from clients.desk.use.record import USE, open_record
from clients.desk.working import Worker
from clients.intake.tables import TABLES as IMPORTS
from crypto.keystore import STRONG, Cost


def open_parts(office: Office, place: Place, *, cost: Cost = STRONG) -> Parts:
    """Return the parts of the desk of a home; nothing runs yet. `cost` is that of new passwords and passphrases."""
    clock = office.world.clock
    engine = open_desk(
        office.home,
        *(PEOPLE, LAST_RUNS, IMPORTS, USE, INTENTS, KEPT, INQUIRIES, ONCE, PROPOSALS, NOTIFYING),
        key=office.database_key,
    )
    runs = LastRuns(engine)
    people = open_people(
        engine,
        relying=Relying(rp_id=place.rp_id, origin=place.origin, name=office.config.name),
        has_passwords=place.takes_passwords,
        clock=clock,
        cost=cost,
    )
    use = open_record(office.home, office.keyring, engine, clock=clock)
    settle(use, engine, office)
    return Parts(
        place=place,
        engine=engine,
        office=office,
        people=people,
        sessions=people.sessions,
        use=use,
        clock=clock,
        working=Worker(clock=clock, before=runs.all(), keep=runs.keep),
        cost=cost,
    )
