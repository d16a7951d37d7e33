//! The ways in: passwords, the first manager's link, the pairing of screens.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use bytes::Bytes;
use hyper::Method;
use live_orders::{
    domain::UnixMillis,
    server::{
        access::{
            passwords,
            register::{self, By, NewUser, Register},
            roles::Role,
            secret::Secret,
        },
        cli::{Cli, Task},
        clock::Clock,
        config::Config,
    },
};
use serde_json::json;

use crate::support::{
    Answer, Client, TestServer, burger, now, order_for, program, request, within,
};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A user who can log in, made by another process.
pub(crate) fn make_user(data: &Path, name: &str, role: Role) {
    let register = Register::open(data).expect("a register");
    let password = passwords::hash(PASSWORD);
    let new = NewUser { name: name.to_owned(), role, locations: Vec::new(), password };
    let by = By::here("tests", UnixMillis(now()));
    register.change(|to| register::make_user(to, &new, &by)).expect("written").expect("made");
}

/// Sends a form as a browser does from a page of the server.
async fn post_form(
    client: Client,
    path: &str,
    fields: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let own =
        [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let set = |name: &str| headers.iter().any(|(other, _)| *other == name);
    let own = own.into_iter().filter(|(name, _)| !set(name));
    let headers: Vec<_> = own.chain(headers.iter().copied()).collect();
    client.send(request(Method::POST, path, &headers, Some(Bytes::from(body)))).await
}

async fn get_with(client: Client, path: &str, cookie: &str) -> Answer {
    client.send(request(Method::GET, path, &[("cookie", cookie)], None)).await
}

/// What a browser keeps of an answer's cookie of this name.
fn kept(answer: &Answer, name: &str) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.map(|value| value.to_str().expect("ASCII"));
    let cookie = cookies.find(|cookie| cookie.starts_with(&format!("{name}=")))?;
    Some(cookie.split(';').next().expect("a pair").to_owned())
}

fn stranger(server: &TestServer) -> Client {
    Client { session: None, ..server.client }
}

#[tokio::test]
async fn somebody_logs_in_changes_their_password_and_logs_out() {
    let server = TestServer::start().await;
    make_user(server.data(), "Mo", Role::Cook);
    let client = stranger(&server);
    let form = client.get("/login?next=%2Fscreens").await;
    assert_eq!(form.status, 200);
    assert!(form.text().contains("name=\"next\" value=\"/screens\""));
    assert!(!form.text().contains("<script src") && form.header("cache-control") == "no-store");

    let wrong = [("name", "Mo"), ("password", "wrong horse battery")];
    let refused = post_form(client, "/login", &wrong, &[]).await;
    assert_eq!(refused.status, 401);
    assert!(
        refused.text().contains("do not go together")
            && kept(&refused, "live-orders-session").is_none()
    );
    let unknown = [("name", "Nobody"), ("password", PASSWORD)];
    let unknown = post_form(client, "/login", &unknown, &[]).await;
    // The same is said of somebody who is not there, but for the name in the form.
    let main = |page: &Answer| page.text().split_once("<main").expect("a page").1.to_owned();
    assert_eq!(main(&unknown).replace("Nobody", "Mo"), main(&refused));

    let right = [("name", "mo"), ("password", PASSWORD), ("next", "/screens")];
    let entered = post_form(client, "/login", &right, &[]).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/screens"));
    let whole = entered.header("set-cookie");
    for part in ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"] {
        assert!(whole.contains(part), "{whole}");
    }
    assert!(!whole.contains("Secure") && !whole.contains("Domain"), "{whole}");
    let session = kept(&entered, "live-orders-session").expect("a session");
    let account = get_with(client, "/account", &session).await;
    assert!(account.text().contains("You are <bdi>Mo</bdi>"), "{}", account.text());

    // Another session of theirs ends when the password changes; this one stays.
    let other = post_form(client, "/login", &right, &[]).await;
    let other = kept(&other, "live-orders-session").expect("a session");
    assert_ne!(session, other, "each is new");
    let change = [("password", PASSWORD), ("new_password", "another horse battery")];
    let own = [("cookie", session.as_str())];
    let changed = post_form(client, "/account", &change, &own).await;
    assert_eq!((changed.status, changed.header("location")), (303, "/account"));
    assert!(get_with(client, "/account", &session).await.text().contains("password is changed"));
    assert_eq!(get_with(client, "/account", &session).await.status, 200);
    assert_eq!(get_with(client, "/account", &other).await.status, 303);
    assert_eq!(post_form(client, "/login", &right, &[]).await.status, 401, "the old password");

    let left = post_form(client, "/logout", &[], &own).await;
    assert_eq!((left.status, left.header("location")), (303, "/login"));
    assert_eq!(kept(&left, "live-orders-session").as_deref(), Some("live-orders-session="));
    assert_eq!(get_with(client, "/account", &session).await.status, 303, "it is over");
}

#[tokio::test]
async fn over_https_a_cookie_is_kept_to_it() {
    let server = TestServer::start_with(|config| {
        config.proxy.trusted = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let proxied = ("x-forwarded-proto", "https");
    make_user(server.data(), "Mo", Role::Cook);
    let client = stranger(&server);
    let right = [("name", "Mo"), ("password", PASSWORD)];
    let entered = post_form(client, "/login", &right, &[proxied]).await;
    let whole = entered.header("set-cookie");
    assert!(whole.starts_with("__Host-live-orders-session="), "{whole}");
    assert!(whole.ends_with("; Secure"), "{whole}");
    let session = kept(&entered, "__Host-live-orders-session").expect("a session");
    let account = async |cookie: &str| {
        let headers = [("cookie", cookie), proxied];
        client.send(request(Method::GET, "/account", &headers, None)).await.status
    };
    assert_eq!(account(&session).await, 200);
    // The same without the prefix could come from anywhere.
    let plain = session.replace("__Host-", "");
    assert_eq!(account(&plain).await, 303);
}

#[tokio::test]
async fn guessing_passwords_takes_ever_longer() {
    let server = TestServer::start().await;
    make_user(server.data(), "Mo", Role::Cook);
    let client = stranger(&server);
    let wrong = [("name", "Mo"), ("password", "wrong horse battery")];
    for _ in 0..5 {
        assert_eq!(post_form(client, "/login", &wrong, &[]).await.status, 401);
    }
    let refused = post_form(client, "/login", &wrong, &[]).await;
    assert_eq!(refused.status, 429);
    let wait: i64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=300).contains(&wait), "{wait}");
}

/// What comes of a wrong password for Mo, sent with this header, on a server that
/// believes proxies at `trusted`. Five are forgiven each.
async fn guesses(trusted: &str, named: &[&str]) -> Vec<u16> {
    // It stands still, so nobody has waited long enough in between.
    let clock = Clock::manual(UnixMillis(now()));
    let folder = tempfile::tempdir().expect("a folder");
    let trusted = trusted.parse().expect("a network");
    let configure = |config: &mut Config| config.proxy.trusted = vec![trusted];
    let server = TestServer::start_at(folder.path(), configure, clock).await;
    make_user(folder.path(), "Mo", Role::Cook);
    let wrong = [("name", "Mo"), ("password", "wrong horse battery")];
    let mut statuses = Vec::new();
    for client in named {
        let headers = [("x-forwarded-for", *client)];
        let answer = post_form(stranger(&server), "/login", &wrong, &headers).await;
        statuses.push(answer.status);
    }
    server.stop().await;
    statuses
}

#[tokio::test]
async fn whoever_guesses_is_known_by_what_a_trusted_proxy_says_and_by_nothing_else() {
    let one = "203.0.113.1";
    // What stands left of the address that the proxy has written anybody may have.
    let clients = [one, one, one, one, one, one, "6.6.6.6, 203.0.113.1", "203.0.113.2"];
    let by_proxy = guesses("127.0.0.0/8", &clients).await;
    assert_eq!(by_proxy, [401, 401, 401, 401, 401, 429, 429, 401]);
    // From anywhere else it is a header that the guesser makes up anew each time.
    let made_up: Vec<String> = (1..=6).map(|last| format!("203.0.113.{last}")).collect();
    let made_up: Vec<&str> = made_up.iter().map(String::as_str).collect();
    assert_eq!(guesses("10.0.0.0/8", &made_up).await, [401, 401, 401, 401, 401, 429]);
}

#[tokio::test]
async fn another_site_s_page_changes_nothing() {
    let server = TestServer::start().await;
    let client = server.client;
    let cross = [("sec-fetch-site", "cross-site")];
    let body = Some(Bytes::from(burger().to_string()));
    let refused = client.send(request(Method::POST, "/api/orders", &cross, body.clone())).await;
    refused.problem(403, "cross_site");
    let from = [("origin", "https://evil.example")];
    let refused = client.send(request(Method::POST, "/api/orders", &from, body)).await;
    refused.problem(403, "cross_site");
    for path in ["/login", "/logout", "/account", "/access/users", "/access/keys/1/revoke"] {
        let refused = post_form(client, path, &[], &cross).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.text().contains("another site"), "{path}");
    }
    let placed = client.post("/api/orders", &order_for("curbside")).await;
    let customers = placed.json()["tracking_url"].as_str().expect("an address").to_owned();
    for what in ["cancel", "arrived"] {
        let refused = post_form(client, &format!("{customers}/{what}"), &[], &cross).await;
        assert_eq!(refused.status, 403, "{what}");
        assert!(refused.text().contains("another site"), "{what}");
    }
    let order = placed.order();
    assert_eq!(client.all_orders().await[&order.id], order, "it is as it was");
    assert_eq!(client.get("/account").await.status, 200, "still logged in");
    assert_eq!(client.all_orders().await.len(), 1);
}

#[tokio::test]
async fn a_screen_is_let_in_by_its_code_and_shows_it_again_when_it_no_longer_is() {
    let server = TestServer::start().await;
    assert_eq!(server.put("/api/screens/grill", &json!({"stations": ["grill"]})).await.status, 201);
    let device = stranger(&server);
    let first = device.get("/pair").await;
    assert_eq!((first.status, first.header("refresh")), (200, "3"));
    let code = code_on(&first);
    assert!(first.text().contains("<svg class=\"qr\""));
    let waiting = kept(&first, "live-orders-waiting").expect("it waits");
    assert_eq!(code_on(&get_with(device, "/pair", &waiting).await), code, "the same code");
    assert_eq!(get_with(device, "/screens/grill", &waiting).await.status, 303, "not in yet");

    let asked = server.get(&format!("/access/approve?code={code}")).await;
    assert!(asked.text().contains("127.0.0.1") && asked.text().contains(&code));
    let wrong = [("code", "AAAA-AAAA"), ("screen", "grill"), ("role", "cook")];
    assert_eq!(post_form(server.client, "/access/approve", &wrong, &[]).await.status, 422);
    let boss = [("code", code.as_str()), ("screen", "grill"), ("role", "manager")];
    assert_eq!(post_form(server.client, "/access/approve", &boss, &[]).await.status, 422);
    let right = [("code", code.as_str()), ("screen", "grill"), ("role", "cook")];
    let approved = post_form(server.client, "/access/approve", &right, &[]).await;
    assert_eq!((approved.status, approved.header("location")), (303, "/access/screens"));

    let entered = get_with(device, "/pair", &waiting).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/screens/grill"));
    let screen = kept(&entered, "live-orders-screen").expect("a token of its own");
    assert!(!screen.ends_with(waiting.rsplit('=').next().expect("a value")));
    let board = get_with(device, "/screens/grill", &screen).await;
    assert_eq!(board.status, 200);
    assert!(
        board.header("set-cookie").starts_with(&screen),
        "it is kept for as long as it is used"
    );
    // What it does is signed with its name.
    let order = server.place(&burger()).await;
    let own = [("cookie", screen.as_str())];
    let body = json!({"to": "accepted", "expected_version": 1}).to_string();
    let path = format!("/api/orders/{}/transitions", order.id);
    let accepted = request(Method::POST, &path, &own, Some(body.into()));
    assert_eq!(device.send(accepted).await.order().last_change.actor.id, "grill");
    assert_eq!(get_with(device, "/access", &screen).await.status, 403);

    let mut connection = device.connect().await.expect("a connection");
    let mut stream = device.stream_with("", &own, &mut connection).await;
    stream.expect("hello").await;
    let list = server.get("/access/screens").await;
    let revoke = list.text().split('"').find(|part| part.starts_with("/access/screens/"));
    let revoke = revoke.expect("a way to take it back").to_owned();
    assert_eq!(post_form(server.client, &revoke, &[], &[]).await.status, 303);
    let bye = stream.until("bye").await;
    assert!(bye.data.contains("revoked"), "{}", bye.data);
    stream.end().await;
    // The page is sent to a new code, and a board that is open is given one to show.
    let page = get_with(device, "/screens/grill", &screen).await;
    assert_eq!((page.status, page.header("location")), (303, "/pair"));
    let again = get_with(device, "/pair/again", &screen).await;
    assert_eq!(again.status, 200);
    assert_ne!(code_on(&again), code);
    assert_eq!(server.get("/pair/again").await.status, 204, "who is in is shown nothing");
}

fn code_on(page: &Answer) -> String {
    let rest = page.text().split_once("class=\"code\">").expect("a code").1;
    rest.split_once('<').expect("its end").0.to_owned()
}

/// Pairs a device as a manager does it in a browser; the cookie of its screen.
async fn pair(device: Client, manager: Client, screen: &str) -> String {
    let first = device.get("/pair").await;
    let waiting = kept(&first, "live-orders-waiting").expect("it waits");
    let code = code_on(&first);
    let form = [("code", code.as_str()), ("screen", screen), ("role", "cook")];
    assert_eq!(post_form(manager, "/access/approve", &form, &[]).await.status, 303);
    let entered = get_with(device, "/pair", &waiting).await;
    kept(&entered, "live-orders-screen").expect("a token of its own")
}

/// A screen hangs on a wall for years. Nobody is there to pair it again.
#[tokio::test]
async fn a_screen_that_is_used_stays_in_when_every_session_is_long_over() {
    let clock = Clock::manual(UnixMillis(now()));
    let server = TestServer::start_by(&clock).await;
    assert_eq!(server.put("/api/screens/grill", &json!({"stations": ["grill"]})).await.status, 201);
    let screen = pair(stranger(&server), server.client, "grill").await;
    let day = 86_400_000;
    for _ in 0..8 {
        clock.set(clock.now().plus(100 * day));
        let board = get_with(stranger(&server), "/screens/grill", &screen).await;
        assert_eq!(board.status, 200);
        // The browser keeps it for longer than the next look at it is away.
        let set = board.header("set-cookie");
        let seconds = set.split("; ").find_map(|part| part.strip_prefix("Max-Age="));
        let seconds: i64 = seconds.expect("how long").parse().expect("a number");
        assert!(set.starts_with(&screen) && seconds > 100 * 86_400, "{set}");
    }
    assert_eq!(server.get("/account").await.status, 303, "whoever let it in is out by now");
    let folder = server.stop().await.expect("a folder");
    let server = TestServer::start_at(folder.path(), |_| {}, clock).await;
    assert_eq!(get_with(stranger(&server), "/screens/grill", &screen).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_manager_lets_others_in_and_out_on_a_page() {
    let server = TestServer::start().await;
    let page = server.client;
    let new = [("name", "Ana"), ("role", "expo"), ("locations", "main"), ("password", PASSWORD)];
    let made = post_form(page, "/access/users", &new, &[]).await;
    assert_eq!((made.status, made.header("location")), (303, "/access/users"));
    let list = server.get("/access/users").await;
    assert!(list.text().contains("Ana can log in."), "{}", list.text());
    assert!(!server.get("/access/users").await.text().contains("Ana can log in."), "said once");
    let taken = post_form(page, "/access/users", &new, &[]).await;
    assert!(taken.status == 422 && taken.text().contains("id=\"name-wrong\""), "beside its field");
    let short = [("name", "Bo"), ("role", "cook"), ("password", "short")];
    let short = post_form(page, "/access/users", &short, &[]).await;
    assert!(short.status == 422 && short.text().contains("value=\"Bo\""), "what was typed stays");
    assert!(!short.text().contains("value=\"short\""), "but no password");

    let log_in = async || {
        let form = [("name", "Ana"), ("password", PASSWORD)];
        let entered = post_form(stranger(&server), "/login", &form, &[]).await;
        kept(&entered, "live-orders-session").expect("a session")
    };
    let session = log_in().await;
    assert_eq!(get_with(page, "/account", &session).await.status, 200);
    let path = address_of(&list, "Ana");
    let ended = post_form(page, &path, &[("do", "sessions")], &[]).await;
    assert_eq!((ended.status, ended.header("location")), (303, path.as_str()));
    assert_eq!(get_with(page, "/account", &session).await.status, 303);
    let session = log_in().await;
    let asked = server.get(&format!("{path}/disable")).await;
    assert!(asked.status == 200 && asked.text().contains("Ana"), "{}", asked.text());
    let disabled = post_form(page, &format!("{path}/disable"), &[], &[]).await;
    assert_eq!((disabled.status, disabled.header("location")), (303, path.as_str()));
    assert_eq!(get_with(page, "/account", &session).await.status, 303);

    let new =
        [("name", "shop"), ("channel", "web"), ("scopes", "orders:write"), ("scopes", "stream")];
    let made = post_form(page, "/access/keys", &new, &[]).await;
    assert_eq!((made.status, made.header("location")), (303, "/access/keys"));
    let shown = server.get("/access/keys").await;
    let key = shown.text().split('"').find(|it| it.len() == 67 && it.starts_with("lo_"));
    let key = key.expect("the key, this once").to_owned();
    for path in ["/access/keys", "/access/audit"] {
        assert!(!server.get(path).await.text().contains(&key), "{path}");
    }
    let bearer = format!("Bearer {key}");
    let placed = request(
        Method::POST,
        "/api/orders",
        &[("authorization", &bearer)],
        Some(burger().to_string().into()),
    );
    assert_eq!(page.send(placed).await.status, 201);
    let audit = server.get("/access/audit").await;
    for deed in ["made the user", "ended the sessions of", "let in no longer", "made the key"] {
        assert!(audit.text().contains(deed), "{deed}");
    }
    // The last manager stays, and stays one.
    let path = address_of(&list, "test");
    let refused = post_form(page, &format!("{path}/disable"), &[], &[]).await;
    assert_eq!(refused.status, 303);
    assert!(server.get(&path).await.text().contains("last manager"));
    let cook = [("do", "save"), ("role", "cook"), ("locations", "")];
    let refused = post_form(page, &path, &cook, &[]).await;
    assert!(refused.status == 422 && refused.text().contains("last manager"));
}

/// The address of what is called `name` in a list of the back office.
fn address_of(list: &Answer, name: &str) -> String {
    let (before, _) = list.text().rsplit_once(&format!("<bdi>{name}</bdi></a>")).expect("a line");
    let (_, address) = before.rsplit_once("href=\"").expect("a link");
    address.trim_end_matches("\">").to_owned()
}

/// The program, started where nobody can log in yet.
struct Fresh {
    child: Child,
    client: Client,
    link: String,
}

impl Fresh {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(program())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut next = || lines.next().expect("a line").expect("UTF-8");
        let first = next();
        let address = first.strip_prefix("listening on http://").expect("where it listens");
        let client =
            Client { address: address.parse().expect("an address"), gzip: false, session: None };
        let link = loop {
            let said = next();
            if let Some((_, path)) = said.trim().split_once(address) {
                break path.to_owned();
            }
        };
        Self { child, client, link }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_first_manager_is_made_by_a_link_that_is_good_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_owned();
    let fresh = tokio::task::spawn_blocking(move || Fresh::start(&data));
    let fresh = within("the program to begin", fresh).await.expect("no panic");
    let (client, link) = (fresh.client, fresh.link.as_str());
    assert!(client.get("/login").await.text().contains("There is no manager yet"));
    assert_eq!(client.get("/setup?link=0000").await.status, 410);
    assert_eq!(client.get(link).await.status, 200);
    let secret = link.rsplit('=').next().expect("the link's secret");
    let short = [("link", secret), ("name", "Ana"), ("password", "short")];
    let refused = post_form(client, "/setup", &short, &[]).await;
    assert_eq!(refused.status, 422, "and the link is still good");
    let right = [("link", secret), ("name", "Ana"), ("password", PASSWORD)];
    let made = post_form(client, "/setup", &right, &[]).await;
    assert_eq!((made.status, made.header("location")), (303, "/access"));
    let session = kept(&made, "live-orders-session").expect("a session");
    assert_eq!(get_with(client, "/access/users", &session).await.status, 200);
    let again = [("link", secret), ("name", "Eve"), ("password", PASSWORD)];
    assert_eq!(post_form(client, "/setup", &again, &[]).await.status, 410);
    assert_eq!(client.get(link).await.status, 410);
}

/// All the bytes of all the files in `folder`, and their names.
fn bytes_of(folder: &Path) -> (Vec<u8>, Vec<String>) {
    let (mut bytes, mut names) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            let (more, of_it) = bytes_of(&path);
            bytes.extend(more);
            names.extend(of_it);
        } else {
            bytes.extend(std::fs::read(&path).expect("a file"));
            names.push(name);
        }
    }
    (bytes, names)
}

/// Whoever gets hold of the data folder, or of a backup, gets nothing to log in with.
#[tokio::test]
async fn what_lets_anybody_in_stands_in_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_owned();
    let fresh = tokio::task::spawn_blocking(move || Fresh::start(&data));
    let fresh = within("the program to begin", fresh).await.expect("no panic");
    let client = fresh.client;
    let link = fresh.link.rsplit('=').next().expect("the link's secret");
    let first = [("link", link), ("name", "Ana"), ("password", PASSWORD)];
    let entered = post_form(client, "/setup", &first, &[]).await;
    let session = kept(&entered, "live-orders-session").expect("a session");
    let own = [("cookie", session.as_str())];
    let new = [("name", "shop"), ("scopes", "orders:read")];
    assert_eq!(post_form(client, "/access/keys", &new, &own).await.status, 303);
    let shown = get_with(client, "/access/keys", &session).await;
    let key = shown.text().split('"').find(|it| it.len() == 67 && it.starts_with("lo_"));
    let key = key.expect("the key, this once");
    let waits = client.get("/pair").await;
    let waiting = kept(&waits, "live-orders-waiting").expect("it waits");
    let code = code_on(&waits);
    let right = [("code", code.as_str()), ("role", "viewer"), ("name", "lobby")];
    assert_eq!(post_form(client, "/access/approve", &right, &own).await.status, 303);
    let paired = get_with(client, "/pair", &waiting).await;
    let screen = kept(&paired, "live-orders-screen").expect("a token of its own");
    // Each is used, so that what is noted of that is there too.
    let bearer = format!("Bearer {key}");
    for header in [("authorization", bearer.as_str()), ("cookie", &session), ("cookie", &screen)] {
        let answer = client.send(request(Method::GET, "/api/orders", &[header], None)).await;
        assert_eq!(answer.status, 200, "{}", header.0);
    }

    let (bytes, names) = bytes_of(folder.path());
    assert!(names.iter().any(|name| name == "access.db-wal"), "{names:?}");
    let holds = |wanted: &[u8]| memchr::memmem::find(&bytes, wanted).is_some();
    assert!(!holds(PASSWORD.as_bytes()) && !holds(key.as_bytes()));
    for (what, brought) in [
        ("the link", link),
        ("the session", &session),
        ("the key", key),
        ("the screen", &screen),
        ("what it waited with", &waiting),
    ] {
        let digits = brought.rsplit(['=', '_']).next().expect("digits");
        let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hex"));
        let raw: Vec<u8> = pairs.map(|it| u8::from_str_radix(it, 16).expect("hex")).collect();
        // A key is told from others by less of it than this.
        let part = &digits.as_bytes()[..16];
        assert!(!holds(part) && !holds(&raw[..8]), "{what} is in one of {names:?}");
        let secret = Secret::parse(digits).expect("a secret");
        if ["the session", "the key", "the screen"].contains(&what) {
            assert!(holds(&secret.digest().0), "{what} is looked for where it is kept");
        }
    }
}

fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).arg("--data").arg(data).current_dir(std::env::temp_dir());
    command
}

/// What a command prints; it must end well.
fn run(data: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = command(data, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("read");
    let output = child.wait_with_output().expect("its output");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Everything that a browser can set up can be set up without one, while the
/// server runs.
#[tokio::test]
async fn the_command_line_lets_people_and_programs_in_and_out() {
    let server = TestServer::start().await;
    let data = server.data();
    let client = stranger(&server);
    let create = ["user", "create", "Ana", "--role", "expo", "--password-stdin"];
    assert_eq!(run(data, &create, "correct horse battery\n"), "");
    let form = [("name", "Ana"), ("password", PASSWORD)];
    assert_eq!(post_form(client, "/login", &form, &[]).await.status, 303);
    let password = run(data, &["user", "password", "Ana"], "");
    let form = [("name", "Ana"), ("password", password.trim())];
    assert_eq!(post_form(client, "/login", &form, &[]).await.status, 303);
    assert!(run(data, &["user", "list"], "").contains("Ana\texpo\tall locations\tactive"));
    run(data, &["user", "disable", "ana"], "");
    assert_eq!(post_form(client, "/login", &form, &[]).await.status, 401);

    let scopes = "orders:write,orders:read,stream";
    let create = ["key", "create", "--channel", "web", "--scopes", scopes];
    let key = run(data, &create, "");
    let bearer = format!("Bearer {}", key.trim());
    let list = async || {
        let own = [("authorization", bearer.as_str())];
        client.send(request(Method::GET, "/api/orders", &own, None)).await.status
    };
    assert_eq!(list().await, 200, "whoever is given a key may use it at once");
    let listed = run(data, &["key", "list"], "");
    assert!(listed.contains("web") && !listed.contains(key.trim()), "{listed}");
    run(data, &["key", "revoke", key.trim()], "");
    within("the key to be taken back", async { while list().await != 401 {} }).await;
    let twice = command(data, &["key", "revoke", key.trim()]).output().expect("its output");
    assert!(!twice.status.success());
    let bad = command(data, &["key", "create", "--scopes", "everything"]).output();
    assert_eq!(bad.expect("its output").status.code(), Some(2));
}

#[test]
fn a_key_for_a_folder_that_was_not_there_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("dta");
    let create = ["key", "create", "--scopes", "stream"];
    let said = |create: &[&str]| {
        let Output { status, stdout, stderr } =
            command(&data, create).output().expect("its output");
        let text = |of| String::from_utf8(of).expect("UTF-8");
        assert!(status.success());
        (text(stdout), text(stderr))
    };
    let (key, why) = said(&create);
    assert_eq!(key.lines().count(), 1, "a script takes the key from there: {key}");
    assert_eq!(why.lines().count(), 1);
    assert!(why.starts_with("live-orders: ") && why.contains("dta is a new data folder"), "{why}");
    assert_eq!(said(&create).1, "");
}

#[tokio::test]
async fn a_screen_is_let_in_from_the_command_line_too() {
    let server = TestServer::start().await;
    let device = stranger(&server);
    let first = device.get("/pair").await;
    let waiting = kept(&first, "live-orders-waiting").expect("it waits");
    let wrong = ["screen", "approve", "AAAA-AAAA", "--role", "viewer"];
    run(server.data(), &wrong, "");
    assert!(
        run(server.data(), &["screen", "list"], "")
            .contains("viewer\tall locations\thas not come in yet")
    );
    let refused = |code: &str| {
        let output = command(server.data(), &["screen", "approve", code]).output();
        let Output { status, stderr, .. } = output.expect("its output");
        (status.code(), String::from_utf8(stderr).expect("UTF-8"))
    };
    let (code, why) = refused("aaaaaaaa");
    assert!(code == Some(1) && why.contains("is let in already"), "{why}");
    for none in ["not a code", "AAAA-AAA", "AAAA-AAAA!", "AAAA-AAA0"] {
        let (code, why) = refused(none);
        assert!(code == Some(2) && why.contains("eight letters and digits"), "{why}");
    }
    let code = code_on(&first).to_lowercase();
    run(server.data(), &["screen", "approve", &code, "--role", "viewer", "--name", "lobby"], "");
    let entered = within("the device to be let in", async {
        loop {
            let answer = get_with(device, "/pair", &waiting).await;
            if answer.status == 303 {
                return answer;
            }
        }
    })
    .await;
    assert_eq!(entered.header("location"), "/");
    let screen = kept(&entered, "live-orders-screen").expect("a token");
    let waiting = server.get("/access/approve").await;
    assert!(!waiting.text().contains(&code_on(&first)), "it waits no longer");
    assert!(get_with(device, "/account", &screen).await.text().contains("lobby"));
    assert!(run(server.data(), &["screen", "list"], "").contains("lobby\tviewer"));
    let boss = ["screen", "approve", &code, "--role", "manager"];
    let refused = command(server.data(), &boss).output().expect("its output");
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn a_demo_is_for_this_machine_alone_unless_somebody_says_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused =
        command(folder.path(), &["demo", "--listen", "0.0.0.0:0"]).output().expect("its output");
    assert!(!refused.status.success());
    let reason = String::from_utf8_lossy(&refused.stderr);
    assert!(reason.contains("--open-to-everybody"), "{reason}");
}

/// Whoever only tries it out has opened nothing to anybody.
#[test]
fn a_demo_that_is_told_no_address_listens_on_this_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let nothing = folder.path().join("nothing.toml");
    std::fs::write(&nothing, "").expect("written");
    let command = [OsStr::new("live-orders"), OsStr::new("demo"), OsStr::new("--config")];
    let arguments = command.into_iter().chain([nothing.as_os_str()]);
    let task = <Cli as clap::Parser>::parse_from(arguments).task().expect("allowed");
    let Task::Demo(config) = task else { panic!("no demo") };
    assert!(config.listen.ip().is_loopback(), "{}", config.listen);
    assert!(!config.demo.open_to_everybody);
}
