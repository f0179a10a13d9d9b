"""The archive as a server: in a thread for tests and the demo, or for the command line."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from skydb.errors import ArchiveError, UsageError
from skydb.simulate.archive.faults import Fault, Misbehaviour, Misbehaviours
from skydb.simulate.archive.stats import ArchiveStats, Counters

if TYPE_CHECKING:
    from skydb.serving import QuietServer, ServerThread
    from skydb.simulate.archive.holdings import Holdings

HOST = "127.0.0.1"
#: Small, so that few bytes are counted that a killed client never read.
_SEND_BUFFER_BYTES = 1 << 16


class LoopbackArchive:
    """An archive that serves a simulated field from a thread of this process.

    Parameters
    ----------
    directory : path-like
        What ``skydb simulate`` wrote.
    port : int
        Port on 127.0.0.1; 0 for any that is free.

    Raises
    ------
    NotFoundError, ParseError
        When the directory holds no simulated field.

    Examples
    --------
    >>> with LoopbackArchive(directory) as archive:   # doctest: +SKIP
    ...     archive.misbehave(Fault.HTTP_ERROR, times=2)
    ...     fetch(mast_url=archive.url)
    """

    def __init__(self, directory: str | Path, port: int = 0) -> None:
        from skydb.simulate.archive.holdings import Holdings

        self.directory = Path(directory)
        self.holdings: Holdings = Holdings.of(self.directory)
        self.port = port
        self._misbehaviours = Misbehaviours()
        self._counters = Counters()
        self._thread: ServerThread | None = None

    def __repr__(self) -> str:
        state = f"serves {self.directory} on {self.url}" if self._thread else "is stopped"
        return f"<LoopbackArchive {state}>"

    def __enter__(self) -> Self:
        if self._thread is None:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Listen. Started again after :meth:`stop`, it has the same address.

        Raises
        ------
        ArchiveError
            When the port is taken, or the server does not come up.
        """
        from skydb.serving import ServerThread

        listener = _listen(self.port)
        self.port = listener.getsockname()[1]
        self._thread = ServerThread(self._make_server(), listener, "skydb-archive")
        if not self._thread.start():
            raise ArchiveError("loopback archive", f"did not come up on {self.url}")

    def stop(self) -> None:
        """Stop listening and cut what is under way: connections are then refused."""
        if self._thread is not None:
            self._thread.stop()
        self._thread = None

    def misbehave(self, fault: Fault | str, **options: Any) -> None:  # noqa: ANN401
        """Commit a fault from now on; options as of :class:`Misbehaviour`.

        Raises
        ------
        UsageError
            When there is no such fault, or an option makes no sense.
        """
        self._misbehaviours.add(Misbehaviour.from_json({"fault": fault, **options}))

    def behave(self) -> None:
        """End all misbehaviour."""
        self._misbehaviours.clear()

    def replace(self, product: str, content: bytes | Path) -> None:
        """Replace the file of a product, as after a reprocessing.

        Raises
        ------
        NotFoundError
            When there is no such product.
        """
        self.holdings.replace(product, content)

    def stats(self) -> ArchiveStats:
        """Requests and bytes so far."""
        return self._counters.snapshot()

    def reset_stats(self) -> None:
        """Count from zero again."""
        self._counters.reset()

    def run(self, ready: Callable[[str], None]) -> None:
        """Serve in this thread until SIGINT or SIGTERM; ``ready`` is called with the address.

        Raises
        ------
        ArchiveError
            When the port is taken.
        """
        listener = _listen(self.port)
        self.port = listener.getsockname()[1]
        server = self._make_server()
        ready(self.url)
        server.run([listener])

    def _make_server(self) -> QuietServer:
        from skydb.serving import server_of
        from skydb.simulate.archive.app import make_app
        from skydb.simulate.archive.protocol import DroppingProtocol

        app = make_app(self.holdings, self._misbehaviours, self._counters)
        return server_of(app, http=DroppingProtocol)


def serve(
    directory: str | Path,
    port: int = 0,
    *,
    misbehaviours: Iterable[Misbehaviour] = (),
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve a simulated field until SIGINT or SIGTERM.

    Parameters
    ----------
    directory : path-like
        What ``skydb simulate`` wrote.
    port : int
        Port on 127.0.0.1; 0 for any that is free.
    misbehaviours : iterable of Misbehaviour
        Faults from the beginning.
    ready : callable
        Called with the address, when connections are accepted.

    Raises
    ------
    NotFoundError, ParseError
        When the directory holds no simulated field.
    UsageError
        When there is no port of this number.
    ArchiveError
        When the port is taken.
    """
    archive = LoopbackArchive(directory, port)
    for misbehaviour in misbehaviours:
        archive._misbehaviours.add(misbehaviour)
    archive.run(ready)


def _listen(port: int) -> socket.socket:
    from skydb.serving import is_port, listen

    if not is_port(port):
        raise UsageError(f"Invalid port {port}.", advice="Use 1 to 65535, or 0 for any.")
    try:
        return listen(HOST, port, send_buffer_bytes=_SEND_BUFFER_BYTES)
    except OSError as error:
        raise ArchiveError(
            "loopback archive",
            f"cannot listen on port {port} ({error})",
            advice="Give another port, or 0 for any.",
        ) from error
