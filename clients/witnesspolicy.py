"""Who witnesses under the next charter, how many must, and under which keys (docs/protocol.md, 8.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from clients.errors import ListError
from clients.witnesskeys import WitnessKeys
from ledger.agencies import Agency
from ledger.errors import MalformedError
from ledger.keys import of_role
from ledger.kinds import Role
from ledger.terms import WitnessPolicy


class WitnessTerms(Protocol):
    """What members agreed on about witnesses; None leaves a thing as it was."""

    @property
    def witnesses(self) -> tuple[str, ...] | None:
        """Return all witnesses from now on."""

    @property
    def removed(self) -> frozenset[str]:
        """Return the members that leave."""

    @property
    def quorum(self) -> int | None:
        """Return how many must cosign."""

    @property
    def dishonest(self) -> int | None:
        """Return how many may be dishonest."""


def witness_policy(before: WitnessPolicy, terms: WitnessTerms) -> WitnessPolicy:
    """Return the next policy. Where neither quorum nor f is said and the witnesses change, both follow from how many."""
    agencies = tuple(sorted(set(before.agencies if terms.witnesses is None else terms.witnesses) - terms.removed))
    if agencies == before.agencies and terms.quorum is None and terms.dishonest is None:
        return before
    n = len(agencies)
    f = terms.dishonest if terms.dishonest is not None else max(n - 1, 0) // 3
    k = terms.quorum if terms.quorum is not None else (n + f) // 2 + 1
    try:
        return WitnessPolicy(agencies=agencies, k=k if n else 0, f=f if n else 0)
    except MalformedError as error:
        raise ListError(
            f"{k} of {n} witnesses with {f} dishonest is no policy: it needs 2k > n + f and k + f ≤ n",
            next_step="leave --quorum and --dishonest out, or name more witnesses",
        ) from error


def with_witness_keys(
    agencies: Mapping[str, Agency], enrolments: Sequence[object], policy: WitnessPolicy
) -> dict[str, Agency]:
    """Return the agencies, each witness with its newest pair of witness keys and all others with none."""
    requests = {one.id: one for one in enrolments if isinstance(one, WitnessKeys)}
    strangers = requests.keys() - set(policy.agencies)
    if strangers:
        raise ListError(
            f"witness keys of who is no witness: {', '.join(sorted(strangers))}",
            next_step="name every witness with --witness",
        )
    return {name: _with_keys(one, requests.get(name), policy) for name, one in agencies.items()}


def _with_keys(agency: Agency, request: WitnessKeys | None, policy: WitnessPolicy) -> Agency:
    witness = of_role(agency.keys, Role.WITNESS) if request is None else request.keys
    others = tuple(key for key in agency.keys if key.role is not Role.WITNESS)
    if agency.id not in policy.agencies:
        return replace(agency, keys=others)
    if not witness:
        raise ListError(
            f"{agency.id} has no witness keys",
            next_step="there: `sealtrace witness keys`, or `sealtrace agency create --witness`",
        )
    return replace(agency, keys=tuple(sorted((*others, *witness), key=lambda key: key.kid.number)))
