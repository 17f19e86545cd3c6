"""The witness's own log: one JSON line an event."""

import json

from clients.witness.jsonlog import JsonLog


def test_an_event_is_one_line_of_json() -> None:
    """With its level and time; a line feed in a value starts no second line."""
    written: list[str] = []
    log = JsonLog(written.append)
    log.info("cosigned", size=7, origin="log\nforged")
    log.warning("refused", status=422)
    log.critical("not started", error="no key")

    events = [json.loads(line) for line in written]
    assert [line.count("\n") for line in written] == [1, 1, 1]
    assert [(event["level"], event["event"]) for event in events] == [
        ("info", "cosigned"),
        ("warning", "refused"),
        ("critical", "not started"),
    ]
    assert events[0]["origin"] == "log\nforged"
    assert all(event["timestamp"].endswith("Z") for event in events)
