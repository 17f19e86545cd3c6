"""A service that lies, forgets or changes its mind is caught by whoever asks it, and nothing it said is kept."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clients.agency import create_auditor
from clients.chain import send_waiting
from clients.entries import Entries
from clients.errors import ClientError, TrustError, UnreachableError
from clients.home import HomeConfig
from clients.service import Service
from clients.session import Session, join, load_profile
from clients.shippedmaps import load
from clients.submitting import resume
from clients.syncing import Sync
from clients.transport import Request, Response
from clients.trust import Trust
from ledger.batches import parse_batch
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.errors import BadSignatureError, LedgerError, MalformedError, ProofError
from ledger.kinds import Typ
from ledger.state import kind_of
from ledger.wire.schemas import AGENCY_HEAD, AgencyHead
from server.app import create_app, service_of
from server.highest import HighestSigned
from tests.support.commands import command
from tests.support.lists import submit_rows
from tests.support.loopback import ORIGIN, PHRASE, URL, WEAK, Walk, found_consortium

Change = Callable[[Request, Response], Response]
ROWS = [{"make": "Taurus", "serial": f"ABC{number}"} for number in range(3)]


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give two agencies around a real service, one list submitted, all of it closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), "xar-arms", "xbe-cib")
    submit_rows(found.session("xar-arms"), ROWS)
    found.close()
    return found


class Liar:
    """Hands requests on and changes the answers."""

    def __init__(self, walk: Walk, change: Change) -> None:
        """Take the honest service and the lie."""
        self._walk = walk
        self._change = change

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the changed answer."""
        return self._change(request, self._walk.transport.send(request, limit=limit))


def lied_to(walk: Walk, agency: str, change: Change) -> Session:
    """Return a session whose service lies."""
    session = walk.session(agency)
    signer = session.service._signer
    return replace(session, service=Service(Liar(walk, change), signer=signer))


def sync(session: Session, *, full: bool = False) -> Sync:
    """Sync, by the feed or in full."""
    run = Sync(session, progress=lambda _done, _total: None)
    _ = run.in_full() if full else run.by_feed()
    return run


def flip(path: str, *, at: int = -1) -> Change:
    """Return a lie that flips one bit of every answer under `path`."""

    def change(request: Request, response: Response) -> Response:
        if not request.path.startswith(path):
            return response
        body = bytearray(response.body)
        body[at] ^= 1
        return replace(response, body=bytes(body))

    return change


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("path", ["/tile/entries", "/tile/0", "/checkpoint", "/v1/charters"])
def test_changed_bytes_of_the_log(walk: Walk, path: str, *, full: bool) -> None:
    """One bit changed in a bundle, a tile, the checkpoint or a charter list stops the sync; nothing is stored."""
    session = lied_to(walk, "xbe-cib", flip(path, at=-10))

    with pytest.raises((LedgerError, ClientError)):
        sync(session, full=full)
    assert session.replica.count() == 0


def test_changed_ciphertext(walk: Walk) -> None:
    """A portion whose bytes were changed is reported by entry and not shown; the others are."""
    report = Sync(lied_to(walk, "xbe-cib", flip("/v1/blobs")), progress=lambda _done, _total: None).by_feed()

    assert report.refused
    assert all("sealtrace" not in why for why in report.refused.values())


def test_blobs_that_are_kept_back(walk: Walk) -> None:
    """A service that gives no ciphertext is named for it, entry by entry."""

    def empty(request: Request, response: Response) -> Response:
        return replace(response, body=bytes(len(response.body))) if request.path == "/v1/blobs" else response

    with pytest.raises(LedgerError):
        sync(lied_to(walk, "xbe-cib", empty))


def test_a_feed_that_leaves_a_record_out(walk: Walk) -> None:
    """What the feed hid, the full sync finds and names."""

    def hide(request: Request, response: Response) -> Response:
        if request.path != "/v1/feed":
            return response
        head, _, tail = response.body.partition(b'{"kind":"record"')
        rest = tail.partition(b"},{")[2]
        return replace(response, body=head + b"{" + rest if rest else response.body)

    session = lied_to(walk, "xbe-cib", hide)
    sync(session)
    assert session.replica.count() == 2
    report = Sync(session, progress=lambda _done, _total: None).in_full()
    assert len(report.left_out) == 1


def test_a_feed_that_names_a_statement_elsewhere(walk: Walk) -> None:
    """An index that is not the named statement's is refused."""

    def swap(request: Request, response: Response) -> Response:
        if request.path != "/v1/feed":
            return response
        return replace(response, body=response.body.replace(b'"kind":"record","index":4', b'"kind":"record","index":3'))

    with pytest.raises(LedgerError):
        sync(lied_to(walk, "xbe-cib", swap))


def test_a_rolled_back_log(walk: Walk) -> None:
    """A smaller checkpoint, signed by the log itself, is kept as evidence and stops everything."""
    session = walk.session("xbe-cib")
    note = session.service.checkpoint()
    submit_rows(walk.session("xar-arms"), [{"make": "Colt", "serial": "NEW1"}])
    sync(session)

    def rolled_back(request: Request, response: Response) -> Response:
        return replace(response, body=note) if request.path == "/checkpoint" else response

    with pytest.raises(TrustError, match="had 10 entries and now shows 8") as caught:
        sync(lied_to(walk, "xbe-cib", rolled_back))
    evidence = [path for path in walk.homes["xbe-cib"].trusted.iterdir() if path.name.startswith("evidence-")]
    assert [path.read_bytes() for path in evidence] == [note]
    assert evidence[0].name in caught.value.next_step


def test_a_split_view(walk: Walk) -> None:
    """A fork of the same size and longer, signed by the log's own keys, contradicts what was verified before."""
    session = walk.session("xbe-cib")
    sync(session)
    fork = sign_checkpoint(
        Checkpoint(origin=ORIGIN, size=8, root=bytes(32)), ed25519=walk.keys.ed25519, ml_dsa_44=walk.keys.ml_dsa_44
    )

    def forked(request: Request, response: Response) -> Response:
        return replace(response, body=fork) if request.path == "/checkpoint" else response

    with pytest.raises(ProofError):
        sync(lied_to(walk, "xbe-cib", forked))
    assert Trust(session.home.trusted).note() != fork


def test_a_rewritten_history(walk: Walk, tmp_path: Path) -> None:
    """Another log under the same keys and charter is refused by a home that knew the first, with evidence."""
    known = walk.session("xbe-cib")
    sync(known)
    second = replace(walk.config, data=tmp_path / "second")
    second.data.mkdir()
    for name in ("keystore", "service.json"):
        (second.data / name).write_bytes((walk.config.data / name).read_bytes())
        (second.data / name).chmod(0o600)
    HighestSigned(second.highest).begin(walk.keys, origin=ORIGIN)
    other = create_app(second, keys=walk.keys, clock=walk.clock)
    honest = walk.transport._client
    walk.transport._client = other.test_client()
    Service(walk.transport).submit_charter(walk.charter_file)
    (walk.homes["xar-arms"].path / "outbox.sqlite").rename(tmp_path / "outbox.sqlite")
    for path in walk.homes["xar-arms"].trusted.glob("checkpoint"):
        path.unlink()
    submit_rows(walk.session("xar-arms"), [{"make": "Colt", "serial": f"OTHER{number}"} for number in range(5)])

    with pytest.raises(TrustError, match="no longer those verified before"):
        sync(walk.session("xbe-cib"))
    (proof,) = walk.homes["xbe-cib"].trusted.glob("fraud-*.json")
    convicted = command(walk, "fraud", "verify", str(proof), "--json", home="xbe-cib")
    walk.transport._client = honest
    service_of(other).close()

    assert convicted.code == 0
    assert (convicted.json["kind"], convicted.json["who"]) == ("fork", [ORIGIN])


def test_another_charter_than_the_pinned(walk: Walk, tmp_path: Path) -> None:
    """A fingerprint that is not the charter's is refused before anything is believed, and stays unjoined."""
    config = HomeConfig(id="xzz-one", name="One", country="XZZ")
    home, _ = create_auditor(str(tmp_path / "one"), {}, config, passphrase=PHRASE, cost=WEAK)
    with pytest.raises(MalformedError, match="not the charter that was pinned"):
        join(home, url=URL, transport=walk.transport, fingerprint=bytes(32))
    assert not home.config().joined
    with pytest.raises(TrustError, match="another charter pinned"):
        join(home, url=URL, transport=walk.transport, fingerprint=walk.fingerprint)


def test_a_receipt_of_another_tree(walk: Walk) -> None:
    """A receipt whose proof or index does not lead to the signed root is refused; the batch stays in the outbox."""

    def wrong(request: Request, response: Response) -> Response:
        if request.path != "/v1/batches":
            return response
        return replace(response, body=response.body.replace(b'"first":8,"index":9', b'"first":7,"index":8'))

    session = lied_to(walk, "xar-arms", wrong)
    with pytest.raises(ProofError):
        submit_rows(session, [{"make": "Colt", "serial": "NEW1"}])
    assert session.outbox.waiting() is not None


def test_a_receipt_signed_by_nobody(walk: Walk) -> None:
    """A checkpoint in the receipt without the log's good signatures proves nothing."""

    def unsigned(request: Request, response: Response) -> Response:
        if request.path != "/v1/batches":
            return response
        return replace(response, body=response.body.replace("— ledger".encode(), "— lodger".encode()))

    with pytest.raises(BadSignatureError):
        submit_rows(lied_to(walk, "xar-arms", unsigned), [{"make": "Colt", "serial": "NEW1"}])


def test_a_lost_answer_is_sent_again_to_the_byte(walk: Walk) -> None:
    """The batch was logged and the answer lost: the same bytes go again, and no record is logged twice."""
    bodies: list[bytes] = []

    def lost(request: Request, response: Response) -> Response:
        if request.path == "/v1/batches":
            bodies.append(request.body or b"")
            raise UnreachableError("the answer was lost")
        return response

    rows = [{"make": "Colt", "serial": "NEW1"}]
    with pytest.raises(UnreachableError):
        submit_rows(lied_to(walk, "xar-arms", lost), rows)
    session = walk.session("xar-arms")
    done = submit_rows(session, rows)

    assert [(one.seq, one.index) for one in done.batches] == [(3, 9)]
    assert (done.records, len(done.unchanged)) == (0, 1)
    sent = [request.body for request in walk.transport.requests if request.path == "/v1/batches"]
    assert sent[-1] == sent[-2] == bodies[0]


def test_an_outbox_that_was_lost_continues_the_chain_from_the_log(walk: Walk) -> None:
    """A desk without its outbox finds the agency's own last batch in the log, verifies it and signs on top."""
    home = walk.homes["xar-arms"]
    sync(walk.session("xar-arms"))
    for path in home.path.glob("outbox.sqlite*"):
        path.unlink()

    done = submit_rows(walk.session("xar-arms"), [{"make": "Colt", "serial": "NEW1"}])
    assert [one.seq for one in done.batches] == [4]


@pytest.mark.parametrize(
    "older", [b'{"seq":0,"prev":"%s","index":null,"kx":0,"keys":0}' % (b"A" * 43), None], ids=["none", "older"]
)
def test_attack_an_older_end_of_the_chain(walk: Walk, older: bytes | None) -> None:
    """A service cannot have an agency without its outbox sign a second batch of one seq, which would convict it."""
    shown = _head_of_the_first_batch(walk) if older is None else older

    def forgets(request: Request, response: Response) -> Response:
        return replace(response, body=shown) if request.path == "/v1/agencies/xar-arms/head" else response

    sync(walk.session("xar-arms"))
    for path in walk.homes["xar-arms"].path.glob("outbox.sqlite*"):
        path.unlink()
    session = lied_to(walk, "xar-arms", forgets)

    with pytest.raises(ProofError, match="older end of this agency's chain"):
        submit_rows(session, [{"make": "Colt", "serial": "NEW1"}])
    assert session.outbox.last() is None


def _head_of_the_first_batch(walk: Walk) -> bytes:
    """Return what the service answered about the end of the chain after the agency's first batch."""
    files = walk.session("xar-arms")
    entries = Entries(files.refresh(), files.service)
    found = [(at, raw) for at in range(8) for raw in entries.read(at, at + 1) if raw.startswith(b"{")]
    index, raw = next((at, raw) for at, raw in found if kind_of(raw) is Typ.BATCH)
    head = AgencyHead(seq=1, prev=parse_batch(raw).payload_hash, index=index, kx=0, keys=0)
    return AGENCY_HEAD.write(head)


def test_a_second_desk_makes_the_batch_be_signed_anew(walk: Walk) -> None:
    """Another desk used the seq first: the waiting statements are closed by a new batch, each still logged once."""
    first = walk.session("xar-arms")
    sync(first)
    first.close()
    copy = walk.folder / "other-desk.sqlite"
    shutil.copy(walk.homes["xar-arms"].outbox, copy)
    submit_rows(walk.session("xar-arms"), [{"make": "Colt", "serial": "DESK1"}])
    for path in walk.homes["xar-arms"].path.glob("outbox.sqlite*"):
        path.unlink()
    copy.rename(walk.homes["xar-arms"].outbox)

    done = submit_rows(walk.session("xar-arms"), [{"make": "Colt", "serial": "DESK2"}])
    assert [one.seq for one in done.batches] == [4]
    assert command(walk, "audit", "--records", "--allow-unwitnessed", home="xbe-cib").code == 0


def test_a_log_that_lost_a_batch(walk: Walk) -> None:
    """A service that names an older end of the chain than it has proved is told so, not obeyed."""

    def forgets(request: Request, response: Response) -> Response:
        if request.path != "/v1/batches":
            return response
        problem = (
            b'{"type":"/problems/batch-sequence","title":"t","status":409,"detail":"d","next":"n","seq":1,"prev":"'
            + b"A" * 43
            + b'","index":2}'
        )
        return replace(response, status=409, content_type="application/problem+json", body=problem)

    with pytest.raises(TrustError, match="lost batches"):
        submit_rows(lied_to(walk, "xar-arms", forgets), [{"make": "Colt", "serial": "NEW1"}])


def test_a_busy_service_is_asked_again(walk: Walk) -> None:
    """`busy` is waited for a few times; then the batch stays in the outbox and --resume sends it."""
    calls: list[int] = []

    def busy(request: Request, response: Response) -> Response:
        if request.path != "/v1/batches":
            return response
        calls.append(1)
        body = b'{"type":"/problems/busy","title":"t","status":503,"detail":"d","next":"n"}'
        return replace(response, status=503, content_type="application/problem+json", body=body)

    session = lied_to(walk, "xar-arms", busy)
    with pytest.raises(LedgerError):
        submit_rows(session, [{"make": "Colt", "serial": "NEW1"}])
    assert len(calls) == 5
    assert resume(walk.session("xar-arms")).batches[0].seq == 3
    assert send_waiting(walk.session("xar-arms")) is None


def test_a_week_opens_a_new_epoch(walk: Walk) -> None:
    """After seven days the next records are sealed with new keys, granted first."""
    walk.clock.advance(7 * 86_400)
    session = walk.session("xar-arms")
    done = submit_rows(session, [{"make": "Colt", "serial": "NEW1"}])

    epoch = session.outbox.epoch()
    assert epoch is not None
    assert (epoch.ep, epoch.records) == (2, 1)
    assert done.size == 13
    assert load_profile(session.home, session.trust.charters()[-1]).agency == "xar-arms"
    assert load("us-de-gunstat").title


def test_a_proof_is_made_of_what_a_witness_kept(walk: Walk) -> None:
    """Two signed checkpoints of one size convict the log by a command; two that agree are told apart."""
    honest = Service(walk.transport).checkpoint()
    fork = sign_checkpoint(
        Checkpoint(origin=ORIGIN, size=8, root=bytes(32)), ed25519=walk.keys.ed25519, ml_dsa_44=walk.keys.ml_dsa_44
    )
    (walk.folder / "held").write_bytes(honest)
    (walk.folder / "request").write_bytes(b"old 8\n\n" + fork)
    names = [str(walk.folder / name) for name in ("held", "request", "proof.json")]
    made = command(walk, "fraud", "prove", *names[:2], "-o", names[2], home="xbe-cib")
    agreeing = command(walk, "fraud", "prove", names[0], names[0], "-o", names[2], home="xbe-cib")

    assert made.code == 0, made.notes
    assert f"convicts     {ORIGIN}" in made.output
    assert command(walk, "fraud", "verify", names[2], home="xbe-cib").code == 0
    assert agreeing.code == 1
