"""A consortium made in milliseconds: n agencies with keys, a signed charter, a log over memory.

Every key comes from the SHA-256 of its name, so that two runs, and two tests, see the same keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from crypto.digests import sha256
from crypto.hpke import SeedDecapsulator
from crypto.portionkeys import matching_key_id
from crypto.signing import Algorithm, SeedSigner, Signer
from ledger.agencies import Agency, Contact, Law
from ledger.appends import batch_append, charter_append, key_append
from ledger.batches import build_batch
from ledger.charter import Charter, charter_entry, propose, sign_charter
from ledger.checkpoints import vkey
from ledger.expunges import Why, build_expunge
from ledger.fingerprints import of_file
from ledger.grants import Use, seal_grant
from ledger.identifiers import KeyId, StatementName
from ledger.keyentries import build_key_entry
from ledger.keys import ALGORITHMS, Key, enrol, of_role
from ledger.kinds import Role
from ledger.labels import Level
from ledger.log import Log, Store, TreeStore
from ledger.membership import CharterChange, KeyChange
from ledger.recordform import PORTIONS
from ledger.sealing import PortionDraft, seal_record
from ledger.slips import Hit, SlipDraft
from ledger.state import LogState, VerifiedBatch
from ledger.statements import SealedStatement
from ledger.submissions import attach_blobs, read_submission
from ledger.terms import Limits, LogKeys, Match, WitnessPolicy
from tests.support.fakes import MemoryStore

ORIGIN = "log.test/weapons"
URL = "http://127.0.0.1:8470"
NOW = 1_800_000_000
ROLES = (Role.ROOT, Role.RECOVERY, Role.SIGN, Role.BATCH, Role.HTTP, Role.HPKE)


@cache
def signer(name: str, algorithm: Algorithm) -> SeedSigner:
    """Return the signer whose seed is the hash of its name."""
    return SeedSigner(algorithm, sha256(f"{name} {algorithm.value}".encode()))


@cache
def decapsulator(name: str) -> SeedDecapsulator:
    """Return the opener of boxes whose seed is the hash of its name."""
    return SeedDecapsulator(sha256(name.encode()))


@cache
def make_key(kid: KeyId, role: Role, algorithm: Algorithm | None) -> Key:
    """Return the public half of the key that is made from its own name."""
    raw = decapsulator(str(kid)).public_key if algorithm is None else signer(str(kid), algorithm).public_key.raw
    return enrol(kid=kid, role=role, public_key=raw)


def make_keys(agency: str, *, roles: Sequence[Role] = ROLES, start: int = 1) -> tuple[Key, ...]:
    """Return keys of the given roles, numbered from `start` on."""
    algorithms = [(role, algorithm) for role in roles for algorithm in (ALGORITHMS[role] or (None,))]
    return tuple(
        make_key(KeyId(agency, number), role, algorithm)
        for number, (role, algorithm) in enumerate(algorithms, start=start)
    )


def signer_of(key: Key) -> Signer:
    """Return who signs for a key that `make_key` made."""
    if key.algorithm is None:
        raise ValueError("this key signs nothing")
    return signer(str(key.kid), key.algorithm)


def roots_of(agency: Agency) -> tuple[tuple[Signer, Key], ...]:
    """Return an agency's two root signers with their keys."""
    return tuple((signer_of(key), key) for key in agency.roots())


def make_agency(
    agency_id: str,
    *,
    keys: Sequence[Key] | None = None,
    ceiling: Level = Level.SECRET,
    roles: tuple[str, ...] = ("submit", "read"),
) -> Agency:
    """Return an agency with everything a newcomer lists."""
    return Agency(
        id=agency_id,
        name=f"Invented Agency {agency_id}",
        country=agency_id[:3].upper(),
        roles=roles,
        ceiling=ceiling,
        contact=Contact(name="Duty Officer", hours="24/7", languages=("en",)),
        law=(Law(code="COURT", text="Courts may order disclosure."),),
        keys=tuple(make_keys(agency_id) if keys is None else keys),
    )


def agency_ids(count: int) -> tuple[str, ...]:
    """Return ids under the user-assigned codes XAA to XZZ, in ascending order."""
    return tuple(f"x{chr(97 + number // 26)}{chr(97 + number % 26)}-arms" for number in range(count))


@cache
def log_keys(origin: str = ORIGIN) -> LogKeys:
    """Return the service's keys."""
    pair = (Algorithm.ED25519, Algorithm.ML_DSA_44)
    return LogKeys(
        vkeys=tuple(vkey(origin, signer("log", algorithm).public_key) for algorithm in pair),
        access=tuple(vkey(f"{origin}/access", signer("access", algorithm).public_key) for algorithm in pair),
        answer_kid=KeyId("log", 1),
        answer_key=signer("answer", Algorithm.ED25519).public_key.raw,
    )


def make_charter(
    agencies: Sequence[Agency], *, limits: Limits | None = None, origin: str = ORIGIN, log: LogKeys | None = None
) -> Charter:
    """Return charter 1, unwitnessed."""
    return Charter(
        origin=origin,
        url=URL,
        ver=1,
        prev=bytes(32),
        log=log or log_keys(origin),
        agencies=tuple(agencies),
        threshold=len(agencies) // 2 + 1,
        witness=WitnessPolicy(),
        limits=limits or Limits(entries="open"),
    )


def sign_by(charter: Charter, agencies: Sequence[Agency], *, previous: Charter | None = None) -> bytes:
    """Return the charter file signed by both roots of each agency."""
    roots = [root for agency in agencies for root in roots_of(agency)]
    return sign_charter(propose(charter), roots=roots, previous=previous)


def first_charter(count: int, origin: str = ORIGIN) -> tuple[Charter, bytes]:
    """Return charter 1 of `count` agencies and its signed file, the same file each time."""
    return _first_charter(count, origin)


# ML-DSA signatures differ each time, and with them the file's hash: the cache must see one spelling of the arguments.
@cache
def _first_charter(count: int, origin: str) -> tuple[Charter, bytes]:
    charter = make_charter([make_agency(agency_id) for agency_id in agency_ids(count)], origin=origin)
    return charter, sign_by(charter, charter.agencies)


def epoch_key(name: str) -> bytes:
    """Return an epoch key made from a name."""
    return sha256(f"epoch key {name}".encode())


@dataclass
class Consortium:
    """A log over memory, its judge, and everybody's keys."""

    charter: Charter
    charter_file: bytes
    store: Store = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        """Append charter 1."""
        self.state = LogState(origin=self.origin, fingerprint=of_file(self.charter_file))
        self.log = make_log(self.store, self.origin)
        self.files = {1: self.charter_file}
        self.submit_charter(self.charter_file)

    @property
    def origin(self) -> str:
        """Return the log's name."""
        return self.charter.origin

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the agencies of the charter in force."""
        return tuple(agency.id for agency in self.current.agencies)

    @property
    def current(self) -> Charter:
        """Return the charter in force for the next entry."""
        return self.state.membership.charter_before(self.state.size)

    def newest(self, agency: str, role: Role) -> Key:
        """Return the key that senders use now."""
        return self.state.membership.newest(agency, role, self.state.size)

    def signing(self, agency: str, role: Role) -> tuple[Signer, KeyId]:
        """Return who signs for an agency in a role now, and under which name."""
        key = self.newest(agency, role)
        return signer_of(key), key.kid

    def submit_charter(self, file: bytes, *, successor: Log | None = None) -> CharterChange:
        """Judge and append a charter; with a successor, the log goes on under its keys."""
        entry = charter_entry(file)
        change = self.state.judge_charter(entry, file)
        self.log.append(charter_append(change, entry=entry, file=file), change.index, successor=successor)
        self.log = successor or self.log
        self.state.apply(change)
        self.files[change.charter.ver] = file
        return change

    def next_charter(self, **changes: object) -> Charter:
        """Return the charter that follows the one in force: offline keys listed, and what `changes` says."""
        current = self.current
        offline = (Role.ROOT, Role.RECOVERY, Role.WITNESS)
        kept = tuple(
            replace(agency, keys=tuple(key for role in offline for key in of_role(agency.keys, role)))
            for agency in current.agencies
        )
        base = {"ver": current.ver + 1, "prev": of_file(self.files[current.ver]), "agencies": kept}
        return replace(current, **{**base, **changes})  # type: ignore[arg-type]  # members by name

    def submit_key_entry(self, entry: bytes) -> KeyChange:
        """Judge and append a key entry."""
        change = self.state.judge_key(entry)
        self.log.append(key_append(entry=entry), change.index)
        self.state.apply(change)
        return change

    def key_entry(
        self, iss: str, *, add: Sequence[Key] = (), end: Sequence[KeyId] = (), since: int | None = None
    ) -> bytes:
        """Return a key entry that may stand next."""
        return build_key_entry(
            iss=iss,
            iat=NOW,
            origin=self.origin,
            prev=self.state.membership.key_chain(iss, self.state.size),
            roots=roots_of(self.state.membership.agency(iss, self.state.size)),
            add=add,
            end=end,
            since=since,
        )

    def recipients(self, iss: str, to: Sequence[str]) -> Mapping[str, bytes]:
        """Return the keys a grant of `iss` seals to: its own recovery key, the others' newest."""
        others = {r: self.newest(r, Role.HPKE).public_key for r in to if r != iss}
        return {**others, iss: self.newest(iss, Role.RECOVERY).public_key}

    def grant(
        self,
        iss: str,
        to: Sequence[str],
        *,
        ep: int = 1,
        level: Level = Level.RESTRICTED,
        key: bytes | None = None,
        use: Use = Use.EPOCH,
    ) -> SealedStatement:
        """Return a grant; its key comes from issuer, epoch, level and recipients unless one is given."""
        sign, kid = self.signing(iss, Role.SIGN)
        return seal_grant(
            signer=sign,
            kid=kid,
            iat=NOW,
            use=use,
            ep=ep,
            level=level,
            epoch_key=key or epoch_key(f"{iss} {ep} {level.name} {sorted({*to, iss})}"),
            recipients=self.recipients(iss, to),
        )

    def record(
        self,
        iss: str,
        *,
        ep: int = 1,
        sup: bytes | None = None,
        key: bytes | None = None,
        slip: SlipDraft | None = None,
    ) -> SealedStatement:
        """Return a record with three portions that say no more than their labels and a make; its slip is off."""
        sign, kid = self.signing(iss, Role.SIGN)
        draft = {
            portion: PortionDraft(label=b'{"level":"RESTRICTED"}', fields={}, epoch_key=key or epoch_key(iss))
            for portion in PORTIONS
        }
        draft["item"] = replace(draft["item"], fields={"item.make": "ZZZ"})
        slip = slip or SlipDraft(hit=Hit.OFF)
        return seal_record(signer=sign, kid=kid, iat=NOW, ep=ep, portions=draft, slip=slip, sup=sup)

    def expunge(self, iss: str, name: StatementName, *, why: Why = Why.LAW) -> SealedStatement:
        """Return the order to expunge a record."""
        sign, kid = self.signing(iss, Role.SIGN)
        return build_expunge(signer=sign, kid=kid, iat=NOW, of=name.jti, why=why)

    def batch(self, iss: str, statements: Sequence[SealedStatement], /, **changes: object) -> bytes:
        """Return the batch entry that closes `statements` and may stand next, but for what `changes` says."""
        chain = self.state.chain(iss)
        parts = {
            "log": self.origin,
            "iss": iss,
            "iat": NOW,
            "seq": chain.seq + 1,
            "prev": chain.prev,
            "kx": self.state.membership.kx(iss, self.state.size),
            "statements": [statement.entry for statement in statements],
            "sign": self.signing(iss, Role.SIGN),
            "batch": self.signing(iss, Role.BATCH),
        }
        return build_batch(**{**parts, **changes})  # type: ignore[arg-type]  # members by name

    def judge(self, entry: bytes, statements: Sequence[SealedStatement]) -> VerifiedBatch:
        """Return what a batch would change, as the server asks it."""
        submission = read_submission(entry, [statement.entry for statement in statements])
        return self.state.judge_batch(submission, known=self.store)

    def submit(self, iss: str, statements: Sequence[SealedStatement], /, **changes: object) -> VerifiedBatch:
        """Judge and append a batch with all its blobs."""
        return self.submit_batch_entry(self.batch(iss, statements, **changes), statements)

    def submit_batch_entry(self, entry: bytes, statements: Sequence[SealedStatement]) -> VerifiedBatch:
        """Judge and append a batch that is signed already."""
        judged = self.judge(entry, statements)
        blobs = [blob for statement in statements for blob in statement.blobs]
        attached = attach_blobs(judged.submission, blobs)
        self.log.append(batch_append(judged, attached=attached), judged.first)
        self.state.apply(judged)
        return judged

    def open_epoch(self, iss: str, *, ep: int = 1) -> VerifiedBatch:
        """Log the grants of an epoch: one audience of everybody, one of the issuer alone."""
        return self.submit(iss, [self.grant(iss, self.ids, ep=ep), self.grant(iss, [], ep=ep, level=Level.SECRET)])


def make_log(store: TreeStore, origin: str = ORIGIN) -> Log:
    """Return the log over a store, with its signers."""
    return Log(
        store=store,
        origin=origin,
        ed25519=signer("log", Algorithm.ED25519),
        ml_dsa_44=signer("log", Algorithm.ML_DSA_44),
    )


def make_consortium(count: int = 3, *, origin: str = ORIGIN) -> Consortium:
    """Return a fresh log whose one entry is charter 1 of `count` agencies; other logs have the same keys."""
    charter, file = first_charter(count, origin)
    return Consortium(charter=charter, charter_file=file)


def matching(by: str, *, key: bytes, ep: int = 1) -> Match:
    """Return the matching key as a charter names it."""
    return Match(ep=ep, by=by, kcid=matching_key_id(key), pk=bytes(32))
