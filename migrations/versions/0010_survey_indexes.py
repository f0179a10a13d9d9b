"""Indexes for a survey of a million exposures.

Revision ID: 0010
Revises: 0009.
"""

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    return None


def downgrade() -> None:
    return None
