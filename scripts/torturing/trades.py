"""The commands that write; those before which the same was done stand together."""

from __future__ import annotations

from scripts.torturing.trade import Trade, Words

_INGEST: Words = ("ingest", "files")
_FETCH: Words = ("fetch", "--obs-id", "*", "--products", "FLT", "--project", "all", "--yes")
_CATALOG: Words = ("refcat", "import", "files/gaia.ecsv", "--name", "gaia", "--epoch", "2016.0")
_OTHER_CATALOG: Words = ("refcat", "import", "files/refcat.ecsv", "--name", "other")
_AROUND: Words = ("refcat", "gaia", "--name", "around", "--ra", "85.245", "--dec", "-2.475")
_FIT: Words = ("align", "run", "--refcat", "gaia")
_ACCEPT: Words = ("align", "accept", "ALIGNMENT")
_PLAIN: Words = ("sky", "run", "--no-selftest", "--engine", "skydb")
_SKIES: Words = (*_PLAIN, "--no-mosaic", "--method", "all")
_MATCHED: Words = (*_PLAIN, "--no-mosaic", "--method", "match")
_MOSAICS: Words = (*_PLAIN, "--method", "match")
_WRITE: Words = ("sky", "write-headers", "SKY")
_FIELD: Words = ("simulate", "field", "--tiles", "1x1", "--dithers", "2", "--size", "96")
_DEMO: Words = ("demo", "demo", "--tiles", "1x1", "--size", "128")
_AGAIN: Words = ("simulate", "files", "--redeliver", "--out", "newer")
_PRESET: Words = ("preset", "set", "mine", "-o", "final_pixfrac=0.8")
_FLAG: Words = ("books", "flag", "VISIT", "trail", "--why", "seen")
_PIN: Words = ("runs", "pin", "SKY", "--why", "kept")
_DELETE: Words = ("runs", "delete", "SKY", "--why", "wrong")
_FLAT: Words = (
    *("books", "deliveries", "add", "flat", "--what", "a bad flat"),
    *("--began", "2024-05-01", "--ended", "2024-05-09"),
)

_BARE = (
    Trade("init", ("init",), is_bare=True, counts_statements=True),
    Trade("db upgrade", ("db", "upgrade"), is_bare=True, counts_statements=True),
)

_WITH_NOTHING = (
    Trade("ingest", _INGEST, counts_statements=True),
    Trade("history import", ("history", "import", "logs")),
    Trade("refcat import", _CATALOG),
    Trade("preset set", _PRESET),
    Trade("books deliveries add", _FLAT, done="There is a bad delivery flat already"),
    Trade("fetch", _FETCH),
    Trade(
        "db reader",
        ("db", "reader", "READER", "--no-password"),
        only_on="postgresql",
        counts_statements=True,
    ),
    Trade("doctor", ("doctor",), is_slow=True),
    Trade("refcat gaia around a position", _AROUND, is_slow=True),
    Trade("simulate", _FIELD, touches=("field",), is_slow=True),
    Trade("simulate --redeliver", _AGAIN, touches=("newer",), is_slow=True),
    Trade("demo", _DEMO, touches=("demo",), copy="DEMO", is_slow=True),
)

_WITH_A_FIELD = (
    Trade(
        "simulate --overwrite",
        (*_FIELD, "--overwrite"),
        (_FIELD,),
        touches=("field",),
        is_slow=True,
    ),
)

_WITH_EXPOSURES = (
    Trade(
        "ingest of redelivered files", ("ingest", "redelivered"), (_INGEST,), counts_statements=True
    ),
    Trade("books note", ("books", "note", "VISIT", "seen"), (_INGEST,), is_new_each_time=True),
    Trade("books flag", _FLAG, (_INGEST,), is_new_each_time=True),
    Trade(
        "books ignore",
        ("books", "ignore", "VISIT", "never-matched", "--why", "alone"),
        (_INGEST,),
        is_new_each_time=True,
    ),
    Trade(
        "export prov",
        ("export", "prov", "out.json"),
        (_INGEST,),
        touches=("out.json",),
        done="skydb: out.json exists already",
    ),
    *(
        Trade(
            f"export footprints, {name.partition('.')[2]}",
            ("export", "footprints", name),
            (_INGEST,),
            touches=(name,),
        )
        for name in ("out.reg", "out.json", "out.moc.fits", "out.png")
    ),
    Trade("refcat gaia", ("refcat", "gaia"), (_INGEST,), is_slow=True),
    Trade("refcat footprint", ("refcat", "footprint"), (_INGEST,), is_slow=True),
    Trade("sky run, values", _SKIES, (_INGEST,)),
    Trade("sky run, mosaics", (*_PLAIN, "--method", "all"), (_INGEST,), is_slow=True),
    Trade(
        "sky run, a batch",
        (*_PLAIN, "--method", "all", "--each", "visit"),
        (_INGEST,),
        is_slow=True,
    ),
    Trade(
        "sky run, astrodrizzle",
        ("sky", "run", "--no-selftest", "--method", "match"),
        (_INGEST,),
        is_slow=True,
    ),
    Trade("drizzle", ("drizzle", "--no-selftest", "--visit", "VISIT"), (_INGEST,), is_slow=True),
)

_WITH_THE_DEAD = (
    Trade(
        "runs abandon",
        ("runs", "abandon", "DEAD", "--why", "its node went down"),
        (_INGEST,),
        dead=_MATCHED,
        done="is failed",
    ),
)

_WITH_ENTRIES = (
    Trade("preset remove", ("preset", "remove", "mine"), (_PRESET,), done="no preset mine"),
    Trade(
        "books deliveries drop",
        ("books", "deliveries", "drop", "flat", "--why", "right after all"),
        (_FLAT,),
        done="There is no bad delivery flat",
    ),
    Trade(
        "books withdraw",
        ("books", "withdraw", "ENTRY", "--why", "masked"),
        (_INGEST, _FLAG),
        done="withdrawn already",
    ),
    Trade(
        "refcat supersede",
        ("refcat", "supersede", "other", "gaia", "--why", "better"),
        (_CATALOG, _OTHER_CATALOG),
    ),
)

_WITH_SKIES = (
    Trade(
        "export table",
        ("export", "table", "out.ecsv", "--view", "v_sky_values"),
        (_INGEST, _SKIES),
        touches=("out.ecsv",),
    ),
    Trade(
        "export table, parquet",
        ("export", "table", "out.parquet", "--view", "v_sky_values"),
        (_INGEST, _SKIES),
        touches=("out.parquet",),
    ),
    Trade(
        "db copy to SQLite",
        ("db", "copy", "LEDGER", "sqlite:///copy.sqlite"),
        (_INGEST, _SKIES),
        touches=("copy.sqlite",),
        copy="COPY",
        # The repair of its draft is a new row of the ledger.
        done="skydb: The target is not empty",
        counts_statements=True,
    ),
    Trade(
        "db copy to PostgreSQL",
        ("db", "copy", "LEDGER", "OTHER"),
        (_INGEST, _SKIES),
        copy="OTHER",
        only_on="postgresql",
        counts_statements=True,
    ),
    Trade(
        "db backup",
        ("db", "backup", "friday.backup", "--overwrite"),
        (_INGEST, _SKIES),
        touches=("friday.backup",),
    ),
    Trade("browse", ("browse", "--json"), (_INGEST, _SKIES), until="http", counts_statements=True),
    Trade("report", ("report", "out.html"), (_INGEST, _SKIES), touches=("out.html",), is_slow=True),
)

_WITH_PICTURES = (
    *(
        Trade(
            name,
            (*name.split(), *words, "--out", "figures"),
            (_INGEST, _SKIES),
            touches=("figures",),
            is_slow=True,
        )
        for name, words in {
            "sky compare": (),
            "sky timeline": ("--visit", "VISIT"),
            "sky audit": ("SKY",),
        }.items()
    ),
    Trade(
        "refcat show",
        ("refcat", "show", "gaia", "--plot", "out.png"),
        (_INGEST, _CATALOG),
        touches=("out.png",),
        is_slow=True,
    ),
)

_WITH_SQLITE = (
    Trade(
        "db copy from SQLite",
        ("db", "copy", "sqlite:///source.sqlite", "OTHER"),
        (_INGEST, _SKIES, ("db", "copy", "LEDGER", "sqlite:///source.sqlite")),
        copy="OTHER",
        only_on="postgresql",
        counts_statements=True,
    ),
)

_WITH_VALUES = (
    Trade("sky write-headers", _WRITE, (_INGEST, _MATCHED), writes_files=True),
    Trade(
        "sky restore-headers",
        ("restore-headers", "WRITE"),
        (_INGEST, _MATCHED, _WRITE),
        writes_files=True,
        done="skydb: The headers of activity 4 were all put back already",
    ),
    Trade(
        "replay",
        ("replay", "SKY", "--no-selftest"),
        (_INGEST, _MATCHED),
        is_slow=True,
        is_new_each_time=True,
    ),
)

_WITH_MOSAICS = (
    Trade("runs pin", _PIN, (_INGEST, _MOSAICS)),
    Trade("runs delete", _DELETE, (_INGEST, _MOSAICS), done="is deleted"),
    Trade(
        "runs metrics-only",
        ("runs", "metrics-only", "SKY", "--why", "a trial"),
        (_INGEST, _MOSAICS),
    ),
    Trade(
        "runs purge",
        ("books", "purge", "SKY", "--why", "room"),
        (_INGEST, _MOSAICS),
        done="skydb: The mosaic of run 2 was purged already",
    ),
    Trade(
        "sky display",
        ("sky", "display", "SKY", "--out", "out.png"),
        (_INGEST, _MOSAICS),
        touches=("out.png",),
    ),
    Trade("runs unpin", ("runs", "unpin", "SKY", "--why", "old"), (_INGEST, _MOSAICS, _PIN)),
    Trade(
        "runs undelete",
        ("runs", "undelete", "SKY", "--why", "right"),
        (_INGEST, _MOSAICS, _DELETE),
        done="is not deleted",
    ),
)

_WITH_A_CATALOG = (
    Trade("align run", _FIT, (_INGEST, _CATALOG), is_slow=True, is_new_each_time=True),
    *(
        Trade(
            f"align run --what {what}",
            (*_FIT, "--what", what),
            (_INGEST, _CATALOG),
            is_slow=True,
            is_new_each_time=True,
        )
        for what in ("exposures", "group")
    ),
)

_WITH_FITS = (
    Trade(
        "align accept",
        _ACCEPT,
        (_INGEST, _CATALOG, _FIT),
        is_slow=True,
        done="skydb: Alignment run 3 has no fit that waits for review",
    ),
    Trade(
        "align accept --write-headers",
        (*_ACCEPT, "--write-headers"),
        (_INGEST, _CATALOG, _FIT),
        writes_files=True,
        is_slow=True,
        done="skydb: The fits of run 3 are accepted",
    ),
    Trade(
        "align reject",
        ("align", "reject", "ALIGNMENT", "--why", "on a spike"),
        (_INGEST, _CATALOG, _FIT),
        done="has no fit that waits for review",
    ),
    Trade(
        "align plot",
        ("align", "plot", "ALIGNMENT", "--out", "figures"),
        (_INGEST, _CATALOG, _FIT),
        touches=("figures",),
        is_slow=True,
    ),
    Trade(
        "align restore",
        ("align", "restore", "SOLUTION"),
        (_INGEST, _CATALOG, _FIT, _ACCEPT),
        is_slow=True,
        done="is active in version",
    ),
    Trade(
        "align export",
        ("align", "export", "SOLUTION", "--headerlet", "out_hlet.fits"),
        (_INGEST, _CATALOG, _FIT, _ACCEPT),
        touches=("out_hlet.fits",),
        is_slow=True,
        done="skydb: out_hlet.fits exists already",
    ),
    Trade(
        "align restore-headers",
        ("restore-headers", "WRITE"),
        (_INGEST, _CATALOG, _FIT, (*_ACCEPT, "--write-headers")),
        writes_files=True,
        is_slow=True,
        done="were all put back already",
    ),
)

TRADES = (
    *_BARE,
    *_WITH_NOTHING,
    *_WITH_A_FIELD,
    *_WITH_EXPOSURES,
    *_WITH_THE_DEAD,
    *_WITH_ENTRIES,
    *_WITH_SKIES,
    *_WITH_PICTURES,
    *_WITH_SQLITE,
    *_WITH_VALUES,
    *_WITH_MOSAICS,
    *_WITH_A_CATALOG,
    *_WITH_FITS,
    Trade("fetch of what has changed", (*_FETCH, "--refresh"), (_FETCH,)),
)
