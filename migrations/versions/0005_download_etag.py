"""Keep the archive's own name of a content, so that a change of it is noticed.

Revision ID: 0005
Revises: 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in batch: both databases add a column in place, and views stand on this table.
    op.add_column("downloads", sa.Column("etag", sa.String(length=255), nullable=True))


def downgrade() -> None:
    op.drop_column("downloads", "etag")
