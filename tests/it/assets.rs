//! What every answer tells browsers, and files that are not there. (The page
//! itself is tested in a browser.)

use crate::support::{TestServer, burger};

#[tokio::test]
async fn every_answer_tells_browsers_not_to_guess() {
    let server = TestServer::start().await;
    server.place(&burger()).await;
    for path in ["/", "/api/orders", "/health/live", "/nothing", "/pkg/nothing.js"] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
    }
    let stream = server.stream("").await;
    assert_eq!(stream.headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    let server = TestServer::start().await;
    for path in
        ["/pkg/nothing.js", "/favicon.nothing", "/../Cargo.toml", "/pkg/%2e%2e/%2e%2e/Cargo.toml"]
    {
        server.get(path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_page_is_there_whatever_its_address_asks() {
    let server = TestServer::start().await;
    server.place(&burger()).await;
    for path in ["/", "/?station=grill", "/?station=a,b&nonsense=%ff"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
}
