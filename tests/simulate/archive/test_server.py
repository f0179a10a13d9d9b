"""The server: in a thread, and as a command."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from skydb.archive.endpoints import VARIABLES
from skydb.cli.main import run
from skydb.errors import ArchiveError, NotFoundError, UsageError
from skydb.simulate.archive import ArchiveStats, LoopbackArchive, serve

COMMAND = (sys.executable, "-c", "from skydb.cli.main import main; main()", "archive", "serve")


@contextmanager
def served(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`skydb archive serve` in a process of its own: its address, and the process."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
    )
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate(timeout=300)


def test_a_stopped_archive_refuses_and_a_started_one_has_its_old_address(archived):
    archive = LoopbackArchive(archived)
    with archive:
        url = archive.url
        assert url.startswith("http://127.0.0.1:")
        assert requests.get(f"{url}/whoami", timeout=300).ok
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/whoami", timeout=300)
    with archive:
        assert archive.url == url
        assert requests.get(f"{url}/whoami", timeout=300).ok


def test_stopping_cuts_what_is_under_way(archived, flt):
    with LoopbackArchive(archived) as archive:
        archive.misbehave("slow", bytes_per_s=1000)
        url = f"{archive.url}/api/v0.1/Download/file?uri=mast:HST/product/{flt}"
        answer = requests.get(url, stream=True, timeout=300)
        answer.raw.read(10)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        list(answer.iter_content(1000))
    answer.close()


def test_the_command_prints_the_variables_by_which_others_use_it(archived):
    with served(str(archived)) as (url, process):
        lines = [process.stderr.readline() for _ in range(2)]
        variables = ("SKYDB_MAST_URL", "SKYDB_GAIA_URL", "SKYDB_GSSS_URL")
        assert lines[1].split() == ["export", *(f"{name}={url}" for name in variables)]
    with served(str(archived), "--json") as (line, _):
        document = json.loads(line)
        assert document["environment"] == dict.fromkeys(variables, document["url"])


def test_a_port_that_is_taken_is_said_so(archived):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ArchiveError, match="cannot listen"):
            LoopbackArchive(archived, other.getsockname()[1]).start()


@pytest.mark.parametrize("port", [-1, 65_536, 80_000])
def test_a_port_that_there_is_not_is_refused(archived, port):
    with pytest.raises(UsageError, match=rf"Invalid port {port}\. Use 1 to 65535"):
        LoopbackArchive(archived, port).start()


def test_a_directory_without_a_field_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match=r"truth\.json"):
        LoopbackArchive(tmp_path)
    with pytest.raises(NotFoundError, match=r"truth\.json"):
        serve(tmp_path)


def test_the_command_says_how_to_ask_it(archived):
    with served(str(archived)) as (url, process):
        said = [process.stderr.readline() for _ in range(2)]
    assert f"export {' '.join(f'{name}={url}' for name in VARIABLES)}\n" in said


def test_the_command_says_what_is_wrong(tmp_path, archived, capsys):
    assert run(["archive", "serve", str(tmp_path)]) == 4
    assert "skydb simulate" in capsys.readouterr().err
    assert run(["archive", "serve", str(archived), "--misbehave", "dance"]) == 2


def test_an_archive_is_controlled_from_another_process(archive, file_url, flt):
    control = f"{archive.url}/_control"
    told = {"fault": "http_error", "product": flt, "times": 1, "status": 500}
    assert requests.post(f"{control}/misbehave", json=told, timeout=300).ok
    assert requests.get(file_url, timeout=300).status_code == 500
    requests.get(file_url, timeout=300)
    stats = ArchiveStats.from_json(requests.get(f"{control}/stats", timeout=300).json())
    assert stats == archive.stats()
    assert stats.of(flt).gets == 1
    assert stats.bytes_sent > 0
    requests.post(f"{control}/misbehave", json={"fault": "down"}, timeout=300)
    requests.delete(f"{control}/misbehave", timeout=300)
    assert requests.get(file_url, timeout=300).ok
    assert requests.delete(f"{control}/stats", timeout=300).json()["bytes_sent"] == 0


def test_nonsense_is_refused_by_the_control(archive):
    control = f"{archive.url}/_control"
    for body in ("{", '{"fault": "dance"}', "[]", "3"):
        answer = requests.post(f"{control}/misbehave", data=body, timeout=300)
        assert answer.status_code == 400
        assert answer.json()["error"]
    answer = requests.post(f"{control}/replace?product=nothing.fits", data=b"", timeout=300)
    assert answer.status_code == 404


def test_the_command_serves_until_it_is_interrupted(archived, flt):
    arguments = (str(archived), "--json", "--misbehave", "http_error,service=gsss,times=1")
    with served(*arguments) as (line, process):
        url = json.loads(line)["url"]
        assert requests.get(f"{url}/vo/CatalogSearch.aspx", timeout=300).status_code == 503
        assert requests.get(f"{url}/vo/CatalogSearch.aspx", timeout=300).status_code == 200
        new = requests.post(f"{url}/_control/replace?product={flt}", data=b"new", timeout=300)
        assert new.ok
        file = requests.get(f"{url}/api/v0.1/Download/file?uri=mast:HST/product/{flt}", timeout=300)
        assert file.content == b"new"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=300) == 0
        assert process.stderr.read() == ""


def test_a_terminated_command_ends_well_even_when_a_client_is_served(archived, flt):
    with served(str(archived), "--misbehave", "slow,bytes_per_s=1000") as (url, process):
        file = f"{url}/api/v0.1/Download/file?uri=mast:HST/product/{flt}"
        with requests.get(file, stream=True, timeout=300) as answer:
            answer.raw.read(10)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=300) == 0
