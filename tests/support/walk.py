"""A walk through the commands of docs/operations.md on a machine made of one temporary folder.

Every command runs as it is written, but for two things. Absolute folders and the two ports become ones of the test.
And programs that need root or would change this machine (apt-get, systemctl, systemd-sysusers, systemd-creds and its
prompt, runuser, and the owner that `install` sets) are stood in for by scripts of a line or two, below: what they
would do for the service (start its unit, hand it its passphrase) is done, what they would do to the machine is not.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/operations.md"
PASSPHRASE = "seven dice were thrown for this"

_FOLDERS = ("/opt/sealtrace", "/etc/", "/var/lib/sealtrace", "/var/backups/", "/srv/")

# What MemoryDenyWriteExecute= does, by the kernel's own switch (PR_SET_MDWE; kernels before 6.3 do not know it).
DENY_WRITE_EXECUTE = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
)

# systemctl starts what the installed unit's ExecStart says, with the unit's environment and its credential; a backup it
# waits for, and its timer it only looks for.
STAND_INS = {
    "apt-get": "true",
    "systemd-sysusers": "test -s $MACHINE/etc/sysusers.d/sealtrace.conf",
    "systemd-ask-password": "printf '%s' \"$PASSPHRASE\"",
    "systemd-creds": 'case $1 in encrypt) cat > "$4" ;; decrypt) cat "$3" ;; *) exit 64 ;; esac',
    "runuser": 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
    "install": 'for word; do shift; case $word in --owner=*|--group=*) ;; *) set -- "$@" "$word" ;; esac; done; exec $INSTALL "$@"',
    "systemctl": r"""
case " $* " in *" sealtrace-backup.timer "*)
    test -s $MACHINE/etc/systemd/system/sealtrace-backup.timer
    exit ;;
*" sealtrace-backup "*)
    unit=$MACHINE/etc/systemd/system/sealtrace-backup.service
    exec env --ignore-environment PATH=/usr/bin:/bin $PYTHON -c "$DENY_WRITE_EXECUTE" \
        $(sed -n 's/^ExecStart=//p' $unit | sed "$SUBSTITUTIONS") >> $MACHINE/journal 2>&1 < /dev/null ;;
esac
pid=$(cat $MACHINE/pid 2> /dev/null || echo none)
case " $* " in *" stop "*|*" restart "*)
    kill -TERM $pid
    while grep -qs '^State:[[:space:]]*[^Z]' /proc/$pid/status; do sleep 0.1; done
    rm $MACHINE/pid ;;
esac
case " $* " in *" stop "*) exit ;; esac
unit=$MACHINE/etc/systemd/system/sealtrace-server.service
. $MACHINE/etc/sealtrace/server.env
mkdir -p $MACHINE/credentials && cp $MACHINE/etc/sealtrace/passphrase.cred $MACHINE/credentials/sealtrace-passphrase
env --ignore-environment PATH=/usr/bin:/bin SEALTRACE_CHARTER=$SEALTRACE_CHARTER SEALTRACE_DATA=$MACHINE/var/lib/sealtrace \
    CREDENTIALS_DIRECTORY=$MACHINE/credentials $PYTHON -c "$DENY_WRITE_EXECUTE" \
    $(sed -n 's/^ExecStart=//p' $unit | sed "$SUBSTITUTIONS") \
    >> $MACHINE/journal 2>&1 < /dev/null &
echo $! > $MACHINE/pid
""",
}


def console_commands(section: str, *, document: Path = DOCUMENT) -> list[str]:
    """Return the commands of all console blocks under the heading `section`, its sub-headings included."""
    text = document.read_text(encoding="utf-8")
    body = re.split(r"^## ", text.split(f"\n## {section}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```console\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line[:2] in ("# ", "$ ")]


def has_namespaces() -> bool:
    """Tell whether a command can be run here without any network."""
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "--net", "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - fixed words


class Walk:
    """The machine, what was run on it, and what each command printed."""

    def __init__(self, archive: Path, machine: Path) -> None:
        """Lay the archive and its hash into the folder where an operator would begin."""
        self.machine = machine
        self.work = machine / "work"
        self.prefix = machine / "opt/sealtrace"
        self.data = machine / "var/lib/sealtrace"
        self.said: dict[str, str] = {}
        self._bin = machine / "stand-ins"
        self._ports = {"8470": free_port(), "8471": free_port()}
        for folder in (self.work, self._bin, machine / "home", machine / "etc"):
            folder.mkdir(parents=True)
        for path in (archive, archive.with_suffix(".tar.sha256")):
            shutil.copy(path, self.work)
        for name, body in STAND_INS.items():
            (self._bin / name).write_text(f"#!/bin/sh\nset -eu\n{body}\n", encoding="utf-8")
            (self._bin / name).chmod(0o755)

    @property
    def url(self) -> str:
        """Return where the service listens."""
        return f"http://127.0.0.1:{self._ports['8470']}"

    def run(self) -> None:
        """Run every command of the first section, in order; the first that fails ends the walk with its words."""
        for command in console_commands("From bare Debian 12 to a first checkpoint"):
            self.said[command] = self.shell(command)

    def shell(self, command: str) -> str:
        """Run one command as it stands in the document; return what it printed."""
        adapted = self.adapt(command)
        words = ["bash", "-euo", "pipefail", "-c", adapted]
        if "install.sh" in command and has_namespaces():
            words = ["unshare", "--net", *words]
        with (self.machine / "passphrase").open("w+b") as working, (self.machine / "root").open("w+b") as root:
            for file in (working, root):
                file.write(PASSPHRASE.encode())
                file.seek(0)
            done = subprocess.run(  # noqa: S603 - the words of our own document
                words,
                cwd=self.work,
                env=self._environ(working.fileno(), root.fileno()),
                pass_fds=(working.fileno(), root.fileno()),
                capture_output=True,
                text=True,
                check=False,
                timeout=900,
            )
        if done.returncode:
            raise AssertionError(
                f"{command}\nended with {done.returncode}:\n{done.stdout}{done.stderr}{self.journal()}"
            )
        return done.stdout

    def adapt(self, text: str) -> str:
        """Return a command with this machine's folders and ports in place of the document's."""
        for old, new in self._substitutions().items():
            text = re.sub(rf"(?<![\w./-]){re.escape(old)}", new, text)
        for old, port in self._ports.items():
            text = text.replace(old, str(port))
        return text

    def journal(self) -> str:
        """Return what the service has written so far."""
        path = self.machine / "journal"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def stop(self) -> None:
        """End the service as systemd would, and wait until it has gone."""
        path = self.machine / "pid"
        if not path.exists():
            return
        pid = int(path.read_text(encoding="utf-8"))
        path.unlink()
        os.kill(pid, signal.SIGTERM)
        for _ in range(300):
            if not _runs(pid):
                return
            time.sleep(0.1)
        raise AssertionError(f"the service still runs 30 s after SIGTERM\n{self.journal()}")

    def _substitutions(self) -> dict[str, str]:
        return {folder: f"{self.machine}{folder}" for folder in _FOLDERS}

    def _environ(self, working: int, root: int) -> dict[str, str]:
        swaps = [f"s#{old}#{new}#g" for old, new in {**self._substitutions(), **self._ports}.items()]
        fingerprint = self.work / "charter.json"
        return {
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            "HOME": str(self.machine / "home"),
            "LC_ALL": "C.UTF-8",
            "MACHINE": str(self.machine),
            "PASSPHRASE": PASSPHRASE,
            "PYTHON": sys.executable,
            "DENY_WRITE_EXECUTE": DENY_WRITE_EXECUTE,
            "SUBSTITUTIONS": ";".join(swaps),
            "INSTALL": shutil.which("install") or "install",
            "SEALTRACE_PASSPHRASE_FD": str(working),
            "SEALTRACE_ROOT_PASSPHRASE_FD": str(root),
            "FINGERPRINT": self._fingerprint() if fingerprint.exists() else "",
        }

    def _fingerprint(self) -> str:
        """Return the sixteen words, from what `charter show` printed: here the telephone is silent."""
        shown = next((text for command, text in self.said.items() if "charter show" in command), "")
        return "".join(re.findall(r"[a-z]{5}-(?:[a-z]{5}-?)+", shown))


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"
