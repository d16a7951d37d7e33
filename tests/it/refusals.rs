//! Files that a server must not begin on: each is refused with one line that says
//! which, what and what to do, and with an exit code; and not a byte is changed, but in
//! SQLite's own index of a log.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    processes::refusal_and_code,
    support::{Program, TestServer, burger, program, serve_command},
    upkeep,
};

/// Another start would be refused as well.
const UNUSABLE: i32 = 3;
/// It may be otherwise next time.
const FAILED: i32 = 1;

/// Every file in `folder` with its length and a hash of what is in it.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, (usize, u64)> {
    let mut found = BTreeMap::new();
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            found.extend(contents(&path));
            found.insert(path, (0, 0));
        } else {
            let bytes = std::fs::read(&path).expect("it can be read");
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            found.insert(path, (bytes.len(), hasher.finish()));
        }
    }
    found
}

/// Starts a server on `folder`, which must refuse and change nothing.
#[track_caller]
fn refused(folder: &Path, code: i32, expected: &[&str]) {
    let before = contents(folder);
    let (reason, found) = refusal_and_code(serve_command(folder, &[]));
    assert_eq!(found, Some(code), "{reason}");
    for part in expected {
        assert!(reason.contains(part), "{part:?} is not in: {reason}");
    }
    assert_eq!(contents(folder), before, "{reason}");
}

/// The files of a store that was used and closed, without the lock: as they are
/// copied to another machine.
fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name");
        if name != "lock" {
            std::fs::copy(&path, copy.path().join(name)).expect("copied");
        }
    }
    copy
}

/// A store of several pages that has been closed.
async fn store() -> TempDir {
    let server = TestServer::start().await;
    upkeep::live_through_an_evening(server.client).await;
    for _ in 0..20 {
        server.place(&burger()).await;
    }
    server.stop().await.expect("a folder")
}

type Harm = fn(&Path);

fn rewrite(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).expect("it is there");
    change(&mut bytes);
    std::fs::write(file, bytes).expect("written");
}

/// Another application's database in place of `file`, in a journal mode.
fn foreign(file: &Path, mode: &str) {
    std::fs::remove_file(file).expect("removed");
    let connection = Connection::open(file).expect("a database");
    let journal = format!("PRAGMA journal_mode = {mode}");
    connection.query_row(&journal, [], |_| Ok(())).expect("a journal");
    connection.execute_batch("CREATE TABLE orders (id INTEGER)").expect("a table");
}

/// The same, with a write-ahead log that waits to be played back.
fn foreign_in_use(file: &Path) {
    foreign(file, "WAL");
    let other = tempfile::tempdir().expect("a folder");
    let copy = other.path().join("copy");
    let connection = Connection::open(file).expect("a database");
    connection.execute_batch("INSERT INTO orders VALUES (7)").expect("written");
    let log = file.with_extension("db-wal");
    std::fs::copy(file, &copy).expect("copied");
    std::fs::copy(&log, other.path().join("log")).expect("copied");
    drop(connection);
    std::fs::copy(copy, file).expect("copied");
    std::fs::copy(other.path().join("log"), log).expect("copied");
}

#[tokio::test]
async fn a_file_that_is_torn_foreign_damaged_or_too_new_is_refused() {
    let folder = store().await;
    let harms: [(&str, Harm, &[&str]); 9] = [
        ("nothing in it", |file| std::fs::write(file, "").expect("written"), &["is empty"]),
        (
            "a text",
            |file| std::fs::write(file, "dear diary, ".repeat(500)).expect("written"),
            &["is not a", "--data"],
        ),
        ("ten bytes", |file| rewrite(file, |bytes| bytes.truncate(10)), &["is not a", "--data"]),
        (
            "its first half",
            |file| rewrite(file, |bytes| bytes.truncate(bytes.len() / 2)),
            &["damaged", "bytes are there", "backup"],
        ),
        (
            "noise in the middle",
            |file| {
                rewrite(file, |bytes| {
                    let middle = bytes.len() / 2 / 4096 * 4096;
                    bytes[middle..middle + 4096].fill(0xA5);
                });
            },
            &["damaged", "backup"],
        ),
        ("another application's", |file| foreign(file, "DELETE"), &["is not a", "--data"]),
        ("another application's with WAL", |file| foreign(file, "WAL"), &["is not a", "--data"]),
        ("another application's in use", foreign_in_use, &["is not a", "--data"]),
        (
            "a later version's",
            |file| {
                let connection = Connection::open(file).expect("a database");
                connection.pragma_update(None, "user_version", 999).expect("a version");
            },
            &["a later version of live-orders (schema 999", "run that version"],
        ),
    ];
    for file in ["orders.db", "access.db"] {
        for (_, harm, expected) in &harms {
            let copy = copy_of(folder.path());
            harm(&copy.path().join(file));
            let mut expected = expected.to_vec();
            expected.push(file);
            refused(copy.path(), UNUSABLE, &expected);
            // Nor where a server has been.
            std::fs::write(copy.path().join("lock"), "").expect("a lock");
            refused(copy.path(), UNUSABLE, &expected);
        }
    }
    // Without any harm it begins.
    let copy = copy_of(folder.path());
    Program::serve(copy.path(), &[]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_with_a_file_of_somebody_else_s_stays_as_open_as_it_was() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["orders.db", "access.db"] {
        std::fs::write(folder.path().join(file), "dear diary").expect("written");
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).expect("set");
        refused(folder.path(), UNUSABLE, &[file, "is not a"]);
        let mut command = Command::new(program());
        command.args(["key", "create", "--scopes", "stream", "--data"]).arg(folder.path());
        let (reason, code) = refusal_and_code(command);
        assert_eq!(code, Some(UNUSABLE), "{reason}");
        assert!(reason.contains(file) && reason.contains("is not a"), "{reason}");
        assert_eq!(contents(folder.path()).len(), 1, "nothing was put beside {file}");
        let mode = folder.path().metadata().expect("a folder").permissions().mode();
        assert_eq!(mode & 0o777, 0o755, "{file}");
        std::fs::remove_file(folder.path().join(file)).expect("removed");
    }
}

#[test]
fn whoever_only_looks_at_a_folder_that_is_not_there_does_not_make_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("dta");
    for look in [["key", "list"], ["user", "list"], ["screen", "list"], ["webhook", "list"]] {
        let mut command = Command::new(program());
        command.args(look).arg("--data").arg(&data);
        let (reason, code) = refusal_and_code(command);
        assert_eq!(code, Some(FAILED), "{reason}");
        assert!(reason.contains("dta"), "{reason}");
        assert!(!data.exists(), "{look:?}");
    }
}

/// What a server that was killed leaves: a file, and a log with what is not in it yet.
async fn killed() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let mut program = Program::serve(folder.path(), &[]);
        program.client.place(&burger()).await;
        program.kill();
    }
    // So that the file itself knows whose it is.
    {
        let mut program = Program::serve(folder.path(), &[]);
        program.terminate();
        program.wait();
    }
    let mut program = Program::serve(folder.path(), &[]);
    program.client.place(&burger()).await;
    program.kill();
    folder
}

#[cfg(unix)]
#[tokio::test]
async fn a_write_ahead_log_of_another_database_is_refused() {
    let folder = store().await;
    let other = killed().await;
    let log = other.path().join("orders.db-wal");
    let does_not_belong = &["orders.db-wal does not belong to", "move "];

    // A log that lay there when another store's files were put into the folder.
    let copy = copy_of(folder.path());
    std::fs::copy(&log, copy.path().join("orders.db-wal")).expect("copied");
    refused(copy.path(), UNUSABLE, does_not_belong);
    std::fs::copy(other.path().join("orders.db-shm"), copy.path().join("orders.db-shm"))
        .expect("copied");
    // SQLite makes its index of a log anew, out of the log, when it reads it.
    let besides_the_index = || {
        let mut files = contents(copy.path());
        files.remove(&copy.path().join("orders.db-shm")).expect("an index");
        files
    };
    let before = besides_the_index();
    let (reason, code) = refusal_and_code(serve_command(copy.path(), &[]));
    assert_eq!(code, Some(UNUSABLE), "{reason}");
    assert!(does_not_belong.iter().all(|part| reason.contains(part)), "{reason}");
    assert_eq!(besides_the_index(), before, "{reason}");

    // A backup that was restored without the log being removed.
    let restored = tempfile::tempdir().expect("a folder");
    let to = restored.path().join("orders.db");
    let status = Command::new(program())
        .args(["backup", "--data"])
        .arg(other.path())
        .arg("--to")
        .arg(&to)
        .status();
    assert!(status.expect("it runs").success());
    std::fs::copy(&log, restored.path().join("orders.db-wal")).expect("copied");
    refused(restored.path(), UNUSABLE, does_not_belong);
    std::fs::remove_file(restored.path().join("orders.db-wal")).expect("removed");
    assert_eq!(Program::serve(restored.path(), &[]).client.all_orders().await.len(), 2);

    // A log without its file holds orders that were acknowledged.
    let orphan = tempfile::tempdir().expect("a folder");
    std::fs::copy(&log, orphan.path().join("orders.db-wal")).expect("copied");
    refused(orphan.path(), UNUSABLE, &["orders.db is missing", "put it back"]);

    // Its own log is played back.
    assert_eq!(Program::serve(other.path(), &[]).client.all_orders().await.len(), 2);
}

#[tokio::test]
async fn what_may_be_otherwise_next_time_has_another_code() {
    let folder = store().await;
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let before = contents(folder.path());
    let mut command = Command::new(program());
    command.args(["serve", "--listen", &address, "--data"]).arg(folder.path());
    let (reason, code) = refusal_and_code(command);
    assert_eq!(code, Some(FAILED), "{reason}");
    assert_eq!(contents(folder.path()), before);

    let file = folder.path().join("orders.db");
    let (reason, code) = refusal_and_code(serve_command(&file, &[]));
    assert_eq!(code, Some(UNUSABLE), "{reason}");
    assert!(reason.contains("is a file; name a folder with --data"), "{reason}");
    assert_eq!(contents(folder.path()), before);
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_that_another_server_uses_is_refused_unchanged() {
    let folder = store().await;
    let program = Program::serve(folder.path(), &[]);
    program.client.place(&burger()).await;
    // It stands still meanwhile: what changes is then changed by whoever is refused.
    program.signal("-STOP");
    refused(folder.path(), FAILED, &["is in use by another live-orders"]);
    program.signal("-CONT");
    program.client.place(&burger()).await;
}

/// Root may write everywhere, so as root this is somebody else.
#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    use std::os::unix::{fs::PermissionsExt as _, process::CommandExt as _};
    const NOBODY: u32 = 65_534;
    let folder = tempfile::tempdir().expect("a folder");
    let set = |mode| {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode))
            .expect("a mode");
    };
    set(0o555);
    let tried = folder.path().join("tried");
    let mut command = serve_command(folder.path(), &[]);
    if std::fs::write(&tried, "").is_ok() {
        std::fs::remove_file(tried).expect("removed");
        let mut help = Command::new(program());
        if help.arg("--help").uid(NOBODY).gid(NOBODY).output().is_err() {
            // The program lies where that user cannot go; disk.rs tries it otherwise.
            return;
        }
        command.uid(NOBODY).gid(NOBODY);
    }
    let (reason, code) = refusal_and_code(command);
    assert_eq!(code, Some(FAILED), "{reason}");
    assert!(reason.starts_with("cannot write"), "{reason}");
    assert_eq!(contents(folder.path()).len(), 0);
    set(0o700);
}
