//! The back office: webhooks and channel secrets on pages, and the list of who did
//! what, whoever did it.

use std::collections::BTreeSet;

use bytes::Bytes;
use hyper::Method;
use live_orders::server::{
    access::{
        register::{self, Register, Sought},
        roles::Role,
    },
    config::Config,
    webhooks::guard::Allowed,
};
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestServer, burger, program, request, session_of};

fn with_receivers(config: &mut Config) {
    config.webhooks.allowed = Allowed::parse(["127.0.0.1"]).expect("a list");
}

async fn post(client: Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    client.send(request(Method::POST, path, &headers, Some(Bytes::from(body)))).await
}

/// Sends a form that is taken, and goes where it leads.
async fn through(client: Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let sent = post(client, path, fields).await;
    assert_eq!(sent.status, 303, "{path}: {}", sent.text());
    client.get(sent.header("location")).await
}

fn secret_on(page: &Answer) -> String {
    let found = page.text().split('"').find(|part| part.starts_with("whsec_"));
    found.expect("the secret, this once").to_owned()
}

/// What stands in the list of who did what.
fn deeds(server: &TestServer) -> Vec<(String, String, String)> {
    let register = Register::open(server.data()).expect("a register");
    let deeds = register.look(|of| register::deeds(of, &Sought::default(), 1000));
    deeds.expect("read").into_iter().map(|deed| (deed.who, deed.what, deed.subject)).collect()
}

/// A port of this machine at which nobody listens.
const NOBODY: &str = "http://127.0.0.1:9/hook?key=t0ken";

#[tokio::test]
async fn a_webhook_is_set_up_on_pages_by_the_rules_of_the_api() {
    let server = TestServer::start_with(with_receivers).await;
    let client = server.client;
    let form = [
        ("url", NOBODY),
        ("description", "Till & <printer>"),
        ("types", "order.ready"),
        ("types", "order.placed"),
        ("channel", "web, kiosk"),
        ("from", "now"),
    ];
    let page = through(client, "/access/webhooks", &form).await;
    let secret = secret_on(&page);
    assert!(page.text().contains("Till &amp; &lt;printer&gt;"));
    let listed = client.get("/api/webhooks").await.json()["webhooks"][0].clone();
    let path = format!("/access/webhooks/{}", listed["id"].as_str().expect("an id"));
    let filter = json!({"types": ["order.placed", "order.ready"], "channel": ["web", "kiosk"]});
    let sets = |value: &Value| {
        let lists = value.as_object().expect("lists").iter();
        let set = |list: &Value| {
            let values = list.as_array().expect("a list").iter().map(ToString::to_string);
            values.collect::<BTreeSet<_>>()
        };
        lists.map(|(name, list)| (name.clone(), set(list))).collect::<Vec<_>>()
    };
    assert_eq!(sets(&listed["filter"]), sets(&filter));
    for shown in ["/access/webhooks", path.as_str(), "/access/audit"] {
        assert!(!client.get(shown).await.text().contains(&secret), "{shown}: told once");
    }

    // What is wrong stands beside its field, with what was typed.
    for (name, value, wrong) in [
        ("url", "http://example.com/", "url-wrong"),
        ("types", "order.eaten", "types-wrong"),
        ("order", "42", "order-wrong"),
        ("after", "soon", "after-wrong"),
        ("after", "00000000-1", "after-wrong"),
    ] {
        let mut form: Vec<_> = form.iter().copied().filter(|(other, _)| *other != name).collect();
        form.push((name, value));
        if name == "after" {
            form.retain(|(other, _)| *other != "from");
            form.push(("from", "event"));
        }
        let refused = post(client, "/access/webhooks", &form).await;
        assert_eq!(refused.status, 422, "{name}={value}: {}", refused.text());
        assert!(refused.text().contains(&format!("id=\"{wrong}\"")), "{name}={value}");
        assert!(refused.text().contains("Till &amp; &lt;printer&gt;"), "{name}={value}");
    }

    // Whoever opens the form and saves changes nothing.
    let edit = client.get(&format!("{path}/edit")).await;
    assert!(edit.text().contains("value=\"order.ready\" checked"), "{}", edit.text());
    let same = [&form[..5]].concat();
    through(client, &format!("{path}/edit"), &same).await;
    let after = client.get("/api/webhooks").await.json()["webhooks"][0].clone();
    assert_eq!((&after["filter"], &after["url"]), (&listed["filter"], &listed["url"]));

    let paused = through(client, &format!("{path}/switch"), &[("state", "off")]).await;
    assert!(paused.text().contains("Switch on") && paused.text().contains("somebody switched"));
    let tested = through(client, &format!("{path}/test"), &[]).await;
    assert!(tested.text().contains("The test was not accepted"), "{}", tested.text());
    let rotated = through(client, &format!("{path}/rotate"), &[("overlap_hours", "2")]).await;
    assert_ne!(secret_on(&rotated), secret);
    let too_long = post(client, &format!("{path}/rotate"), &[("overlap_hours", "1000")]).await;
    assert!(too_long.status == 422 && too_long.text().contains("overlap_hours-wrong"));

    let gone = through(client, &format!("{path}/delete"), &[]).await;
    assert!(gone.text().contains("The webhook is deleted"));
    assert_eq!(client.get(&path).await.status, 404);
    let noted: Vec<_> = deeds(&server)
        .into_iter()
        .filter(|(_, what, _)| what.starts_with("webhook."))
        .map(|(_, what, subject)| {
            assert!(subject.contains("127.0.0.1") && !subject.contains("t0ken"), "{subject}");
            what
        })
        .collect();
    let expected = ["deleted", "rotated", "tested", "off", "changed", "made"];
    assert_eq!(noted, expected.map(|what| format!("webhook.{what}")));
}

#[tokio::test]
async fn what_was_sent_is_sent_again_from_a_time_or_an_event_on() {
    let server = TestServer::start_with(with_receivers).await;
    let client = server.client;
    let first = client.place(&burger()).await;
    let placed: i64 = first.times.placed_at.0;
    client.place(&burger()).await;
    let made = client.post("/api/webhooks", &json!({"url": NOBODY})).await.json();
    let id = made["id"].as_str().expect("an id").to_owned();
    let path = format!("/access/webhooks/{id}");
    through(client, &format!("{path}/switch"), &[("state", "off")]).await;
    let cursor = async || {
        let webhook = client.get(&format!("/api/webhooks/{id}")).await.json();
        let cursor = webhook["cursor"].as_str().expect("a cursor").to_owned();
        let (epoch, seq) = cursor.split_once('-').expect("an id");
        (epoch.to_owned(), seq.parse::<u64>().expect("a position"))
    };
    let (epoch, head) = cursor().await;
    assert_eq!(head, 2);
    let again = format!("{path}/replay");
    through(client, &again, &[("from", "time"), ("time", "2020-01-01T00:00")]).await;
    assert_eq!(cursor().await.1, 0, "all that is kept");
    let millis = |since: i64| json!({"since": since});
    let replay = format!("/api/webhooks/{id}/replay");
    assert_eq!(client.post(&replay, &millis(placed)).await.status, 202);
    assert_eq!(cursor().await.1, 0, "the first was placed at that time, not before");
    assert_eq!(client.post(&replay, &millis(placed + 86_400_000)).await.status, 202);
    assert_eq!(cursor().await.1, 2, "nothing has happened since tomorrow");
    let event = format!("{epoch}-1");
    through(client, &again, &[("from", "after"), ("event", &event)]).await;
    assert_eq!(cursor().await.1, 1);
    through(client, &again, &[("from", "time"), ("time", "2100-01-01T00:00")]).await;
    through(client, &again, &[("from", "event"), ("event", &event)]).await;
    let webhook = client.get(&format!("/api/webhooks/{id}")).await.json();
    assert_eq!(webhook["waiting"], 1);
    for wrong in [
        [("from", "time"), ("time", "soon")],
        [("from", "event"), ("event", "no id")],
        [("from", "after"), ("event", "00000000-7")],
    ] {
        let refused = post(client, &again, &wrong).await;
        let field = format!("id=\"{}-wrong\"", wrong[1].0);
        assert!(refused.status == 422 && refused.text().contains(&field), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_channel_gets_a_secret_on_a_page_and_loses_it() {
    let server = TestServer::start().await;
    let client = server.client;
    let given = through(
        client,
        "/access/secrets",
        &[("channel", "our partner"), ("secret", ""), ("overlap_hours", "24")],
    );
    let secret = secret_on(&given.await);
    let again = client.get("/access/secrets").await;
    assert!(again.text().contains("our partner") && !again.text().contains(&secret));
    let own = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
    let form = [("channel", "our partner"), ("secret", own), ("overlap_hours", "1")];
    let rotated = through(client, "/access/secrets", &form).await;
    assert!(!rotated.text().contains(own), "the channel has it already");
    assert!(rotated.text().contains("The secret before is good until"));
    let bad = [("channel", "a,b"), ("overlap_hours", "24")];
    let refused = post(client, "/access/secrets", &bad).await;
    assert!(refused.status == 422 && refused.text().contains("channel-wrong"));
    let bad = [("channel", "web"), ("secret", "mine"), ("overlap_hours", "24")];
    let refused = post(client, "/access/secrets", &bad).await;
    assert!(refused.status == 422 && refused.text().contains("secret-wrong"));
    let path = "/access/secrets/our%20partner/delete";
    assert_eq!(client.get(path).await.status, 200);
    through(client, path, &[]).await;
    assert_eq!(client.get(path).await.status, 404);
    let what: Vec<_> = deeds(&server).into_iter().map(|(_, what, _)| what).collect();
    assert_eq!(what[..3], ["secret.deleted", "secret.rotated", "secret.given"]);
}

#[tokio::test]
async fn it_is_noted_who_did_what_and_nothing_of_a_customer() {
    let server = TestServer::start().await;
    let client = server.client;
    let mut order = burger();
    order["customer"] = json!({"name": "Zebulon Quartermain"});
    let order = client.place(&order).await;
    let pause = json!({"state": "paused", "minutes": 5, "reason": "Zebulon is here"});
    assert_eq!(client.put("/api/intake", &pause).await.status, 200);
    let path = format!("/api/orders/{}/erase", order.id);
    let erased = client.post(&path, &json!({"while_open": true})).await;
    assert_eq!(erased.status, 200, "{}", erased.text());
    let profile = json!({"title": "Grill", "role": "prep"});
    assert_eq!(client.put("/api/screens/grill", &profile).await.status, 201);
    post(client, "/screens/grill/delete", &[]).await;
    let session = session_of(server.data(), "Ana", Role::Manager, &[]).expect("a session");
    let ana = Client { session: Some(session), ..client };
    crate::support::within("the server to notice", async {
        while ana.get("/account").await.status != 200 {}
    })
    .await;
    through(
        ana,
        "/access/users",
        &[("name", "Mo"), ("role", "cook"), ("password", "correct horse battery")],
    )
    .await;

    let page = ana.get("/access/audit").await;
    let text = page.text();
    for part in ["intake switch:", "erased the personal data", "made the screen", "127.0.0.1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for part in ["deleted the screen", "<bdi>Ana</bdi></b> made the user"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Zebulon"));
    let own = ana.get("/access/audit?who=Ana&kind=user").await;
    assert!(own.text().contains("made the user <bdi>Mo"), "{}", own.text());
    assert!(!own.text().contains("intake switch:"));
    let none = ana.get("/access/audit?who=Ana&kind=key").await;
    assert!(none.text().contains("Nothing here"));
}

#[tokio::test]
async fn the_list_of_who_did_what_has_pages_and_commands_stand_in_it() {
    let server = TestServer::start().await;
    let register = Register::open(server.data()).expect("a register");
    let by = register::By::here("robot", live_orders::domain::UnixMillis(1_790_000_000_000));
    register
        .change(|to| (0..60).try_for_each(|number| by.note(to, "key.made", &format!("k{number}"))))
        .expect("written");
    let first = server.get("/access/audit?who=robot").await;
    assert!(first.text().contains("<bdi>k59</bdi>") && !first.text().contains("<bdi>k9</bdi>"));
    let (before, _) = first.text().split_once("\">Older</a>").expect("older ones");
    let (_, older) = before.rsplit_once("href=\"").expect("a link");
    let second = server.get(&older.replace("&amp;", "&")).await;
    assert!(second.text().contains("<bdi>k9</bdi>") && !second.text().contains("<bdi>k59</bdi>"));
    assert!(second.text().contains("Newest") && !second.text().contains("Older"));

    // What is set up while no server runs is noted by the command itself.
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path");
    let made = std::process::Command::new(program())
        .args(["channel-secret", "create", "--channel", "partner", "--data", data])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let register = Register::open(folder.path()).expect("a register");
    let deeds = register.look(|of| register::deeds(of, &Sought::default(), 10)).expect("read");
    let deeds: Vec<_> = deeds.iter().map(|it| (it.who.as_str(), it.what.as_str())).collect();
    assert_eq!(deeds, [("command line", "secret.given")]);
}
