"""Open the messages that were routed to this agency, and the copies of its own (docs/protocol.md, 6).

A message that does not open, or says that it is to somebody else, is reported and not kept: its signature then says only
who sent something that cannot be read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clients.blobs import fetch_blobs
from clients.session import Session
from crypto.errors import CryptoError
from ledger.errors import LedgerError, ProofError
from ledger.messages import Inner, Message, open_message
from ledger.talk.parts import Arrived
from ledger.wire.limits import BOX_DAYS
from ledger.wire.schemas import BlobName


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """How many messages are new, and by index why others are not kept."""

    new: int
    refused: Mapping[int, str]


def take_messages(session: Session, messages: Sequence[tuple[int, Message]], *, routed: bool) -> Received:
    """Open messages in log order and keep them; `routed` says that the service named them as this agency's.

    Of a whole log most messages are others': what the service gives no box for is passed over, unless it had named it.
    """
    known = {one.index for one in session.replica.talk.messages()} if messages else set[int]()
    fresh = [(index, message) for index, message in messages if index not in known]
    arrived: list[Arrived] = []
    refused: dict[int, str] = {}
    for (index, message), box in zip(fresh, _boxes(session, [one for _, one in fresh]), strict=True):
        if not box and not routed and message.name.iss != session.config.id:
            continue
        try:
            arrived.append(Arrived(index=index, name=message.name, inner=_open(session, message, box)))
        except LedgerError as error:
            refused[index] = f"message: {error}"
    return Received(new=session.replica.talk.add_messages(arrived), refused=refused)


def _boxes(session: Session, messages: Sequence[Message]) -> Iterable[bytes]:
    names = [BlobName(iss=one.name.iss, jti=one.name.jti, place="box") for one in messages]
    return fetch_blobs(session.service, names)


def _open(session: Session, message: Message, box: bytes) -> Inner:
    if not box:
        raise ProofError(
            f"its box is not given to us: boxes are kept for {BOX_DAYS} days; ask {message.name.iss} to send it again"
        )
    failure = ProofError("this home holds no key for boxes")
    for decapsulator in session.keyring.decapsulators():
        try:
            return open_message(message, me=session.config.id, decapsulator=decapsulator, box=box)
        except ProofError as error:
            # Only what does not open may open with an older key; any other fault is the message's own.
            if not isinstance(error.__cause__, CryptoError):
                raise
            failure = error
    raise failure
