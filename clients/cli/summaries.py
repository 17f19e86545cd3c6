"""What each command does in one line, and how its help names values and ends: in words, whole, in 80 columns.

docs/commands.md says more.
"""

import re
from pathlib import Path
from typing import Any, get_args

from typer.core import TyperGroup

SUMMARIES = {
    "join": "pin the charter, verify the log and follow it",
    "submit": "seal, sign and log a list",
    "preview": "say who will be able to read what of a list",
    "sync": "fetch, verify and open what this agency may read",
    "show": "show one record, with what is withheld",
    "list": "find records in the replica",
    "trace": "show the chain of transfer of one weapon",
    "indicator": "count SDG 16.4.2 over the records you may read",
    "audit": "verify a whole log, from the service or a copy",
    "mirror": "keep a verified copy of the log in a folder",
    "watch": "verify what is new, and compare with the witnesses",
    "demo": "tell the whole story on this machine, then serve on",
    "generate": "invent weapons, and the lists that agencies keep of them",
    "expunge": "propose to expunge an own record",
    "match": "ask blind whether anybody has logged a weapon",
    "notices": "show who asked for your weapons, and review silent hits",
    "complain": "call the charter's auditors to a question",
    "openings": "for an auditor: who asked, and what was complained of",
    "usage": "for an auditor: what was evaluated, logged and asked",
    "request": "ask an agency for what it withheld, or for a trace",
    "inbox": "list the conversations, and what is owed by when",
    "answer": "answer a message",
    "refuse": "refuse a request, delay it or restrict the answer",
    "release": "release a portion, fields or closed epochs to one agency",
    "approve": "approve what another officer proposed, and carry it out",
    "recall": "recall a release",
    "approvals": "list what two officers did, each verified anew",
    "agency": "found an agency",
    "agency create": "make all keys, a home and the enrolment request",
    "charter": "propose, sign, submit and read the charter",
    "charter propose": "write the proposal of a charter from enrolments",
    "charter sign": "add this agency's root signatures",
    "charter submit": "send a signed charter, and prove that it was logged",
    "charter show": "print what a charter says, and its fingerprint",
    "charter drill": "rehearse a membership on a scratch log",
    "charter confirm": "take over a charter that replaces lost witnesses",
    "key": "this agency's own keys",
    "key show": "list the keys in force",
    "key rotate": "replace working keys; needs the root keystore",
    "key revoke": "end keys that others may hold",
    "key new-root": "draw all keys anew, for the next charter",
    "key adopt": "take a new root into use once its charter is in force",
    "witness": "cosign the log on this agency's own premises",
    "witness keys": "make new witness keys, and the request to be named",
    "witness serve": "run this agency's witness",
    "officer": "officers, each with a signing key of their own",
    "officer create": "draw an officer's own key, and enrol it",
    "officer list": "list the officers that are enrolled",
    "officer end": "let an officer's key sign no more",
    "profile": "default labels, audiences and hit policies",
    "profile show": "print the profile in use, as a file to edit",
    "profile check": "say what of a profile will not work",
    "codes": "official lists of makes and calibres",
    "codes import": "take an official list into the home",
    "bundle": "evidence that travels: one file, verified by anybody",
    "bundle export": "write a record with everything that proves it",
    "bundle verify": "verify a bundle with no network and no account",
    "fraud": "signed words that convict whoever signed them",
    "fraud verify": "say whom a proof of fraud convicts of what",
    "fraud prove": "make the proof of two checkpoints that contradict",
    "fraud open": "open a report that a member sealed to this auditor",
    "slips": "what partners who ask are told of your records",
    "slips renew": "log new slips after the policy or the epoch changed",
    "desk": "the pages that this agency's people work in",
    "desk serve": "run the desk until it is told to end",
    "desk invite": "make a link that lets one person in, once",
    "desk use": "the record of use: who did what at the desk",
    "desk use export": "write the record of use into one file",
    "desk use verify": "verify such a file, offline",
}
# What stands for a value where an option does not say it itself.
_VALUES = {Path: "FILE", int: "N", float: "SHARE"}
_NAMED = {("data", Path): "DIR", ("state", Path): "DIR", ("url", str): "URL", ("charter", str): "FINGERPRINT"}
_EXAMPLE = "Example: "
_WIDTH = 76


def summarise(group: TyperGroup, path: str = "") -> TyperGroup:
    """Give every command of a group its line, its example the last word, and every value a word; return the group."""
    for name, command in group.commands.items():
        full = f"{path} {name}".strip()
        command.short_help = SUMMARIES[full]
        _end_with_example(command)
        for parameter in command.params:
            _name_value(parameter)
        if isinstance(command, TyperGroup):
            summarise(command, full)
    return group


def _name_value(parameter: Any) -> None:
    if parameter.param_type_name == "argument":
        _name_argument(parameter)
        return
    if parameter.multiple:
        parameter.help = f"{parameter.help.removesuffix('.')}; again for each."
    if parameter.metavar is None and not parameter.is_flag:
        kind = parameter.type_descriptor.annotation
        (kind,) = get_args(kind) or (kind,)
        parameter.metavar = _NAMED.get((parameter.name, kind), _VALUES.get(kind, "TEXT"))


def _name_argument(argument: Any) -> None:
    """Say FILE where typer says `{file}` and `file <path>`: signs and types are for whoever writes Python."""
    word = argument.metavar = argument.metavar or argument.name.upper()
    used = word if argument.required else f"[{word}]"
    argument.get_usage_pieces = lambda _context: [used if argument.nargs == 1 else f"{used}…"]
    argument.display_type_rich = lambda ctx: None  # noqa: ARG005 - typer calls it by this name


def _end_with_example(command: Any) -> None:
    text, _, example = (command.help or "").partition(f"\n\n{_EXAMPLE}")
    command.help = text
    examples = [example] if example else [line.removeprefix(_EXAMPLE) for line in (command.epilog or "").splitlines()]
    # \b keeps the lines as they are: a command that is copied must come out of the terminal as it would be typed.
    command.epilog = "\n\n".join("\b\n" + _folded(_EXAMPLE + one) for one in examples)


def _folded(command_line: str) -> str:
    """Return a command over as many lines as it needs, broken between words as a shell reads them."""
    lines = [""]
    # An option keeps its value beside it.
    for word in re.findall(r"(?:-\S+ (?=[^-]))?(?:'[^']*'|[^\s'])+", command_line):
        if len(lines[-1]) + len(word) + 1 > _WIDTH:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)
