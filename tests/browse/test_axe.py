"""What axe-core finds on pages, where ``scripts/setup-env`` could fetch it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.browse.test_in_a_browser import OWN, TABLES

AXE = Path(sys.prefix) / "axe" / "package" / "axe.min.js"

RULES = {
    "light": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "dark": {"type": "rule", "values": ["color-contrast"]},
}
RUN = """async rules => {
  const found = await axe.run(document, {runOnly: rules});
  return found.violations.map(one => `${one.id}: ${one.nodes.map(n => n.html).slice(0, 3)}`);
}"""


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: npm was not, or not online")
@pytest.mark.parametrize("scheme", RULES)
def test_axe_finds_no_fault_on_any_page(browser: Any, address: str, scheme: str) -> None:
    # The policy of the pages lets no script run, axe-core's neither.
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)
    page, found = context.new_page(), {}
    for path in (*OWN, *TABLES):
        page.goto(f"{address}{path}", wait_until="load")
        page.add_script_tag(path=AXE)
        faults = page.evaluate(RUN, RULES[scheme])
        if faults:
            found[path] = faults
    context.close()
    assert found == {}
