"""A home: the one folder where an agency's keys, outbox, replica and trust live (docs/commands.md).

Everything in it is secret or decides what is believed, so a home that others may read or write is refused.
"""

import json
import os
import stat
import tomllib
import unicodedata
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from clients.durable import make_folder, write_file
from clients.errors import HomeError
from crypto import privatefile
from ledger.errors import MalformedError
from ledger.identifiers import agency_id

VARIABLE = "SEALTRACE_HOME"
MAX_CONFIG_BYTES = 65_536

_MEMBERS = {"agency": ("id", "name", "country"), "service": ("url", "origin")}


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeConfig:
    """`config.toml`: whose home this is, and after `join` which log it follows."""

    id: str
    name: str
    country: str
    url: str = ""
    origin: str = ""

    @property
    def joined(self) -> bool:
        """Say whether this home follows a log yet."""
        return bool(self.url)


@dataclass(frozen=True, slots=True)
class Home:
    """The files of one home, by name."""

    path: Path

    @property
    def config_file(self) -> Path:
        """Return where the home says whose it is."""
        return self.path / "config.toml"

    @property
    def keystore(self) -> Path:
        """Return the working keys: sign, batch, http, hpke and the epoch keys."""
        return self.path / "keystore"

    @property
    def root_keystore(self) -> Path:
        """Return the root and recovery keys, to be taken offline."""
        return self.path / "root.keystore"

    @property
    def next_root_keystore(self) -> Path:
        """Return the new root and recovery keys while a charter that names them is on its way."""
        return self.path / "root.keystore.next"

    @property
    def witness_keystore(self) -> Path:
        """Return the witness keys, in a file of their own: a witness's machine needs no other key."""
        return self.path / "witness.keystore"

    @property
    def witnesses_file(self) -> Path:
        """Return where this agency writes down how it reaches the others' witnesses, to watch them."""
        return self.path / "witnesses.toml"

    @property
    def witness(self) -> Path:
        """Return what this agency's witness has cosigned, the charters it goes by, and its evidence."""
        return self.path / "witness"

    @property
    def key_entry(self) -> Path:
        """Return the signed key entry that is still to be sent."""
        return self.path / "key-entry"

    @property
    def refused_entries(self) -> Path:
        """Return the folder of key entries that the service refused, until another is logged."""
        return self.path / "key-entries-refused"

    @property
    def officers(self) -> Path:
        """Return the folder of officers' own keystores, and of the list of those who are enrolled."""
        return self.path / "officers"

    @property
    def approvals(self) -> Path:
        """Return the folder of what two officers agreed on: each file under the agency's own signature."""
        return self.path / "approvals"

    @property
    def outbox(self) -> Path:
        """Return what was signed and sent, and what is still to be sent."""
        return self.path / "outbox.sqlite"

    @property
    def replica(self) -> Path:
        """Return the verified, opened records."""
        return self.path / "replica.sqlite"

    @property
    def matching(self) -> Path:
        """Return tokens, slips, questions and notices: the book of matching."""
        return self.path / "matching.sqlite"

    @property
    def desk(self) -> Path:
        """Return what the agency's desk keeps: its people, their sessions, the record of use."""
        return self.path / "desk.sqlite"

    @property
    def use(self) -> Path:
        """Return how far the desk's record of use was when it was last written, signed: its database is held against it."""
        return self.path / "use-checkpoint"

    @property
    def databases(self) -> tuple[Path, ...]:
        """Return every file that is encrypted under the home's own key."""
        return self.outbox, self.matching, self.replica, self.desk

    @property
    def trusted(self) -> Path:
        """Return the folder of what is believed: the pinned charter and the last checkpoint."""
        return self.path / "trusted"

    @property
    def reports(self) -> Path:
        """Return the folder of reports to the charter's auditors, sealed to them."""
        return self.path / "reports"

    @property
    def access_checkpoint(self) -> Path:
        """Return the newest checkpoint of the access log that was verified."""
        return self.trusted / "access-checkpoint"

    @property
    def profile(self) -> Path:
        """Return the agency's profile: its labels, audiences and hit policies."""
        return self.path / "profile.toml"

    @property
    def codes(self) -> Path:
        """Return the folder of imported official code lists."""
        return self.path / "codes"

    def exclusive(self) -> AbstractContextManager[None]:
        """Return a lock: commands that change the home take turns."""
        return privatefile.locked(self.path / "home")

    def config(self) -> HomeConfig:
        """Return what `config.toml` says; raise HomeError when it is missing or not as written here."""
        try:
            raw = self.config_file.read_bytes()
        except OSError as error:
            raise HomeError(
                f"no home at {self.path}", next_step="make one with `sealtrace agency create --home DIR …`"
            ) from error
        return _parse(raw)

    def save(self, config: HomeConfig) -> None:
        """Write `config.toml` durably."""
        write_file(self.config_file, _format(config))

    def joined(self) -> HomeConfig:
        """Return the configuration of a home that follows a log; raise HomeError before `join`."""
        config = self.config()
        if not config.joined:
            raise HomeError("this home follows no log yet", next_step="run `sealtrace join URL --charter FINGERPRINT`")
        return config

    def join(self, *, url: str, origin: str, named: str | None = None) -> HomeConfig:
        """Remember the log this home follows from now on, and where; later only `named` may be another address.

        `named` is the one in the log's verified charter: a home that joined at a mirror goes on to the service by it.
        """
        config = self.config()
        if config.joined and (origin != config.origin or url not in (config.url, named)):
            raise HomeError("this home already follows another log", next_step="use a new home for it")
        joined = replace(config, url=url, origin=origin)
        self.save(joined)
        return joined


def open_home(path: str | None, environ: Mapping[str, str]) -> Home:
    """Return the home that `--home` or SEALTRACE_HOME names, once nobody else can look into it."""
    home = _named(path, environ)
    home.config()
    _check_private(home.path)
    return home


def create_home(path: str | None, environ: Mapping[str, str], config: HomeConfig) -> Home:
    """Make a new home; raise HomeError where one is already."""
    home = _named(path, environ)
    if home.config_file.exists():
        raise HomeError(f"there is a home at {home.path} already", next_step="choose another folder")
    make_folder(home.path)
    _check_private(home.path)
    make_folder(home.trusted)
    home.save(config)
    return home


def _named(path: str | None, environ: Mapping[str, str]) -> Home:
    name = path or environ.get(VARIABLE)
    if not name:
        raise HomeError("no home was named", next_step=f"give --home DIR or set {VARIABLE}")
    return Home(Path(name).absolute())


def _check_private(path: Path) -> None:
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise HomeError(f"the home {path} belongs to another user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise HomeError(f"the home {path} is open to other users", next_step=f"chmod 700 {path}")


def _parse(raw: bytes) -> HomeConfig:
    try:
        data = tomllib.loads(raw[: MAX_CONFIG_BYTES + 1].decode()) if len(raw) <= MAX_CONFIG_BYTES else {}
        values = {
            name: str(data[section][name]) for section, names in _MEMBERS.items() if section in data for name in names
        }
        agency_id(values.get("id"))
        config = HomeConfig(**values)
    except (ValueError, RecursionError, LookupError, TypeError, MalformedError) as error:
        raise HomeError("config.toml of the home cannot be read", next_step="restore it from a backup") from error
    return config


def _format(config: HomeConfig) -> bytes:
    sections: dict[str, tuple[str, ...]] = {"agency": (config.id, config.name, config.country)}
    if config.joined:
        sections["service"] = (config.url, config.origin)
    lines: list[str] = []
    for section, values in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {_quoted(value)}" for name, value in zip(_MEMBERS[section], values, strict=True)]
        lines.append("")
    return "\n".join(lines).encode()


def _quoted(text: str) -> str:
    """Return `text` as a TOML basic string; JSON spells these alike once control characters are out."""
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise HomeError("a name in the configuration holds control characters", next_step="leave them out")
    return json.dumps(text, ensure_ascii=False)
