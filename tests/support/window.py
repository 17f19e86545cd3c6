"""The moment between durable and published, held open for as long as a test wants."""

from dataclasses import dataclass

import pytest

from ledger.log import Published
from server.app import service_of
from server.appending import SqlTransaction
from server.publishing import table
from tests.support.loopback import Walk


@dataclass
class Window:
    """A walk whose log shows nothing new while it is held; its charter names no witnesses who could be away."""

    walk: Walk
    patch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        """Stop the publisher: nothing is shown behind the test's back."""
        service_of(self.walk.app).publishing.close()

    def hold(self) -> None:
        """Let what is logged from now on be durable and not shown."""
        # With witnesses an append shows nothing by itself; without, that is what has to be left out.
        self.patch.setattr(SqlTransaction, "publish", lambda *_: None)

    def show(self) -> None:
        """Show all that is logged."""
        store = service_of(self.walk.app).store
        head = store.head()
        with store.writing() as connection:
            table.write(connection, table.LOG, Published(size=head.size, note=head.checkpoint))
