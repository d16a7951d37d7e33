//! Webhooks in: orders that a channel has signed.

use std::process::Command;

use bytes::Bytes;
use hyper::Method;
use live_orders::server::webhooks::{
    Secret,
    signature::{ID, SIGNATURE, TIMESTAMP},
};
use serde_json::{Value, json};

use crate::support::{self, Answer, Client, Program, TestServer, burger, program, request};

/// The time as signatures have it, in seconds.
pub(crate) fn now() -> i64 {
    support::now() / 1000
}

/// Gives a channel a secret.
pub(crate) async fn secret_of(client: Client, channel: &str) -> Secret {
    let made = client.post(&format!("/api/channel-secrets/{channel}"), &json!({})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    Secret::parse(made.json()["secret"].as_str().expect("a secret")).expect("a secret")
}

/// A signed message before it is sent.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) channel: String,
    id: String,
    timestamp: String,
    signature: String,
    body: Bytes,
}

impl Signed {
    pub(crate) fn new(secret: &Secret, id: &str, at: i64, body: &Value) -> Self {
        let body = Bytes::from(body.to_string());
        Self {
            channel: "partner".to_owned(),
            id: id.to_owned(),
            timestamp: at.to_string(),
            signature: secret.sign(id, at, &body),
            body,
        }
    }

    pub(crate) async fn send(&self, client: Client) -> Answer {
        let headers =
            [(ID, &*self.id), (TIMESTAMP, &*self.timestamp), (SIGNATURE, &*self.signature)];
        let path = format!("/api/hooks/{}", self.channel);
        client.send(request(Method::POST, &path, &headers, Some(self.body.clone()))).await
    }
}

#[tokio::test]
async fn a_signed_order_is_placed_once() {
    let server = TestServer::start().await;
    let secret = secret_of(server.client, "partner").await;
    let signed = Signed::new(&secret, "msg_1", now(), &burger());
    let first = signed.send(server.client).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let order = first.order();
    assert_eq!(order.source.channel.as_str(), "partner");
    assert_eq!(first.header("location"), format!("/api/orders/{}", order.id));

    // Who has listened and replays it learns nothing.
    let replayed = signed.send(server.client).await;
    replayed.problem(401, "signature_replayed");
    assert!(!replayed.text().contains(&order.id.to_string()), "{}", replayed.text());
    // The channel itself signs each attempt anew.
    let later = Signed::new(&secret, "msg_1", now() - 7, &burger());
    let again = later.send(server.client).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.order(), order);
    later.send(server.client).await.problem(401, "signature_replayed");
    assert_eq!(server.log().await.len(), 1);

    let mut other = burger();
    other["rush"] = json!(true);
    let reused = Signed::new(&secret, "msg_1", now() - 3, &other).send(server.client).await;
    reused.problem(422, "idempotency_key_reused");
    let next = Signed::new(&secret, "msg_2", now(), &burger()).send(server.client).await;
    assert_ne!(next.order().id, order.id);
}

#[tokio::test]
async fn a_signature_that_was_used_is_remembered_by_the_next_process() {
    let server = TestServer::start().await;
    let secret = secret_of(server.client, "partner").await;
    let signed = Signed::new(&secret, "msg_1", now(), &burger());
    let order = signed.send(server.client).await.order();
    let folder = server.stop().await.expect("a folder");
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    signed.send(server.client).await.problem(401, "signature_replayed");
    let anew = Signed::new(&secret, "msg_1", now() - 9, &burger());
    assert_eq!(anew.send(server.client).await.order(), order);
    server.stop().await;
}

#[tokio::test]
async fn what_was_refused_has_not_used_its_signature() {
    let server = TestServer::start().await;
    let secret = secret_of(server.client, "partner").await;
    let signed = Signed::new(&secret, "msg_1", now(), &burger());
    let empty = Signed::new(&secret, "msg_2", now(), &json!({"items": []}));
    for _ in 0..2 {
        assert_eq!(empty.send(server.client).await.pointers(), ["/items"]);
    }
    assert_eq!(signed.send(server.client).await.status, 201);
}

#[tokio::test]
async fn one_request_has_few_signatures_looked_at() {
    let server = TestServer::start().await;
    let secret = secret_of(server.client, "partner").await;
    let mut signed = Signed::new(&secret, "msg_1", now(), &burger());
    let good = signed.signature.clone();
    signed.signature = format!("{}{good}", "v1,AAAA ".repeat(9));
    let mut crowd = Signed { id: "msg_2".to_owned(), ..signed.clone() };
    crowd.signature = "v1,AAAA ".repeat(10) + &good;
    crowd.send(server.client).await.problem(401, "signature_invalid");
    assert_eq!(signed.send(server.client).await.status, 201);
}

#[tokio::test]
async fn whoever_forges_much_is_not_listened_to() {
    let server = TestServer::start().await;
    let secret = secret_of(server.client, "partner").await;
    let forged = Signed::new(&Secret::random(), "msg_1", now(), &burger());
    let mut refused = forged.send(server.client).await;
    for _ in 0..80 {
        if refused.status == 429 {
            break;
        }
        refused.problem(401, "signature_invalid");
        refused = forged.send(server.client).await;
    }
    refused.problem(429, "too_many_requests");
    assert!(!refused.header("retry-after").is_empty());
    let good = Signed::new(&secret, "msg_2", now(), &burger()).send(server.client).await;
    good.problem(429, "too_many_requests");
}

#[tokio::test]
async fn a_channel_that_signs_is_bound_and_limited_as_a_key_is() {
    let server = TestServer::start_with(|config| config.access.writes_per_minute = 10).await;
    let path = "/api/channel-secrets/partner";
    let made = server.post(path, &json!({"locations": ["main"]})).await;
    assert_eq!(made.json()["locations"], json!(["main"]));
    assert!(made.json().get("used_at").is_none());
    let secret = Secret::parse(made.json()["secret"].as_str().expect("a secret"));
    let secret = secret.expect("a secret");
    let mut elsewhere = burger();
    elsewhere["location"] = json!("airport");
    let refused = Signed::new(&secret, "msg_1", now(), &elsewhere).send(server.client).await;
    refused.problem(403, "outside_your_locations");
    let placed = Signed::new(&secret, "msg_2", now(), &burger()).send(server.client).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
    assert!(
        placed.header("ratelimit").starts_with("\"writes\";r="),
        "{}",
        placed.header("ratelimit")
    );
    let listed = server.get("/api/channel-secrets").await.json();
    assert!(listed["channels"][0]["used_at"].as_i64() > Some(0), "{listed}");
    let mut refused = None;
    for number in 3..20 {
        let id = format!("msg_{number}");
        let sent = Signed::new(&secret, &id, now(), &burger()).send(server.client).await;
        if sent.status != 201 {
            refused = Some(sent);
            break;
        }
    }
    refused.expect("a limit").problem(429, "too_many_requests");
    let open = json!({"locations": [], "secret": secret.reveal()});
    // Whoever sets it up is not the channel, and is not limited with it.
    assert_eq!(server.post(path, &open).await.json()["locations"], json!([]));
    let refused = server.post(path, &json!({"locations": ["main", 7]})).await;
    assert_eq!(refused.pointers(), ["/locations/1"]);
}

#[tokio::test]
async fn an_id_of_one_channel_is_not_that_of_another_nor_a_key() {
    let server = TestServer::start().await;
    let secret = secret_of(server.client, "partner").await;
    let order = Signed::new(&secret, "msg_1", now(), &burger()).send(server.client).await.order();
    let key = [("idempotency-key", "msg_1")];
    let keyed = server.post_with(&burger(), &key).await.order();
    assert_ne!(keyed.id, order.id);
    let other = secret_of(server.client, "other").await;
    let mut signed = Signed::new(&other, "msg_1", now(), &burger());
    signed.channel = "other".to_owned();
    assert_ne!(signed.send(server.client).await.order().id, order.id);
}

#[tokio::test]
async fn what_is_not_signed_as_it_should_be_is_refused() {
    let server = TestServer::start().await;
    let secret = secret_of(server.client, "partner").await;
    let good = Signed::new(&secret, "msg_1", now(), &burger());
    let foreign = Signed::new(&Secret::random(), "msg_1", now(), &burger());
    for (what, signed) in [
        ("by somebody else", foreign),
        ("another body", Signed { body: Bytes::from("{}"), ..good.clone() }),
        ("another id", Signed { id: "msg_2".to_owned(), ..good.clone() }),
        ("another time", Signed { timestamp: (now() + 1).to_string(), ..good.clone() }),
        ("no time", Signed { timestamp: "now".to_owned(), ..good.clone() }),
        ("no signature", Signed { signature: "v1,".to_owned(), ..good.clone() }),
        ("another channel", Signed { channel: "web".to_owned(), ..good.clone() }),
        ("no channel", Signed { channel: "a,b".to_owned(), ..good.clone() }),
        ("a full stop", Signed::new(&secret, "msg.1", now(), &burger())),
    ] {
        let refused = signed.send(server.client).await;
        assert_eq!(refused.status, 401, "{what}: {}", refused.text());
        refused.problem(401, "signature_invalid");
        assert_eq!(refused.header("www-authenticate"), "StandardWebhooks");
    }
    for at in [now() - 310, now() + 310] {
        let refused = Signed::new(&secret, "msg_1", at, &burger()).send(server.client).await;
        refused.problem(401, "signature_expired");
    }
    for signed in [
        Signed { id: String::new(), ..good.clone() },
        Signed { timestamp: String::new(), ..good.clone() },
        Signed { signature: String::new(), ..good.clone() },
    ] {
        // An empty header is not sent.
        signed.send(server.client).await.problem(401, "signature_missing");
    }
    assert!(server.log().await.is_empty());
    let placed = good.send(server.client).await;
    assert_eq!(placed.status, 201, "none of that used it up: {}", placed.text());
}

#[tokio::test]
async fn a_signature_is_good_for_its_channel_alone() {
    let server = TestServer::start().await;
    let secret = secret_of(server.client, "partner").await;
    let mut body = burger();
    body["source"] = json!({"channel": "phone"});
    let refused = Signed::new(&secret, "msg_1", now(), &body).send(server.client).await;
    assert_eq!(refused.pointers(), ["/source/channel"]);
    body["source"] = json!({"channel": "partner", "external_id": "p-1"});
    let placed = Signed::new(&secret, "msg_1", now(), &body).send(server.client).await.order();
    assert_eq!(placed.source.external_id.as_deref(), Some("p-1"));
    let refused = Signed::new(&secret, "msg_2", now(), &json!({"items": []}));
    assert_eq!(refused.send(server.client).await.pointers(), ["/items"]);
    let (id, at, body) = ("msg_3".to_owned(), now(), Bytes::from("{"));
    let signature = secret.sign(&id, at, &body);
    let broken = Signed { id, timestamp: at.to_string(), signature, body, ..refused };
    broken.send(server.client).await.problem(400, "bad_json");
}

#[tokio::test]
async fn a_channel_s_secret_is_changed_over_and_taken_away() {
    let server = TestServer::start().await;
    let first = secret_of(server.client, "partner").await;
    let path = "/api/channel-secrets/partner";
    let own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let changed = server.post(path, &json!({"secret": own, "overlap_hours": 1})).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(changed.json()["secret"], own);
    let second = Secret::parse(own).expect("a secret");
    for (secret, id) in [(&first, "msg_1"), (&second, "msg_2")] {
        let placed = Signed::new(secret, id, now(), &burger()).send(server.client).await;
        assert_eq!(placed.status, 201, "{}", placed.text());
    }
    // A third does not take back what was promised for the first.
    let third = server.post(path, &json!({"overlap_hours": 1})).await.json();
    let third = Secret::parse(third["secret"].as_str().expect("a secret")).expect("a secret");
    for (secret, id) in [(&first, "msg_3"), (&second, "msg_4"), (&third, "msg_5")] {
        let placed = Signed::new(secret, id, now(), &burger()).send(server.client).await;
        assert_eq!(placed.status, 201, "{}", placed.text());
    }
    for _ in 0..2 {
        assert_eq!(server.post(path, &json!({})).await.status, 200);
    }
    server.post(path, &json!({})).await.problem(409, "too_many_secrets");
    server.post(path, &json!({"overlap_hours": 0})).await;
    for secret in [&first, &second] {
        let refused = Signed::new(secret, "msg_6", now(), &burger()).send(server.client).await;
        refused.problem(401, "signature_invalid");
    }
    let listed = server.get("/api/channel-secrets").await.json();
    assert_eq!(listed["channels"][0]["channel"], "partner");
    assert!(!listed.to_string().contains("whsec_"), "{listed}");
    let refused = server.post(path, &json!({"secret": "whsec_short"})).await;
    assert_eq!(refused.pointers(), ["/secret"]);

    let delete = || server.send(request(Method::DELETE, path, &[], None));
    assert_eq!(delete().await.status, 204);
    delete().await.problem(404, "channel_secret_not_found");
}

#[tokio::test]
async fn a_channel_can_be_given_a_secret_without_a_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let say = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command.args(arguments).arg("--data").arg(folder.path());
        let output = command.current_dir(std::env::temp_dir()).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let made = say(&["channel-secret", "create", "--channel", "partner"]);
    let secret = made.split_whitespace().last().expect("a secret").to_owned();
    assert_eq!(say(&["channel-secret", "list"]), "partner\n");
    let mut server = Program::serve(folder.path(), &[]);
    let secret = Secret::parse(&secret).expect("a secret");
    let placed = Signed::new(&secret, "msg_1", now(), &burger()).send(server.client).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
    server.kill();
    say(&["channel-secret", "delete", "--channel", "partner"]);
    assert_eq!(say(&["channel-secret", "list"]), "");
}
