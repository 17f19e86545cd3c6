"""What the desk says where the library names a command: an officer in a browser has pages, and no shell.

The library tells people what to do next as the command line has it (`clients/cli/exits.py` and each error's own advice).
Each such sentence stands here with what a page says in its stead: which page does it, or, for what is done in the desk's
home alone (keys, the charter, restoring, an audit's report), that whoever keeps the home is to do it. A sentence that
speaks of the shell and is not here fails a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Step:
    """What a page says; `page` is the endpoint of the page that stands in it as `%(page)s`."""

    words: str
    page: str = ""


def marked(text: str) -> str:
    """Mark a text for translators; it is translated where it is said (`clients/desk/sentences.py`)."""
    return text


_TODAY, _INBOX, _HITS, _ASK = "home.home", "inbox.inbox", "hits.hits", "ask.ask"
_IMPORTS, _PROFILE, _PEOPLE, _OFFICER = "imports.imports", "profile.profile", "people.people", "officers.officer"

_SEE = marked("see the page %(page)s")
_WAIT = Step(marked("wait a minute, then try again: the desk sends by itself what waits"))
_CORRECT = Step(marked("correct it, and send it again"))
_NOTHING_SHOWN = Step(marked("work for another purpose where you may, or ask its originator for a release"))
_CHOOSE = Step(marked("choose what to ask for"))
_KEEPER = Step(marked("ask whoever keeps the desk's home to set it right"))

_SYNCING: Mapping[str, Step] = {
    # What was not found is told with this advice beneath; so what was not found does not give it as well.
    "check the name; what was logged lately is found after `sealtrace sync`": Step(
        marked("check the name; what was logged lately is found after “Sync now” on the page %(page)s"), _TODAY
    ),
    "no message of that name is here: run `sealtrace sync`, then `sealtrace inbox`": Step(
        marked("no message of that name is here")
    ),
    "no own record of that name is in the replica: run `sealtrace sync`": Step(
        marked("no own record of that name is in the replica")
    ),
    "no record of that name is in the replica: run `sealtrace sync`": Step(
        marked("no record of that name is in the replica")
    ),
    "no record of that name is in the replica: run `sealtrace sync`, or it is sealed to others": Step(
        marked("no record of that name is in the replica, or it is sealed to others")
    ),
    "no record of that name is in the replica: say --portion or --field": Step(
        marked("no record of that name is in the replica")
    ),
    "no record of that name may be traced: run `sealtrace sync`, or it was superseded": Step(
        marked("no record of that name may be traced, or it was superseded")
    ),
    "no thread of that id is here: run `sealtrace sync`, then `sealtrace inbox`": Step(
        marked("no thread of that id is here")
    ),
    "run `sealtrace sync`: it is logged already": Step(
        marked("it is logged already, and is shown after “Sync now” on the page %(page)s"), _TODAY
    ),
    "run `sealtrace sync`; if it stays so, %(by)s has not handed the key out yet": Step(
        marked("press “Sync now” on the page %(page)s; if it stays so, %(by)s has not handed the key out yet"), _TODAY
    ),
    "try again in a while (`sealtrace sync` where this is a replica); if it lasts, ask the agencies that witness the log "
    "what they see": Step(
        marked(
            "press “Sync now” on the page %(page)s in a while; if it lasts, ask the agencies that witness the log what "
            "they see"
        ),
        _TODAY,
    ),
    "end it and run `sealtrace sync` again": Step(
        marked("ask whoever keeps the desk's home to end it, then press “Sync now” on the page %(page)s"), _TODAY
    ),
}
_ENTERING: Mapping[str, Step] = {
    "correct the map, or delete it and let `sealtrace submit` propose one": Step(
        marked("correct the map, or upload the list again: the desk proposes one")
    ),
    "give --sheet the name as it stands on the tab": Step(marked("name the sheet as it stands on the tab")),
    "name the sheet to read with --sheet": Step(marked("name the sheet to read, or upload it as a file of its own")),
    "leave --sheet out": Step(marked("name no sheet")),
    "show or delete it, or name the sheet to read with --sheet": Step(
        marked("show or delete it, or name the sheet to read")
    ),
    "nothing waits any more: go on with `sealtrace submit`, which knows its rows as logged": Step(
        marked("nothing waits any more: upload the list again on the page %(page)s, its rows are known as logged"),
        _IMPORTS,
    ),
    "run `sealtrace submit --resume`": _WAIT,
    "run `sealtrace submit --resume`, which signs on where the log says that the chain ends": _WAIT,
    "run `sealtrace submit` again": Step(marked("try again")),
    "run the same command again: a new epoch is opened and the rows are sealed anew": Step(
        marked("do the same again: a new epoch is opened and the rows are sealed anew")
    ),
    "run the same command again: it is signed anew under the keys that count now": Step(
        marked("do the same again: it is signed anew under the keys that count now")
    ),
    "run the same command again: rows of that batch are skipped, the others are sealed anew": Step(
        marked("do the same again: rows of that batch are skipped, the others are sealed anew")
    ),
    "the batch stays in the outbox: send it again with `sealtrace submit --resume`, or, if the service will never take "
    "it, take it out with `sealtrace submit --discard`": Step(
        marked(
            "the batch stays in the outbox, and the desk sends it again by itself; if the service will never take it, ask "
            "whoever keeps the desk's home to take it out with `sealtrace submit --discard`"
        )
    ),
    "see `sealtrace profile check`, and what the label may say in docs/vocabulary.md": Step(
        marked("see on the page %(page)s what a label may say"), _PROFILE
    ),
    "see `sealtrace profile show`": Step(_SEE, _PROFILE),
}
_ASKING: Mapping[str, Step] = {
    "give --serial, --file LIST or --mine": Step(
        marked("ask for one weapon, a list or our own records on the page %(page)s"), _ASK
    ),
    "no record that you may read bears this number: ask the others with `sealtrace match`": Step(
        marked("no record that you may read bears this number: ask the others on the page %(page)s"), _ASK
    ),
    "say --purpose, in your own words": Step(marked("say what it is for, in your own words")),
    "see `sealtrace charter propose --match-by`": Step(
        marked(
            "the members agree on it in a new charter: ask whoever keeps the desk's home to see "
            "`sealtrace charter propose --match-by`"
        )
    ),
    "see `sealtrace notices`": Step(_SEE, _HITS),
    "try again tomorrow, or have the members agree on other limits (`sealtrace charter propose`)": Step(
        marked("try again tomorrow, or have the members agree on other limits in a new charter")
    ),
}
_TALKING: Mapping[str, Step] = {
    "--where says which closed epochs": Step(marked("it says which closed epochs")),
    "an open epoch is shared by the profile, a single record by --portion": Step(
        marked("an open epoch is shared by the profile, a single record by its portions")
    ),
    "enrol one with `sealtrace officer create`": Step(
        marked("every officer draws a key of their own on the page %(page)s"), _OFFICER
    ),
    "leave --to out: %(iss)s is asked": Step(marked("name no other agency: %(iss)s is asked")),
    "name a request, or a record with --to and --portion or --field, or --to with --where": Step(
        marked("begin with the request on the page %(page)s, or with the record"), _INBOX
    ),
    "name an own record, and --to": Step(marked("name a record of our own, and the agency that it is for")),
    "say --kind %(kinds)s": Step(marked("choose the kind: %(kinds)s")),
    "say --portion, --field or --where": _CHOOSE,
    "say --to AGENCY, once for each": Step(marked("choose each agency that it is for")),
    "say --why %(grounds)s": Step(marked("choose the ground: %(grounds)s")),
    "see `sealtrace inbox THREAD`": Step(_SEE, _INBOX),
    "see `sealtrace inbox`": Step(_SEE, _INBOX),
    "see `sealtrace request --help`": _CORRECT,
    "see the command's --help": _CORRECT,
    "see `sealtrace show`": Step(marked("open the record: all of it is shown there")),
    "see its reasons with --json": _NOTHING_SHOWN,
    "see its reasons: `sealtrace show --json`": _NOTHING_SHOWN,
    "see the ceilings of the charter and of `sealtrace profile show`, or release it as --level lower": Step(
        marked("see the ceilings of the charter and those on the page %(page)s, or release it at a lower level"),
        _PROFILE,
    ),
}
_AGAIN: Mapping[str, Step] = {
    "nothing of it was taken over: run the command again, and ask the operator if it stays so": Step(
        marked("nothing of it was taken over: try again, and ask the operator if it stays so")
    ),
    "nothing was changed: run the command again, and see `sealtrace --help`": Step(
        marked("nothing was changed: try again, and tell your administrator if it stays so")
    ),
    "run the command again in a minute": Step(marked("try again in a minute")),
    "run the same command again; if it stays so, set this machine's clock right": Step(
        marked("try again; if it stays so, ask whoever keeps the desk's home to set its clock right")
    ),
}
# What is done where the home lies, by whoever may start programs there.
_KEEPING: Mapping[str, Step] = {
    "That it is a beginning of that log is not shown: it takes tiles of the larger one; name a service or a mirror that "
    "has them with --url.": Step(
        marked(
            "That it is a beginning of that log is not shown: it takes tiles of the larger one, from a service or a mirror "
            "that has them."
        )
    ),
    "compare its fingerprint with other members by telephone, then run `sealtrace charter confirm %(words)s`": Step(
        marked(
            "compare its fingerprint with other members by telephone, then ask whoever keeps the desk's home to run "
            "`sealtrace charter confirm %(words)s`"
        )
    ),
    "end every other `sealtrace` of this home and try again, else restore it from a backup": Step(
        marked(
            "ask whoever keeps the desk's home to end every other program that uses it, else to restore it from a backup"
        )
    ),
    "give --home DIR or set %(variable)s": _KEEPER,
    "leave --again out to invite somebody new": Step(marked("invite somebody new on the page %(page)s"), _PEOPLE),
    "make one with `sealtrace agency create --home DIR …`": _KEEPER,
    "open one for this command: %(variable)s=3 … 3<FILE": _KEEPER,
    "run `sealtrace audit --report F.html`: it names every finding": Step(
        marked("ask whoever keeps the desk's home to run `sealtrace audit --report F.html`: it names every finding")
    ),
    "run `sealtrace join URL --charter FINGERPRINT`": Step(
        marked("ask whoever keeps the desk's home to run `sealtrace join URL --charter FINGERPRINT`")
    ),
    "run `sealtrace sync --full` and `sealtrace notices`: they name them": Step(
        marked(
            "ask whoever keeps the desk's home to run `sealtrace sync --full` and `sealtrace notices`: they name them"
        )
    ),
    "see `sealtrace --help`": _KEEPER,
    "see `sealtrace desk serve --help`": _KEEPER,
    "see `sealtrace charter show`": Step(
        marked("ask whoever keeps the desk's home to run `sealtrace charter show`: it names the members")
    ),
    "see that `sealtrace witness serve` runs and answers, then try again": Step(
        marked(
            "ask whoever keeps the desk's home to see that `sealtrace witness serve` runs and answers, then try again"
        )
    ),
    "see with `sealtrace charter show` who is a member, and with `sealtrace key show` under which keys": Step(
        marked(
            "ask whoever keeps the desk's home to see with `sealtrace charter show` who is a member, and with "
            "`sealtrace key show` under which keys"
        )
    ),
    "show fraud-%(name)s-1.json to the members: `sealtrace fraud verify` tells whom it convicts": Step(
        marked(
            "ask whoever keeps the desk's home to show fraud-%(name)s-1.json to the members: `sealtrace fraud verify` "
            "tells whom it convicts"
        )
    ),
}

STEPS: Mapping[str, Step] = MappingProxyType({**_SYNCING, **_ENTERING, **_ASKING, **_TALKING, **_AGAIN, **_KEEPING})
"""By a sentence of the library that speaks of the shell, what the desk says in its stead."""
