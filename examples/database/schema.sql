-- The application runs this whenever it starts.

-- A row for each user who has signed in. The subject is Logto's id of the user: it never changes,
-- and names and addresses do.
CREATE TABLE IF NOT EXISTS users (
    subject   TEXT    PRIMARY KEY,
    name      TEXT    NOT NULL,
    email     TEXT,
    sign_ins  INTEGER NOT NULL DEFAULT 1,
    suspended INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE IF NOT EXISTS notes (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT    NOT NULL REFERENCES users ON DELETE CASCADE,
    text  TEXT    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS notes_by_owner ON notes (owner);
