//! The service worker, which lets the board open while the server is away.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};

use super::{assets::Assets, pages, state::App};

/// What it does; see there.
const SCRIPT: &str = include_str!("worker.js");

/// The sounds, which a page fetches when it first makes one. Their name says
/// nothing of what is in them.
const SOUND: &str = "/sound.js";

/// Where it is. At the root, because it may only touch what lies below it.
pub(super) const ADDRESS: &str = "/worker.js";

/// `GET /worker.js`: the script with the names of this build. A browser that
/// finds another text than before puts the new one in the old one's place.
pub(super) async fn serve(State(app): State<App>) -> Response {
    let assets = app.assets.page();
    let parts = assets.link.iter().chain(&assets.extras);
    let files = [&assets.css, &assets.script, &assets.wasm].into_iter().chain(parts);
    let files: Vec<&str> = files.map(String::as_str).collect();
    let mut response = Response::new(Body::from(script(&files, &Assets::mark(SOUND))));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; connect-src 'self'; form-action 'none'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn script(built: &[&str], sound: &str) -> String {
    let version = [&built.join(" "), sound].join(" ");
    let files: Vec<&str> =
        built.iter().copied().chain(["/favicon.svg", SOUND]).chain(pages::FONTS).collect();
    // Both are strings alone, which JSON writes as JavaScript does.
    let version = serde_json::Value::from(version);
    let files = serde_json::Value::from(files);
    format!("const VERSION = {version};\nconst FILES = {files};\n{SCRIPT}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_build_is_another_text() {
        let before = script(&["/pkg/a.css", "/pkg/b.js"], "1f");
        assert_ne!(before, script(&["/pkg/a.css", "/pkg/c.js"], "1f"));
        assert_ne!(before, script(&["/pkg/a.css", "/pkg/b.js"], "2f"), "other sounds");
        let begin = "const VERSION = \"/pkg/a.css /pkg/b.js 1f\";\nconst FILES = [";
        assert!(before.starts_with(begin));
        for file in ["\"/fonts/inter-latin.woff2\"", "\"/sound.js\""] {
            assert!(before.contains(file), "{file}");
        }
    }
}
