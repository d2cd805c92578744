"""The tables of the file, and how the file says whose it is."""

from typing import Final

APPLICATION_ID: Final = 0x54435331
"""Tells our files from other programs' SQLite files: ``TCS1``."""

SCHEMA_VERSION: Final = 3

# Rows that hold large blobs have a rowid: an update of 1 MB took 1.9 ms so, and 2.5 ms WITHOUT ROWID.
TABLES: Final = (
    """
    CREATE TABLE shards (
        log TEXT NOT NULL,
        number INTEGER NOT NULL,
        hash_start TEXT NOT NULL,   -- decimal digits: 128 bits do not fit an INTEGER
        hash_end TEXT NOT NULL,
        parents TEXT NOT NULL,      -- shard ids, joined by blanks
        closed INTEGER NOT NULL DEFAULT 0,
        last INTEGER NOT NULL DEFAULT 0,     -- sequence number given last
        trimmed INTEGER NOT NULL DEFAULT 0,  -- sequence number forgotten last
        PRIMARY KEY (log, number)
    ) WITHOUT ROWID
    """,
    # One row holds all that one call put into one shard: a row a record took three times as long.
    """
    CREATE TABLE segments (
        log TEXT NOT NULL,
        shard INTEGER NOT NULL,
        last INTEGER NOT NULL,      -- sequence number of its last record
        count INTEGER NOT NULL,
        arrival_ms INTEGER NOT NULL,
        records BLOB NOT NULL,
        PRIMARY KEY (log, shard, last)
    )
    """,
    """
    CREATE TABLE checkpoints (
        mapping TEXT NOT NULL,
        shard TEXT NOT NULL,
        sequence TEXT NOT NULL,
        PRIMARY KEY (mapping, shard)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE state (
        generation INTEGER NOT NULL,
        key_group INTEGER NOT NULL,
        stage TEXT NOT NULL,
        version INTEGER NOT NULL,
        blob BLOB NOT NULL,
        PRIMARY KEY (generation, key_group, stage)
    )
    """,
    # Ordered by time first: windows that close together are neighbours, so a batch touches few pages.
    # Ordered by device first, a batch of 1,000 devices took four times as long.
    """
    CREATE TABLE windows (
        size_ms INTEGER NOT NULL,
        start_ms INTEGER NOT NULL,
        tenant TEXT NOT NULL,
        device TEXT NOT NULL,
        revision INTEGER NOT NULL,
        metrics BLOB NOT NULL,
        PRIMARY KEY (size_ms, start_ms, tenant, device, revision)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE alerts (
        id INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL,
        device TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        episode INTEGER NOT NULL,
        number INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        transition BLOB NOT NULL,
        UNIQUE (tenant, device, fingerprint, episode, number)
    )
    """,
    "CREATE INDEX alerts_by_time ON alerts (tenant, at_ms)",
    "CREATE INDEX alerts_by_fingerprint ON alerts (tenant, fingerprint, at_ms)",
    """
    CREATE TABLE actions (
        tenant TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        id TEXT NOT NULL,
        action BLOB NOT NULL,
        PRIMARY KEY (tenant, at_ms, id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE decisions (
        tenant TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        number INTEGER NOT NULL,
        episode INTEGER NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (tenant, fingerprint, number, episode)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE directory (
        tenant TEXT NOT NULL,
        key TEXT NOT NULL,
        data BLOB,                  -- NULL: removed, and nothing of a lower number may come back
        number INTEGER NOT NULL DEFAULT 0,
        removed_ms INTEGER NOT NULL DEFAULT 0,  -- when it was removed, where it is
        PRIMARY KEY (tenant, key)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        dead INTEGER NOT NULL DEFAULT 0,
        visible_ms INTEGER NOT NULL,
        sent_ms INTEGER NOT NULL,
        receive_count INTEGER NOT NULL DEFAULT 0,  -- since it was sent or redriven
        receipt INTEGER NOT NULL DEFAULT 0,        -- the latest one's number; never used again
        body TEXT NOT NULL,
        attributes BLOB NOT NULL
    )
    """,
    "CREATE INDEX messages_by_queue ON messages (queue, dead, visible_ms, id)",
    """
    CREATE TABLE subscriptions (
        queue TEXT PRIMARY KEY,
        policy BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE blobs (
        name TEXT PRIMARY KEY,
        data BLOB NOT NULL
    )
    """,
)

DIRECTORY: Final = next(table for table in TABLES if "CREATE TABLE directory" in table)
DIRECTORY_1: Final = """
    CREATE TABLE directory (
        tenant TEXT NOT NULL,
        key TEXT NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (tenant, key)
    ) WITHOUT ROWID
    """
DIRECTORY_2: Final = """
    CREATE TABLE directory (
        tenant TEXT NOT NULL,
        key TEXT NOT NULL,
        data BLOB,                  -- NULL: removed, and nothing of a lower number may come back
        number INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (tenant, key)
    ) WITHOUT ROWID
    """

TABLES_OF: Final = {
    1: tuple(DIRECTORY_1 if table is DIRECTORY else table for table in TABLES),
    2: tuple(DIRECTORY_2 if table is DIRECTORY else table for table in TABLES),
    SCHEMA_VERSION: TABLES,
}
"""The tables of each version of the schema that this release understands."""

MIGRATIONS: Final = {
    1: (
        "CREATE TEMP TABLE listed AS SELECT tenant, key, data FROM directory",
        "DROP TABLE directory",
        DIRECTORY_2,
        "INSERT INTO directory (tenant, key, data) SELECT tenant, key, data FROM listed",
        "DROP TABLE listed",
    ),
    2: (
        "CREATE TEMP TABLE listed AS SELECT tenant, key, data, number FROM directory",
        "DROP TABLE directory",
        DIRECTORY,
        # What was removed may be forgotten at once: whoever could bring it back ended before the file is renewed.
        "INSERT INTO directory (tenant, key, data, number) SELECT tenant, key, data, number FROM listed",
        "DROP TABLE listed",
    ),
}
"""What makes of a file of one version a file of the next."""
