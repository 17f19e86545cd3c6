"""Who may open which page: one rule for each endpoint, asked before anything else is done (docs/adr/0065).

A role opens pages; what of a record is shown there is for clearance, compartments and purpose to say. An endpoint without
a rule is refused, and fails a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from clients.desk.people.person import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Whom an endpoint is for: somebody with any of `roles`, or with `public` whoever asks.

    `fresh` wants whoever it is to have proved it within the last five minutes; `upload` lets a whole file in.
    """

    roles: frozenset[Role] = frozenset()
    fresh: bool = False
    public: bool = False
    upload: bool = False


EVERYBODY = frozenset(Role)
READERS = frozenset({Role.ANALYST, Role.RELEASING, Role.AUDITOR})
TALKERS = frozenset({Role.ANALYST, Role.RELEASING})
SECONDERS = frozenset({Role.SUBMITTER, Role.RELEASING})
WATCHERS = frozenset({Role.ANALYST, Role.RELEASING, Role.AUDITOR, Role.ADMINISTRATOR})

PUBLIC = Rule(public=True)
INSIDE = Rule(roles=EVERYBODY)

_BASE: Mapping[str, Rule] = {
    "static": PUBLIC,
    "home.home": INSIDE,
    "home.keys": INSIDE,
    "home.purpose": INSIDE,
    "home.sync": INSIDE,
}
_LOG: Mapping[str, Rule] = {
    "log.log": Rule(roles=WATCHERS),
    "members.members": INSIDE,
    "members.table": INSIDE,
    "log.test": Rule(roles=TALKERS),
    "log.audit": Rule(roles=WATCHERS),
    "log.proof": Rule(roles=READERS),
}
_SIGNING: Mapping[str, Rule] = {
    "signing.sign_in": PUBLIC,
    "signing.with_passkey": PUBLIC,
    "signing.with_password": PUBLIC,
    "signing.welcome": PUBLIC,
    "signing.welcome_with_passkey": PUBLIC,
    "signing.welcome_with_password": PUBLIC,
    "signing.sign_out": INSIDE,
    "signing.confirm": INSIDE,
    "signing.confirm_with_passkey": INSIDE,
    "signing.confirm_with_password": INSIDE,
    "own.own": INSIDE,
    "own.look": INSIDE,
    "own.out_everywhere": INSIDE,
    "own.ways": Rule(roles=EVERYBODY, fresh=True),
    "own.add_passkey": Rule(roles=EVERYBODY, fresh=True),
    "own.remove_passkey": Rule(roles=EVERYBODY, fresh=True),
    "own.password": Rule(roles=EVERYBODY, fresh=True),
    "own.set_password": Rule(roles=EVERYBODY, fresh=True),
}
_PEOPLE: Mapping[str, Rule] = {
    f"people.{name}": Rule(roles=frozenset({Role.ADMINISTRATOR}), fresh=True)
    for name in (
        "people",
        "listed",
        "new",
        "invite",
        "person",
        "change",
        "end",
        "again",
        "send_away",
        "proposal",
        "link",
    )
}

# Whoever enters records, and whoever may be the second officer for them.
_ENTERING = Rule(roles=frozenset({Role.SUBMITTER}))
_IMPORTS: Mapping[str, Rule] = {
    "submit.submit": _ENTERING,
    "submit.send": _ENTERING,
    "imports.imports": Rule(roles=SECONDERS),
    "imports.listed": Rule(roles=SECONDERS),
    "imports.upload": Rule(roles=frozenset({Role.SUBMITTER}), upload=True),
    "imports.show": Rule(roles=SECONDERS),
    "imports.part": Rule(roles=SECONDERS),
    "imports.read": _ENTERING,
    "imports.columns": _ENTERING,
    "imports.text": _ENTERING,
    "imports.map_file": _ENTERING,
    "imports.problems": Rule(roles=SECONDERS),
    "imports.readers": Rule(roles=SECONDERS),
    "imports.rejected": _ENTERING,
    "imports.sign": Rule(roles=SECONDERS, fresh=True),
    "imports.signed": Rule(roles=frozenset({Role.SUBMITTER}), fresh=True),
    "imports.approved": Rule(roles=SECONDERS, fresh=True),
    "imports.refused": Rule(roles=SECONDERS, fresh=True),
    "imports.back": _ENTERING,
    "imports.end": _ENTERING,
    "profile.profile": INSIDE,
    "profile.table": INSIDE,
}
_USE: Mapping[str, Rule] = {
    "use.use": Rule(roles=frozenset({Role.AUDITOR})),
    "use.listed": Rule(roles=frozenset({Role.AUDITOR})),
}

# An analyst may ask and answer what is asked back; what the agency decides and releases is a releasing officer's.
_RELEASING = Rule(roles=frozenset({Role.RELEASING}), fresh=True)
_TALK: Mapping[str, Rule] = {
    "inbox.inbox": Rule(roles=TALKERS),
    "inbox.listed": Rule(roles=TALKERS),
    "inbox.thread": Rule(roles=TALKERS),
    "inbox.messages": Rule(roles=TALKERS),
    "inbox.request": Rule(roles=TALKERS),
    "inbox.asked": Rule(roles=TALKERS),
    "deciding.message": Rule(roles=TALKERS),
    "deciding.tell": Rule(roles=TALKERS),
    "deciding.decide": Rule(roles=frozenset({Role.RELEASING})),
    "officers.officer": Rule(roles=frozenset({Role.RELEASING, Role.SUBMITTER}), fresh=True),
    "officers.create": Rule(roles=frozenset({Role.RELEASING, Role.SUBMITTER}), fresh=True),
    **{
        f"releasing.{name}": _RELEASING
        for name in ("choose", "of", "answer", "look", "send", "grant", "propose", "expunge", "propose_expunge")
    },
    **{f"proposals.{name}": _RELEASING for name in ("show", "file", "upload", "approve", "end")},
    **{
        f"notifying.{name}": Rule(roles=frozenset({Role.ADMINISTRATOR}), fresh=True)
        for name in ("notices", "relay", "add", "remove")
    },
    "proposals.uploaded": Rule(roles=frozenset({Role.RELEASING}), fresh=True, upload=True),
}

_READING: Mapping[str, Rule] = {
    "records.record": Rule(roles=READERS),
    "records.proof": Rule(roles=READERS),
    "records.table": Rule(roles=READERS),
    "records.taking": Rule(roles=READERS, fresh=True),
    "records.bundle": Rule(roles=READERS, fresh=True),
    "traces.traces": Rule(roles=READERS),
    "traces.weapon": Rule(roles=READERS),
    "traces.trace": Rule(roles=READERS),
    "traces.picture": Rule(roles=READERS),
    "traces.copied": Rule(roles=READERS),
    "traces.table": Rule(roles=READERS),
    "traces.described_trace": Rule(roles=READERS),
    "traces.described_picture": Rule(roles=READERS),
    "traces.described_copied": Rule(roles=READERS),
    "traces.described_table": Rule(roles=READERS),
    "ask.ask": Rule(roles=READERS),
    "ask.listed": Rule(roles=READERS),
    "ask.weapon": Rule(roles=TALKERS),
    "asklists.take": Rule(roles=TALKERS, upload=True),
    **{f"asklists.{name}": Rule(roles=TALKERS) for name in ("show", "columns", "text", "read")},
    "ask.own": Rule(roles=TALKERS),
    "ask.inquiry": Rule(roles=READERS),
    "ask.told": Rule(roles=READERS),
    "ask.go": Rule(roles=TALKERS),
    "ask.more": Rule(roles=TALKERS),
    "ask.drop": Rule(roles=TALKERS),
    "ask.asked": Rule(roles=frozenset({Role.AUDITOR})),
    "ask.asked_table": Rule(roles=frozenset({Role.AUDITOR})),
    "hits.hits": Rule(roles=READERS),
    "hits.table": Rule(roles=READERS),
    "hits.review": Rule(roles=TALKERS),
    "find.find": Rule(roles=READERS),
    "find.search": Rule(roles=READERS),
    "find.found": Rule(roles=READERS),
    "find.all_table": Rule(roles=READERS),
    "find.table": Rule(roles=READERS),
    "find.save": Rule(roles=READERS),
    "find.forget": Rule(roles=READERS),
}

RULES: Mapping[str, Rule] = {**_BASE, **_LOG, **_SIGNING, **_PEOPLE, **_IMPORTS, **_USE, **_TALK, **_READING}
