"""A module that is left for later is imported when something in it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_BEGIN = "import json, sys; from skydb.postponed import postpone\n"


def _answer(script: str) -> object:
    command = [sys.executable, "-c", _BEGIN + script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "way",
    [
        "import wsgiref.util as late; found = late.guess_scheme",
        "from wsgiref import util as late; found = late.guess_scheme",
        "import wsgiref.util; late = wsgiref.util; found = late.guess_scheme",
        "from wsgiref.util import guess_scheme as found; late = sys.modules['wsgiref.util']",
    ],
)
def test_it_is_the_same_however_it_is_imported(way: str) -> None:
    script = (
        "postpone(['wsgiref.util'])\n"
        f"{way}\n"
        "import wsgiref, wsgiref.util as again\n"
        "print(json.dumps([found is again.guess_scheme, wsgiref.util is again,"
        " sys.modules['wsgiref.util'] is again, again.__file__.endswith('util.py')]))"
    )
    assert _answer(script) == [True, True, True, True]


def test_nothing_of_it_runs_before() -> None:
    script = (
        "postpone(['json.tool', 'json'])\n"
        "import json.tool as late\n"
        "seen = [hasattr(late, '__file__'), 'argparse' in sys.modules]\n"
        "main = late.main\n"
        "print(json.dumps([*seen, 'argparse' in sys.modules]))"
    )
    assert _answer(script) == [False, False, True]


def test_modules_below_it_can_be_imported() -> None:
    script = (
        "postpone(['concurrent.futures'])\n"
        "import concurrent.futures as late\n"
        "before = 'concurrent.futures._base' in sys.modules\n"
        "import concurrent.futures.thread as below\n"
        "print(json.dumps([before, late.ThreadPoolExecutor is below.ThreadPoolExecutor]))"
    )
    assert _answer(script) == [False, True]


def test_threads_that_ask_at_once_get_the_same() -> None:
    script = (
        "import threading; sys.setswitchinterval(1e-6)\n"
        "postpone(['xml.dom.minidom'])\n"
        "import xml.dom.minidom as late\n"
        "found = []\n"
        "ask = lambda: found.append(late.parseString)\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "[one.start() for one in threads]; [one.join() for one in threads]\n"
        "print(json.dumps([len(found), len({id(one) for one in found})]))"
    )
    assert _answer(script) == [8, 1]


def test_one_that_is_there_already_stays() -> None:
    script = (
        "import wsgiref.util as first\n"
        "postpone(['wsgiref.util']); postpone(['wsgiref.util'])\n"
        "import wsgiref.util as second\n"
        "print(json.dumps([first is second, sum('Postponing' in repr(one) for one in"
        " sys.meta_path)]))"
    )
    assert _answer(script) == [True, 1]


def test_one_that_does_not_exist_is_missed_when_it_is_asked_for() -> None:
    script = (
        "postpone(['wsgiref.no_such_module'])\n"
        "import wsgiref.no_such_module as late\n"
        "try: late.function\n"
        "except ModuleNotFoundError as error: print(json.dumps(error.name))"
    )
    assert _answer(script) == "wsgiref.no_such_module"


def test_images_are_rotated_with_what_was_left_for_later() -> None:
    script = (
        "from skydb.postponed import SELDOM; postpone(SELDOM)\n"
        "import numpy as np; from scipy import ndimage\n"
        "image = np.arange(100.0).reshape(10, 10)\n"
        "before = 'scipy.special._ufuncs' in sys.modules\n"
        "turned = ndimage.rotate(image, 30.0, order=1)\n"
        "print(json.dumps([before, 'scipy.special._ufuncs' in sys.modules, turned.tolist()]))"
    )
    whole = (
        "import numpy as np; from scipy import ndimage\n"
        "image = np.arange(100.0).reshape(10, 10)\n"
        "print(json.dumps(ndimage.rotate(image, 30.0, order=1).tolist()))"
    )
    assert _answer(script) == [False, True, _answer(whole)]


def test_a_function_that_is_only_taken_does_not_import_the_others() -> None:
    script = (
        "from skydb.postponed import SELDOM; postpone(SELDOM)\n"
        "import sqlalchemy\n"
        "with sqlalchemy.create_engine('sqlite://').connect() as one:\n"
        "    answer = one.exec_driver_sql('SELECT 7').scalar()\n"
        "before = 'asyncio.events' in sys.modules\n"
        "from sqlalchemy.util.concurrency import iscoroutine\n"
        "async def wait(): return 5\n"
        "waiting = wait()\n"
        "found = [iscoroutine(waiting), iscoroutine(7)]\n"
        "waiting.close()\n"
        "import asyncio\n"
        "print(json.dumps([answer, before, *found, asyncio.run(wait()),"
        " 'asyncio.events' in sys.modules]))"
    )
    assert _answer(script) == [7, False, True, False, 5, True]
