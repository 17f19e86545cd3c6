"""Run the service under granian (docs/adr/0024): one worker process, a pool of threads, loopback unless told otherwise.

The worker is forked, so that the keys opened here reach it without being written anywhere.
"""

import gc
import logging
import multiprocessing
import multiprocessing.util
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import structlog
from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from crypto.errors import CryptoError
from ledger.errors import LedgerError
from server.app import create_app, service_of
from server.config import Config
from server.console.app import create_console, make_parts
from server.console.place import PREFIX, Place
from server.errors import ConfigError, StartError
from server.forwarding import Forwarding
from server.holding import held
from server.keys import ServiceKeys
from server.metrics import Metrics, serve_metrics
from server.readiness import tell_ready
from server.repeating import Repeating
from server.service import Service

LOOPBACK = "127.0.0.1"

# Most threads only wait: for the sequencer, for the disk, for a body. Fewer would let slow senders starve readers.
_THREADS = 64
# A sender that never ends its body must not keep the service from ending: a worker that waits longer is ended.
_STOP_SECONDS = 10
_SWITCH_SECONDS = 0.000_5
# Boxes go once a day; an hour later costs a question, and a service that starts often misses no day.
_EXPIRY_SECONDS = 3_600
_HTTP1 = HTTP1Settings(header_read_timeout=10_000, max_buffer_size=16_384)


def serve(  # noqa: PLR0913  what one service listens on, all by name
    config: Config,
    *,
    keys: ServiceKeys,
    host: str,
    port: int,
    metrics_port: int | None,
    console: Place | None = None,
    proxies: Sequence[str] = (),
    notify: str | None = None,
) -> None:
    """Serve until a signal ends it; exit with 1 if the log cannot be opened.

    Raises StartError if another service runs on the folder: the kernel would give each a part of the requests.
    `console` is where its pages are reached, `proxies` who else than loopback may name a client, `notify` the socket of
    a service manager that waits.
    """
    configure_logging()
    # Other start methods would pickle the loader, and the keys with it, through a pipe.
    multiprocessing.set_start_method("fork", force=True)
    server = Granian(
        "server.app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        workers_kill_timeout=_STOP_SECONDS,
        blocking_threads=_THREADS,
        http=HTTPModes.http1,
        http1_settings=_HTTP1,
        websockets=False,
        log_level=LogLevels.error,
        log_access=False,
    )
    ready = partial(tell_ready, notify, host=host, port=port)
    loader = partial(_load, config, keys, metrics_port=metrics_port, console=console, proxies=proxies, ready=ready)
    taken = StartError(f"another service runs on {config.data}: end it first, or name a folder of its own")
    # One that is just ending is waited for.
    with held(config.data, taken=taken, patience_seconds=_STOP_SECONDS):
        server.serve(target_loader=loader, wrap_loader=False)


def configure_logging() -> None:
    """Write one JSON line for each event to stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def settle() -> None:
    """Tell the interpreter what kind of program this is (docs/adr/0034).

    What is loaded by now stays: a batch makes some ten thousand objects, and the collector of garbage would walk through
    every module again and again. Threads take turns often: one that verifies lets go of the interpreter's lock for each
    signature, and while another reads a batch it would get it back only after five milliseconds.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH_SECONDS)


def _load(  # noqa: PLR0913  as `serve`
    config: Config,
    keys: ServiceKeys,
    *,
    metrics_port: int | None,
    console: Place | None,
    proxies: Sequence[str],
    ready: Callable[[], None],
) -> Callable[..., Any]:
    """Open the log in the worker; what stops it from opening is said in one line."""
    log = structlog.get_logger("sealtrace.server")
    metrics = Metrics()
    try:
        app = create_app(config, keys=keys, metrics=metrics)
        service = service_of(app)
        # A forked worker runs no atexit handlers; this is what multiprocessing runs in their place.
        multiprocessing.util.Finalize(None, service.close, exitpriority=10)
        if metrics_port is not None:
            serve_metrics(metrics, host=LOOPBACK, port=metrics_port)
        found = app if console is None else _with_console(app, service, config, console)
        served = Forwarding(found, proxies=proxies)
        expiry = Repeating("box expiry", service.boxes.run, seconds=_EXPIRY_SECONDS)
        multiprocessing.util.Finalize(None, expiry.stop, exitpriority=30)
        ready()
    except (ConfigError, StartError, CryptoError, LedgerError, OSError) as error:
        log.critical("not started", error=str(error))
        raise SystemExit(1) from error
    settle()
    log.info("serving", size=service.store.head().size)
    return served


def _with_console(app: Flask, service: Service, config: Config, place: Place) -> Callable[..., Any]:
    parts = make_parts(service, config, place)
    multiprocessing.util.Finalize(None, parts.close, exitpriority=20)
    return DispatcherMiddleware(app, {PREFIX: create_console(parts)})
