//! The program as an operator meets it: flags, files, ports, signals.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::support::{PATIENCE, Program, burger, program, serve_command, within};

/// Runs `command`, which must refuse to begin, and gives the one line that says why.
#[track_caller]
fn refusal(mut command: Command) -> String {
    // Log lines are for whoever runs it; only the refusal is looked at.
    command.env("LIVE_ORDERS_SERVER_LOG", "error");
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let id = child.id();
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || ended.send(child.wait_with_output()));
    let Ok(output) = end.recv_timeout(PATIENCE) else {
        let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        panic!("it began instead of refusing to");
    };
    let Output { status, stdout, stderr } = output.expect("its output");
    let stderr = String::from_utf8(stderr).expect("UTF-8");
    assert!(!status.success(), "{stderr}");
    assert_eq!(String::from_utf8_lossy(&stdout), "");
    assert_eq!(stderr.trim_end().lines().count(), 1, "one line: {stderr}");
    let reason = stderr.trim_end().strip_prefix("live-orders: ");
    reason.unwrap_or_else(|| panic!("not in the program's name: {stderr}")).to_owned()
}

/// A store with one order in it, closed properly.
async fn store_with_an_order(folder: &Path) {
    let server = crate::support::TestServer::start_in(folder, |_| {}).await;
    server.place(&burger()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_second_process_on_the_same_store_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::serve(folder.path(), &[]);
    let reason = refusal(serve_command(folder.path(), &[]));
    assert!(reason.contains("is in use by another live-orders"), "{reason}");
    assert!(reason.contains("--data"), "it says what to do: {reason}");
    program.client.place(&burger()).await;
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("orders.db");
    let text = b"these are not the orders you are looking for, whatever their name ".repeat(40);
    std::fs::write(&file, &text).expect("a file");
    let reason = refusal(serve_command(folder.path(), &[]));
    assert!(reason.contains("is not a store of live-orders"), "{reason}");
    assert_eq!(std::fs::read(&file).expect("it is there"), text);
}

#[test]
fn another_programs_database_is_refused_and_left_as_it_is() {
    for mode in ["DELETE", "WAL"] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("orders.db");
        let connection = rusqlite::Connection::open(&file).expect("a database");
        let journal = format!("PRAGMA journal_mode = {mode}");
        connection.query_row(&journal, [], |_| Ok(())).expect("a journal");
        connection.execute_batch("CREATE TABLE orders (id INTEGER)").expect("a table");
        drop(connection);
        let before = std::fs::read(&file).expect("it is there");
        let reason = refusal(serve_command(folder.path(), &[]));
        assert!(reason.contains("is not a store of live-orders"), "{reason}");
        assert_eq!(std::fs::read(&file).expect("it is there"), before, "{mode}");
    }
}

#[tokio::test]
async fn a_store_of_a_later_version_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    store_with_an_order(folder.path()).await;
    let file = folder.path().join("orders.db");
    let connection = rusqlite::Connection::open(&file).expect("the database");
    connection.pragma_update(None, "user_version", 999).expect("a later version");
    drop(connection);
    let before = std::fs::read(&file).expect("it is there");
    let reason = refusal(serve_command(folder.path(), &[]));
    assert!(reason.contains("a later version of live-orders (schema 999"), "{reason}");
    assert_eq!(std::fs::read(&file).expect("it is there"), before);
}

#[tokio::test]
async fn a_damaged_store_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    store_with_an_order(folder.path()).await;
    let file = folder.path().join("orders.db");
    let mut bytes = std::fs::read(&file).expect("it is there");
    // The header says a store of ours; the tables behind it are noise.
    bytes[100..].fill(0xA5);
    std::fs::write(&file, &bytes).expect("written");
    refusal(serve_command(folder.path(), &[]));
    assert_eq!(std::fs::read(&file).expect("it is there"), bytes);
}

#[tokio::test]
async fn a_demo_refuses_a_store_with_real_orders() {
    let folder = tempfile::tempdir().expect("a folder");
    store_with_an_order(folder.path()).await;
    let before = std::fs::read(folder.path().join("orders.db")).expect("it is there");
    let mut command = Command::new(program());
    command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
    let reason = refusal(command);
    assert!(reason.contains("holds real orders"), "{reason}");
    assert_eq!(std::fs::read(folder.path().join("orders.db")).expect("it is there"), before);
}

#[test]
fn a_port_in_use_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let mut command = Command::new(program());
    command.args(["serve", "--listen", &address, "--data"]).arg(folder.path());
    let reason = refusal(command);
    assert!(reason.starts_with(&format!("cannot listen on {address}")), "{reason}");
    assert!(reason.contains("--listen"), "it says what to do: {reason}");
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let reason = refusal(serve_command(&file.join("data"), &[]));
    assert!(reason.starts_with("cannot make the data folder"), "{reason}");
}

#[test]
fn a_value_that_is_not_allowed_is_refused_with_what_is() {
    let folder = tempfile::tempdir().expect("a folder");
    for (setting, expected) in [
        (
            "stream.heartbeat_ms=fast",
            "stream.heartbeat_ms = \"fast\" (a flag): it takes a whole number from 100 to 60000",
        ),
        ("stream.beat=1", "there is no key stream.beat (a flag)"),
        ("stream.ring_mib=0", "stream.ring_mib = \"0\" (a flag)"),
        ("server.log=live_orders=loud", "server.log = \"live_orders=loud\""),
    ] {
        let reason = refusal(serve_command(folder.path(), &[setting]));
        assert!(reason.starts_with(expected), "{reason}");
    }
    assert!(!folder.path().join("orders.db").exists(), "nothing was begun");
    let mut command = Command::new(program());
    command.arg("--nonsense");
    let output = command.output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2), "as every command line says it");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--nonsense"));
}

#[test]
fn a_value_from_the_environment_and_from_a_file_is_refused_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = serve_command(folder.path(), &[]);
    command.env("LIVE_ORDERS_KITCHEN_PICKUP_MIN", "0");
    let reason = refusal(command);
    assert!(reason.contains("the environment, LIVE_ORDERS_KITCHEN_PICKUP_MIN"), "{reason}");
    let file = folder.path().join("own.toml");
    std::fs::write(&file, "[kitchen]\npickup_min = 0\n").expect("a file");
    let mut command = serve_command(folder.path(), &[]);
    command.arg("--config").arg(&file);
    let reason = refusal(command);
    assert!(reason.contains("own.toml"), "{reason}");
}

#[test]
fn it_explains_itself() {
    let output = Command::new(program()).arg("config").output().expect("the program runs");
    assert!(output.status.success());
    assert_eq!(output.stdout, include_bytes!("../../Leptos.toml"));
    let output = Command::new(program()).arg("--help").output().expect("the program runs");
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    for word in ["serve", "demo", "config", "--listen", "--data", "--set"] {
        assert!(help.contains(word), "{word}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_says_bye_closes_the_store_and_ends_well() {
    let folder = tempfile::tempdir().expect("a folder");
    // Longer than anybody waits: it ends because it is done.
    let mut program = Program::serve(folder.path(), &["server.drain_ms=60000"]);
    let mut stream = program.client.stream("").await;
    stream.expect("hello").await;
    let order = program.client.place(&burger()).await;
    assert_eq!(stream.orders(1).await, [order]);
    program.terminate();
    stream.expect("bye").await;
    stream.end().await;
    let status =
        within("the program to end", tokio::task::spawn_blocking(move || program.wait())).await;
    assert!(status.expect("no panic").success());
    assert!(folder.path().join("orders.db").exists());
    assert!(!folder.path().join("orders.db-wal").exists(), "one file that any tool can copy");
}
