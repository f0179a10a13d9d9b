"""Footprints for searches, ObsCore, passbands.

Revision ID: 0008
Revises: 0007.
"""

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    return None


def downgrade() -> None:
    return None
