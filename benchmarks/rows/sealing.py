"""The agency's side: build, seal and sign records, beside one Ed25519 signature over the same bytes."""

import statistics

from benchmarks.material import Sender, senders
from benchmarks.measure import Figure, Limit, against, paired, rate
from ledger.jws import parse_compact
from ledger.kinds import Role

_RECORDS = 2_000
_WHY = (
    "A record is one signature, a sixth of its time, twelve HMACs, three AES-GCM seals, two dozen hashes, random bytes and "
    "base64 of four kilobytes, together a third. Half is the interpreter, which spells, packs and cuts in some five hundred "
    "small steps, none of them a twentieth. Twice the rate takes sealing in a compiled module, or a second process: lists "
    "are sealed independently."
)


def measure() -> list[Figure]:
    """Return records per second on one core, and what fifty recipients cost against one."""
    one, many = senders(1, agencies=2)[0], senders(1, agencies=51)[0]
    signed = parse_compact(one.record().entry).signing_input
    sign, _ = one.consortium.signing(one.iss, Role.SIGN)

    def sign_only() -> int:
        for _ in range(_RECORDS):
            sign.sign(signed)
        return _RECORDS

    rates, limits = paired(lambda: _seal(one), sign_only)
    return [
        against(
            what="client: records built, sealed, signed (12 fields)",
            unit="records/s, one core",
            rates=rates,
            limits=limits,
            limit="Ed25519 signatures over the same bytes",
            at_least=5_000,
            why=_WHY,
        ),
        _recipients(one, many),
    ]


def _recipients(one: Sender, many: Sender) -> Figure:
    pairs = [(rate(lambda: _seal(many)), rate(lambda: _seal(one))) for _ in range(5)]
    ratio = statistics.median(more / single for more, single in pairs)
    rates = [more for more, _ in pairs]
    return Figure(
        what="client: the same for 50 recipients",
        unit="records/s, one core",
        median=statistics.median(rates),
        low=min(rates),
        high=max(rates),
        target="ratio ≥ 0.9",
        met=ratio >= 0.9,
        limit=Limit(
            name="the rate for 1 recipient", median=statistics.median(single for _, single in pairs), ratio=ratio
        ),
    )


def _seal(sender: Sender) -> int:
    for _ in range(_RECORDS):
        sender.record()
    return _RECORDS
