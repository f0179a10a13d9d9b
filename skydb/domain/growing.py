"""Vocabularies that no constraint of a database holds."""

from __future__ import annotations

from enum import StrEnum


class GrowingVocabulary(StrEnum):
    """A vocabulary that later versions add words to.

    No constraint of the database holds its columns to the words of today, so that a new word
    needs no migration: skydb itself refuses others, whether it writes or reads them.
    """
