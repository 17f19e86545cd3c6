"""One round of a watch over the access log: whole, only growing, fresh, and the same for its witnesses (docs/protocol.md, 9.14)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from clients.errors import ClientError, UnreachableError
from clients.freshness import STALE_SECONDS, is_stale
from clients.service import Service
from clients.trust import View
from clients.witnessviews import Alarm, Compared, ShownLog, Standing, Word, compare
from ledger.accessaudit import AccessAudited, audit_access
from ledger.checkpoints import Checkpoint
from ledger.errors import BadSignatureError, BusyError, LedgerError, NotFoundError
from ledger.merkle import EMPTY_ROOT
from ledger.verifiedtree import VerifiedTree
from ledger.witnesses import LogName, freshness, open_published


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRound:
    """What one look at the access log found; `checkpoint` is None where what is shown cannot be believed."""

    start: int
    checkpoint: Checkpoint | None = None
    words: tuple[Word, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    proofs: tuple[bytes, ...] = field(default=(), repr=False)
    evidence: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def size(self) -> int:
        """Return how many entries were verified."""
        return self.start if self.checkpoint is None else self.checkpoint.size


def look_access(
    service: Service, view: View, heard: Mapping[str, bytes | Standing], *, known: Checkpoint | None, now: int
) -> AccessRound | None:
    """Return what one look found, None while there is no access log; `known` is where it stood at the last one.

    The witnesses were heard before: what they cosigned then, the log must not be ignorant of now. That there is none yet
    is believed as long as no witness has cosigned one; an access log that cannot be had is an alarm, and ends no round:
    what was found in the other log is still told.
    """
    start = 0 if known is None else known.size
    try:
        note = service.access_checkpoint()
    except NotFoundError:
        return _without(service, view, heard, start=start, now=now)
    except (LedgerError, ClientError) as error:
        return AccessRound(start=start, alarms=(_withheld(error),))
    charters = [logged.charter for logged in reversed(view.charters)]
    try:
        audited = audit_access(note, charters=charters, read=service.access_tile, known=known, start=start)
    except (UnreachableError, BusyError) as error:
        return AccessRound(start=start, alarms=(_withheld(error),))
    except (LedgerError, ClientError) as error:
        alarm = Alarm(kind="access", what=f"the access log cannot be believed: {error}", is_fraud=True)
        return AccessRound(start=start, alarms=(alarm,), evidence=(note,))
    log = _shown(audited, view, service)
    compared = compare(log, heard, now=now)
    alarms = (*_unvouched(audited, view, now), *compared.alarms)
    return replace(_round(compared, start=start, alarms=alarms), checkpoint=audited.checkpoint)


def _round(compared: Compared, *, start: int, alarms: tuple[Alarm, ...]) -> AccessRound:
    return AccessRound(
        start=start, words=compared.words, alarms=alarms, proofs=compared.proofs, evidence=compared.evidence
    )


def _without(
    service: Service, view: View, heard: Mapping[str, bytes | Standing], *, start: int, now: int
) -> AccessRound | None:
    """Return what is wrong with a service that says its access log is empty; None if nothing speaks against that."""
    nothing = Checkpoint(origin=LogName.ACCESS.origin(view.charter), size=0, root=EMPTY_ROOT)
    log = ShownLog(
        name=LogName.ACCESS,
        charters=view.charters[::-1],
        checkpoint=nothing,
        note=b"",
        tree=VerifiedTree(size=0, root=EMPTY_ROOT, read=service.access_tile),
        read=service.access_tile,
    )
    compared = compare(log, heard, now=now)
    alarms = (*((_gone(start),) if start else ()), *compared.alarms)
    return _round(compared, start=start, alarms=alarms) if alarms else None


def _shown(audited: AccessAudited, view: View, service: Service) -> ShownLog:
    checkpoint = audited.checkpoint
    return ShownLog(
        name=LogName.ACCESS,
        charters=view.charters[::-1],
        checkpoint=checkpoint,
        note=audited.note,
        tree=VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=service.access_tile),
        read=service.access_tile,
    )


def _gone(start: int) -> Alarm:
    what = f"the access log had {start:,} entries, and none is shown any more"
    return Alarm(kind="rollback", what=what, is_fraud=False)


def _withheld(error: Exception) -> Alarm:
    what = f"the service shows its log, and its access log cannot be had: {error}"
    return Alarm(kind="withheld", what=what, is_fraud=False)


def _unvouched(audited: AccessAudited, view: View, now: int) -> Iterator[Alarm]:
    """Yield what is wrong with who vouches for the access log: no quorum, or one that is too old."""
    if not view.charter.is_witnessed:
        return
    try:
        cosigned = open_published(audited.note, charter=view.charter, log=LogName.ACCESS)
    except BadSignatureError as error:
        yield Alarm(kind="unwitnessed", what=f"the access log is not under its quorum: {error}", is_fraud=False)
        return
    fresh = freshness(cosigned, f=view.charter.witness.f)
    if fresh is not None and is_stale(fresh, now=now):
        minutes = (now - fresh) // 60
        what = f"the witnesses last vouched for the access log {minutes:,} minutes ago, and {STALE_SECONDS // 60} are allowed"
        yield Alarm(kind="freeze", what=what, is_fraud=False)
