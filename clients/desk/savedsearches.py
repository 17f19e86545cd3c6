"""Searches that a person keeps under a name, for themselves alone. They hold words, so they lie in the encrypted database."""

import json
from collections.abc import Mapping

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from clients.database import reading
from clients.errors import ListError
from clients.finding import MAX_WORD_CHARACTERS, MAX_WORDS, Facet, Search

MAX_SAVED = 50
MAX_NAME_CHARACTERS = 80

SEARCHES = MetaData()
_SAVED = Table(
    "saved_search",
    SEARCHES,
    Column("person", Integer, primary_key=True),
    Column("name", String, primary_key=True),
    Column("search", String, nullable=False),
)


class SavedSearches:
    """The saved searches of one desk, each person's apart."""

    def __init__(self, engine: Engine) -> None:
        """Take the desk's database."""
        self._engine = engine

    def save(self, person: int, name: str, search: Search) -> None:
        """Keep a search under a name; one of that name is replaced. Raise ListError for too many, or too long a one."""
        name = name.strip()
        if not name or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
            raise ListError(f"a name has 1 to {MAX_NAME_CHARACTERS} characters", next_step="choose a shorter one")
        if len(search.words) > MAX_WORDS or any(len(word) > MAX_WORD_CHARACTERS for word in search.words):
            raise ListError(f"a search has at most {MAX_WORDS} words", next_step="leave some out")
        with self._engine.begin() as connection:
            others = select(func.count()).where(_SAVED.c.person == person, _SAVED.c.name != name)
            if connection.execute(others).scalar_one() >= MAX_SAVED:
                raise ListError(f"you keep {MAX_SAVED} searches already", next_step="take one away first")
            row = insert(_SAVED).values(person=person, name=name, search=_to_text(search))
            connection.execute(
                row.on_conflict_do_update(index_elements=["person", "name"], set_={"search": row.excluded.search})
            )

    def of(self, person: int) -> Mapping[str, Search]:
        """Return a person's searches by their names, in alphabetical order."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_SAVED).where(_SAVED.c.person == person).order_by(_SAVED.c.name))
            return {row.name: _from_text(row.search) for row in rows}

    def forget(self, person: int, name: str) -> None:
        """Take a search away; one that is not there is gone already."""
        with self._engine.begin() as connection:
            connection.execute(delete(_SAVED).where(_SAVED.c.person == person, _SAVED.c.name == name))


def _to_text(search: Search) -> str:
    facets = {facet.value: value for facet, value in search.facets.items()}
    return json.dumps([search.words, facets, search.with_superseded, search.newest_first], ensure_ascii=False)


def _from_text(text: str) -> Search:
    words, facets, with_superseded, newest_first = json.loads(text)
    return Search(
        words=tuple(words),
        facets={Facet(name): value for name, value in facets.items()},
        with_superseded=with_superseded,
        newest_first=newest_first,
    )
