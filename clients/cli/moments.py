"""Moments as the terminal shows them."""

import datetime as dt


def moment(seconds: int) -> str:
    """Return POSIX seconds as `2026-07-02 10:14 UTC`."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
