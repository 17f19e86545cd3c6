"""The schema's history (Alembic). Run by `sealtrace-server migrate` and at every start."""
