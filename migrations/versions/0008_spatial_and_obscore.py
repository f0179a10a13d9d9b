"""Footprints for searches, ObsCore, passbands.

Revision ID: 0008
Revises: 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MIDDLE = "half of the width to either side of the {middle} wavelength"
#: Filters of each detector: name, middle and width in Angstrom; source.
CENTRED = {
    ("WFC3", "UVIS"): (
        "WFC3 Instrument Handbook, table 6.2: " + MIDDLE.format(middle="pivot"),
        """
        F200LP 4883 5022  F300X 2807 663   F350LP 5846 4758  F475X 4939 2056  F600LP 7436 2292
        F850LP 9166 1182  F218W 2224 322   F225W 2359 467    F275W 2704 398   F336W 3355 511
        F390W 3921 896    F438W 4325 618   F475W 4773 1344   F555W 5308 1562  F606W 5887 2182
        F625W 6242 1463   F775W 7647 1171  F814W 8026 1536   F390M 3897 204   F410M 4109 172
        F467M 4683 201    F547M 5447 650   F621M 6219 609    F689M 6876 683   F763M 7612 704
        F845M 8436 787    F343N 3435 250   F373N 3730 50     F395N 3955 85    F469N 4688 50
        F487N 4871 60     F502N 5010 65    F631N 6304 58     F645N 6454 84    F656N 6561 18
        F657N 6567 121    F658N 6584 28    F665N 6656 131    F673N 6766 118   F680N 6877 371
        F953N 9530 97
        """,
    ),
    ("WFC3", "IR"): (
        "WFC3 Instrument Handbook, table 7.2: " + MIDDLE.format(middle="pivot"),
        """
        F105W 10552 2650  F110W 11534 4430 F125W 12486 2845  F140W 13923 3840 F160W 15369 2683
        F098M 9864 1570   F127M 12740 688  F139M 13838 643   F153M 15322 685  F126N 12585 152
        F128N 12832 159   F130N 13006 156  F132N 13188 161   F164N 16404 209  F167N 16642 210
        """,
    ),
    ("ACS", "WFC"): (
        "ACS Instrument Handbook, table 5.1: " + MIDDLE.format(middle="central"),
        """
        F435W 4297 1038   F475W 4760 1458  F502N 5022 57     F550M 5580 547   F555W 5346 1193
        F606W 5907 2342   F625W 6318 1442  F658N 6584 73     F660N 6602 40    F775W 7764 1528
        F814W 8333 2511   F850LP 9445 1229 F892N 8917 154
        """,
    ),
    ("ACS", "HRC"): (
        "ACS Instrument Handbook, table 5.1: " + MIDDLE.format(middle="central"),
        """
        F220W 2228 485    F250W 2696 549   F330W 3354 588    F344N 3434 60    F435W 4297 1038
        F475W 4760 1458   F502N 5022 57    F550M 5580 547    F555W 5346 1193  F606W 5907 2342
        F625W 6318 1442   F658N 6584 73    F660N 6602 40     F775W 7764 1528  F814W 8333 2511
        F850LP 9445 1229  F892N 8917 154
        """,
    ),
    ("WFPC2", "WFPC2"): (
        "WFPC2 Instrument Handbook, table 3.1: " + MIDDLE.format(middle="mean"),
        """
        F439W 4300 473    F450W 4519 957   F502N 5012 27     F555W 5397 1226  F606W 5934 1500
        F656N 6564 22     F658N 6591 29    F673N 6732 47     F675W 6735 889   F702W 6862 1383
        F814W 7940 1531
        """,
    ),
}
#: Filters of each camera of NICMOS: name, shortest and longest wavelength in micron.
RANGES = {
    "NIC1": """
        F090M 0.8 1.0     F110M 1.0 1.2    F110W 0.8 1.4     F140W 1.0 1.8    F145M 1.35 1.55
        F160W 1.4 1.8
    """,
    "NIC2": """
        F110W 0.8 1.4     F160W 1.4 1.8    F187W 1.75 2.0    F205W 1.75 2.35  F207M 2.0 2.15
        F222M 2.15 2.3
    """,
    "NIC3": """
        F110W 0.8 1.4     F150W 1.1 1.9    F160W 1.4 1.8     F175W 1.2 2.3    F222M 2.15 2.3
        F240M 2.3 2.5
    """,
}
NICMOS = "NICMOS Instrument Handbook, tables of the cameras' filters: the range given there"

#: The exposure itself, or the first known one of those that a product was made of.
LEAD = """COALESCE(p.exposure_id, (
               SELECT me.id FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
                WHERE pm.product_id = p.id AND me.detector IS NOT NULL
                ORDER BY pm.position LIMIT 1))"""

NEWEST = """NOT EXISTS (
               SELECT 1 FROM product_versions later
                WHERE later.product_id = pv.product_id AND later.number > pv.number)"""


def ra_of(x: str, y: str) -> str:
    """Right ascension of a vector, from 0 to 360 degrees."""
    angle = f"DEGREES(ATAN2({y}, {x}))"
    return f"CASE WHEN {angle} < 0 THEN {angle} + 360 ELSE {angle} END"


def dec_of(x: str, y: str, z: str) -> str:
    """Declination of a vector; precise at the poles too, where that of ASIN is lost."""
    return f"DEGREES(ATAN2({z}, SQRT({x} * {x} + {y} * {y})))"


FOOTPRINT = f"""
        SELECT own.rootname, p.filename AS product, p.kind, pv.number AS version,
               c.solution_id, c.extver, {ra_of("c.x", "c.y")} AS ra_deg,
               {dec_of("c.x", "c.y", "c.z")} AS dec_deg, c.x, c.y, c.z, c.radius_deg, c.s_region,
               s.wcs_name, e.instrument, e.detector, e.filters AS filter, v.proposal_id,
               v.program, v.number AS visit, COALESCE(own.target_name, v.target_name)
               AS target_name, own.expstart_mjd
          FROM chip_solutions c
          JOIN alignment_solutions s ON s.id = c.solution_id
          JOIN product_versions pv ON pv.id = {{stands}}
          JOIN products p ON p.id = pv.product_id
          JOIN visits v ON v.id = p.visit_id
          LEFT JOIN exposures own ON own.id = p.exposure_id
          LEFT JOIN exposures e ON e.id = {LEAD}
         WHERE c.radius_deg IS NOT NULL AND {{rule}}
           AND {NEWEST}
"""
#: Two ways for a WCS to be the one in force: it stands in the header that was read, or it is
#: the fit that a new content of a drizzled product was made with.
FOOTPRINTS = (
    FOOTPRINT.format(stands="s.version_id", rule="s.wcs_key = ' '")
    + "         UNION ALL"
    + FOOTPRINT.format(
        stands="s.applied_version_id",
        rule="""NOT EXISTS (
               SELECT 1 FROM alignment_solutions h
                WHERE h.version_id = pv.id AND h.wcs_key = ' ')""",
    )
)

IN_FORCE = """COALESCE(
               (SELECT MAX(h.id) FROM alignment_solutions h
                 WHERE h.version_id = pv.id AND h.wcs_key = ' '),
               (SELECT MAX(a.id) FROM alignment_solutions a WHERE a.applied_version_id = pv.id))"""
CHIPS = "FROM chip_solutions k WHERE k.solution_id = s.id"
SUMS = ("SUM(k.x)", "SUM(k.y)", "SUM(k.z)")
LENGTH = "SQRT(SUM(o.x) * SUM(o.x) + SUM(o.y) * SUM(o.y) + SUM(o.z) * SUM(o.z))"
#: Twice the reach from the common middle of all chips.
EXTENT = f"""SELECT 2 * MAX(k.radius_deg + DEGREES(2 * ASIN(0.5 * SQRT((k.x - m.x) * (k.x - m.x)
                   + (k.y - m.y) * (k.y - m.y) + (k.z - m.z) * (k.z - m.z)))))
                  FROM chip_solutions k JOIN (
                       SELECT SUM(o.x) / {LENGTH} AS x, SUM(o.y) / {LENGTH} AS y,
                              SUM(o.z) / {LENGTH} AS z
                         FROM chip_solutions o WHERE o.solution_id = s.id) m ON 1 = 1
                 WHERE k.solution_id = s.id"""
REGIONS = {
    "sqlite": "GROUP_CONCAT(k.s_region, ' ')",
    "postgresql": "STRING_AGG(k.s_region, ' ' ORDER BY k.extver)",
}
MEMBERS = """FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
                 WHERE pm.product_id = p.id"""
END = "COALESCE({0}.expend_mjd, {0}.expstart_mjd + {0}.exptime_s / 86400.0)"
EXPTIME = f"COALESCE(own.exptime_s, (SELECT SUM(me.exptime_s) {MEMBERS}))"
URI = "'mast:HST/product/' || p.filename"
NO_NUMBER = "CAST(NULL AS DOUBLE PRECISION)"

OBSCORE = f"""
        SELECT CAST('image' AS TEXT) AS dataproduct_type,
               CASE WHEN p.kind IN ('drz', 'drc', 'mos') THEN 3 ELSE 2 END AS calib_level,
               CAST('HST' AS TEXT) AS obs_collection,
               COALESCE(own.rootname, REPLACE(p.filename, '_' || p.kind || '.fits', '')) AS obs_id,
               CASE WHEN s.origin IS NULL OR s.origin = 'archive' THEN {URI}
                    ELSE {URI} || '#version=' || pv.number END AS obs_publisher_did,
               CASE WHEN s.origin IS NULL OR s.origin = 'archive'
                    THEN 'https://mast.stsci.edu/api/v0.1/Download/file?uri=' || {URI} END
               AS access_url,
               CAST('image/fits' AS TEXT) AS access_format,
               (pv.size_bytes + 999) / 1000 AS access_estsize,
               COALESCE(own.target_name, v.target_name) AS target_name,
               (SELECT {ra_of(*SUMS[:2])} {CHIPS}) AS s_ra,
               (SELECT {dec_of(*SUMS)} {CHIPS}) AS s_dec,
               ({EXTENT}) AS s_fov,
               (SELECT CASE WHEN COUNT(k.s_region) > 1
                       THEN 'UNION ICRS (' || REPLACE({{regions}}, 'POLYGON ICRS', 'POLYGON') || ')'
                       ELSE MAX(k.s_region) END {CHIPS}) AS s_region,
               (SELECT MAX(k.naxis1_pix) {CHIPS}) AS s_xel1,
               (SELECT MAX(k.naxis2_pix) {CHIPS}) AS s_xel2,
               {NO_NUMBER} AS s_resolution,
               (SELECT 3600 * SQRT(AVG(ABS(k.cd1_1_deg * k.cd2_2_deg - k.cd1_2_deg * k.cd2_1_deg)))
                  {CHIPS}) AS s_pixel_scale,
               SQRT((s.rms_ra_mas * s.rms_ra_mas + s.rms_dec_mas * s.rms_dec_mas) / 2) / 1000
               AS s_stat_error,
               COALESCE(own.expstart_mjd, (SELECT MIN(me.expstart_mjd) {MEMBERS})) AS t_min,
               COALESCE({END.format("own")}, (SELECT MAX({END.format("me")}) {MEMBERS})) AS t_max,
               {EXPTIME} AS t_exptime, {EXPTIME} AS t_resolution, 1 AS t_xel,
               b.em_min_m AS em_min, b.em_max_m AS em_max,
               0.5 * (b.em_min_m + b.em_max_m) / (b.em_max_m - b.em_min_m) AS em_res_power,
               1 AS em_xel, CAST('phot.count' AS TEXT) AS o_ucd,
               CAST(NULL AS TEXT) AS pol_states, 0 AS pol_xel,
               CAST('HST' AS TEXT) AS facility_name,
               e.instrument || '/' || e.detector AS instrument_name,
               CAST(v.proposal_id AS TEXT) AS proposal_id, pv.date_written AS obs_creation_date,
               p.filename AS product, pv.number AS version, own.rootname, e.filters AS filter,
               v.program, v.number AS visit, s.wcs_name, pv.path
          FROM products p
          JOIN product_versions pv ON pv.product_id = p.id
          JOIN visits v ON v.id = p.visit_id
          LEFT JOIN exposures own ON own.id = p.exposure_id
          LEFT JOIN exposures e ON e.id = {LEAD}
          LEFT JOIN alignment_solutions s ON s.id = {IN_FORCE}
          LEFT JOIN passbands b ON b.instrument = e.instrument AND b.detector = e.detector
                               AND b.filter_name = e.filters
         WHERE p.kind <> 'hlet' AND {NEWEST}
"""


def upgrade() -> None:
    passbands = op.create_table(
        "passbands",
        sa.Column("instrument", sa.String(length=8), nullable=False),
        sa.Column("detector", sa.String(length=12), nullable=False),
        sa.Column("filter_name", sa.String(length=40), nullable=False),
        sa.Column("em_min_m", sa.Double(), nullable=False),
        sa.Column("em_max_m", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instrument", "detector", "filter_name", name=op.f("pk_passbands")),
    )
    op.bulk_insert(passbands, [*_centred(), *_ranges()])
    regions = REGIONS[op.get_bind().dialect.name]
    op.execute(f"CREATE VIEW v_footprints AS {FOOTPRINTS}")
    op.execute(f"CREATE VIEW ivoa_obscore AS {OBSCORE.format(regions=regions)}")


def downgrade() -> None:
    op.execute("DROP VIEW ivoa_obscore")
    op.execute("DROP VIEW v_footprints")
    op.drop_table("passbands")


def _centred() -> list[dict[str, object]]:
    rows = []
    for (instrument, detector), (source, table) in CENTRED.items():
        for name, middle, width in _triples(table):
            low, high = middle - width / 2, middle + width / 2
            limits = (round(low * 1e-10, 12), round(high * 1e-10, 12))
            rows.append(_row(instrument, detector, name, limits, source))
    return rows


def _ranges() -> list[dict[str, object]]:
    return [
        _row("NICMOS", camera, name, (round(low * 1e-6, 12), round(high * 1e-6, 12)), NICMOS)
        for camera, table in RANGES.items()
        for name, low, high in _triples(table)
    ]


def _triples(table: str) -> list[tuple[str, float, float]]:
    words = table.split()
    return [(words[i], float(words[i + 1]), float(words[i + 2])) for i in range(0, len(words), 3)]


def _row(
    instrument: str, detector: str, name: str, limits: tuple[float, float], source: str
) -> dict[str, object]:
    return {
        "instrument": instrument,
        "detector": detector,
        "filter_name": name,
        "em_min_m": limits[0],
        "em_max_m": limits[1],
        "source": source,
    }
