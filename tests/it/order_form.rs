//! `/orders/new`: orders from the telephone and the counter.

use live_orders::{
    domain::{FoodOrder, ModifierKind, OrderStatus, Service},
    server::config::Config,
};
use serde_json::json;

use crate::support::{Answer, Client, TestServer, burger, post_form, post_form_from, request};

const FORM: &str = "/orders/new";

/// What stands in the field `name` of a page.
fn value(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let at = page.find(&field).unwrap_or_else(|| panic!("{name} is missing: {page}"));
    page[at + field.len()..].split('"').next().expect("its end").to_owned()
}

/// The key of a form that is just being opened.
async fn key(client: Client) -> String {
    let page = client.get(FORM).await;
    assert_eq!(page.status, 200, "{}", page.text());
    value(page.text(), "key")
}

async fn place(client: Client, key: &str, fields: &[(&str, &str)]) -> Answer {
    let fields = [fields, &[("key", key), ("do", "place")]].concat();
    post_form(client, FORM, &fields).await
}

/// The order that a form was answered with.
async fn placed(client: Client, answer: &Answer) -> FoodOrder {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let location = answer.header("location");
    let id = location.split("placed=").nth(1).expect("an order").split('&').next();
    client.get(&format!("/api/orders/{}", id.expect("its id"))).await.order()
}

/// Burgers go to the grill and fries to the fryer.
fn routed(folder: &std::path::Path) -> impl FnOnce(&mut Config) {
    let data = folder.to_str().expect("a path in UTF-8").to_owned();
    move |config: &mut Config| {
        let flag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let flags = [
            flag("server.data", &data),
            flag("routing.grill", "Cheeseburger"),
            flag("routing.fry", "Fries"),
        ];
        let routed = Config::load(None, [], &flags).expect("allowed");
        config.orders.routing = routed.orders.routing;
    }
}

#[tokio::test]
async fn a_form_places_an_order_as_the_api_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start_in(folder.path(), routed(folder.path())).await;
    let fields = [
        ("item", "2 cheeseburger, no onion, + bacon, well done"),
        ("item", "fries"),
        ("line", "1 Lemonade"),
        ("channel", "counter"),
        ("service", "dine_in"),
        ("table", "7"),
        // Of another service: it stays out.
        ("address", "12 Mill Lane"),
        ("name", "Ana"),
        ("phone", "555-0134"),
        ("allergens", "peanut"),
        ("more_allergens", "kiwi, "),
        ("instructions", "with candles"),
        ("rush", "on"),
        ("back", "/screens/expo"),
    ];
    let answer = place(server.client, &key(server.client).await, &fields).await;
    assert!(answer.header("location").ends_with("&channel=counter&back=%2Fscreens%2Fexpo"));
    let order = placed(server.client, &answer).await;
    assert_eq!(order.status, OrderStatus::Placed);
    assert_eq!(order.source.channel.as_str(), "counter");
    assert_eq!(order.fulfilment.service, Service::DineIn);
    assert_eq!(order.fulfilment.table.as_deref(), Some("7"));
    assert_eq!(order.fulfilment.address, None);
    assert_eq!(order.fulfilment.instructions.as_deref(), Some("with candles"));
    assert_eq!(
        (order.customer.name.as_str(), order.customer.phone.as_deref()),
        ("Ana", Some("555-0134"))
    );
    assert!(order.flags.rush);
    let lines: Vec<(&str, u32, &str)> = order
        .items
        .iter()
        .map(|item| (item.name.as_str(), item.quantity, item.station.as_str()))
        .collect();
    // As the routing table writes them; the last one is the line that was being typed.
    let expected = [("Cheeseburger", 2, "grill"), ("Fries", 1, "fry"), ("Lemonade", 1, "unrouted")];
    assert_eq!(lines, expected);
    let [first, ..] = &order.items[..] else { panic!("no items") };
    let modifiers: Vec<_> = first.modifiers.iter().map(|it| (it.kind, it.name.as_str())).collect();
    assert_eq!(modifiers, [(ModifierKind::No, "onion"), (ModifierKind::Add, "bacon")]);
    assert_eq!(first.note.as_deref(), Some("well done"));
    assert!(order.items.iter().all(|item| item.allergens == ["peanut", "kiwi"]));

    // The page after it says so, leads back, and is ready for the next one.
    let page = server.get(answer.header("location")).await;
    let text = page.text();
    let says = format!("Order {} is placed.", order.number);
    assert!(text.contains(&says) && text.contains("href=\"/screens/expo\""), "{text}");
    assert!(text.contains("value=\"counter\" checked"), "{text}");
    assert_eq!(value(text, "line\" list=\"names"), "");
    for name in ["Cheeseburger", "Fries", "Lemonade", "no onion", "+ bacon"] {
        assert!(text.contains(&format!("<option value=\"{name}\">")), "{name}");
    }
}

#[tokio::test]
async fn the_same_form_makes_one_order_however_often_it_is_sent() {
    let server = TestServer::start().await;
    let key = key(server.client).await;
    let fields = [("line", "2 fries"), ("name", "Ana")];
    // Two presses at once, and a reload of what came of them.
    let (first, second) =
        tokio::join!(place(server.client, &key, &fields), place(server.client, &key, &fields));
    let order = placed(server.client, &first).await;
    assert_eq!(placed(server.client, &second).await.id, order.id);
    let again = place(server.client, &key, &fields).await;
    assert_eq!(placed(server.client, &again).await.id, order.id);

    // What others order meanwhile does not make another order of it.
    server.place(&json!({"items": [{"name": "FRIES", "quantity": 1, "station": "fry"}]})).await;
    let again = place(server.client, &key, &fields).await;
    assert_eq!(placed(server.client, &again).await.id, order.id);

    // Somebody went back and typed something else: nothing is placed unasked.
    let other = place(server.client, &key, &[("line", "3 fries")]).await;
    assert_eq!(other.status, 422);
    let text = other.text();
    assert!(text.contains(&format!("has placed order {} already", order.number)), "{text}");
    assert_eq!(value(text, "item"), "3 fries");
    let fresh = value(text, "key");
    assert_ne!(fresh, key);
    let asked = place(server.client, &fresh, &[("item", "3 fries")]).await;
    assert_ne!(placed(server.client, &asked).await.id, order.id);
    assert_eq!(server.all_orders().await.len(), 3);
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost() {
    let server = TestServer::start().await;
    let key = key(server.client).await;
    let long = "n".repeat(121);
    let fields = [
        ("item", "2 pad thai, sub tofu"),
        ("item", "0 fries"),
        ("name", &long),
        ("phone", "<b>555"),
        ("due", "24:30"),
        ("allergens", "egg"),
        ("service", "delivery"),
        ("address", "12 Mill Lane"),
    ];
    let refused = place(server.client, &key, &fields).await;
    assert_eq!(refused.status, 422);
    let text = refused.text();
    for part in [
        "3 fields need another look",
        "id=\"item-1-wrong\"",
        "The number must be a whole number from 1 to 999",
        "id=\"name-wrong\"",
        "has at most 120 characters, not 121",
        "id=\"due-wrong\"",
        "must be a time such as 18:30",
        "value=\"2 pad thai, sub tofu\"",
        "value=\"0 fries\"",
        "value=\"&lt;b&gt;555\"",
        "value=\"egg\" checked",
        "value=\"delivery\" checked",
        "value=\"12 Mill Lane\"",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    // What is right of it is on the ticket.
    assert!(text.contains("<bdi class=\"name\">pad thai</bdi>"), "{text}");
    assert_eq!(value(text, "key"), key);

    let empty = place(server.client, &key, &[("line", "  ")]).await;
    assert_eq!(empty.status, 422);
    assert!(empty.text().contains("id=\"line-wrong\""), "{}", empty.text());
    assert_eq!(server.all_orders().await.len(), 0);
    let mended = place(server.client, &key, &[("item", "2 pad thai, sub tofu")]).await;
    placed(server.client, &mended).await;
}

#[tokio::test]
async fn a_line_comes_and_goes_without_a_script() {
    let server = TestServer::start().await;
    let fields = [("item", "Fries"), ("line", "2 cheeseburger"), ("do", "add"), ("name", "Ana")];
    let page = post_form(server.client, FORM, &fields).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("name=\"item\" value=\"2 cheeseburger\""), "{text}");
    assert!(text.contains("<bdi class=\"name\">cheeseburger</bdi>"), "{text}");
    assert!(text.contains("value=\"Ana\""), "{text}");
    let fields = [("item", "Fries"), ("item", "2 cheeseburger"), ("drop", "0")];
    let page = post_form(server.client, FORM, &fields).await;
    assert_eq!(value(page.text(), "item"), "2 cheeseburger");
    assert!(!page.text().contains("value=\"Fries\" aria"), "{}", page.text());
    assert_eq!(server.all_orders().await.len(), 0);
}

#[tokio::test]
async fn while_the_intake_is_paused_the_form_says_until_when_and_keeps_what_was_typed() {
    let server = TestServer::start().await;
    let key = key(server.client).await;
    let pause = json!({"state": "paused", "minutes": 30, "reason": "oven is out"});
    let until = server.put("/api/intake", &pause).await.json()["until"].as_i64().expect("an end");
    let minute = until.div_euclid(60_000);
    let until = format!("{:02}:{:02}", minute / 60 % 24, minute % 60);
    let says = format!("no new orders are taken until {until} (oven is out)");

    let open = server.get(FORM).await;
    assert!(open.text().to_lowercase().contains(&says), "{}", open.text());
    let refused = place(server.client, &key, &[("item", "2 fries")]).await;
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|it| it > 1700));
    assert!(refused.text().contains(&format!("Not placed: {says}")), "{}", refused.text());
    assert_eq!(value(refused.text(), "item"), "2 fries");
    assert_eq!(value(refused.text(), "key"), key);
    assert_eq!(server.all_orders().await.len(), 0);

    server.put("/api/intake", &json!({"state": "open"})).await;
    let taken = place(server.client, &key, &[("item", "2 fries")]).await;
    let order = placed(server.client, &taken).await;
    // What was placed before a pause is found again during one.
    server.put("/api/intake", &pause).await;
    let again = place(server.client, &key, &[("item", "2 fries")]).await;
    assert_eq!(placed(server.client, &again).await.id, order.id);
}

#[tokio::test]
async fn the_preview_says_where_each_line_goes_and_when_it_is_promised() {
    let server = TestServer::start().await;
    let wok = json!({"items": [{"name": "Pad Thai", "quantity": 1, "station": "wok"}]});
    server.place(&wok).await;
    let path = "/orders/new/preview";
    let fields =
        [("line", "2 pad thai, no peanut"), ("service", "delivery"), ("allergens", "peanut")];
    let preview = post_form(server.client, path, &fields).await;
    assert_eq!((preview.status, preview.header("cache-control")), (200, "no-store"));
    let text = preview.text();
    // As it is called here, and where the last one was made.
    for part in [
        "<bdi class=\"name\">Pad Thai</bdi>",
        "<bdi>wok</bdi>",
        "wok 2",
        "(in 20 min)",
        "class=\"allergens\"",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    let empty = post_form(server.client, path, &[]).await;
    assert!(empty.text().contains("as soon as there is an item"), "{}", empty.text());
    assert_eq!(server.all_orders().await.len(), 1);
}

#[tokio::test]
async fn a_time_of_today_schedules_the_order() {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let hours = |hours: i64| now.saturating_add(jiff::Span::new().hours(hours)).time();
    // The business day is as far from its ends as it can be, whatever the time is.
    let server = TestServer::start_with(|config| {
        config.orders.business_day_starts = hours(-8);
    })
    .await;
    let typed = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
    let key = key(server.client).await;
    let later = typed(hours(8));
    let answer = place(server.client, &key, &[("line", "Soup"), ("due", &later)]).await;
    let order = placed(server.client, &answer).await;
    let due_at = order.times.due_at.expect("a due time");
    let ahead = due_at.since(order.times.placed_at);
    assert!((7 * 3_600_000..=8 * 3_600_000).contains(&ahead), "{ahead}");
    assert!(order.flags.scheduled && order.times.fires_at.is_some());
    let page = server.get(answer.header("location")).await;
    let says = format!("promised for {later}; it goes to the kitchen at ");
    assert!(page.text().contains(&says), "{}", page.text());

    let past = [("line", "Soup"), ("due", &typed(hours(-7)))];
    let refused = place(server.client, &value(page.text(), "key"), &past).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("is past: it is "), "{}", refused.text());
}

#[tokio::test]
async fn a_form_of_another_site_places_nothing() {
    let server = TestServer::start().await;
    let fields = [("line", "2 fries"), ("do", "place")];
    for path in [FORM, "/orders/new/preview"] {
        let from = [("sec-fetch-site", "cross-site")];
        let refused = post_form_from(server.client, path, &fields, &from).await;
        assert_eq!(refused.status, 403, "{path}");
    }
    let json = [("content-type", "application/json")];
    let body = Some(burger().to_string().into());
    let refused = server.send(request(hyper::Method::POST, FORM, &json, body)).await;
    assert_eq!(refused.status, 415);
    assert_eq!(server.all_orders().await.len(), 0);
}

#[tokio::test]
async fn the_way_back_is_the_board_that_one_came_from() {
    let server = TestServer::start().await;
    let from = format!("http://{}/screens/expo?view=grid", server.client.address);
    let headers = [("referer", from.as_str())];
    let page = server.send(request(hyper::Method::GET, FORM, &headers, None)).await;
    assert_eq!(value(page.text(), "back"), "/screens/expo?view=grid");
    assert!(page.text().contains("<a href=\"/screens/expo?view=grid\">"));
    let page = server.get("/orders/new?back=//evil.example/").await;
    assert!(page.text().contains("<a href=\"/\">"), "{}", page.text());
    let board = server.get("/").await;
    assert!(board.text().contains("href=\"/orders/new\""));
}
