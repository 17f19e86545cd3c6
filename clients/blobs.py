"""Ciphertexts and boxes from the service, as many as are wanted: asked for in parts, each while the one before is opened."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from clients.service import Service
from ledger.wire.limits import MAX_BLOB_NAMES
from ledger.wire.schemas import BlobName


def fetch_blobs(service: Service, names: Sequence[BlobName]) -> Iterator[bytes]:
    """Yield the blobs of `names`, in order; while those of one answer are opened the next answer is on its way."""
    parts = [names[at : at + MAX_BLOB_NAMES] for at in range(0, len(names), MAX_BLOB_NAMES)]
    with ThreadPoolExecutor(max_workers=1) as network:
        for blobs in network.map(service.blobs, parts):
            yield from blobs
