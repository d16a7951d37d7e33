//! The program as an operator meets it: flags, files, ports, signals.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{
    Client, PATIENCE, Program, burger, cookie, let_in_by, program, serve_command, within,
};

/// Runs `command`, which must refuse to begin, and gives the one line that says why.
#[track_caller]
pub(crate) fn refusal(command: Command) -> String {
    refusal_and_code(command).0
}

/// The same with its exit code.
#[track_caller]
pub(crate) fn refusal_and_code(mut command: Command) -> (String, Option<i32>) {
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
    let reason = reason.unwrap_or_else(|| panic!("not in the program's name: {stderr}"));
    (reason.to_owned(), status.code())
}

/// The program, whose every word is heard.
struct Heard {
    child: Child,
    client: Client,
    output: BufReader<ChildStdout>,
}

impl Heard {
    /// Starts `command`, with its log in the file `log`, and waits until it
    /// says where it listens.
    fn start(mut command: Command, log: &Path) -> Self {
        let session = let_in_by(&command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log).expect("a file"))
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("its first line");
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| {
            panic!("{line:?}: {}", std::fs::read_to_string(log).unwrap_or_default())
        });
        let address = address.parse().expect("an address");
        let client = Client { address, gzip: false, session };
        Self { child, client, output }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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
    command.env("LIVE_ORDERS_KITCHEN_PICKUP", "0");
    let reason = refusal(command);
    assert!(reason.contains("the environment, LIVE_ORDERS_KITCHEN_PICKUP"), "{reason}");
    let file = folder.path().join("own.toml");
    std::fs::write(&file, "[kitchen]\npickup = 0\n").expect("a file");
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

/// As when what the log was piped to has ended.
#[cfg(unix)]
#[tokio::test]
async fn a_log_that_nobody_reads_does_not_keep_it_from_working_and_from_ending() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = serve_command(folder.path(), &["server.log=debug"]);
    let session = let_in_by(&command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    // Its log fits into the pipe until then.
    output.read_line(&mut line).expect("its first line");
    drop(child.stderr.take());
    let address = line.trim().strip_prefix("listening on http://").expect("an address");
    let address = address.parse().expect("an address");
    let mut running = Heard { child, client: Client { address, gzip: false, session }, output };
    let mut stream = running.client.stream("").await;
    stream.expect("hello").await;
    let order = running.client.place(&burger()).await;
    assert_eq!(stream.orders(1).await, [order]);
    let id = running.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
    stream.expect("bye").await;
    let ended = tokio::task::spawn_blocking(move || running.child.wait().expect("it has ended"));
    assert!(within("the program to end", ended).await.expect("no panic").success());
}

/// What keeps a program from ending: a reader that has stopped reading in the
/// middle of a piece that is larger than everything between the two can hold.
#[cfg(unix)]
#[tokio::test]
async fn a_client_that_reads_nothing_does_not_keep_it_from_ending() {
    let folder = tempfile::tempdir().expect("a folder");
    // Whoever reads nothing would be cut off long after this test has given up.
    let settings = ["server.drain_ms=2000", "stream.write_timeout_ms=600000"];
    let mut program = Program::serve(folder.path(), &settings);
    let line = json!({"name": "Soup", "quantity": 1, "note": "n".repeat(500)});
    let long_order = json!({"items": vec![line; 100]});
    for _ in 0..200 {
        program.client.place(&long_order).await;
    }
    let mut stuck = tokio::net::TcpStream::connect(program.client.address).await.expect("there");
    let request = format!(
        "GET /live-orders?snapshot=1 HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
        program.client.address,
        cookie(program.client.session.expect("a session"))
    );
    stuck.write_all(request.as_bytes()).await.expect("sent");
    let mut first = [0; 12];
    within("the stream to begin", stuck.read_exact(&mut first)).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    program.terminate();
    let status =
        within("the program to end", tokio::task::spawn_blocking(move || program.wait())).await;
    assert!(status.expect("no panic").success());
    assert!(!folder.path().join("orders.db-wal").exists(), "the store was closed");
    drop(stuck);
}

/// What a demo says is what a visitor does: so does this test.
#[tokio::test]
async fn a_demo_says_where_it_is_and_how_to_post_an_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(program());
    command
        .args(["demo", "--listen", "127.0.0.1:0", "--set", "demo.orders_per_day=60", "--data"])
        .arg(folder.path().join("demo"))
        .current_dir(folder.path());
    let log = folder.path().join("log");
    let begin = tokio::task::spawn_blocking(move || Heard::start(command, &log));
    let mut demo = within("the demo to begin", begin).await.expect("no panic");
    let address = demo.client.address;
    let (board, curl, demo) = tokio::task::spawn_blocking(move || {
        let mut lines = demo.output.by_ref().lines().map(|line| line.expect("UTF-8"));
        let board = lines.find(|line| line.trim().starts_with("http://")).expect("the board");
        let curl = lines.find(|line| line.trim().starts_with("curl ")).expect("a curl line");
        (board, curl, demo)
    })
    .await
    .expect("no panic");
    assert_eq!(board.trim(), format!("http://{address}/"));
    let page = demo.client.get("/").await;
    assert!(page.text().contains("Demo data"), "it is marked as what it is");

    let rest = curl.trim().strip_prefix("curl --json '").expect("JSON");
    let (body, url) = rest.split_once("' ").expect("a quoted body and an address");
    let path = url.strip_prefix(&format!("http://{address}")).expect("at this server");
    let answer = demo.client.post(path, &body.parse().expect("JSON")).await;
    let order = answer.order();
    assert_eq!((answer.status, order.items[0].name.as_str()), (201, "Cheeseburger"));
}

/// Whoever reads the logs is not whoever may read the orders.
#[tokio::test]
async fn no_log_holds_what_a_customer_wrote() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let command = serve_command(&folder.path().join("data"), &["server.log=trace"]);
    let server = Heard::start(command, &log);
    let secrets = ["Zebulon Quartermain", "555-0199", "17 Nowhere Lane", "gate code 4711"];
    let [name, phone, address, instructions] = secrets;
    let order = json!({
        "items": [{"name": "Soup", "quantity": 1, "note": instructions}],
        "customer": {"name": name, "phone": phone},
        "fulfilment": {"type": "delivery", "address": address, "instructions": instructions},
    });
    let mut stream = server.client.stream("").await;
    stream.expect("hello").await;
    let placed = server.client.post_with(&order, &[("idempotency-key", "one")]).await.order();
    assert_eq!(stream.orders(1).await, std::slice::from_ref(&placed));
    server.client.go(&placed, live_orders::domain::OrderStatus::Accepted).await;

    // And what is refused: a rule that is broken, a key that is reused, no JSON.
    let mut refused = order.clone();
    refused["items"][0]["quantity"] = json!(0);
    refused["customer"]["nmae"] = json!(name);
    server.client.post("/api/orders", &refused).await.problem(422, "invalid_fields");
    let mut other = order.clone();
    other["rush"] = json!(true);
    let again = server.client.post_with(&other, &[("idempotency-key", "one")]).await;
    again.problem(422, "idempotency_key_reused");
    let cut = order.to_string().replace("\"items\"", "items");
    let bad = crate::support::request(hyper::Method::POST, "/api/orders", &[], Some(cut.into()));
    server.client.send(bad).await.problem(400, "bad_json");
    server.client.get("/api/orders").await;
    server.client.get("/").await;
    drop(server);

    let log = std::fs::read_to_string(&log).expect("UTF-8");
    assert!(log.contains("http.request"), "it was heard: {log}");
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_body_that_is_not_all_there_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::serve(folder.path(), &[]);
    let mut socket = tokio::net::TcpStream::connect(program.client.address).await.expect("there");
    // A piece whose length is no number: the rest can never be found.
    let request = format!(
        "POST /api/orders HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nCookie: {}\r\n\
         Transfer-Encoding: chunked\r\n\r\n9\r\n{{\"items\":\r\nzz\r\n",
        cookie(program.client.session.expect("a session"))
    );
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    within("an answer", socket.read_to_end(&mut answer)).await.expect("an answer");
    let answer = String::from_utf8(answer).expect("UTF-8");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    assert!(answer.contains("\"code\":\"body_incomplete\""), "{answer}");
}
