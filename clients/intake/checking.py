"""Check a list before anybody signs it: every problem, who will be able to read what, what is logged already.

No network and no lock: by the charters that were verified last. Whoever sends checks again (`clients/intake/sending.py`).
"""

import datetime as dt
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from clients import preview
from clients.authority import members_of
from clients.codes import load_tables
from clients.corrections import Sorted
from clients.home import Home
from clients.importing import Means, PlannedRow, Prepared
from clients.intake.agreeing import planned, why_two
from clients.keyring import Keyring
from clients.lists.report import Problem, Weight
from clients.lists.values import Tables
from clients.session import load_profile
from crypto.encoding import b64u
from ledger.charter import Charter
from ledger.jsontext import JsonValue
from ledger.labels import Label, Members, label_from_json
from ledger.markings import Marking, join, marking
from ledger.plan import Planner
from ledger.profiles import Profile

MAX_PROBLEMS = 10_000
"""As many are kept; that there are more is said. Nobody mends a list by its ten-thousandth problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what a list is planned: code tables, row key and planner; the profile and the members it comes from."""

    means: Means
    profile: Profile
    members: Members


def rules_of(
    home: Home, keyring: Keyring, charters: Sequence[Charter], *, today: dt.date, tables: Tables | None = None
) -> Rules:
    """Return what plans a list under these charters; `tables` are the home's, where somebody has read them already."""
    members = members_of(charters)
    profile = load_profile(home, charters[-1])
    means = Means(
        tables=tables or load_tables(home), planner=Planner(profile, members), row_key=keyring.row_key(), today=today
    )
    return Rules(means=means, profile=profile, members=members)


def findings(prepared: Prepared, known: Sorted, profile: Profile) -> dict[str, JsonValue]:
    """Return what a person is shown before signing; `plans` is the hash of the very plans it was computed from."""
    offered = [one for one in known.corrections if not one.obstacle]
    offered_to_sign = planned(prepared.rows)
    stuck: list[JsonValue] = [{"line": one.line, "why": one.obstacle} for one in known.corrections if one.obstacle]
    return {
        "source": prepared.table.source,
        "rows": len(prepared.table.rows),
        "good": len(prepared.rows),
        "rejected": len(prepared.rejected),
        "records": prepared.records,
        "problems": len(prepared.problems),
        "warnings": sum(one.weight is Weight.WARNING for one in prepared.problems),
        "unchanged": len(known.unchanged),
        "corrections": len(offered),
        "obstacles": stuck[:100],
        "fresh": len(known.fresh),
        "preview": preview.to_json(preview.schedule(prepared)),
        "two": [*why_two(prepared.rows, profile)],
        "labels": [*_labels(prepared.rows)],
        "plans": b64u(offered_to_sign[False].h),
        "plans_corrected": b64u(offered_to_sign[True].h),
    }


def marking_of(labels: Sequence[JsonValue], *, profile: Profile, members: Members) -> Marking | None:
    """Return the marking of a page about a list: the join of all labels it will be sealed under."""
    found: list[Label] = [label_from_json(one) for one in labels]
    marked = [marking(one, originator=profile.agency, members=members) for one in found]
    return join(marked[0], *marked[1:]) if marked else None


def pack_problems(problems: Sequence[Problem]) -> bytes:
    """Return the problems as they are kept beside the list: what keeps a row out before what does not."""
    kept = sorted(problems, key=lambda one: one.weight is Weight.WARNING)[:MAX_PROBLEMS]
    return zlib.compress(json.dumps([one.to_json() for one in kept], ensure_ascii=False).encode())


def unpack_problems(kept: bytes | None) -> tuple[Problem, ...]:
    """Return the problems that `pack_problems` kept."""
    found = json.loads(zlib.decompress(kept)) if kept is not None else []
    return tuple(Problem(**{**one, "weight": Weight(one["weight"])}) for one in found)


def _labels(rows: Sequence[PlannedRow]) -> list[JsonValue]:
    distinct = {
        portion.spelled: portion.label for row in rows for plan in row.plans for portion in plan.portions.values()
    }
    return [label.to_json() for _, label in sorted(distinct.items())]
