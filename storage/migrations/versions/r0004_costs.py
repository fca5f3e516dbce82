"""Turns keep when their first token came, whether their tokens are estimates, and what the machine cost."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; of older turns none of it is known, and their tokens were counted."""
    op.add_column("turns", sa.Column("first_token_seconds", sa.Double))
    op.add_column("turns", sa.Column("estimated", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("turns", sa.Column("price_per_hour", sa.Double))
