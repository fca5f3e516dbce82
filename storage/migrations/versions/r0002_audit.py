"""Versions keep their audit and the digest of the weights that wrote them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; of older versions neither is known."""
    op.add_column("versions", sa.Column("weights", sa.Text, nullable=False, server_default=""))
    op.add_column("versions", sa.Column("audit", sa.LargeBinary))
