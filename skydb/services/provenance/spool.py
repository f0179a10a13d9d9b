"""PROV-JSON of any length: each section of it grows in a file of its own."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from skydb.errors import disk_errors
from skydb.files.drafts import drafted_anew
from skydb.services.provenance.graph import Edge, Node
from skydb.services.provenance.w3c import NAMESPACES, records

#: Records that belong to rows of several batches, by the beginning or the end of their names:
#: agents, plans, files of an archive and of the user's, what logs name, fits of an acceptance.
_SHARED_BEGINNINGS = (
    *("ledger:agent/", "skydb:description/", "ledger:archive/", "ledger:file/"),
    *("ledger:product/", "ledger:exposure/", "ledger:option-file/", "ledger:wasInformedBy/"),
)
_SHARED_PARTS = ("/file%3A", "/archive%3A", "/product%3A")
_SHARED_END = "/fit"

#: Sections of PROV-JSON that hold nodes.
_NODES = ("entity", "activity", "agent")


class ProvSpool:
    """Takes a ledger part by part and writes one PROV-JSON document.

    Parameters
    ----------
    out : Path
        The file; it is not there before :meth:`finish`.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._stack = ExitStack()
        self._sections: dict[str, IO[str]] = {}
        self._seen: set[str] = set()
        self._parts = 0
        self.nodes = 0
        self.relations = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def take(self, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
        """Add nodes and relations; those that were taken before are left out."""
        self._parts += 1
        sections = json.loads(str(records(nodes, edges).serialize(format="json")))
        sections.pop("prefix", None)
        for name, members in sections.items():
            for key, record in members.items():
                self._add(name, key, record)

    def finish(self) -> None:
        """Write the document.

        Raises
        ------
        DiskError
            When there is no place for it.
        """
        with disk_errors(self._out):
            self._out.parent.mkdir(parents=True, exist_ok=True)
            with drafted_anew(self._out) as part:
                with part.open("w", encoding="utf-8") as stream:
                    self._write(stream)
                part.replace(self._out)

    def _add(self, section: str, key: str, record: Any) -> None:  # noqa: ANN401 - of JSON
        if key.startswith("_:"):
            # Unnamed, and counted from 1 in every part.
            key = f"_:part{self._parts}{key[2:]}"
        elif _may_come_again(key):
            if key in self._seen:
                return
            self._seen.add(key)
        stream = self._stream(section)
        stream.write(",\n " if stream.tell() else " ")
        stream.write(f"{json.dumps(key)}: {json.dumps(record)}")
        self.nodes += section in _NODES
        self.relations += section not in _NODES

    def _stream(self, section: str) -> IO[str]:
        if section not in self._sections:
            new = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - of the stack
            self._sections[section] = self._stack.enter_context(new)
        return self._sections[section]

    def _write(self, stream: IO[str]) -> None:
        stream.write(f'{{\n"prefix": {json.dumps(dict(NAMESPACES))}')
        for name, section in self._sections.items():
            stream.write(f",\n{json.dumps(name)}: {{\n")
            section.seek(0)
            shutil.copyfileobj(section, stream)
            stream.write("\n}")
        stream.write("\n}\n")


def _may_come_again(key: str) -> bool:
    return (
        key.startswith(_SHARED_BEGINNINGS)
        or key.endswith(_SHARED_END)
        or any(part in key for part in _SHARED_PARTS)
    )
