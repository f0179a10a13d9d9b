"""Fixtures shared with the tests of the services."""

from tests.services.conftest import catalog_file, services, services_anywhere, tools, visit

__all__ = ["catalog_file", "services", "services_anywhere", "tools", "visit"]
