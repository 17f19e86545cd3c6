"""Every parser of the product, fed with anything: a value or one of our errors comes out, and never anything else."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.targets import TARGETS, Target

PACKAGES = ("crypto", "ledger", "clients", "server")
NAMED_LIKE_A_PARSER = re.compile(r"(parse|open|from|read|load|decode|unpack|unlp|unb64u?)(_\w+)?|\w+_from_\w+")
# What is named like a parser and is none, with the reason.
NO_PARSERS = {
    "clients.cli.fraud.open_command": "a command: what it reads is ledger.reports.open_report",
    "clients.reports.read_report": "ledger.reports.open_report with a home's keys",
    "crypto.encoding.unlp_each": "`unlp`, which is a target, is all of it",
    "crypto.ed25519.load_private_key": "takes a seed that was drawn here",
    "crypto.mldsa.load_private_key": "takes a seed that was drawn here",
    "crypto.hpke.Decapsulator.open": "an interface",
    "ledger.b64lists.read_list": "takes what a pattern has matched; its callers are targets",
    "ledger.jsontext.load_checked": "takes the very bytes that `load` has taken",
    "ledger.keyring.KeyRing.open_keys": "takes nothing",
    "ledger.log.StoreTransaction.read_back": "an interface",
    "ledger.tiles.read_hashes": "takes a reader: its tiles are hashed before they are believed",
    "clients.desk.database.open_desk": "opens our own database",
    "clients.desk.mailing.parse_relay": "takes the boxes of a form: tests/clients/desk/test_mailing.py",
    "clients.desk.mailing.read_password": "takes a file: tests/clients/desk/test_mailing.py",
    "clients.desk.inviting.open_door": "takes a home",
    "clients.desk.opening.open_parts": "takes a home",
    "clients.desk.pages.asklists.read": "a page: what it reads is a list, which is a target",
    "clients.desk.pages.imports.read": "a page: what it reads is a list, which is a target",
    "clients.desk.people.invitations.Invitations.again_from_machine": "takes a number of our own database",
    "clients.desk.people.invitations.Invitations.invite_from_machine": "takes a mandate",
    "clients.desk.people.mandates.mandate_from_text": "reads our own database",
    "clients.desk.people.people.open_people": "takes our own database",
    "clients.desk.program.parse_options": "takes a command line: argparse",
    "clients.desk.use.record.open_record": "takes a home and our own database",
    "clients.intake.advancing.read_now": "takes an import; a list is a target",
    "clients.intake.checking.unpack_problems": "reads our own database",
    "clients.intake.deciding.read_again": "takes an import; a list is a target",
    "clients.intake.events.parse_event": "reads our own database",
    "clients.intake.reading.unpack": "reads our own database",
    "clients.reading.read_record": "takes a replica: tests/clients/test_cli_reading.py",
    "clients.talk.tables.read_releases": "reads our own database",
    "clients.desk.catalogues.read": "reads a catalogue of ours",
    "clients.discarding.parse_entry": "reads a batch of our own outbox; a batch is a target",
    "server.publishing.publishing.open_publishing": "takes a store and keys",
    "clients.auditcharters.read_charters": "takes files by functions; each is a target",
    "clients.batchreading.read_batch": "takes verified entries; a submission is a target",
    "clients.codes.load_tables": "takes a home; a code list is a target",
    "clients.shippedmaps.load": "takes the name of a map of ours; a map is a target",
    "clients.database.open_database": "opens our own database",
    "clients.entries.Entries.read": "takes verified tiles; a bundle is a target",
    "clients.home.open_home": "takes a place: tests/clients/test_home.py",
    "clients.keyring.Keyring.open": "opens a keystore, which is a target",
    "clients.opening.Opener.open_records": "takes records and ciphertexts, which are targets",
    "clients.talk.tables.read_released": "reads our own database",
    "clients.session.open_session": "takes a home",
    "clients.session.load_profile": "takes a home; a profile is a target",
    "clients.witness.program.parse_options": "takes a command line: argparse",
    "clients.witness.slots.read": "takes a file: tests/clients/test_witness_slots.py",
    "clients.witness.opening.open_witness": "takes a place: tests/clients/test_witness_opening.py",
    "server.config.Config.from_env": "takes the environment: tests/server/test_config.py",
    "server.database.read_only": "opens a database: tests/server/test_fsck.py",
    "server.accessstore.AccessTransaction.read_back": "takes two numbers",
    "server.keys.open_keys": "opens a keystore, which is a target",
    "server.matchkeys.read_match_keys": "takes a keystore, which is a target",
    "server.questionrows.unpack_told": "reads our own database",
    "server.passphrase.read_passphrase": "takes the environment: tests/server/test_config.py",
    "server.service.open_service": "opens a database: tests/server/test_startup.py",
    "server.appending.SqlTransaction.read_back": "takes two numbers",
    "clients.lists.emptyrows.WithoutEmptyRows.read": "leaves bytes out and takes none apart: tests/clients/test_lists_emptyrows.py",
    "clients.lists.workbooks.read_workbook": "runs a child process: tests/clients/test_lists_workbooks*.py",
}
names = pytest.mark.parametrize("name", sorted(TARGETS))


def parsers() -> Iterator[str]:
    """Yield the full name of every public function and method that is named like a parser."""
    for package in PACKAGES:
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            module = importlib.import_module(found.name)
            for name, item in vars(module).items():
                if getattr(item, "__module__", None) == module.__name__ and not name.startswith("_"):
                    yield from (f"{found.name}.{full}" for full in functions_of(name, item))


def functions_of(name: str, item: object) -> Iterator[str]:
    """Yield the names of a function, or of the methods of a class, that are named like a parser."""
    # What is remembered for a moment is a parser all the same.
    if inspect.isfunction(inspect.unwrap(item) if callable(item) else item) and NAMED_LIKE_A_PARSER.fullmatch(name):
        yield name
    if inspect.isclass(item):
        for method, value in vars(item).items():
            if NAMED_LIKE_A_PARSER.fullmatch(method) and isinstance(
                value, (classmethod, staticmethod, type(functions_of))
            ):
                yield f"{name}.{method}"


def bent(seed: bytes) -> st.SearchStrategy[bytes]:
    """Return ways to bend valid input: bytes overwritten, put in, cut out or doubled, in up to four places."""
    places = st.integers(0, len(seed))
    edits = st.tuples(places, places, st.binary(max_size=8), st.booleans())

    def apply(changes: list[tuple[int, int, bytes, bool]]) -> bytes:
        raw = seed
        for at, until, put, doubled in changes:
            raw = raw[:at] + put + raw[at if doubled else min(until, at + 8) :]
        return raw

    return st.lists(edits, min_size=1, max_size=4).map(apply)


def test_every_parser_is_in_the_table() -> None:
    """A parser that nobody fuzzes is found here, on the day that it is written."""
    found = set(parsers())

    assert found - set(TARGETS) - set(NO_PARSERS) == set()
    assert set(NO_PARSERS) - found == set()
    assert {name for name in TARGETS if "identifiers" not in name} - found == set()


@names
def test_seeds_are_valid(name: str) -> None:
    """A fuzzer starts from input that is taken; otherwise it would never get behind the first check."""
    target = TARGETS[name]
    assert target.seeds
    for seed in target.seeds:
        target.feed(seed)


@names
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(raw=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes_raise_only_our_errors(name: str, raw: bytes) -> None:
    """Noise is refused by an error of ours."""
    TARGETS[name](raw)


@names
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_bent_input_raises_only_our_errors(name: str, data: st.DataObject) -> None:
    """So is input that was valid until somebody bent it."""
    target = TARGETS[name]

    target(data.draw(st.sampled_from(target.seeds).flatmap(bent)))


def test_a_target_lets_a_bug_out() -> None:
    """What a parser must not raise leaves the target: the tests above would see it."""

    def fail(_raw: bytes) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        Target(feed=fail, raises=(ValueError,), seeds=())(b"")
