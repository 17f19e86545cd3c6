"""What the log has signed and a witness had to refuse, kept for a fraud proof (docs/protocol.md, 9.3).

Two checkpoints of one size and different roots convict by themselves. A proof that does not verify says less: anybody
can send a checkpoint of the log with rubbish for a proof. So there is one entry for each checkpoint, whatever came with
it, and no more of them than fit: nobody but the log can fill the folder, and the log only so far.
"""

from pathlib import Path

from clients.durable import make_folder, write_file
from crypto import privatefile
from crypto.digests import sha256

MOST = 256


class Evidence:
    """The folder of evidence of one witness."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made when there is something to keep."""
        self._folder = folder

    def keep(self, *, text: str, request: bytes, held: bytes | None) -> Path | None:
        """Keep the request and what it contradicts, unless that checkpoint is known or the folder full; return where."""
        make_folder(self._folder)
        path = self._folder / f"{sha256(text.encode()).hex()[:32]}.request"
        with privatefile.locked(self._folder / "evidence"):
            if path.exists() or len(list(self._folder.glob("*.request"))) >= MOST:
                return None
            if held is not None:
                write_file(path.with_suffix(".held"), held)
            write_file(path, request)
        return path
