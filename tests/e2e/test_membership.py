"""Members change by charter: the next version is proposed, signed by threshold, logged, and followed by every home."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from clients import auditing, charters
from clients.agency import Identity, Passphrase, create_agency, create_auditor, parse_enrolment
from clients.authority import Authority
from clients.codes import import_codes, load_tables
from clients.entries import Entries, fetch_bundle
from clients.errors import HomeError, ListError, StaleError, TrustError
from clients.finding import Facet, Search, find
from clients.home import Home, HomeConfig
from clients.keyring import Keyring
from clients.opening import agency_reader
from clients.service import Service
from clients.session import join, load_profile, save_profile
from clients.sources import FolderLog
from clients.syncing import Sync
from clients.transport import Request, Response
from clients.trust import Trust
from clients.views import Viewer
from ledger.agencies import Auditor, Contact
from ledger.audit import Verdict
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.errors import BadSignatureError, MalformedError, NotFoundError, ProofError
from ledger.fingerprints import of_file
from ledger.labels import Level, Purpose
from ledger.merkle import leaf_hash
from ledger.submissions import Depth
from ledger.tiles import TilePath, encode_entry_bundle
from ledger.wire import paths
from ledger.wire.schemas import CHARTER_LIST, CharterList, CharterVersion
from tests.support.lists import submit_rows
from tests.support.loopback import ORIGIN, PHRASE, URL, WEAK, Walk, found_consortium

OWNER, PARTNER, NEWCOMER = "xar-arms", "xbe-cib", "xco-npa"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give two agencies and an auditor around a real service with one list in it, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, PARTNER, auditor="xau-dit")
    submit_rows(found.session(OWNER), [{"make": "Colt", "serial": "ONE1"}])
    found.close()
    return found


def identity(agency: str) -> Identity:
    """Return an agency to be."""
    contact = Contact(name="Duty desk", hours="24/7", languages=("en",))
    return Identity(id=agency, name=agency, country=agency[:3].upper(), contact=contact)


def create(folder: Path, agency: str) -> tuple[Home, bytes]:
    """Make an agency's home and enrolment request."""
    phrases = Passphrase(working=PHRASE, root=PHRASE)
    return create_agency(str(folder / agency), {}, identity(agency), passphrases=phrases, cost=WEAK)


def root(home: Home) -> Keyring:
    """Return an agency's root keys."""
    return Keyring.open(home.root_keystore, passphrase=PHRASE, allow_weak=True)


def proposed(walk: Walk) -> tuple[Home, bytes]:
    """Return the home of a newcomer and charter 2, which admits it, signed by everybody."""
    home, request = create(walk.folder, NEWCOMER)
    terms = charters.Terms(ceilings={NEWCOMER: Level.RESTRICTED})
    file = charters.propose_next(walk.charter_file, [parse_enrolment(request)], terms)
    for signer in (walk.homes[OWNER], walk.homes[PARTNER], home):
        file = charters.sign(file, root(signer), previous=walk.charter_file)
    return home, file


def admit(walk: Walk) -> tuple[Home, bytes]:
    """Log charter 2, which admits a newcomer; return its home and the file."""
    home, file = proposed(walk)
    assert charters.submit(Service(walk.transport), file).index > 0
    return home, file


def test_a_newcomer_joins_and_reads_what_is_sealed_from_then_on(walk: Walk) -> None:
    """Charter 2 keeps members and auditors, opens a new epoch, and the newcomer reads the records after it alone."""
    home, file = admit(walk)
    charter = charters.read(file)
    assert [agency.id for agency in charter.agencies] == [OWNER, PARTNER, NEWCOMER]
    assert [auditor.id for auditor in charter.auditors] == ["xau-dit"]
    assert (charter.threshold, charter.limits.entries) == (2, "open")
    submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": "TWO2"}])

    walk.homes[NEWCOMER] = home
    join(home, url=URL, transport=walk.transport, fingerprint=walk.fingerprint)
    session = walk.session(NEWCOMER)
    Sync(session, progress=lambda _done, _total: None).by_feed()
    assert [record.ep for record in session.replica.records()] == [2]
    full = Sync(session, progress=lambda _done, _total: None).in_full()
    assert (full.records, full.left_out) == (0, ())
    assert len(Trust(home.trusted).charters()) == 2


def test_an_audit_follows_the_charters(walk: Walk) -> None:
    """Both charter files are verified from the pin on, and their entries are counted."""
    admit(walk)
    done = auditing.audit(
        Service(walk.transport), fingerprint=walk.fingerprint, depth=Depth.RECORDS,
        progress=lambda _done, _total: None,
    )  # fmt: skip

    assert done.report.findings == ()
    assert (done.charters, done.report.verdict, done.report.broken) == (2, Verdict.UNWITNESSED, 0)


def test_a_charter_that_is_hidden_again(walk: Walk) -> None:
    """A service that no longer shows a charter this home has verified is not believed."""
    admit(walk)
    session = walk.session(PARTNER)
    session.refresh()

    class Hiding:
        def send(self, request: Request, *, limit: int) -> Response:
            """Cut the list after the first charter."""
            response = walk.transport.send(request, limit=limit)
            if request.path != "/v1/charters":
                return response
            return replace(response, body=response.body.partition(b'},{"ver":2')[0] + b"}]}")

    with pytest.raises(TrustError, match="no longer shows a charter"):
        session.trust.refresh(Service(Hiding()))


class Placing:
    """A service that says of charter 2 that it stands elsewhere, whether it is logged or not."""

    def __init__(self, walk: Walk, file: bytes, index: int) -> None:
        """Take the honest service, the charter's file, and where it is said to stand."""
        self._walk = walk
        self._file = file
        self._index = index

    def send(self, request: Request, *, limit: int) -> Response:
        """Name the charter beside the first, and hand it out."""
        if request.path == paths.charter(2):
            return Response(status=200, content_type=paths.CHARTER_TYPE, body=self._file)
        response = self._walk.transport.send(request, limit=limit)
        if request.path != paths.CHARTERS:
            return response
        first = CHARTER_LIST.read(response.body).charters[0]
        second = CharterVersion(ver=2, index=self._index, h=of_file(self._file))
        return replace(response, body=CHARTER_LIST.write(CharterList(charters=(first, second))))


@pytest.mark.parametrize("index", [1, 2])
def test_attack_a_charter_that_was_signed_and_never_logged(walk: Walk, index: int) -> None:
    """A charter that enough members signed counts from its place in the log on, and nowhere before it has one."""
    file = proposed(walk)[1]
    session = walk.session(PARTNER)
    before = session.refresh().charter

    with pytest.raises(ProofError, match="charter 2 is not where the service says it is logged"):
        session.trust.refresh(Service(Placing(walk, file, index)))

    assert session.trust.charters() == (before,)


def test_attack_a_logged_charter_said_to_stand_elsewhere(walk: Walk) -> None:
    """Where a charter stands says which keys count: it is proved, and not believed."""
    file = admit(walk)[1]

    with pytest.raises(ProofError, match="charter 2 is not where the service says it is logged"):
        walk.session(PARTNER).trust.refresh(Service(Placing(walk, file, 1)))


def test_a_key_entry_beyond_the_checkpoint(walk: Walk) -> None:
    """A kx that the verified log does not reach is no reason to believe anything."""
    session = walk.session(PARTNER)
    authority = Authority(session.refresh(), service=session.service, replica=session.replica)

    with pytest.raises(StaleError, match="beyond"):
        authority.learn(OWNER, 10_000)
    with pytest.raises(MalformedError):
        authority.learn(OWNER, 1)


def test_enrolment_requests_are_read_strictly(tmp_path: Path) -> None:
    """What `agency create` wrote reads back; anything else is refused with what to ask for."""
    _, request = create(tmp_path, OWNER)
    config = HomeConfig(id="xau-dit", name="Auditor", country="XAU")
    _, other = create_auditor(str(tmp_path / "auditor"), {}, config, passphrase=PHRASE, cost=WEAK)

    assert parse_enrolment(request).id == OWNER
    assert isinstance(parse_enrolment(other), Auditor)
    for bad in (b"", b"{}", request.replace(b'"agency"', b'"person"', 1), request.replace(b"root", b"boot", 1)):
        with pytest.raises(ListError, match="not an enrolment request"):
            parse_enrolment(bad)


def test_a_service_file_is_read_strictly(walk: Walk) -> None:
    """A service's file that names no keys proposes nothing."""
    with pytest.raises(ListError, match="not a service's file"):
        charters.parse_service(walk.config.service.read_bytes().replace(b"vkeys", b"wkeys"))


def test_a_profile_of_another_agency_is_refused(walk: Walk) -> None:
    """A home seals by its own agency's profile, in UTF-8 and of a sensible size."""
    home = walk.homes[OWNER]
    charter = Trust(home.trusted).charters()[-1]
    save_profile(home, load_profile(home, charter))
    assert load_profile(home, charter).agency == OWNER
    with pytest.raises(ListError, match="another agency"):
        load_profile(walk.homes[PARTNER], charter, path=home.profile)
    for raw, message in ((b"\xff", "UTF-8"), (b"#" * 2_000_000, "too large")):
        home.profile.write_bytes(raw)
        with pytest.raises(ListError, match=message):
            load_profile(home, charter)


def test_code_lists_are_checked_before_they_are_kept(walk: Walk) -> None:
    """An unknown kind, a binary, an empty or a shapeless list changes nothing."""
    home = walk.homes[OWNER]
    for raw, kind in ((b"code,description\nA,b\n", "colours"), (b"\xff\xfe", "makes"), (b"a,b\n", "makes"), (b"code,description\n", "makes")):  # fmt: skip
        with pytest.raises(ListError):
            import_codes(home, raw, kind=kind)
    with pytest.raises(ListError, match="too large"):
        import_codes(home, b"x" * (16 * 1024 * 1024 + 1), kind="makes")

    import_codes(home, b"code,description\nZZ9,Ninth Works\n", kind="calibres")
    assert load_tables(home).calibres.codes["ZZ9"] == "Ninth Works"


def test_bundles_that_shrank_to_full_ones_are_still_read(walk: Walk) -> None:
    """A log may drop a partial bundle once the full one exists; any other missing bundle is missing."""
    entries = [b"%d" % number for number in range(256)]

    def read(path: TilePath) -> bytes:
        if path.is_partial or path.index:
            raise NotFoundError("not kept")
        return encode_entry_bundle(entries)

    assert fetch_bundle(read, index=0, size=7) == tuple(entries[:7])
    with pytest.raises(NotFoundError):
        fetch_bundle(read, index=1, size=512)
    session = walk.session(PARTNER)
    with pytest.raises(ProofError, match="not a range"):
        Entries(session.refresh(), session.service).read(0, 10_000)


def test_an_audit_against_an_earlier_checkpoint(walk: Walk) -> None:
    """A log that does not contain a checkpoint known before fails the audit at once."""
    service = Service(walk.transport)
    true = service.checkpoint()
    forged = sign_checkpoint(
        Checkpoint(origin=ORIGIN, size=2, root=leaf_hash(b"")),
        ed25519=walk.keys.ed25519,
        ml_dsa_44=walk.keys.ml_dsa_44,
    )

    for known, verdict in ((true, Verdict.UNWITNESSED), (forged, Verdict.FAILED)):
        done = auditing.audit(
            service, fingerprint=walk.fingerprint, depth=Depth.STRUCTURE, earlier=auditing.Earlier(known=known),
            progress=lambda _done, _total: None,
        )  # fmt: skip
        assert done.report.verdict is verdict
    assert [finding.check for finding in done.report.findings] == ["consistency"]


def test_a_folder_that_is_no_log(tmp_path: Path) -> None:
    """An empty folder is not found, an oversized file is refused."""
    with pytest.raises(NotFoundError):
        FolderLog(tmp_path).checkpoint()


def test_trust_before_the_pin_and_after_damage(walk: Walk, tmp_path: Path) -> None:
    """Nothing is believed before the pin; a damaged checkpoint is said, not skipped."""
    empty = Trust(tmp_path / "nothing")
    with pytest.raises(HomeError, match="no charter is pinned"):
        empty.anchor()
    with pytest.raises(HomeError, match="no charter was verified"):
        empty.charters()
    trusted = walk.homes[PARTNER].trusted
    (trusted / "checkpoint").write_bytes(b"rubbish")
    with pytest.raises(TrustError, match="fits no charter"):
        walk.session(PARTNER).refresh()


def test_a_checkpoint_by_other_keys(walk: Walk) -> None:
    """A checkpoint that the charter's log keys have not both signed is none."""
    forged = sign_checkpoint(
        Checkpoint(origin=ORIGIN, size=1, root=bytes(32)),
        ed25519=walk.keys.access_ed25519,
        ml_dsa_44=walk.keys.access_ml_dsa_44,
    )

    class Forging:
        def send(self, request: Request, *, limit: int) -> Response:
            """Answer with the forged checkpoint."""
            response = walk.transport.send(request, limit=limit)
            return replace(response, body=forged) if request.path == "/checkpoint" else response

    with pytest.raises(BadSignatureError):
        walk.session(PARTNER).trust.refresh(Service(Forging()))


def test_searches_narrow_by_originator_and_event(walk: Walk) -> None:
    """Each option of a search leaves out what it should, and nothing else."""
    session = walk.session(PARTNER)
    Sync(session, progress=lambda _done, _total: None).by_feed()
    members = session.authority(session.refresh()).members()
    today = dt.date(2026, 1, 1)
    viewer = Viewer(reader=agency_reader(PARTNER), purpose=Purpose.TRACE, today=today, members=members)

    def count(*words: str, **facets: str) -> int:
        search = Search(words=words, facets={Facet(name): value for name, value in facets.items()})
        return find(session.replica, search, viewer, load_tables(session.home).makes, limit=9).total

    assert count() == 1
    assert count("one1", iss=OWNER, event="recovery") == 1
    assert count(iss=PARTNER) == count(event="sale") == count("nothing") == 0
