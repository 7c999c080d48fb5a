"""What Alembic runs. `ccproxy migrate` hands in its connection, already in a transaction; the `alembic` command,
used to write new migrations, opens the database of the settings."""

import os

from alembic import context

from ccproxy.settings import load
from ccproxy.store.models import metadata
from ccproxy.store.session import open_engine, write_engine


def run(connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,  # SQLite alters a table by writing it anew
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with write_engine(open_engine(load(os.environ).database_url)).begin() as opened:
        run(opened)
