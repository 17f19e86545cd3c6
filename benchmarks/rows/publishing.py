"""Submit to witnessed: ten submissions a second, and four witnesses, each a program of its own on this machine."""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.material import Sender
from benchmarks.measure import Figure, percentile
from benchmarks.service import HOST, free_port, request_signer, serve_quietly, stop, wait_for
from clients.errors import ClientError
from clients.service import Service
from clients.transport import HttpTransport
from clients.witness.opening import Place
from clients.witness.program import answer
from ledger.checkpoints import claimed_size
from ledger.fingerprints import of_file
from ledger.keys import of_role
from ledger.kinds import Role
from ledger.terms import WitnessPolicy
from ledger.wire.schemas import STAGE_WITNESSED
from tests.support.consortium import (
    Consortium,
    agency_ids,
    make_agency,
    make_charter,
    make_keys,
    sign_by,
    signer_of,
)
from tests.support.services import make_config

_AGENCIES = 10
_POLICY = WitnessPolicy(agencies=agency_ids(4), k=3, f=1)
_SUBMISSIONS = 300
_EVERY_SECONDS = 0.1
_START_SECONDS = 60
_MILLI = 1_000


def measure() -> list[Figure]:
    """Return the median and the 99th percentile, each from the request to an answer with the quorum under it."""
    with _witnessed() as (senders, url):
        bodies = [(one, one.body(one.records(1))) for _ in range(_SUBMISSIONS // len(senders)) for one in senders]
        with ExitStack() as stack:
            # One at a time of each agency: its batches are a chain. Who waits for its turn is waiting.
            lanes = {one.iss: stack.enter_context(ThreadPoolExecutor(1)) for one in senders}
            began = time.perf_counter()
            waiting = []
            for number, (sender, body) in enumerate(bodies):
                time.sleep(max(0.0, began + number * _EVERY_SECONDS - time.perf_counter()))
                waiting.append(lanes[sender.iss].submit(_submit, url, sender, body, started=time.perf_counter()))
            taken = [one.result() for one in waiting]
    return [_figure(taken, percent=50, most=300), _figure(taken, percent=99, most=1_500)]


def _figure(taken: list[float], *, percent: int, most: float) -> Figure:
    found = percentile(taken, percent)
    return Figure(
        what=f"service: submit → witnessed by 3 of 4, ten a second, five programs on this machine: p{percent}",
        unit="ms",
        median=found,
        low=min(taken),
        high=max(taken),
        target=f"≤ {most:g}",
        met=found <= most,
    )


def _submit(url: str, sender: Sender, body: bytes, *, started: float = 0.0) -> float:
    transport = HttpTransport(url)
    service = Service(transport, signer=request_signer(sender))
    receipt = service.submit_batch(body)
    while receipt.stage != STAGE_WITNESSED and claimed_size(service.checkpoint()) <= receipt.index:
        time.sleep(0.005)
    taken = (time.perf_counter() - started) * _MILLI
    transport.close()
    return taken


def _consortium() -> Consortium:
    """Return ten agencies, four of which witness."""
    agencies = [make_agency(agency) for agency in agency_ids(_AGENCIES)]
    members = tuple(
        replace(one, keys=(*one.keys, *make_keys(one.id, roles=(Role.WITNESS,), start=40)))
        if one.id in _POLICY.agencies
        else one
        for one in agencies
    )
    charter = replace(make_charter(agencies), agencies=members, witness=_POLICY)
    return Consortium(charter=charter, charter_file=sign_by(charter, members))


@contextmanager
def _witnessed() -> Iterator[tuple[list[Sender], str]]:
    """Run a service and its four witnesses, the first charter published and every epoch open."""
    consortium = _consortium()
    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder, ExitStack() as stack:
        data = Path(folder) / "service"
        data.mkdir(mode=0o700)
        fingerprint = of_file(consortium.charter_file)
        config = make_config(data, fingerprint=fingerprint)
        ports = {agency: free_port() for agency in _POLICY.agencies}
        lines = [f'{agency} = "http://{HOST}:{port}"\n' for agency, port in ports.items()]
        config.witnesses.write_text(f"[witness]\n{''.join(lines)}", encoding="utf-8")
        port = free_port()
        url = f"http://{HOST}:{port}"
        programs = [fork.Process(target=serve_quietly, args=(config, port))]
        for agency, own in ports.items():
            member = consortium.charter.agency(agency)
            keys = of_role(member.keys if member else (), Role.WITNESS)
            place = Place(
                agency=agency,
                folder=Path(folder) / agency,
                highest=Path(folder) / f"{agency}.highest",
                url=url,
                fingerprint=fingerprint,
                signers=tuple(signer_of(key) for key in keys),
            )
            programs.append(fork.Process(target=_serve_witness, args=(place, own)))
        transport = HttpTransport(url)
        stack.callback(transport.close)
        programs[0].start()
        stack.callback(stop, programs[0])
        wait_for(transport)
        Service(transport).submit_charter(consortium.charter_file)
        for program in programs[1:]:
            program.start()
            stack.callback(stop, program)
        _published(Service(transport))
        senders = [Sender(consortium=consortium, iss=agency) for agency in consortium.ids]
        for sender in senders:
            _submit(url, sender, sender.body(sender.grants()))
        yield senders, url


def _published(service: Service) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            service.checkpoint()
        except ClientError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the witnesses do not cosign")


def _serve_witness(place: Place, port: int) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    answer(place, host=HOST, port=port)
