"""A witness that takes no connection from outside: it asks, cosigns by the same checks, and sends (docs/protocol.md, 9)."""

import threading
from collections.abc import Callable
from secrets import token_bytes

from clients.errors import ClientError
from clients.keyring import Keyring
from clients.requestsigning import RequestSigner
from clients.service import Service
from clients.witness.opening import OpenWitness
from ledger.errors import LedgerError
from ledger.kinds import Role
from ledger.wire.requests import authority
from ledger.witnesses import LogName
from ledger.witnessing import AddCheckpoint, Status

PAUSE_SECONDS = 5.0


class Outbound:
    """Asks for both logs at once, each in a thread of its own, since the service keeps each question waiting."""

    def __init__(self, witness: OpenWitness, service: Service) -> None:
        """Take the witness, and the service as it hears this agency: signed by its `http` key."""
        self._witness = witness
        self._service = service
        self._log = witness.watch.log

    def run(self, *, until: threading.Event) -> None:
        """Ask until told to end."""
        threads = [threading.Thread(target=self._ask, args=(log, until), daemon=True) for log in LogName]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def step(self, log: LogName) -> bool:
        """Ask once, cosign and send; say whether all went well. What fails changes nothing but this witness's state."""
        charter = self._witness.book.charters[-1][1]
        cosigner = self._witness.cosigner
        try:
            body = self._service.witness_pending(log=log.value, old=cosigner.size(log.origin(charter)))
            if body is None:
                return True
            answer = cosigner.add_checkpoint(body)
            if answer.status != Status.OK:
                self._log.warning("not cosigned", log=log.value, status=answer.status)
                return False
            text, _, _ = AddCheckpoint.parse(body).checkpoint.rpartition(b"\n\n")
            self._service.witness_cosignatures(text + b"\n\n" + answer.body)
        except (ClientError, LedgerError, OSError) as error:
            self._log.warning("not asked", log=log.value, error=type(error).__name__, why=str(error))
            return False
        except Exception as error:  # noqa: BLE001 — a thread that ended would leave this log unwitnessed, and nobody would notice
            self._log.warning("not asked", log=log.value, error=type(error).__name__, why="")
            return False
        return True

    def _ask(self, log: LogName, until: threading.Event) -> None:
        while not until.is_set():
            if not self.step(log):
                until.wait(PAUSE_SECONDS)


def requester(keyring: Keyring, *, url: str, clock: Callable[[], int]) -> RequestSigner:
    """Return how this agency signs its requests."""
    key = keyring.signer(Role.HTTP)
    return RequestSigner(signer=key.signer, kid=key.kid, authority=authority(url), clock=clock, token_bytes=token_bytes)
