-- a register of live-orders as schema 2 keeps it; see tests/it/stores.rs.
PRAGMA application_id = 1282818403;
PRAGMA user_version = 2;
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
    , address TEXT) STRICT;
INSERT INTO users (id, name, role, locations, password, disabled, created_at) VALUES (1,'test','manager','',NULL,0,1795424871024);
INSERT INTO sessions (token, user, created_at, used_at) VALUES (X'681048A34D43E269258FBA64054C0547FB03DC51C16EE5E10938F951B59E7821',1,1795424871024,1795424871024);
INSERT INTO sessions (token, user, created_at, used_at) VALUES (X'9A4E2049492150B91115844075179E220B566FD86670EFCB98098687E858A23B',1,1795424871204,1795424871204);
INSERT INTO keys (id, token, begins, name, channel, scopes, locations, created_at, used_at, revoked_at) VALUES (1,X'E3CBF9AA1919F2C6B5F39A665D118613338D0B2BD91ED1B3474B887FEC0CF1C5','lo_9c0d9b','till',NULL,'orders:write','',1795400000000,NULL,NULL);
INSERT INTO audit (id, at, who, what, subject, address) VALUES (1,1795424871024,'tests','user.made','test (manager)',NULL);
INSERT INTO audit (id, at, who, what, subject, address) VALUES (2,1795400000000,'test','profile.made','grill','127.0.0.1');
INSERT INTO audit (id, at, who, what, subject, address) VALUES (3,1795424871170,'command line','webhook.made','wh_8a9d9c6920e4899c8d6d (example.org)',NULL);
INSERT INTO audit (id, at, who, what, subject, address) VALUES (4,1795424871181,'command line','secret.given','web',NULL);
INSERT INTO audit (id, at, who, what, subject, address) VALUES (5,1795400000000,'test','order.erased','01a207a9-62c0-7630-afa8-1cd87ef2db6e','127.0.0.1');
INSERT INTO audit (id, at, who, what, subject, address) VALUES (6,1795400000000,'tests','key.made','till (lo_9c0d9b…, orders:write)',NULL);
CREATE INDEX sessions_of_user ON sessions (user);
COMMIT;
