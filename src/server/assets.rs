//! The browser's files, embedded in the program: scripts, styles, fonts, icons.
//!
//! A release has each of them three times, as it is and compressed ahead of
//! time with Brotli and gzip. Names under `/pkg/` carry a hash of their content,
//! so browsers may keep them forever. (A development build reads them from the
//! disk instead, under plain names that browsers ask for anew each time, so that
//! changes show at once.)

use std::borrow::Cow;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use leptos_config::LeptosOptions;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::{error::Problem, hex, pages::PageAssets, state::App, stream::accepts};

/// What cargo-leptos has built.
#[derive(RustEmbed)]
#[folder = "target/site"]
#[allow_missing = true]
struct Site;

/// The compressed copies of a file, the smallest first: their `Content-Encoding`
/// and what their names end with.
const COPIES: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The browser's files.
pub struct Assets {
    page: PageAssets,
    package: String,
    hashed: bool,
}

impl Assets {
    /// Finds the files that a page needs.
    #[must_use]
    pub fn find(options: &LeptosOptions) -> Self {
        let package = options.site_pkg_dir.to_string();
        let stem = format!("{package}/{}", options.output_name);
        let find = |ending: &str| newest(&stem, ending, || Site::iter().map(Cow::into_owned));
        let script = find(".js");
        let watched = std::env::var_os("LEPTOS_WATCH").is_some();
        let hashed = !watched && script != format!("{stem}.js");
        // Only a release is in two parts; a build that watches leaves the names
        // of the one before it.
        let part = |stem: &str, ending: &str| {
            let stem = format!("{package}/{stem}");
            let file = newest(&stem, ending, || Site::iter().map(Cow::into_owned));
            (hashed && file != format!("{stem}{ending}")).then(|| format!("/{file}"))
        };
        let page = PageAssets {
            css: format!("/{}", find(".css")),
            wasm: format!("/{}", find(".wasm")),
            link: part("__wasm_split", ".js"),
            extras: part("split_extras", ".wasm"),
            script: format!("/{script}"),
            reload_port: watched.then(|| u16::try_from(options.reload_port).unwrap_or(3001)),
        };
        Self { page, package, hashed }
    }

    /// What a page links to.
    #[must_use]
    pub fn page(&self) -> &PageAssets {
        &self.page
    }

    /// A mark of what is at `address`, another one when that is.
    #[must_use]
    pub fn mark(address: &str) -> String {
        let hash = |file: EmbeddedFile| file.metadata.sha256_hash();
        let hash = Site::get(address.trim_start_matches('/')).map(hash).unwrap_or_default();
        hex::encode(&hash[..8])
    }

    /// Refuses a program that was put together without the board's files. A
    /// development build says so and goes on: they are made apart from it.
    ///
    /// # Errors
    /// One line: which file is missing, and how it comes in.
    pub fn refuse_gaps(&self, development: bool) -> anyhow::Result<()> {
        let is_there = |file: &str| Site::get(file.trim_start_matches('/')).is_some();
        let PageAssets { script, css, wasm, .. } = &self.page;
        let Some(missing) = [script, css, wasm].into_iter().find(|file| !is_there(file)) else {
            return Ok(());
        };
        if development {
            tracing::warn!(missing, "assets.missing: build with `make build`");
            return Ok(());
        }
        anyhow::bail!(
            "this program was built without the board's {missing}; build it with `make build`"
        )
    }
}

/// The file of `names` that begins with `stem` and ends with `ending`. A plain
/// name comes before one with a hash: only a build that watches for changes
/// leaves both, and it writes the plain one anew each time.
fn newest<Names: Iterator<Item = String>>(
    stem: &str,
    ending: &str,
    names: impl Fn() -> Names,
) -> String {
    let plain = format!("{stem}{ending}");
    if names().any(|name| name == plain) {
        return plain;
    }
    let prefix = format!("{stem}.");
    // One dot more would be another file's, such as `.d.….ts`.
    let hashed = |name: &String| {
        name.strip_prefix(&prefix)
            .and_then(|rest| rest.strip_suffix(ending))
            .is_some_and(|hash| !hash.contains('.'))
    };
    names().find(hashed).unwrap_or(plain)
}

/// Any address that no route takes.
pub(super) async fn serve(State(app): State<App>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::NotFound.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    // Compressed copies have no address of their own.
    let hidden = COPIES.iter().any(|(_, ending)| path.ends_with(ending));
    let Some(original) = Site::get(path).filter(|_| !hidden) else {
        return Problem::NotFound.into_response();
    };
    let (file, encoding) = choose(path, original, request.headers());
    let etag = etag(&file);
    let immutable = app.assets.hashed && path.starts_with(&app.assets.package);

    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(&etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if immutable {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }),
    );
    if is_known(request.headers(), &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let media_type = mime_guess::from_path(path).first_or_octet_stream();
    let charset = if media_type.type_() == "text" { "; charset=utf-8" } else { "" };
    if let Ok(media_type) = HeaderValue::try_from(format!("{media_type}{charset}")) {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    *response.body_mut() = match file.data {
        Cow::Borrowed(data) => Body::from(data),
        Cow::Owned(data) => Body::from(data),
    };
    response
}

/// The smallest copy that the client takes.
fn choose(
    path: &str,
    original: EmbeddedFile,
    headers: &HeaderMap,
) -> (EmbeddedFile, Option<&'static str>) {
    for (encoding, ending) in COPIES {
        if accepts(headers, encoding)
            && let Some(file) = Site::get(&format!("{path}{ending}"))
        {
            return (file, Some(encoding));
        }
    }
    (original, None)
}

fn etag(file: &EmbeddedFile) -> String {
    format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..12]))
}

/// Whether the client has what `etag` stands for.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH);
    known.iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(',')).any(
        |entry| {
            let entry = entry.trim();
            entry == "*" || entry.trim_start_matches("W/") == etag
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(ending: &str, names: &[&str]) -> String {
        newest("pkg/live-orders", ending, || names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn a_program_without_its_board_does_not_begin() {
        let missing = "/pkg/nothing.js".to_owned();
        let page = PageAssets {
            css: missing.clone(),
            wasm: missing.clone(),
            link: None,
            extras: None,
            script: missing.clone(),
            reload_port: None,
        };
        let assets = Assets { page, package: "pkg".to_owned(), hashed: true };
        let error = assets.refuse_gaps(false).expect_err("it is missing").to_string();
        assert!(error.contains(&missing) && error.contains("make build"), "{error}");
        assets.refuse_gaps(true).expect("a development build says so and goes on");
    }

    #[test]
    fn a_release_links_to_the_names_with_a_hash() {
        let names = [
            "favicon.svg",
            "pkg/live-orders.aa.css",
            "pkg/live-orders.aa.css.br",
            "pkg/live-orders.bb.js",
            "pkg/live-orders_bg.wasm.d.dd.ts",
            "pkg/live-orders.cc.wasm",
        ];
        assert_eq!(chosen(".css", &names), "pkg/live-orders.aa.css");
        assert_eq!(chosen(".js", &names), "pkg/live-orders.bb.js");
        assert_eq!(chosen(".wasm", &names), "pkg/live-orders.cc.wasm");
    }

    #[test]
    fn what_a_watch_writes_anew_wins_over_what_its_first_build_left() {
        let names = ["pkg/live-orders.aa.css", "pkg/live-orders.css", "pkg/live-orders.zz.css"];
        assert_eq!(chosen(".css", &names), "pkg/live-orders.css");
    }

    #[test]
    fn a_build_without_a_front_end_has_plain_names() {
        assert_eq!(chosen(".js", &["pkg/live-orders.d.ee.js"]), "pkg/live-orders.js");
    }
}
