"""The four paths of a witness, and what each takes (C2SP tlog-witness)."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TypeAlias

from clients.witness.cosigner import Answer, Cosigner
from clients.witness.heads import Head, require
from ledger.witnessing import MAX_BODY_BYTES

ADD_CHECKPOINT = b"/add-checkpoint"
SIGN_SUBTREE = b"/sign-subtree"
HEALTHZ = b"/healthz"

_MONITOR = re.compile(rb"/([0-9a-f]{64})/checkpoint")

Work: TypeAlias = Callable[[bytes], Answer]


class Routes:
    """Which of a witness's answers a head asks for."""

    def __init__(self, cosigner: Cosigner) -> None:
        """Take the witness."""
        self._cosigner = cosigner
        self._posts: Mapping[bytes, Work] = {
            ADD_CHECKPOINT: cosigner.add_checkpoint,
            SIGN_SUBTREE: cosigner.sign_subtree,
        }

    def find(self, head: Head) -> Work:
        """Return what makes the answer of the body; raise RefusedError: for the path, the method, the length."""
        require(b"?" not in head.target, HTTPStatus.BAD_REQUEST)
        if head.target in self._posts:
            require(head.method == b"POST", HTTPStatus.METHOD_NOT_ALLOWED)
            require(head.length is not None, HTTPStatus.LENGTH_REQUIRED)
            require((head.length or 0) <= MAX_BODY_BYTES, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return self._posts[head.target]
        monitored = _MONITOR.fullmatch(head.target)
        require(monitored or head.target == HEALTHZ, HTTPStatus.NOT_FOUND)
        require(head.method in {b"GET", b"HEAD"}, HTTPStatus.METHOD_NOT_ALLOWED)
        require(not head.length, HTTPStatus.BAD_REQUEST)
        return partial(self._monitored, monitored[1].decode("ascii")) if monitored else _healthy

    def _monitored(self, digest: str, _body: bytes) -> Answer:
        return self._cosigner.monitor(digest)


def shown(target: bytes) -> str:
    """Return a path of ours; any other is not written down."""
    if target in {ADD_CHECKPOINT, SIGN_SUBTREE, HEALTHZ}:
        return target.decode("ascii")
    return "monitoring" if _MONITOR.fullmatch(target) else "other"


def _healthy(_body: bytes) -> Answer:
    return Answer(status=HTTPStatus.OK, body=b"ok\n")
