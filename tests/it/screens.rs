//! `/api/screens` and the pages under `/screens`.

use hyper::Method;
use live_orders::domain::limits;
use serde_json::{Value, json};

use crate::support::{
    Answer, Client, TestServer, burger, config, post_form, post_form_from, request,
};

async fn put(client: Client, name: &str, body: &Value) -> Answer {
    let path = format!("/api/screens/{name}");
    client.send(request(Method::PUT, &path, &[], Some(body.to_string().into()))).await
}

async fn delete(client: Client, path: &str) -> Answer {
    client.send(request(Method::DELETE, path, &[], None)).await
}

async fn names(client: Client) -> Vec<String> {
    let list = client.get("/api/screens").await.json();
    let screens = list["screens"].as_array().expect("screens").clone();
    screens.iter().map(|it| it["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_screen_is_made_changed_and_deleted() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/api/screens").await.json(), json!({"screens": []}));
    server.get("/api/screens/grill").await.problem(404, "screen_not_found");

    let made = put(server.client, "grill", &json!({"name": "grill", "stations": ["grill"]})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("location"), "/api/screens/grill");
    let made = made.json();
    for (field, value) in [
        ("name", json!("grill")),
        ("version", json!(1)),
        ("title", json!("Grill")),
        ("role", json!("prep")),
        ("stations", json!(["grill"])),
        ("channels", json!([])),
        ("diagonal_in", json!(24)),
        ("distance_m", json!(1)),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert_eq!(server.get("/api/screens/grill").await.json(), made);

    let wish = json!({"role": "expo", "distance_m": 2.5, "expected_version": 1});
    let changed = put(server.client, "grill", &wish).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let changed = changed.json();
    assert_eq!((&changed["version"], &changed["distance_m"]), (&json!(2), &json!(2.5)));
    // All of it is put: what is not said is at its default again.
    assert_eq!(changed["stations"], json!([]));
    put(server.client, "bar", &json!({})).await;
    assert_eq!(names(server.client).await, ["bar", "grill"]);

    assert_eq!(delete(server.client, "/api/screens/grill").await.status, 204);
    delete(server.client, "/api/screens/grill").await.problem(404, "screen_not_found");
    assert_eq!(names(server.client).await, ["bar"]);
}

#[tokio::test]
async fn of_two_who_change_a_screen_the_second_is_told() {
    let server = TestServer::start().await;
    put(server.client, "fry", &json!({})).await;
    put(server.client, "fry", &json!({"expected_version": 1})).await;
    for wish in [json!({"expected_version": 1}), json!({}), json!({"expected_version": 3})] {
        let stale = put(server.client, "fry", &wish).await.problem(412, "stale_version");
        assert_eq!(stale["current_version"], 2);
    }
    let wish = json!({"expected_version": 1});
    put(server.client, "cold", &wish).await.problem(404, "screen_not_found");
    let path = "/api/screens/fry?expected_version=1";
    delete(server.client, path).await.problem(412, "stale_version");
    let path = "/api/screens/fry?version=2";
    delete(server.client, path).await.problem(400, "invalid_parameter");
    let path = "/api/screens/fry?expected_version=2";
    assert_eq!(delete(server.client, path).await.status, 204);
}

#[tokio::test]
async fn every_rule_that_a_profile_breaks_is_told() {
    let server = TestServer::start().await;
    let wrong = json!({"role": "chef", "page_size": 3, "station": "grill", "keys": {"bump": "-"}});
    let mut told = put(server.client, "grill", &wrong).await.pointers();
    told.sort();
    assert_eq!(told, ["/keys/bump", "/page_size", "/role", "/station"]);
    assert_eq!(put(server.client, "Grill", &json!({})).await.pointers(), ["/name"]);
    assert_eq!(put(server.client, "new", &json!({})).await.pointers(), ["/name"]);
    assert_eq!(names(server.client).await, [""; 0]);
    let plain = [("content-type", "text/plain")];
    let put = request(Method::PUT, "/api/screens/grill", &plain, Some("{}".into()));
    server.send(put).await.problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_screen_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    let wish = json!({"role": "expo", "diagonal_in": 21.5, "keys": {"undo": "KeyU"}});
    let made = put(server.client, "expo", &wish).await.json();
    server.stop().await;
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    assert_eq!(server.get("/api/screens/expo").await.json(), made);
    server.stop().await;
}

#[tokio::test]
async fn a_store_of_before_there_were_screens_is_brought_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    let order = server.place(&burger()).await;
    server.stop().await;
    // As the first version has left it.
    let file = config(folder.path()).data.join("orders.db");
    let store = rusqlite::Connection::open(file).expect("the store");
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN \
                  ('meta', 'log', 'orders', 'idempotency_keys', 'numbers')";
    let later: Vec<String> = store
        .prepare(tables)
        .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
        .expect("its tables");
    assert!(later.contains(&"screens".to_owned()), "{later:?}");
    for table in later {
        store.execute_batch(&format!("DROP TABLE {table}")).expect("dropped");
    }
    let columns = "ALTER TABLE log DROP COLUMN service; DROP INDEX log_by_side;
                   DROP INDEX orders_by_side; DROP INDEX orders_by_external_id;
                   CREATE UNIQUE INDEX orders_by_external_id ON orders (channel, external_id)
                       WHERE external_id IS NOT NULL;
                   ALTER TABLE orders DROP COLUMN location;
                   DROP INDEX orders_to_erase; ALTER TABLE orders DROP COLUMN erased;
                   DROP INDEX orders_by_tracking; ALTER TABLE orders DROP COLUMN tracking";
    store.execute_batch(columns).expect("dropped");
    store.pragma_update(None, "user_version", 1).expect("set back");
    drop(store);

    let server = TestServer::start_in(folder.path(), |_| {}).await;
    assert_eq!(put(server.client, "grill", &json!({})).await.status, 201);
    assert_eq!(server.get(&format!("/api/orders/{}", order.id)).await.order(), order);
    server.stop().await;
}

#[tokio::test]
async fn a_screen_is_the_board_with_what_its_profile_says() {
    let server = TestServer::start().await;
    let item = |station: &str| json!({"name": station, "quantity": 1, "station": station});
    let burger = server.place(&json!({"items": [item("grill")]})).await;
    let fries = server.place(&json!({"items": [item("fry")]})).await;
    let wish = json!({"title": "Grill & fire", "stations": ["grill"], "theme": "light",
                      "view": "columns", "distance_m": 2});
    put(server.client, "grill", &wish).await;
    let page = server.get("/screens/grill").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let text = page.text();
    for part in [
        "<title>Grill &amp; fire · main – live orders</title>",
        "data-theme=\"light\"",
        // With what goes to no station in particular.
        "data-query=\"station=grill,kitchen\"",
        "Grill &amp; fire</bdi></h1>",
        "from 2 m on this screen it needs",
        "\"warning\":\"",
        "\"screen\":{\"name\":\"grill\"",
    ] {
        assert!(text.contains(part), "{part} is missing");
    }
    assert!(text.contains(&burger.id.to_string()) && !text.contains(&fries.id.to_string()));
    assert!(!server.get("/").await.text().contains("\"screen\":"));

    // Its sizes are in a style sheet of an address that changes with the screen.
    let address = |text: &str| {
        let begin = text.find("/screens/grill/scale.css").expect("a style sheet");
        text[begin..].split('"').next().expect("its end").to_owned()
    };
    let css = server.get(&address(text)).await;
    assert_eq!((css.status, css.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(css.header("cache-control").contains("immutable"));
    assert!(css.text().contains("--item:"), "{}", css.text());
    put(server.client, "grill", &json!({"expected_version": 1, "distance_m": 0.6})).await;
    let later = server.get("/screens/grill").await;
    assert_ne!(address(later.text()), address(text));
    // Its words are in the page too, wherever they are of use.
    assert!(!later.text().contains("\"warning\":\""));
}

#[tokio::test]
async fn a_screen_keeps_its_quiet_hours() {
    let server = TestServer::start().await;
    let hours = json!({"from": "22:00", "until": "06:30"});
    let body = json!({"role": "expo", "quiet_hours": hours, "channels": ["web"]});
    assert_eq!(put(server.client, "pass", &body).await.status, 201);
    assert_eq!(server.get("/api/screens/pass").await.json()["quiet_hours"], hours);
    let page = server.get("/screens/pass").await;
    assert!(page.text().contains("\"quiet_from\":1320,\"quiet_until\":390"), "{}", page.text());
    // What the screen shows goes without the tests that all show.
    assert!(page.text().contains("<p class=\"shows\">web</p>"), "{}", page.text());
    let form = server.get("/screens/pass/edit").await;
    assert!(form.text().contains("name=\"quiet_until\" value=\"06:30\""), "{}", form.text());
}

#[tokio::test]
async fn the_name_of_no_screen_is_answered_with_those_there_are() {
    let server = TestServer::start().await;
    put(server.client, "grill", &json!({"title": "Hot side"})).await;
    for (path, asked) in [
        ("/screens/gril", "gril"),
        ("/screens/gril/edit", "gril"),
        ("/screens/gril/delete", "gril"),
        ("/screens/%3Cb%3E", "&lt;b&gt;"),
    ] {
        let page = server.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        let text = page.text();
        assert!(text.contains(asked) && text.contains("Hot side"), "{path}: {text}");
        assert!(!text.contains("<b>“") && text.contains("href=\"/screens/grill\""));
    }
    server.get("/screens/gril/scale.css").await.problem(404, "screen_not_found");
}

#[tokio::test]
async fn a_form_makes_copies_and_changes_a_screen() {
    let server = TestServer::start().await;
    let fields = [
        ("name", "grill"),
        ("title", "Grill"),
        ("role", "prep"),
        ("stations", "grill"),
        ("more_stations", "fry, cold"),
        ("view", "grid"),
        ("distance_m", "1,5"),
        ("sounds", "new"),
        ("single_keys", "on"),
        ("key_bump", "Numpad1"),
    ];
    let made = post_form(server.client, "/screens", &fields).await;
    assert_eq!((made.status, made.header("location")), (303, "/screens?saved=grill"));
    let screen = server.get("/api/screens/grill").await.json();
    assert_eq!(screen["stations"], json!(["grill", "fry", "cold"]));
    assert_eq!(screen["distance_m"], 1.5);
    assert_eq!(screen["sounds"]["new"], true);
    assert_eq!(screen["sounds"]["offline"], false);
    assert_eq!(screen["keys"], json!({"bump": "Numpad1"}));

    let list = server.get("/screens?saved=grill").await;
    assert!(list.text().contains("saved") && list.text().contains("grill, fry, cold"));
    let copy = server.get("/screens/new?from=grill").await;
    assert!(copy.text().contains("value=\"grill-2\"") && copy.text().contains("value=\"1.5\""));

    let taken = post_form(server.client, "/screens", &fields).await;
    assert_eq!(taken.status, 409);
    assert!(taken.text().contains("there is a screen of this name"));

    let change = [("title", "Hot"), ("role", "prep"), ("expected_version", "1")];
    let changed = post_form(server.client, "/screens/grill/edit", &change).await;
    assert_eq!((changed.status, changed.header("location")), (303, "/screens?saved=grill"));
    assert_eq!(server.get("/api/screens/grill").await.json()["title"], "Hot");
}

#[tokio::test]
async fn what_is_wrong_with_a_form_stands_beside_it_and_nothing_typed_is_lost() {
    let server = TestServer::start().await;
    let fields = [
        ("name", "Hot Side"),
        ("title", "Hot \"side\""),
        ("distance_m", "far"),
        ("stations", "grill"),
        ("more_stations", "wok"),
    ];
    let page = post_form(server.client, "/screens", &fields).await;
    assert_eq!(page.status, 422);
    let text = page.text();
    for part in [
        "2 fields need another look",
        "id=\"name-wrong\"",
        "id=\"distance_m-wrong\"",
        "value=\"Hot Side\"",
        "value=\"Hot &quot;side&quot;\"",
        "value=\"far\"",
        "value=\"grill\" checked",
        "value=\"wok\"",
    ] {
        assert!(text.contains(part), "{part} is missing");
    }
    assert_eq!(names(server.client).await, [""; 0]);

    // Somebody else was faster: that is said, and saving again is an answer to it.
    put(server.client, "fry", &json!({})).await;
    put(server.client, "fry", &json!({"expected_version": 1})).await;
    let late = [("title", "Mine"), ("expected_version", "1")];
    let page = post_form(server.client, "/screens/fry/edit", &late).await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("Somebody else has changed") && page.text().contains("Mine"));
    assert!(page.text().contains("name=\"expected_version\" value=\"2\""));
    delete(server.client, "/api/screens/fry").await;
    let page = post_form(server.client, "/screens/fry/edit", &late).await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("name=\"expected_version\" value=\"\""));
    let again = [("title", "Mine"), ("expected_version", "")];
    assert_eq!(post_form(server.client, "/screens/fry/edit", &again).await.status, 303);
}

/// Row 21: nothing is changed by a `GET`, nor by a form of another site.
#[tokio::test]
async fn no_state_is_changed_by_a_get_or_by_another_site() {
    let server = TestServer::start().await;
    put(server.client, "grill", &json!({})).await;
    for path in ["/screens/grill/delete?expected_version=1", "/screens/new?name=x&title=y"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    let stranger: [&[(&str, &str)]; 3] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://example.com")],
    ];
    for from in stranger {
        for (path, fields) in [
            ("/screens/grill/delete", vec![("expected_version", "1")]),
            ("/screens/grill/edit", vec![("title", "Theirs"), ("expected_version", "1")]),
            ("/screens", vec![("name", "theirs")]),
        ] {
            let answer = post_form_from(server.client, path, &fields, from).await;
            assert_eq!(answer.status, 403, "{path} {from:?}");
        }
    }
    assert_eq!(names(server.client).await, ["grill"]);
    assert_eq!(server.get("/api/screens/grill").await.json()["version"], 1);
    let gone =
        post_form(server.client, "/screens/grill/delete", &[("expected_version", "1")]).await;
    assert_eq!((gone.status, gone.header("location")), (303, "/screens?deleted=grill"));
    assert_eq!(names(server.client).await, [""; 0]);
}

/// Row 16: what a profile makes too small to read is said while it is made.
#[tokio::test]
async fn a_profile_that_nobody_could_read_is_warned_of() {
    let server = TestServer::start().await;
    let measures = "diagonal_in=23.8&width_px=1920&height_px=1080&distance_m=2";
    let says = async |rest: &str| {
        let answer = server.get(&format!("/screens/new/legibility?{measures}&{rest}")).await;
        assert_eq!(answer.status, 200);
        answer.text().to_owned()
    };
    let many = says("view=grid&page_size=20").await;
    assert!(many.contains("Item text is 22 px; from 2 m on this screen it needs 47 px."), "{many}");
    assert!(many.contains("is-bad"));
    assert!(says("view=grid&page_size=").await.contains("is-good"));
    assert!(says("view=grid&page_size=far").await.contains("Say how large"));
    put(server.client, "far", &json!({"distance_m": 2, "view": "columns"})).await;
    assert!(server.get("/screens").await.text().contains("on this screen it needs"));
}

#[tokio::test]
async fn every_page_of_screens_has_a_policy_and_no_style_of_its_own() {
    let server = TestServer::start().await;
    put(server.client, "grill", &json!({})).await;
    for path in ["/screens", "/screens/new", "/screens/grill/edit", "/screens/grill/delete"] {
        let page = server.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy");
        let nonce = policy.split_once("'nonce-").expect("a nonce").1;
        let nonce = nonce.split_once('\'').expect("its end").0;
        let text = page.text();
        assert_eq!(
            text.matches("<script").count(),
            text.matches(&format!(" nonce=\"{nonce}\"")).count(),
            "{path}"
        );
        assert!(policy.contains("form-action 'self'") && !text.contains(" style="), "{path}");
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn there_are_only_so_many_screens() {
    let server = TestServer::start().await;
    for number in 0..limits::SCREENS {
        let made = put(server.client, &format!("s{number}"), &json!({})).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
    put(server.client, "more", &json!({})).await.problem(409, "too_many_screens");
    let page = post_form(server.client, "/screens", &[("name", "more")]).await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("Delete one that nobody opens"));
    assert_eq!(server.get("/screens").await.status, 200);
}

#[tokio::test]
async fn a_screen_of_as_many_stations_as_can_be_is_live() {
    let server = TestServer::start().await;
    let stations: Vec<String> = (0..limits::SCREEN_VALUES).map(|it| format!("s{it}")).collect();
    let made = put(server.client, "all", &json!({"stations": stations})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let more = [stations.clone(), vec!["s".to_owned()]].concat();
    assert_eq!(
        put(server.client, "more", &json!({"stations": more})).await.pointers(),
        ["/stations"]
    );

    let page = server.get("/screens/all").await;
    let (_, query) = page.text().split_once("data-query=\"").expect("a query");
    let (query, _) = query.split_once('"').expect("its end");
    assert!(query.contains("kitchen") && query.contains("s31"), "{query}");
    server.stream(query).await;
    let order = server.place(&burger()).await;
    let shown: Vec<&str> = query.trim_start_matches("station=").split(',').collect();
    let body = json!({"screen": "all", "stations": shown, "orders": [order.id]});
    assert_eq!(server.post("/api/seen", &body).await.status, 204);
}

#[tokio::test]
async fn a_screen_that_is_made_again_is_not_the_one_that_was_let_go_of() {
    let server = TestServer::start().await;
    for _ in 0..2 {
        let made = put(server.client, "grill", &json!({"stations": ["grill"]})).await;
        assert_eq!(made.status, 201);
        assert_eq!(delete(server.client, "/api/screens/grill").await.status, 204);
    }
    let made = put(server.client, "grill", &json!({"stations": ["fry"]})).await;
    assert_eq!((made.status, &made.json()["version"]), (201, &json!(3)));
    // A form that was opened on the first one.
    let late = json!({"stations": ["grill"], "expected_version": 1});
    put(server.client, "grill", &late).await.problem(412, "stale_version");
}
