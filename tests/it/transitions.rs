//! `POST /api/orders/{id}/transitions`: the state machine from outside.

use live_orders::domain::{
    FoodOrder,
    OrderStatus::{
        self, Accepted, Cancelled, Completed, Expired, Failed, OutForDelivery, Placed, Preparing,
        Ready, Rejected,
    },
    Service,
};
use serde_json::json;

use crate::support::{Client, TestServer, burger, order_for, order_of};

/// The state machine as it is documented, written down once more.
fn allowed(from: OrderStatus, service: Service) -> &'static [OrderStatus] {
    match (from, service) {
        (Placed, _) => &[Accepted, Rejected, Expired, Cancelled],
        (Accepted, _) => &[Preparing, Cancelled],
        (Preparing, _) => &[Ready, Cancelled, Failed, Accepted],
        (Ready, Service::Delivery) => &[OutForDelivery, Completed, Preparing, Cancelled],
        (Ready, _) => &[Completed, Preparing, Cancelled],
        (OutForDelivery, _) => &[Completed, Failed, Cancelled, Ready],
        (Completed, _) => &[Ready],
        (Rejected | Expired | Cancelled | Failed, _) => &[],
    }
}

/// How an order comes to a status.
fn way(to: OrderStatus) -> &'static [OrderStatus] {
    match to {
        Placed => &[],
        Accepted => &[Accepted],
        Preparing => &[Accepted, Preparing],
        Ready => &[Accepted, Preparing, Ready],
        OutForDelivery => &[Accepted, Preparing, Ready, OutForDelivery],
        Completed => &[Accepted, Preparing, Ready, Completed],
        Rejected => &[Rejected],
        Expired => &[Expired],
        Cancelled => &[Cancelled],
        Failed => &[Accepted, Preparing, Failed],
    }
}

async fn order_that_is(client: Client, status: OrderStatus, service: Service) -> FoodOrder {
    let mut order = client.place(&order_for(service.as_str())).await;
    for step in way(status) {
        order = client.go(&order, *step).await;
    }
    order
}

async fn every_pair(service: Service) {
    let server = TestServer::start().await;
    for from in OrderStatus::ALL {
        if from == OutForDelivery && service != Service::Delivery {
            continue;
        }
        let allowed = allowed(from, service);
        let stays = order_that_is(server.client, from, service).await;
        for to in OrderStatus::ALL {
            if allowed.contains(&to) {
                let order = order_that_is(server.client, from, service).await;
                let after = server.go(&order, to).await;
                assert_eq!(after.status, to);
                assert_eq!(after.version, order.version.next());
                assert_eq!((after.last_change.from, after.last_change.to), (Some(from), to));
                continue;
            }
            let refused = server.transition(&stays, to).await;
            let problem = refused.problem(409, "illegal_transition");
            assert_eq!(problem["current_status"], json!(from), "{service} {from} to {to}");
            assert_eq!(problem["allowed_transitions"], json!(allowed), "{service} {from} to {to}");
        }
        let read: FoodOrder = server.get(&format!("/api/orders/{}", stays.id)).await.read();
        assert_eq!(read, stays, "what was refused changed nothing");
    }
}

#[tokio::test]
async fn every_pair_of_statuses_for_pickup() {
    every_pair(Service::Pickup).await;
}

#[tokio::test]
async fn every_pair_of_statuses_for_delivery() {
    every_pair(Service::Delivery).await;
}

#[tokio::test]
async fn every_pair_of_statuses_for_dine_in() {
    every_pair(Service::DineIn).await;
}

#[tokio::test]
async fn every_pair_of_statuses_for_curbside() {
    every_pair(Service::Curbside).await;
}

#[tokio::test]
async fn a_stale_version_is_refused_with_the_one_that_stands() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    let accepted = server.go(&order, Accepted).await;
    let refused = server.transition(&order, Cancelled).await;
    let problem = refused.problem(412, "stale_version");
    assert_eq!(problem["current_version"], 2);
    // Stale comes before illegal: who saw an old state cannot judge the new one.
    server.transition(&order, Completed).await.problem(412, "stale_version");
    let ahead = json!({"to": "preparing", "expected_version": 9});
    let path = format!("/api/orders/{}/transitions", order.id);
    server.post(&path, &ahead).await.problem(412, "stale_version");
    assert_eq!(server.go(&accepted, Preparing).await.version.0, 3);
}

#[tokio::test]
async fn of_two_that_bump_at_once_one_wins() {
    let server = TestServer::start().await;
    let mut stream = server.stream("").await;
    stream.expect("hello").await;
    let order = server.place(&burger()).await;
    let (one, two) =
        tokio::join!(server.transition(&order, Accepted), server.transition(&order, Cancelled));
    let (winner, loser) = if one.status == 200 { (one, two) } else { (two, one) };
    loser.problem(412, "stale_version");
    assert_eq!(stream.orders(2).await, [order, winner.order()]);
}

#[tokio::test]
async fn what_is_no_transition_is_told_with_its_pointers() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    let path = format!("/api/orders/{}/transitions", order.id);
    let cases: Vec<(serde_json::Value, &[&str])> = vec![
        (json!([]), &[""]),
        (json!({}), &["/to", "/expected_version"]),
        (json!({"to": "accepted"}), &["/expected_version"]),
        (json!({"to": "Accepted", "expected_version": 1}), &["/to"]),
        (json!({"to": 1, "expected_version": "1"}), &["/to", "/expected_version"]),
        (json!({"to": "accepted", "expected_version": 0}), &["/expected_version"]),
        (json!({"to": "accepted", "expected_version": 1.5}), &["/expected_version"]),
        (json!({"to": "accepted", "expected_version": 1, "raeson": "x"}), &["/raeson"]),
        (json!({"to": "accepted", "expected_version": 1, "reason": "x".repeat(501)}), &["/reason"]),
        (
            json!({"to": "accepted", "expected_version": 1, "actor": {"kind": "cook"}}),
            &["/actor/kind", "/actor/id"],
        ),
    ];
    for (body, pointers) in cases {
        assert_eq!(server.post(&path, &body).await.pointers(), pointers, "{body}");
    }
    let read: FoodOrder = server.get(&format!("/api/orders/{}", order.id)).await.read();
    assert_eq!(read, order);
}

#[tokio::test]
async fn a_recall_never_restarts_the_tickets_timer() {
    let server = TestServer::start().await;
    let made = order_that_is(server.client, Completed, Service::DineIn).await;
    let ready = server.go(&made, Ready).await;
    assert!(ready.flags.recalled);
    assert_eq!(ready.times.closed_at, None);
    assert_eq!(ready.times.ready_at, made.times.ready_at);
    let back = server.go(&ready, Preparing).await;
    assert!(back.flags.recalled);
    assert_eq!(back.times.placed_at, made.times.placed_at);
    assert_eq!(back.times.preparing_at, made.times.preparing_at);
    assert_eq!(back.times.ready_at, None);
    let again = server.go(&back, Ready).await;
    assert!(!again.flags.recalled);
    assert!(again.times.ready_at >= made.times.ready_at);
}

#[tokio::test]
async fn a_change_names_who_made_it_and_why_on_the_stream_too() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    let mut stream = server.stream("").await;
    stream.expect("hello").await;
    let path = format!("/api/orders/{}/transitions", order.id);
    let change = json!({"to": "cancelled", "expected_version": 1, "reason": "customer called",
                        "actor": {"kind": "staff", "id": "expo"}});
    let cancelled = server.post(&path, &change).await.order();
    assert_eq!(cancelled.last_change.reason.as_deref(), Some("customer called"));
    assert_eq!(cancelled.last_change.actor.id, "expo");
    let frame = stream.expect("order.cancelled").await;
    assert_eq!(order_of(&frame), cancelled);
}
