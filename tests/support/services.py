"""A ledger service in a folder of its own, and agencies that send it signed requests through Flask's test client."""

import itertools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from crypto.encoding import b64
from crypto.signing import Algorithm, Signer
from ledger.appends import batch_append
from ledger.fingerprints import of_file
from ledger.identifiers import KeyId
from ledger.kinds import Role
from ledger.log import Head
from ledger.messages import Inner, Kind, seal_message
from ledger.statements import SealedStatement
from ledger.submissions import attach_blobs
from ledger.wire import paths, requests, schemas
from ledger.wire.frames import encode_frames
from ledger.wire.schemas import Problem, Receipt
from server.app import build_app
from server.config import Config
from server.highest import HighestSigned
from server.keys import ServiceKeys, service_json
from server.metrics import Metrics
from server.models import Base
from server.schema import migrate
from server.service import Service, open_service
from tests.support.consortium import ORIGIN, URL, Consortium, log_keys, make_consortium, signer
from tests.support.fakes import FixedClock


def service_keys() -> ServiceKeys:
    """Return the service's keys, as the consortium's charter names them."""
    keys = ServiceKeys(
        ed25519=signer("log", Algorithm.ED25519),
        ml_dsa_44=signer("log", Algorithm.ML_DSA_44),
        access_ed25519=signer("access", Algorithm.ED25519),
        access_ml_dsa_44=signer("access", Algorithm.ML_DSA_44),
        answer=signer("answer", Algorithm.ED25519),
    )
    if keys.named(ORIGIN) != log_keys():
        raise ValueError("the service's keys are not those of the consortium's charter")
    return keys


def make_config(folder: Path, *, fingerprint: bytes) -> Config:
    """Return a configuration, with service.json written beside it."""
    config = Config(data=folder, fingerprint=fingerprint)
    config.service.write_bytes(service_json(service_keys(), origin=ORIGIN, url=URL))
    if not config.highest.exists():
        HighestSigned(config.highest).begin(service_keys(), origin=ORIGIN)
    return config


@cache
def _migrated() -> bytes:
    """Return a database as the migrations leave it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        migrate(path)
        return path.read_bytes()


def place_database(config: Config) -> None:
    """Give a new service its empty database: the migrations run in tests of their own, not before every other one."""
    if not config.database.exists():
        config.database.touch(mode=0o600)
        config.database.write_bytes(_migrated())


@dataclass
class World:
    """A running service, a consortium that expects of it what its own judge says, and a clock."""

    folder: Path
    consortium: Consortium = field(default_factory=make_consortium)
    clock: FixedClock = field(default_factory=FixedClock)
    keys: ServiceKeys = field(default_factory=service_keys)

    def __post_init__(self) -> None:
        """Open the service; its log is empty."""
        self.config = make_config(self.folder, fingerprint=of_file(self.consortium.charter_file))
        place_database(self.config)
        self._nonces = itertools.count(1)
        self.open()

    def open(self) -> None:
        """Open the service, again if it was closed."""
        self.service: Service = open_service(self.config, keys=self.keys, clock=self.clock)
        self.metrics = Metrics()
        self.app: Flask = build_app(self.service, metrics=self.metrics)
        self.client: FlaskClient = self.app.test_client()

    def close(self) -> None:
        """Stop the service."""
        self.service.close()

    def found(self) -> TestResponse:
        """Hand in charter 1."""
        return self.post_charter(self.consortium.charter_file)

    def post_charter(self, file: bytes) -> TestResponse:
        """Hand in a charter file."""
        return self.client.post(paths.CHARTERS, data=file, headers={"Content-Type": paths.CHARTER_TYPE})

    def post_key(self, entry: bytes) -> TestResponse:
        """Hand in a key entry."""
        return self.client.post(paths.KEYS, data=entry, headers={"Content-Type": paths.KEY_TYPE})

    def get(self, asker: str, path: str, *, query: str = "") -> TestResponse:
        """Ask as an agency."""
        return self.send(self.signed(asker, "GET", path, query=query))

    def post(self, asker: str, path: str, body: bytes, content_type: str) -> TestResponse:
        """Send a body as an agency."""
        return self.send(self.signed(asker, "POST", path, body=body, content_type=content_type))

    def send(self, request: "SignedRequest", **changes: Any) -> TestResponse:
        """Send a request as it is, or with what an attacker changes of it."""
        sent = replace(request, **changes)
        url = sent.path + (f"?{sent.query}" if sent.query else "")
        return self.client.open(url, method=sent.method, data=sent.body, headers=dict(sent.headers))

    def signed(self, asker: str, method: str, path: str, **options: Any) -> "SignedRequest":
        """Return a request with a good signature of the agency's newest `http` key."""
        sign, kid = self.consortium.signing(asker, Role.HTTP)
        return sign_request(
            method, path, **{"sign": sign, "kid": kid, "created": self.clock(), "nonce": self.nonce(), **options}
        )

    def nonce(self) -> bytes:
        """Return a nonce that was not used yet."""
        return next(self._nonces).to_bytes(requests.NONCE_BYTES, "big")

    def upload(self, iss: str, statements: Sequence[SealedStatement], **changes: object) -> bytes:
        """Return the body of a batch that may stand next, but for what `changes` says of its entry."""
        return body_of(self.consortium.batch(iss, statements, **changes), statements)

    def post_batch(self, asker: str, body: bytes) -> TestResponse:
        """Send a batch."""
        return self.post(asker, paths.BATCHES, body, paths.BATCH_TYPE)

    def log(self, iss: str, statements: Sequence[SealedStatement]) -> Receipt:
        """Log a batch, in the service and in the consortium's own log, and return the receipt."""
        entry = self.consortium.batch(iss, statements)
        response = self.post_batch(iss, body_of(entry, statements))
        if response.status_code != 201:
            raise AssertionError(response.get_data(as_text=True))
        self.step(entry, statements)
        return schemas.RECEIPT.read(response.data)

    def step(self, entry: bytes, statements: Sequence[SealedStatement]) -> None:
        """Let the consortium's own log hold a batch that the service has logged."""
        judged = self.consortium.judge(entry, statements)
        attached = attach_blobs(judged.submission, [blob for item in statements for blob in item.blobs])
        self.consortium.log.append(batch_append(judged, attached=attached), judged.first)
        self.consortium.state.apply(judged)

    def open_epoch(self, iss: str) -> list[SealedStatement]:
        """Log the grants of the agency's first epoch: one for everybody, one for itself."""
        grants = [self.consortium.grant(iss, self.consortium.ids), self.consortium.grant(iss, [])]
        self.log(iss, grants)
        return grants

    def message(
        self, iss: str, *, to: str, sealed_to: str | None = None, claimed: str | None = None
    ) -> SealedStatement:
        """Return a message; a lying sender seals it to another's key, or claims another recipient."""
        sign, kid = self.consortium.signing(iss, Role.SIGN)
        inner = Inner(kind=Kind.RECEIPT, to=claimed or to, thread=bytes(16), re=None, part=1, parts=1, body={})
        return seal_message(
            signer=sign,
            kid=kid,
            iat=self.clock(),
            inner=inner,
            recipient_key=self.consortium.newest(sealed_to or to, Role.HPKE).public_key,
            own_key=self.consortium.newest(iss, Role.HPKE).public_key,
        )

    def rows(self) -> Mapping[str, int]:
        """Return how many rows every table has."""
        with self.service.store._readers.connect() as connection:
            return {
                name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608  our tables
                for name in Base.metadata.tables
            }

    def standing(self) -> tuple[Head, Mapping[str, int]]:
        """Return what a refusal must leave as it was: the head and the number of rows of every table."""
        return self.service.store.head(), self.rows()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request as it leaves an agency."""

    method: str
    path: str
    query: str
    body: bytes | None
    headers: tuple[tuple[str, str], ...]

    def with_header(self, name: str, value: str | None) -> "SignedRequest":
        """Return the request with one field changed, added or (None) left out."""
        kept = tuple(item for item in self.headers if item[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))


def sign_request(
    method: str,
    path: str,
    *,
    sign: Signer,
    kid: KeyId,
    created: int,
    nonce: bytes,
    query: str = "",
    body: bytes | None = None,
    content_type: str = "",
    url: str = URL,
) -> SignedRequest:
    """Return a signed request; the signature base is written here by hand from RFC 9421, 2.5."""
    parameters = requests.Parameters(created=created, keyid=kid, nonce=nonce).format(has_body=body is not None)
    values = {"@method": method, "@authority": requests.authority(url), "@path": path, "@query": f"?{query}"}
    fields: tuple[tuple[str, str], ...] = ()
    if body is not None:
        fields = (("Content-Type", content_type), (requests.CONTENT_DIGEST, requests.content_digest(body)))
        values |= {name.lower(): value for name, value in fields}
    lines = [f'"{name}": {value}' for name, value in values.items()]
    lines.append(f'"@signature-params": {parameters.removeprefix(f"{requests.LABEL}=")}')
    signature = f"{requests.LABEL}=:{b64(sign.sign(chr(10).join(lines).encode()))}:"
    fields += ((requests.SIGNATURE_INPUT, parameters), (requests.SIGNATURE, signature))
    return SignedRequest(method=method, path=path, query=query, body=body, headers=fields)


def body_of(entry: bytes, statements: Sequence[SealedStatement]) -> bytes:
    """Return the body that carries a batch with all that its statements name."""
    entries = [statement.entry for statement in statements]
    return encode_frames([entry, *entries, *(blob for statement in statements for blob in statement.blobs)])


def problem_of(response: TestResponse) -> Problem:
    """Return the problem document of a refusal."""
    if response.content_type != paths.PROBLEM_TYPE:
        raise AssertionError(f"no problem document but {response.status}")
    return schemas.PROBLEM.read(response.data)


def assert_problem(response: TestResponse, kind: str, status: int) -> Problem:
    """Return the problem document of a refusal of this type and status, which tells the next step."""
    problem = problem_of(response)
    found = (problem.type, problem.status, response.status_code)
    if found != (f"/problems/{kind}", status, status) or not problem.next:
        raise AssertionError(f"expected {kind} {status}, found {problem}")
    return problem


def assert_refused(world: World, asker: str, body: bytes, kind: str, status: int) -> Problem:
    """Send a batch that must be refused: this problem, nothing changed, nothing of it echoed."""
    standing = world.standing()
    response = world.post_batch(asker, body)
    problem = assert_problem(response, kind, status)
    if world.standing() != standing:
        raise AssertionError("a refusal changed something")
    return problem
