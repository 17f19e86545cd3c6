"""Found an agency: its keys, its home, and the request to be listed in a charter (docs/protocol.md, 2 and 8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from clients.errors import HomeError, ListError
from clients.home import Home, HomeConfig, create_home
from clients.keyring import (
    AUDITOR_ROLES,
    OFFLINE_ROLES,
    WORKING_ROLES,
    create_keystore,
    draw_database_key,
    draw_keys,
    public_key,
)
from clients.witnesskeys import WitnessKeys, draw_witness_keys, parse_witness_keys
from crypto.keystore import STRONG, Cost, Secret
from ledger import jsontext
from ledger.agencies import Agency, Auditor, Contact, Law, parse_agencies, parse_auditors
from ledger.errors import LedgerError
from ledger.identifiers import agency_id
from ledger.jsontext import JsonValue
from ledger.labels import Level

ENROLMENT_TYP = "sealtrace/v1/enrolment"
MAX_ENROLMENT_BYTES = 65_535
ROLES = ("submit", "read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passphrase:
    """The two passphrases of a new agency: of its working keystore and of its root keystore."""

    working: bytes = field(repr=False)
    root: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a charter says of an agency besides its keys; and whether it will run a witness."""

    id: str
    name: str
    country: str
    contact: Contact
    law: tuple[Law, ...] = ()
    roles: tuple[str, ...] = ROLES
    ceiling: Level = Level.SECRET
    witness: bool = False


def create_agency(
    path: str | None,
    environ: Mapping[str, str],
    identity: Identity,
    *,
    passphrases: Passphrase,
    cost: Cost = STRONG,
) -> tuple[Home, bytes]:
    """Return a new home and the enrolment request that its charter needs; the root keystore is to be taken offline.

    Who will witness gets witness keys too, under the working passphrase in a keystore of their own.
    """
    _check_country(identity.id, identity.country)
    offline = draw_keys(identity.id, OFFLINE_ROLES, first=1)
    working = draw_keys(identity.id, WORKING_ROLES, first=len(offline) + 1)
    agency = _agency(identity, [*offline, *working])
    enrolment_of(agency)
    home = create_home(path, environ, HomeConfig(id=identity.id, name=identity.name, country=identity.country))
    if identity.witness:
        first = len(agency.keys) + 1
        drawn = draw_witness_keys(home, first=first, passphrase=passphrases.working, cost=cost)
        agency = replace(agency, keys=(*agency.keys, *drawn.keys))
    request = enrolment_of(agency)
    create_keystore(home.root_keystore, passphrase=passphrases.root, keys=offline, cost=cost)
    kept = [*working, draw_database_key()]
    create_keystore(home.keystore, passphrase=passphrases.working, keys=kept, cost=cost)
    return home, request


def create_auditor(
    path: str | None, environ: Mapping[str, str], config: HomeConfig, *, passphrase: bytes, cost: Cost = STRONG
) -> tuple[Home, bytes]:
    """Return a new home of an auditor, who has keys for requests and boxes only, and its enrolment request."""
    _check_country(config.id, config.country)
    keys = draw_keys(config.id, AUDITOR_ROLES, first=1)
    request = _enrolment("auditor", Auditor(id=config.id, keys=tuple(public_key(key) for key in keys)).to_json())
    home = create_home(path, environ, config)
    create_keystore(home.keystore, passphrase=passphrase, keys=[*keys, draw_database_key()], cost=cost)
    return home, request


def parse_enrolment(raw: bytes) -> Agency | Auditor | WitnessKeys:
    """Return whom an enrolment request asks to list; raise ListError for anything else."""
    try:
        typ, kind, body = jsontext.members(jsontext.load(raw.strip(), limit=MAX_ENROLMENT_BYTES), "typ", "kind", "body")
        if (typ, kind) == (ENROLMENT_TYP, "agency"):
            return parse_agencies([body])[0]
        if (typ, kind) == (ENROLMENT_TYP, "auditor"):
            return parse_auditors([body])[0]
        if (typ, kind) == (ENROLMENT_TYP, "witness"):
            return parse_witness_keys(body)
    except LedgerError as error:
        raise ListError(f"not an enrolment request: {error}", next_step="ask the agency to send it again") from error
    raise ListError("not an enrolment request", next_step="pass the file that `sealtrace agency create` wrote")


def enrolment_of(agency: Agency) -> bytes:
    """Return the enrolment request of an agency with all its keys."""
    request = _enrolment("agency", agency.to_json())
    parse_enrolment(request)
    return request


def witness_request(keys: WitnessKeys) -> bytes:
    """Return the request of a member to be a witness under new keys."""
    return _enrolment("witness", keys.to_json())


def _check_country(ident: str, country: str) -> None:
    """Raise HomeError unless an id begins with the country: it stands in the log for ever, a slip in either does too.

    Only here. What a charter says that was signed long ago stays as it is.
    """
    code = agency_id(ident)[:3].upper()
    if country != code:
        raise HomeError(
            f"{ident} begins with another country than {country}: it would stand in the log for ever",
            next_step=f"say --country {code}, or another --id; a body of several States is xin-… and XIN",
        )


def _agency(identity: Identity, keys: list[Secret]) -> Agency:
    return Agency(
        id=identity.id,
        name=identity.name,
        country=identity.country,
        roles=identity.roles,
        ceiling=identity.ceiling,
        contact=identity.contact,
        law=identity.law,
        keys=tuple(public_key(key) for key in keys),
    )


def _enrolment(kind: str, body: JsonValue) -> bytes:
    return jsontext.dump({"typ": ENROLMENT_TYP, "kind": kind, "body": body}) + b"\n"
