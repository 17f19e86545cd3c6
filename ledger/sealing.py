"""Sealing a record: salt, digest, pack, seal, sign (docs/protocol.md, 4).

Salts, decoys and the record's id are drawn here. No caller can supply them, so no caller can supply them twice:
a repeated id would repeat an AES-GCM key and nonce.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from secrets import token_bytes

from crypto import portionkeys
from crypto.digests import sha256
from crypto.encoding import HASH_BYTES, cut, lp
from crypto.signing import Signer
from ledger.b64lists import spell_ascii
from ledger.disclosures import SALT_BYTES, check_spelled, join_disclosure, spell_value
from ledger.errors import LabelError, MalformedError
from ledger.identifiers import JTI_BYTES, KeyId, StatementName
from ledger.jsontext import JsonValue
from ledger.kinds import Typ
from ledger.portions import check_place, label_name, pack
from ledger.recordform import DIGESTS, PORTIONS, PortionCommitment, record_payload
from ledger.slips import SlipDraft, build_slip
from ledger.statements import SealedStatement, sign_statement

_RANDOM_BYTES = 32
# lp is a concatenation: what is the same for every record is framed once.
_FRAMED = {portion: lp(portion) for portion in PORTIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class PortionDraft:
    """A portion to be sealed: its label, its fields by full name (`item.make`), the key of its audience.

    The label comes spelled (`ledger.disclosures.spell_value`): ten thousand records of a list share the same three.
    """

    label: bytes = field(repr=False)
    fields: Mapping[str, JsonValue] = field(repr=False)
    epoch_key: bytes = field(repr=False)


def seal_record(  # noqa: PLR0913  the parts of a record, all by name
    *,
    signer: Signer,
    kid: KeyId,
    iat: int,
    ep: int,
    portions: Mapping[str, PortionDraft],
    slip: SlipDraft,
    sup: bytes | None = None,
) -> SealedStatement:
    """Return a signed record with its blobs: slip, item, event, case.

    Raises LabelError, naming the field, for what does not fit or cannot be carried.
    """
    disclosures = _disclose(portions)
    plaintexts = [pack(portion, disclosures[portion]) for portion in PORTIONS]
    jti = _draw_jti(plaintexts)
    name = StatementName(kid.agency, jti)
    sealed = [
        _seal(name, portion, epoch_key=portions[portion].epoch_key, plaintext=plaintext)
        for portion, plaintext in zip(PORTIONS, plaintexts, strict=True)
    ]
    match_slip = build_slip(slip, of=jti)
    payload = record_payload(
        name=name,
        iat=iat,
        ep=ep,
        digests=_digests([text for portion in PORTIONS for _, text in disclosures[portion]]),
        portions=[commitment for commitment, _ in sealed],
        slip=sha256(match_slip),
        sup=sup,
    )
    entry = sign_statement(signer=signer, kid=kid, typ=Typ.RECORD, payload=payload)
    return SealedStatement(entry=entry, name=name, blobs=(match_slip, *(data for _, data in sealed)))


def portion_context(name: StatementName, portion: str) -> bytes:
    """Return lp(iss, rid, portion): what binds a portion's keys and ciphertext to its one place."""
    return lp(name.iss, name.jti) + _FRAMED[portion]


def _disclose(portions: Mapping[str, PortionDraft]) -> dict[str, list[tuple[str, bytes]]]:
    """Return (name, disclosure) for every label and field of a record, each with a fresh salt."""
    if set(portions) != set(PORTIONS):
        raise MalformedError("a record has exactly the portions item, event and case")
    _check_names(*[tuple(portions[portion].fields) for portion in PORTIONS])
    spelled = {portion: _spell(portion, portions[portion]) for portion in PORTIONS}
    drawn = token_bytes(SALT_BYTES * sum(map(len, spelled.values())))
    salts = iter(spell_ascii(cut(drawn, size=SALT_BYTES), size=SALT_BYTES))
    return {
        portion: [(name, join_disclosure(salt=next(salts), name=name, spelled=value)) for name, value in named]
        for portion, named in spelled.items()
    }


@lru_cache(maxsize=256)
def _check_names(item: tuple[str, ...], event: tuple[str, ...], case: tuple[str, ...]) -> None:
    """Raise LabelError, naming the field, unless a record can hold fields of these names in its portions.

    Remembered, since a list seals the same columns ten thousand times.
    """
    seen: set[str] = set()
    for portion, names in zip(PORTIONS, (item, event, case), strict=True):
        for name in names:
            _check_name(portion, name)
            if name in seen:
                raise LabelError(f"{name}: a name stands once in a record")
            seen.add(name)
            if len(seen) > DIGESTS - len(PORTIONS):
                raise LabelError(f"{name}: a record holds at most {DIGESTS} disclosures; put it in a further record")


def _check_name(portion: str, name: str) -> None:
    try:
        check_place(portion, name)
    except MalformedError as error:
        raise LabelError(f"{name}: {error}") from error


def _spell(portion: str, draft: PortionDraft) -> list[tuple[str, bytes]]:
    """Return name and spelled value of the label and each field of a portion."""
    check_spelled(draft.label)
    fields = [(name, spell_value(name, value)) for name, value in draft.fields.items()]
    return [(label_name(portion), draft.label), *fields]


def _draw_jti(plaintexts: Iterable[bytes]) -> bytes:
    """Return a fresh id that also depends on what is sealed: even a broken generator repeats no key."""
    drawn = b"sealtrace/v1/jti" + token_bytes(_RANDOM_BYTES) + b"".join(plaintexts)
    return sha256(drawn)[:JTI_BYTES]


def _digests(disclosures: Iterable[bytes]) -> list[bytes]:
    """Return exactly DIGESTS sorted digests, the missing ones decoys drawn at random (RFC 9901, 4.2.5)."""
    found = [sha256(text) for text in disclosures]
    decoys = cut(token_bytes((DIGESTS - len(found)) * HASH_BYTES), size=HASH_BYTES)
    return sorted(spell_ascii([*found, *decoys], size=HASH_BYTES))


def _seal(name: StatementName, portion: str, *, epoch_key: bytes, plaintext: bytes) -> tuple[PortionCommitment, bytes]:
    """Return what the record says of a sealed portion, and its ciphertext."""
    sealed = portionkeys.seal(epoch_key=epoch_key, context=portion_context(name, portion), plaintext=plaintext)
    commitment, fetch_tag, ciphertext = sealed
    return PortionCommitment(kc=commitment, a=sha256(fetch_tag), ct=sha256(ciphertext)), ciphertext
