"""Settings of the manual; `scripts/docs` builds it.

``SKYDB_NOTEBOOKS=off`` builds it without executing the notebooks, as a test does.
"""

import os
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent))

from skydb.version import __version__  # noqa: E402 - of this tree

project = "skydb"
author = "The skydb founders"
copyright = f"2026, {author}"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_design",
]
exclude_patterns = ["conda", "man", "_build"]

# Links to headings are those of GitHub, so that a page is right in both places.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]
# Docstrings also name parts of the program that are no part of its interface.
_INNER = r"skydb\.(archive|drizzle|files|report|services|sky|store)\..*|skydb\.domain\.base\..*"
nitpick_ignore_regex = [("py:.*", _INNER)]

nb_execution_mode = "off" if os.environ.get("SKYDB_NOTEBOOKS") == "off" else "cache"
nb_execution_cache_path = str(_HERE.parent / "build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 600

# Types stand in the docstrings, where they are words; signatures have names and defaults.
autodoc_typehints = "none"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = f"skydb {release}"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "skydb"},
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
