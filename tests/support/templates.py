"""What Jinja made of a template, kept for every further app of the same process: each would compile all pages anew."""

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """Keeps templates in memory, by their name, their file and the hash of their source."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket, if its template was compiled before."""
        kept = self._kept.get((bucket.key, bucket.checksum))
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template that was compiled."""
        self._kept[bucket.key, bucket.checksum] = bucket.bytecode_to_string()
