"""Console blocks are read, compared and written anew as their module says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manual.consoles import Console, missing, origin, renewed, shown

PAGE = """<!-- goes on from start.md -->
# A page

```console
$ skydb status   # how far
visit  exposures
bxl50          2
...
$ skydb align run \\
    --refcat gaia      # exit code 1
$ scripts/demo
```

```text
$ skydb not a command of a console block
```
"""


def test_commands_are_read_with_their_output_and_exit_code() -> None:
    status, run, demo = shown(PAGE)
    assert status.command == "skydb status"
    assert status.exit_codes == (0, 5)
    assert status.output == ("visit  exposures", "bxl50          2", "...")
    assert run.command == "skydb align run  --refcat gaia"
    assert run.exit_codes == (1,)
    assert demo.is_elsewhere and not run.is_elsewhere
    assert origin(PAGE) == "start.md" and origin("# None") is None


@pytest.mark.parametrize(
    ("line", "is_said"),
    [
        ("bxl50          2", True),
        ("bxl51         17", False),
        ("visit   exposures", True),
        ("visit  exposures  aligned", False),
        ("────────", True),
        ("took 3.1e-05 s, ab12cd34ef56", True),
    ],
)
def test_a_line_of_a_page_must_be_said_but_for_its_numbers(line: str, is_said: bool) -> None:
    said = "visit exposures\n─────────────\nbxl50    14\ntook 17.2 s, 99aa88bb77cc\n"
    assert missing((line,), said) == ([] if is_said else [line])


def test_dots_stand_for_anything() -> None:
    assert missing(("...",), "") == []


def test_output_is_written_anew_as_far_as_it_was_shown() -> None:
    said = ["visit  exposures\nbxl50          3\n\nbxl51  4\nbxl52  4\n", "", ""]
    new = renewed(PAGE, said)
    assert "visit  exposures\nbxl50          3\n...\n$ skydb align run" in new
    assert renewed(new, said) == new


def test_a_console_keeps_what_was_exported_and_nothing_else_does(tmp_path: Path) -> None:
    console = Console(tmp_path, {"NAME": "ledger"})
    assert console("export WHERE=NAME") == (0, "")
    assert console("echo $WHERE; pwd") == (0, f"NAME\n{tmp_path}\n")
    assert Console(tmp_path)("echo [$WHERE]") == (0, "[]\n")
    assert console("exit 3")[0] == 3
