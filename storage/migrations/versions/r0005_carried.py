"""Turns keep which evidence went along with them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; of older turns it stands in what the model saw alone."""
    op.add_column("turns", sa.Column("carried", sa.Text, nullable=False, server_default="[]"))
