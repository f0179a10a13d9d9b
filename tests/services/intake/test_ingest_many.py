"""Large batches: as many statements as a small one, rows in the order of the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Table, event, select

from skydb.api.composition import Services
from skydb.domain import AlignmentSolution, Exposure, Product, ProductVersion
from skydb.domain.vocabulary import IngestStatus
from skydb.store.bulk import BulkWriter, Column
from tests.files.headerlet_builder import headerlet_bytes
from tests.services.tools import MEMBERS, write_exposure


def write_many(directory: Path, first: int, last: int) -> list[Path]:
    """Exposures of one visit that differ in their rootname."""
    model = write_exposure(directory / f"model{first}", "ibxl50i00")
    paths = []
    for number in range(first, last):
        path = directory / f"ibxl50i{number:02d}_flt.fits"
        path.write_bytes(model.read_bytes().replace(b"ibxl50i00", path.name[:9].encode()))
        paths.append(path)
    return paths


@contextmanager
def counted(services: Services) -> Iterator[Counter[str]]:
    """Statements of the block, by what they do to which table."""
    found: Counter[str] = Counter()

    def note(_: object, __: object, statement: str, *___: object) -> None:
        words = statement.split()
        found[" ".join(words[:3] if words[0] == "INSERT" else words[:1])] += 1

    def write(writer: BulkWriter, table: Table, columns: Mapping[str, Column]) -> int:
        # PostgreSQL's COPY is no statement that SQLAlchemy knows of.
        found[f"INSERT INTO {table.name}"] += 1
        return real(writer, table, columns)

    real = BulkWriter.write
    event.listen(services.context.store.engine, "before_cursor_execute", note)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BulkWriter, "write", write)
        yield found
    event.remove(services.context.store.engine, "before_cursor_execute", note)


def test_a_batch_costs_the_same_statements_however_many_files_it_has(
    services_anywhere: Services, tmp_path: Path
) -> None:
    services_anywhere.ingest.ingest([write_exposure(tmp_path / "visit", MEMBERS[0])])
    costs = []
    for first, last in ((0, 3), (3, 60)):
        files = write_many(tmp_path, first, last)
        with counted(services_anywhere) as statements:
            outcomes = services_anywhere.ingest.ingest(files)
        assert {one.status for one in outcomes} == {IngestStatus.NEW}
        costs.append(statements)
    few, many = costs
    assert many == few
    assert {name: many[f"INSERT INTO {name}"] for name in ("products", "exposures")} == {
        "products": 1,
        "exposures": 1,
    }


def test_headerlets_cost_one_question_for_all_their_exposures(
    services: Services, tmp_path: Path
) -> None:
    services.ingest.ingest(write_many(tmp_path, 0, 20))
    costs = []
    for numbers in (range(2), range(2, 20)):
        names = [f"ibxl50i{number:02d}" for number in numbers]
        files = [tmp_path / f"{name}_hlet.fits" for name in names]
        for path, name in zip(files, names, strict=True):
            path.write_bytes(headerlet_bytes(destination=name))
        with counted(services) as statements:
            outcomes = services.ingest.ingest(files)
        assert {one.status for one in outcomes} == {IngestStatus.NEW}
        costs.append(statements)
    assert costs[0] == costs[1]


@pytest.mark.parametrize("jobs", [1, 3])
def test_rows_are_in_the_order_of_the_files_whoever_reads_them(
    services_anywhere: Services, tmp_path: Path, jobs: int
) -> None:
    files = write_many(tmp_path, 0, 70)
    files[5].write_bytes(b"SIMPLE? no.")
    outcomes = services_anywhere.ingest.ingest(files, jobs=jobs)
    assert [one.path for one in outcomes] == [str(path) for path in files]
    assert [n for n, one in enumerate(outcomes) if one.status is IngestStatus.REJECTED] == [5]
    names = [path.name for path in files if path is not files[5]]
    with services_anywhere.context.store.reading() as session:
        products = session.scalars(select(Product).order_by(Product.id)).all()
        assert [product.filename for product in products] == names
        exposures = session.scalars(select(Exposure.rootname).order_by(Exposure.id)).all()
        assert list(exposures) == [name[:9] for name in names]
        pairs = session.execute(
            select(ProductVersion.product_id, AlignmentSolution.product_id)
            .join(AlignmentSolution, AlignmentSolution.version_id == ProductVersion.id)
            .order_by(AlignmentSolution.id)
        ).all()
        assert [tuple(pair) for pair in pairs] == [(one.id, one.id) for one in products]
