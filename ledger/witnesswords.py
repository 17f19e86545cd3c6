"""Who vouches for a log, and since when, in the words that every page, command and verdict uses alike."""

UNWITNESSED = "UNWITNESSED"
_SPANS = (
    (86_400, "1 day ago", "{count} days ago"),
    (3_600, "1 hour ago", "{count} hours ago"),
    (60, "1 minute ago", "{count} minutes ago"),
)


def witnessed_by(*, cosigned: int, of: int) -> str:
    """Return how many of the charter's witnesses have cosigned; UNWITNESSED where it names none."""
    return f"witnessed by {cosigned:,} of {of:,}" if of else UNWITNESSED


def ago(seconds: int) -> str:
    """Return how long ago something was, in the largest whole unit."""
    for length, one, many in _SPANS:
        count = seconds // length
        if count > 0:
            return (one if count == 1 else many).format(count=f"{count:,}")
    return "just now"
