-- Times are milliseconds since the Unix epoch. The application runs this whenever it starts.

CREATE TABLE IF NOT EXISTS sessions (
    key     TEXT    PRIMARY KEY,
    data    BLOB    NOT NULL,
    version INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (expires);

-- What sessions are found by. They go with their session.
CREATE TABLE IF NOT EXISTS names (
    name TEXT NOT NULL,
    key  TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    PRIMARY KEY (name, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS names_by_session ON names (key);

-- What instances share beside sessions.
CREATE TABLE IF NOT EXISTS shared (
    key     TEXT    PRIMARY KEY,
    value   BLOB    NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS shared_by_end ON shared (expires);
