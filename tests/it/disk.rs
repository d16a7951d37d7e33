//! The disk is full, or cannot be written: refusals that say so, nothing lost,
//! and work goes on by itself when there is room.
//!
//! A full disk needs a disk that can be filled: a small one in memory where
//! the test may mount one, and everywhere else a limit on the size of files.

#![cfg(target_os = "linux")]

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use live_orders::domain::FoodOrder;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{
    faults::harness::shim::Shim,
    support::{Client, Program, burger, order_for, post_form, program, serve_command},
};

/// An order of about ten kilobytes, so that the disk is full soon.
fn long_order() -> Value {
    let line = json!({"name": "Soup", "quantity": 1, "note": "n".repeat(500)});
    json!({"items": vec![line; 16]})
}

/// Posts until one is refused; those that were not.
async fn post_until_full(client: Client) -> Vec<FoodOrder> {
    let mut placed = Vec::new();
    for _ in 0..2000 {
        let answer = client.post("/api/orders", &long_order()).await;
        if answer.status != 201 {
            let problem = answer.problem(503, "store_unavailable");
            assert_eq!(answer.header("retry-after"), "2");
            assert!(problem["detail"].as_str().expect("a detail").contains("nothing was changed"));
            return placed;
        }
        placed.push(answer.order());
    }
    panic!("the disk is not full yet");
}

/// Changes `order` until that is refused, too: what is left may be room for less than
/// another order. What it was after each change.
async fn change_until_full(client: Client, order: &mut FoodOrder) -> Vec<FoodOrder> {
    let mut changes = Vec::new();
    for _ in 0..200 {
        let change = json!({"rush": !order.flags.rush, "expected_version": order.version});
        let answer = client.patch(&format!("/api/orders/{}", order.id), &change).await;
        if answer.status != 200 {
            answer.problem(503, "store_unavailable");
            return changes;
        }
        *order = answer.order();
        changes.push(order.clone());
    }
    panic!("there is still room");
}

/// From a server that works, over one that cannot write, to one that works again.
async fn fills_up_and_recovers(
    mut program: Program,
    data: &Path,
    fill: impl FnOnce(&Program),
    make_room: impl FnOnce(&Program),
) {
    let client = program.client;
    let mut stream = client.stream("").await;
    stream.expect("hello").await;
    let mut placed = vec![client.place(&long_order()).await];
    fill(&program);
    placed.extend(post_until_full(client).await);

    // It stays refused, it says so to whoever watches it, and it can be read.
    for _ in 0..3 {
        client.post("/api/orders", &long_order()).await.problem(503, "store_unavailable");
    }
    let mut told = placed.clone();
    told.extend(change_until_full(client, &mut placed[0]).await);
    // What is left may be room for very little; then for nothing.
    let mut ready = client.get("/health/ready").await;
    for _ in 0..200 {
        if ready.status == 503 {
            break;
        }
        ready = client.get("/health/ready").await;
    }
    ready.problem(503, "store_unavailable");
    assert_eq!(client.get("/health/live").await.status, 200);
    let one: FoodOrder = client.get(&format!("/api/orders/{}", placed[0].id)).await.read();
    assert_eq!(one, placed[0]);

    make_room(&program);
    assert_eq!(client.get("/health/ready").await.status, 200);
    placed.push(client.place(&long_order()).await);
    told.extend(placed.last().cloned());
    let path = format!("/api/orders/{}/transitions", placed[0].id);
    let accept = json!({"to": "accepted", "expected_version": placed[0].version});
    placed[0] = client.post(&path, &accept).await.order();
    told.push(placed[0].clone());

    // The stream was never cut, and has what was answered and nothing else.
    assert_eq!(stream.orders(told.len()).await, told);
    program.kill();
    let program = Program::serve(data, &[]);
    let there = program.client.all_orders().await;
    assert_eq!(there.len(), placed.len());
    for order in placed {
        assert_eq!(there.get(&order.id), Some(&order));
    }
}

/// Says that a test has tried nothing, and why.
#[expect(
    clippy::print_stderr,
    reason = "a test that is passed over must not look like one that passed"
)]
fn skipped(what: &str, why: &str) {
    eprintln!("NOT TRIED: {what} ({why})");
}

/// A small disk in memory.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// One of so many KiB; none where this user may not mount it.
    fn mount(kib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kib}k"), "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

#[tokio::test]
async fn a_disk_that_is_full_loses_nothing_and_is_used_again_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(4096) else {
        // The limit on files below is tried by everybody.
        return skipped("a full disk", "this user may not mount one");
    };
    let filler = disk.path().join("filler");
    let program = Program::serve(disk.path(), &[]);
    let fill = |_: &Program| {
        let mut file = File::create(&filler).expect("a file");
        while file.write_all(&[0; 4096]).is_ok() {}
    };
    let make_room = |_: &Program| std::fs::remove_file(&filler).expect("removed");
    fills_up_and_recovers(program, disk.path(), fill, make_room).await;
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_is_told_at_the_start() {
    let Some(disk) = SmallDisk::mount(8192) else {
        return skipped("a disk that cannot be written", "this user may not mount one");
    };
    {
        let mut program = Program::serve(disk.path(), &[]);
        program.client.place(&long_order()).await;
        program.kill();
    }
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(disk.path()).status();
    assert!(remounted.expect("mount runs").success());
    let output = serve_command(disk.path(), &["server.log=error"]).output().expect("it runs");
    assert!(!output.status.success());
    let reason = String::from_utf8_lossy(&output.stderr);
    assert_eq!(reason.trim_end().lines().count(), 1, "{reason}");
    assert!(reason.starts_with("live-orders: cannot write in the data folder"), "{reason}");
}

#[tokio::test]
async fn a_file_that_may_not_grow_loses_nothing_and_grows_again_when_it_may() {
    let prlimit = Command::new("prlimit").arg("--version").stdout(Stdio::null()).status();
    if prlimit.is_err() {
        // Without it the limit cannot be lifted again.
        return skipped("a file that may not grow", "there is no prlimit");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(program())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .current_dir(std::env::temp_dir());
    let program = Program::start(command);
    let limit = |program: &Program, size: &str| {
        let (id, size) = (program.id().to_string(), format!("--fsize={size}:"));
        let status = Command::new("prlimit").args(["--pid", &id, &size]).status();
        assert!(status.expect("prlimit runs").success());
    };
    let fill = |program: &Program| limit(program, "600000");
    let make_room = |program: &Program| limit(program, "unlimited");
    fills_up_and_recovers(program, folder.path(), fill, make_room).await;
}

/// Makes the files of a store unwritable, even for whoever has them open.
fn freeze(folder: &Path, frozen: bool) -> bool {
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file"));
    // The memory that the processes share is not written like a file.
    let files: Vec<_> = files
        .map(|file| file.path())
        .filter(|file| !file.to_string_lossy().ends_with("-shm"))
        .collect();
    Command::new("chattr")
        .arg(if frozen { "+i" } else { "-i" })
        .args(files)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Thaws what a test that fails leaves behind, so that it can be removed.
struct Thaw<'a>(&'a Path);

impl Drop for Thaw<'_> {
    fn drop(&mut self) {
        freeze(self.0, false);
    }
}

/// Whether a file that is frozen cannot be written by whoever has it open:
/// not everybody may freeze, and not every file system heeds it.
fn freezing_works() -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let mut file = File::create(folder.path().join("file")).expect("a file");
    let _thaw = Thaw(folder.path());
    freeze(folder.path(), true) && file.write_all(b"x").is_err()
}

#[tokio::test]
async fn a_store_that_cannot_be_written_for_a_while_loses_nothing() {
    if !freezing_works() {
        return skipped("a store that turns read-only", "files cannot be frozen here");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Program::serve(folder.path(), &[]);
    let client = program.client;
    let _thaw = Thaw(folder.path());
    let mut stream = client.stream("").await;
    stream.expect("hello").await;
    let mut placed = vec![client.place(&long_order()).await];

    assert!(freeze(folder.path(), true));
    for _ in 0..3 {
        let refused = client.post("/api/orders", &long_order()).await;
        refused.problem(503, "store_unavailable");
    }
    client.get("/health/ready").await.problem(503, "store_unavailable");
    assert_eq!(client.get("/health/live").await.status, 200);
    let read: FoodOrder = client.get(&format!("/api/orders/{}", placed[0].id)).await.read();
    assert_eq!(read, placed[0]);

    assert!(freeze(folder.path(), false));
    assert_eq!(client.get("/health/ready").await.status, 200);
    placed.push(client.place(&long_order()).await);
    assert_eq!(stream.orders(2).await, placed);
    program.kill();
    let program = Program::serve(folder.path(), &[]);
    let there = program.client.all_orders().await;
    assert_eq!(there.len(), placed.len());
    for order in placed {
        assert_eq!(there.get(&order.id), Some(&order));
    }
}

/// The program on a disk whose syncs can be made to fail, with an order in its store.
struct Failing {
    folder: TempDir,
    shim: Shim,
    program: Program,
}

impl Failing {
    async fn begin() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let library = match Shim::compile(folder.path()) {
            Ok(library) => library,
            Err(why) => {
                skipped("a disk whose syncs fail", &why);
                return None;
            }
        };
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a data folder");
        let shim = Shim::new(&library, folder.path(), &data).expect("a disk");
        let mut command = serve_command(&data, &[]);
        shim.put_under(&mut command);
        let program = Program::start(command);
        assert!(shim.is_under(program.id()), "it goes past what its syncs are to go through");
        program.client.place(&burger()).await;
        Some(Self { folder, shim, program })
    }

    /// Places an order under `key`, and is refused with `code`.
    async fn refused(&self, key: &str, code: &str) {
        let order = order_for("pickup");
        let answer = self.program.client.post_with(&order, &[("idempotency-key", key)]).await;
        let problem = answer.problem(503, code);
        assert_eq!(answer.header("retry-after"), "2");
        let sure = problem["detail"].as_str().expect("a detail").contains("nothing was changed");
        assert_eq!(sure, code == "store_unavailable", "{problem}");
    }

    fn log(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("data/orders.db-wal")).expect("the store's log")
    }

    fn lift(&self) {
        self.shim.refuse_next_syncs(0, false).expect("lifted");
        self.shim.refuse_writes(None).expect("lifted");
    }

    /// Kills it, and starts it on a disk that works.
    fn start_anew(mut self) -> (TempDir, Program) {
        self.program.kill();
        let program = Program::serve(&self.folder.path().join("data"), &[]);
        (self.folder, program)
    }
}

/// How many orders there are, and what `key` is answered then.
async fn after(program: &Program, key: &str) -> (usize, bool) {
    let count = program.client.all_orders().await.len();
    let order = order_for("pickup");
    let answer = program.client.post_with(&order, &[("idempotency-key", key)]).await;
    assert_eq!(answer.status, 201);
    (count, answer.header("idempotency-replayed") == "true")
}

#[tokio::test]
async fn what_a_failed_sync_left_behind_is_written_over_before_it_is_said_that_nothing_was_done() {
    let Some(failing) = Failing::begin().await else { return };
    failing.shim.refuse_next_syncs(1, false).expect("a fault");
    failing.refused("a", "store_unavailable").await;
    assert_eq!(failing.shim.refused_syncs(), 1);
    let (_folder, program) = failing.start_anew();
    assert_eq!(after(&program, "a").await, (1, false));
}

#[tokio::test]
async fn nobody_is_told_that_nothing_was_done_while_something_is_left_behind() {
    let Some(failing) = Failing::begin().await else { return };
    failing.shim.refuse_next_syncs(1, true).expect("a fault");
    // Who asks again is told no more than who asked first, and neither is anybody else: a
    // start carries the first of them out.
    for key in ["a", "a", "b", "a"] {
        failing.refused(key, "outcome_unknown").await;
    }
    let read = failing.program.client.get("/api/orders").await.json();
    assert_eq!(read["orders"].as_array().map(Vec::len), Some(1), "nobody reads it meanwhile");
    failing.program.client.get("/health/ready").await.problem(503, "outcome_unknown");
    let form = [("do", "place"), ("line", "2 Soup"), ("service", "pickup")];
    let page = post_form(failing.program.client, "/orders/new", &form).await;
    assert_eq!(page.status, 503);
    let text = page.text();
    assert!(text.contains("It is not known whether this is placed"), "{text}");
    assert!(text.contains("2 Soup"), "what was typed is still there");
    let (_folder, program) = failing.start_anew();
    assert_eq!(after(&program, "a").await, (2, true));
    assert_eq!(after(&program, "b").await, (2, false));
}

#[tokio::test]
async fn what_was_left_behind_is_written_over_as_soon_as_the_disk_works_though_nobody_writes() {
    let Some(failing) = Failing::begin().await else { return };
    failing.shim.refuse_next_syncs(1, true).expect("a fault");
    failing.refused("a", "outcome_unknown").await;
    let left = failing.log();
    failing.lift();
    let written_over = async {
        while failing.log() == left {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_mins(1), written_over).await.expect("it is written over");
    let (_folder, program) = failing.start_anew();
    assert_eq!(after(&program, "a").await, (1, false));
}
