-- a register of live-orders as schema 1 keeps it; see tests/it/stores.rs.
PRAGMA application_id = 1282818403;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE users (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        role TEXT NOT NULL,
        locations TEXT NOT NULL,
        password TEXT,
        disabled INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL
    ) STRICT;
CREATE TABLE sessions (
        token BLOB PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        created_at INTEGER NOT NULL,
        used_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE paired (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token BLOB UNIQUE,
        code TEXT,
        screen TEXT,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        locations TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        used_at INTEGER NOT NULL
    ) STRICT;
CREATE TABLE keys (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token BLOB NOT NULL UNIQUE,
        begins TEXT NOT NULL,
        name TEXT NOT NULL,
        channel TEXT,
        scopes TEXT NOT NULL,
        locations TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        used_at INTEGER,
        revoked_at INTEGER
    ) STRICT;
CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        subject TEXT NOT NULL
    ) STRICT;
INSERT INTO users (id, name, role, locations, password, disabled, created_at) VALUES (1,'test','manager','',NULL,0,1795422931884);
INSERT INTO sessions (token, user, created_at, used_at) VALUES (X'09A4D591679ACEB7E7B7D40853726B0BC1DFEADAFE9AF8526894E354DBA27461',1,1795422931884,1795422931884);
INSERT INTO sessions (token, user, created_at, used_at) VALUES (X'22213189C2D9183B0BFBDEB2E1CDE9A9FB668C856CE865A83FEC8CD99A293AC9',1,1795422932392,1795422932392);
INSERT INTO keys (id, token, begins, name, channel, scopes, locations, created_at, used_at, revoked_at) VALUES (1,X'870FFA8DAC56CAC96AF87180F40644B3A5A5ABA027F1102CCE0D1039A38D751C','lo_133dc5','till',NULL,'orders:write','',1795400000000,NULL,NULL);
INSERT INTO audit (id, at, who, what, subject) VALUES (1,1795422931884,'tests','user.made','test (manager)');
INSERT INTO audit (id, at, who, what, subject) VALUES (2,1795400000000,'tests','key.made','till (lo_133dc5…, orders:write)');
CREATE INDEX sessions_of_user ON sessions (user);
COMMIT;
