"""Verified views of a log made in memory: what a home believes, without a home."""

from clients.service import Service
from clients.transport import Request, Response
from clients.trust import LoggedCharter, View
from ledger import fingerprints
from ledger.charter import verify_first_charter
from ledger.errors import LedgerError, NotFoundError
from ledger.proofs import TlogProof
from ledger.tileproofs import inclusion_proof
from ledger.verifiedtree import VerifiedTree
from ledger.wire import paths
from ledger.wire.schemas import AGENCY_HEAD, LOGGED_ENTRY, AgencyHead, LoggedEntry
from ledger.witnesses import open_published
from tests.support.consortium import Consortium
from tests.support.logfiles import Files


def view_of(consortium: Consortium, files: Files) -> View:
    """Return the view of a home that trusts the consortium's first charter and was shown these files."""
    charter = verify_first_charter(consortium.charter_file, fingerprint=fingerprints.of_file(consortium.charter_file))
    witnessed = open_published(files.checkpoint(), charter=charter)
    checkpoint = witnessed.checkpoint
    return View(
        charters=(LoggedCharter(charter=charter, file=consortium.charter_file, index=0),),
        checkpoint=checkpoint,
        note=files.checkpoint(),
        tree=VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=files.tile),
        witnessed=witnessed,
    )


class LogTransport:
    """Answers what a service answers about entries and heads; `entries` and `heads` may be bent by a test."""

    def __init__(self, consortium: Consortium, files: Files) -> None:
        """Take the log."""
        self.files = files
        self.entries = dict(enumerate(consortium.store.entries(0, consortium.state.size)))
        self.heads = {
            iss: AgencyHead(
                seq=0,
                prev=bytes(32),
                index=None,
                kx=consortium.state.membership.kx(iss, consortium.state.size),
                keys=consortium.state.membership.key_chain(iss, consortium.state.size),
            )
            for iss in consortium.ids
        }
        self.asked: list[str] = []

    def service(self) -> Service:
        """Return the service over this way."""
        return Service(self)

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the answer to a GET."""
        self.asked.append(request.path)
        try:
            body = self._body(request.path)
        except LedgerError:
            return Response(status=404, content_type="text/plain", body=b"")
        assert len(body) <= limit
        return Response(status=200, content_type=paths.JSON_TYPE, body=body)

    def _body(self, path: str) -> bytes:
        for index, entry in self.entries.items():
            if path == paths.entry(index):
                return LOGGED_ENTRY.write(LoggedEntry(index=index, entry=entry, proof=self._proof(index)))
        for iss, head in self.heads.items():
            if path == paths.agency_head(iss):
                return AGENCY_HEAD.write(head)
        if path.startswith(paths.entry(0).removesuffix("0")):
            raise NotFoundError("the log does not reach that far")
        raise AssertionError(f"nobody answers {path}")

    def _proof(self, index: int) -> str:
        size = len(self.entries)
        hashes = inclusion_proof(index=index, size=size, read=self.files.tile)
        return TlogProof(index=index, hashes=hashes, checkpoint=self.files.checkpoint(), extra=None).format().decode()
