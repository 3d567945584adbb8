"""Alembic's environment: the connection comes from ``neurocore migrate``, which holds the lock."""

from alembic import context

from neurocore_app.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
