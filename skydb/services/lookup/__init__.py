"""Answers that only read: tables, searches by position, exports, the files behind rows."""
