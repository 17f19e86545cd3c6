"""The people of the desk as they stand, and what they may set for themselves."""

import unicodedata
from collections.abc import Sequence

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from clients.database import reading
from clients.desk.people.errors import PeopleError
from clients.desk.people.mandates import Mandate, mandate_from_text
from clients.desk.people.person import Person, Role
from clients.desk.people.tables import PERSON
from clients.officers import MAX_NAME
from clients.plaintext import visible

LANGUAGES = ("en", "fr", "ar")
THEMES = ("auto", "light", "dark")


class Accounts:
    """Reads people; who may do what is changed by `changes` and `invitations` alone."""

    def __init__(self, engine: Engine) -> None:
        """Take the desk's database."""
        self._engine = engine

    def all(self) -> Sequence[Person]:
        """Return everybody by name, those who were ended too."""
        with reading(self._engine) as connection:
            return [person_of(row) for row in connection.execute(select(PERSON).order_by(PERSON.c.folded)).mappings()]

    def find(self, person_id: int) -> Person:
        """Return a person by number; raise PeopleError if there is none."""
        with reading(self._engine) as connection:
            return require_person(connection, person_id)

    def named(self, name: str) -> Person | None:
        """Return the person of that name who works here, or None."""
        query = select(PERSON).where(PERSON.c.folded == folded(name), PERSON.c.ended.is_(None))
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else person_of(row)

    def handle(self, person_id: int) -> bytes:
        """Return the random handle by which passkeys name a person."""
        with reading(self._engine) as connection:
            found: bytes = connection.execute(select(PERSON.c.handle).where(PERSON.c.id == person_id)).scalar_one()
        return found

    def set_language(self, person_id: int, language: str) -> None:
        """Choose the language of one's own pages."""
        self._set(person_id, "language", language, LANGUAGES)

    def set_theme(self, person_id: int, theme: str) -> None:
        """Choose light, dark, or what the browser prefers."""
        self._set(person_id, "theme", theme, THEMES)

    def _set(self, person_id: int, column: str, value: str, known: tuple[str, ...]) -> None:
        if value not in known:
            raise PeopleError("there is no such choice", next_step="choose one of those that the page shows")
        with self._engine.begin() as connection:
            connection.execute(update(PERSON).where(PERSON.c.id == person_id).values({column: value}))


def person_of(row: RowMapping) -> Person:
    """Return the person that a row of a query over PERSON holds, alone or beside another table's."""
    mandate = mandate_from_text(row[PERSON.c.mandate])
    return Person(
        id=row[PERSON.c.id],
        name=row[PERSON.c.name],
        roles=mandate.roles,
        clearance=mandate.clearance,
        compartments=mandate.compartments,
        purposes=mandate.purposes,
        language=row[PERSON.c.language],
        theme=row[PERSON.c.theme],
        ended=row[PERSON.c.ended] is not None,
    )


def require_person(connection: Connection, person_id: int) -> Person:
    """Return a person by number; raise PeopleError if there is none."""
    row = connection.execute(select(PERSON).where(PERSON.c.id == person_id)).mappings().first()
    if row is None:
        raise PeopleError("there is no such person", next_step="choose one from the list")
    return person_of(row)


def administrators(connection: Connection) -> frozenset[int]:
    """Return the numbers of those who administer the desk now."""
    rows = connection.execute(select(PERSON).where(PERSON.c.ended.is_(None))).mappings()
    return frozenset(one.id for one in map(person_of, rows) if Role.ADMINISTRATOR in one.roles)


def check_name(name: str) -> str:
    """Return a name that may stand in the record of use and in approvals; raise PeopleError for any other."""
    if " ".join(name.split()) != name or not name or visible(name) != name or len(name) > MAX_NAME:
        raise PeopleError(f"a person's name is one line of at most {MAX_NAME} characters")
    return name


def folded(name: str) -> str:
    """Return what two spellings of one name have in common."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def is_taken(connection: Connection, name: str) -> bool:
    """Say whether a name belongs to somebody, also one who was ended: the record of use must name one person by it."""
    return connection.execute(select(PERSON.c.id).where(PERSON.c.folded == folded(name))).first() is not None


def add_person(connection: Connection, *, name: str, handle: bytes, mandate: Mandate, now: int) -> Person:
    """Add a person; raise PeopleError if the name is taken."""
    row = {
        "name": check_name(name),
        "folded": folded(name),
        "handle": handle,
        "mandate": mandate.to_text(),
        "language": LANGUAGES[0],
        "theme": THEMES[0],
        "created": now,
    }
    try:
        added = connection.execute(insert(PERSON).values(row).returning(PERSON)).mappings().one()
    except IntegrityError as error:
        raise PeopleError("somebody has that name", next_step="choose one that tells them apart") from error
    return person_of(added)
