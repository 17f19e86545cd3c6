"""Runs revisions on the connection it is handed by `server/schema.py`: online only, in one transaction."""

from alembic import context

from server.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
