"""Logs of AstroDrizzle and TweakReg: lines become events, events become runs.

``patterns`` is the table of printed lines of all versions; ``lines`` removes the text of loggers
before them; ``reader`` gives each event to its run; ``drizzle`` and ``tweakreg`` build the runs;
``notebook`` finds the lines of a Jupyter notebook.
"""

from skydb.files.logs.draft import Logged
from skydb.files.logs.logfile import (
    BEGINNINGS,
    LogFile,
    has_traces,
    read_drizzle_log,
    read_log,
    read_tweakreg_log,
)
from skydb.files.logs.patterns import LoggedTask
from skydb.files.logs.runs import (
    Chip,
    LoggedActivity,
    LoggedAlignment,
    LoggedFit,
    LoggedRun,
    LoggedSky,
    LogLines,
    LogProblem,
)
from skydb.files.logs.values import base_name, moment, number_in

__all__ = [
    "BEGINNINGS",
    "Chip",
    "LogFile",
    "LogLines",
    "LogProblem",
    "Logged",
    "LoggedActivity",
    "LoggedAlignment",
    "LoggedFit",
    "LoggedRun",
    "LoggedSky",
    "LoggedTask",
    "base_name",
    "has_traces",
    "moment",
    "number_in",
    "read_drizzle_log",
    "read_log",
    "read_tweakreg_log",
]
