//! The pages, as many browsers ask for them at once.

use crate::support::{TestServer, burger, within};

/// A page is begun on one thread and may end on another; nothing of it may
/// belong to one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_pages_at_once_are_all_whole() {
    let server = TestServer::start().await;
    let client = server.client;
    let mut numbers = Vec::new();
    for _ in 0..40 {
        numbers.push(client.place(&burger()).await.number.0);
    }
    let pages: Vec<_> = (0..64).map(|_| tokio::spawn(client.get("/"))).collect();
    for page in pages {
        let page = within("a page", page).await.expect("no panic");
        assert_eq!(page.status, 200);
        for number in &numbers {
            assert!(page.text().contains(&format!("<span class=\"number\">{number}</span>")));
        }
        assert!(page.text().contains("</html>"));
    }
    server.stop().await;
}
