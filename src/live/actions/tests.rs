use super::*;

#[test]
fn a_request_says_what_is_meant() {
    let id = OrderId(uuid::Uuid::from_u128(7));
    let station = |name: &str| Station::parse(name).expect("a station");
    let path = |path: &str| format!("/api/orders/{id}{path}");
    let begin = "{\"expected_version\":3,\"actor\":{\"kind\":\"staff\",\"id\":\"grill\"}";
    let stations = vec![station("grill"), station("a \"b\"")];
    let said = "\"stations\":[\"grill\",\"a \\\"b\\\"\"]";
    for (action, method, there, rest) in [
        (
            Action::Go { to: OrderStatus::Cancelled, reason: Some("86'd".to_owned()) },
            "POST",
            path("/transitions"),
            ",\"to\":\"cancelled\",\"reason\":\"86'd\"}".to_owned(),
        ),
        (
            Action::Tick { item: ItemId(2), status: ItemStatus::Done },
            "PATCH",
            path("/items/2"),
            ",\"status\":\"done\"}".to_owned(),
        ),
        (
            Action::Stations { stations: stations.clone(), status: ItemStatus::Doing },
            "POST",
            path("/stations"),
            format!(",\"status\":\"doing\",{said}}}"),
        ),
        (Action::Rush(true), "PATCH", path(""), ",\"rush\":true}".to_owned()),
        (Action::Hold(false), "PATCH", path(""), ",\"held\":false}".to_owned()),
        (Action::Fire, "POST", path("/fire"), "}".to_owned()),
        (
            Action::Know { of: Acknowledged::Change, stations },
            "POST",
            path("/acknowledge"),
            format!(",\"of\":\"change\",{said}}}"),
        ),
        (
            Action::Know { of: Acknowledged::Cancel, stations: Vec::new() },
            "POST",
            path("/acknowledge"),
            ",\"of\":\"cancel\"}".to_owned(),
        ),
    ] {
        let body = [begin, &rest].concat();
        let request = action.request(id, "grill");
        let sent = request.body_for(Version(3));
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!((request.method, request.path, read(&sent)), (method, there, read(&body)));
    }
}
