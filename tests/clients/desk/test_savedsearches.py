"""Saved searches: a person's own, as they were saved, a bounded number of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clients.database import open_database
from clients.desk.savedsearches import MAX_SAVED, SEARCHES, SavedSearches
from clients.errors import ListError
from clients.finding import Facet, Search
from tests.support.keystores import DATABASE_KEY

SEARCH = Search(words=("taurus", "刀"), facets={Facet.EVENT: "recovery"}, with_superseded=True, newest_first=True)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Give a database."""
    found = open_database(tmp_path / "desk.sqlite", SEARCHES, key=DATABASE_KEY)
    yield found
    found.dispose()


def test_a_search_is_kept_as_it_was_saved_and_for_its_person_alone(engine: Engine) -> None:
    """Words in any script, facets and order; nobody else's list has it."""
    saved = SavedSearches(engine)
    saved.save(1, " my pistols ", SEARCH)

    assert dict(saved.of(1)) == {"my pistols": SEARCH}
    assert dict(saved.of(2)) == {}
    saved.forget(2, "my pistols")
    assert len(saved.of(1)) == 1
    saved.forget(1, "my pistols")
    assert dict(saved.of(1)) == {}


def test_the_same_name_replaces(engine: Engine) -> None:
    """A search is changed by saving it again."""
    saved = SavedSearches(engine)
    saved.save(1, "a", SEARCH)
    saved.save(1, "a", Search())

    assert dict(saved.of(1)) == {"a": Search()}


def test_there_is_an_end_to_them(engine: Engine) -> None:
    """One more than allowed is refused, and changing one of them is not."""
    saved = SavedSearches(engine)
    for number in range(MAX_SAVED):
        saved.save(1, f"search {number}", Search())
    with pytest.raises(ListError, match="searches already"):
        saved.save(1, "one more", Search())
    saved.save(1, "search 0", SEARCH)
    saved.save(2, "another person's", SEARCH)

    assert len(saved.of(1)) == MAX_SAVED


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb", "a\u202eb"])
def test_a_name_that_nobody_could_read_is_refused(engine: Engine, name: str) -> None:
    """Empty, too long, or with what does not show itself."""
    with pytest.raises(ListError):
        SavedSearches(engine).save(1, name, Search())


@pytest.mark.parametrize("words", [("x",) * 17, ("x" * 201,)])
def test_a_search_that_would_be_cut_is_not_saved(engine: Engine, words: tuple[str, ...]) -> None:
    """It would find something else than it says."""
    with pytest.raises(ListError):
        SavedSearches(engine).save(1, "a", Search(words=words))


def test_the_words_are_encrypted_on_disk(engine: Engine, tmp_path: Path) -> None:
    """What somebody looks for tells as much as what they find."""
    SavedSearches(engine).save(1, "a", SEARCH)

    assert all(b"taurus" not in path.read_bytes() for path in tmp_path.iterdir())
