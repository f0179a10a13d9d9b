"""Files: whole, in parts, replaced; and what is counted."""

from __future__ import annotations

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import NotFoundError
from skydb.simulate.archive import LoopbackArchive
from skydb.simulate.archive.content import Content


@pytest.fixture
def content(archived, flt) -> bytes:
    return (archived / flt).read_bytes()


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers={name.replace("_", "-"): v for name, v in headers.items()})


def test_head_announces_what_get_sends(file_url, content):
    head, answer = requests.head(file_url), get(file_url)
    assert answer.content == content
    for name in ("Content-Length", "ETag", "Accept-Ranges", "Content-Type"):
        assert head.headers[name] == answer.headers[name]
    assert head.headers["Content-Length"] == str(len(content))


def test_a_partial_file_is_resumed(archive, file_url, content, flt):
    half = len(content) // 2
    answer = get(file_url, Range=f"bytes={half}-")
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {half}-{len(content) - 1}/{len(content)}"
    assert answer.content == content[half:]
    counted = archive.stats().of(flt)
    assert (counted.gets, counted.ranges, counted.bytes_sent) == (1, 1, len(content) - half)


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-10", slice(10, 11)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=5-99999999", slice(5, None)),
    ],
)
def test_any_range_is_served(file_url, content, wanted, part):
    assert get(file_url, Range=wanted).content == content[part]


@pytest.mark.parametrize("wanted", ["bytes=x-", "bytes=-", "lines=0-9", "bytes=0-1,5-6"])
def test_a_range_that_is_not_understood_gives_the_whole_file(file_url, content, wanted):
    answer = get(file_url, Range=wanted)
    assert (answer.status_code, answer.content) == (200, content)


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=9-3"])
def test_a_range_beyond_the_end_cannot_be_satisfied(file_url, content, wanted):
    answer = get(file_url, Range=wanted)
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(content)}"


def test_a_range_of_other_content_gives_the_whole_file(file_url, content):
    etag = requests.head(file_url).headers["ETag"]
    assert get(file_url, Range="bytes=10-", If_Range=etag).status_code == 206
    answer = get(file_url, Range="bytes=10-", If_Range='"another"')
    assert (answer.status_code, answer.content) == (200, content)


def test_an_unknown_file_is_not_found(archive, file_url):
    answer = get(f"{file_url}x")
    assert answer.status_code == 404
    assert archive.stats().bytes_sent == 0


def test_replaced_content_has_the_same_name_and_another_tag(archived, flt, tmp_path):
    (tmp_path / "other").write_bytes(b"from a file")
    with LoopbackArchive(archived) as archive:
        url = f"{archive.url}/api/v0.1/Download/file?uri=mast:HST/product/{flt}"
        tags = [requests.head(url).headers["ETag"]]
        for content in (b"new", b"old", tmp_path / "other"):
            archive.replace(flt, content)
            tags.append(requests.head(url).headers["ETag"])
        assert len(set(tags)) == 4
        assert get(url, Range="bytes=5-", If_Range=tags[0]).content == b"from a file"
        rows = archive.holdings.products(["24100000"])
        sizes = {row["productFilename"]: row["size"] for row in rows}
        assert sizes[flt] == len(b"from a file")
        with pytest.raises(NotFoundError, match=r"nothing\.fits"):
            archive.replace("nothing.fits", b"")


def test_a_token_is_noticed_and_not_kept(archive, file_url):
    requests.head(file_url)
    assert archive.stats().with_token == 0
    requests.head(file_url, headers={"Authorization": "token s3cret"})
    requests.head(file_url, cookies={"mast_token": "s3cret"})
    assert archive.stats().with_token == 2
    assert "s3cret" not in str(archive.stats().to_json())


def test_whoever_has_a_token_is_somebody(archive):
    url = f"{archive.url}/whoami"
    assert requests.get(url).json()["anon"]
    assert not requests.get(url, cookies={"mast_token": "s3cret"}).json()["anon"]


@given(
    data=st.binary(max_size=600_000),
    cut=st.tuples(st.integers(0, 600_000), st.integers(0, 600_000)),
)
def test_chunks_join_to_the_part_asked_for(data, cut):
    start, stop = sorted(min(one, len(data)) for one in cut)
    assert b"".join(Content(data).chunks(start, stop)) == data[start:stop]


def test_chunks_of_a_file_are_those_of_its_bytes(tmp_path):
    data = bytes(range(256)) * 2000
    (tmp_path / "file").write_bytes(data)
    assert b"".join(Content(tmp_path / "file").chunks(100, 400_000)) == data[100:400_000]
