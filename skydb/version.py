"""The version of skydb; imports nothing."""

__version__ = "0.2.0"
