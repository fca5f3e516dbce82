"""Run by Alembic: hands it the connection that `storage.migrations.upgrade` was given."""

from alembic import context

from storage.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
with context.begin_transaction():
    context.run_migrations()
