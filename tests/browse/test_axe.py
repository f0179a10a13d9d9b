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

IS_DARK = "matchMedia('(prefers-color-scheme: dark)').matches"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: npm was not, or not online")
def test_axe_finds_no_fault_on_any_page_light_or_dark(browser: Any, address: str) -> None:
    # The policy of the pages lets no script run, axe-core's neither.
    context = browser.new_context(bypass_csp=True)
    page, found = context.new_page(), {}
    for path in (*OWN, *TABLES):
        page.goto(f"{address}{path}", wait_until="load")
        page.add_script_tag(path=AXE)
        for scheme, rules in RULES.items():
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(IS_DARK) is (scheme == "dark")
            faults = page.evaluate(RUN, rules)
            if faults:
                found[path, scheme] = faults
    context.close()
    assert found == {}
