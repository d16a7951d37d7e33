//! The pages, as documents: complete before any script has run, with the data
//! that the browser takes them over from.
//!
//! Nothing on the board waits for anything, so a page is rendered in one go and
//! not streamed. The browser gets no more script than the few lines here, which
//! may run because they carry the response's nonce.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use leptos::{
    nonce::{Nonce, use_nonce},
    prelude::*,
};
use leptos_axum::ResponseOptions;

use super::{router::no_page, worker};
use crate::{
    app::{
        self, CRASHED_EVENT, DATA_ID, REFUSED_EVENT, ROOT_ID,
        header::YOU,
        html::Html,
        sound::{COMMAND_EVENT, STANDING_EVENT},
        words::{Word, Words},
    },
    domain::screen::Theme,
    wire::BoardPage,
};

/// Names of the built assets as URLs.
#[derive(Clone, Debug)]
pub struct PageAssets {
    /// The style sheet.
    pub css: String,
    /// The script that loads the WebAssembly module.
    pub script: String,
    /// The WebAssembly module.
    pub wasm: String,
    /// The script through which the module gets its second part, where it has one.
    pub link: Option<String>,
    /// The second part, fetched when the board is live.
    pub extras: Option<String>,
    /// Development only: the port of cargo-leptos that says when to reload.
    pub reload_port: Option<u16>,
}

/// Runs before the first paint, so that no page flashes in the wrong theme.
pub(super) const THEME: &str = "try{const t=localStorage.getItem('theme');\
    if(t)document.documentElement.dataset.theme=t}catch{}";

/// Fonts that the first paint needs.
pub(super) const FONT: &str = "/fonts/inter-latin.woff2";
/// Every font, for who keeps them.
pub(super) const FONTS: [&str; 2] = [FONT, "/fonts/inter-latin-ext.woff2"];

/// The page that stands in while the orders cannot be read. It asks again by
/// itself, and has no script that could fail.
#[must_use]
pub fn away(assets: &PageAssets, words: Words) -> Response {
    let (language, title) = (words.language, words.say(Word::AwayTitle));
    let html = format!(
        "<!DOCTYPE html><html lang=\"{}\" dir=\"{}\" data-theme=\"auto\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"refresh\" content=\"5\"><title>{title} – live orders\
         </title><link rel=\"stylesheet\" href=\"{}\"></head><body><main class=\"away\">\
         <h1>{title}</h1><p>{}</p></main></body></html>",
        language.as_str(),
        language.dir(),
        assets.css,
        words.say(Word::AwayText),
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::RETRY_AFTER, "5"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'none'; \
             base-uri 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// How a screen's profile dresses the page.
#[derive(Clone, Debug, Default)]
pub struct Dress {
    /// Light or dark.
    pub theme: Theme,
    /// The style sheet that gives text its size; none at `/`.
    pub scale: Option<String>,
    /// Who the page is for, so that a device keeps what is theirs apart; empty where
    /// nobody is asked.
    pub person: String,
    /// Who is logged in; none where nobody is, as at a paired screen.
    pub you: Option<String>,
}

/// Renders the board.
pub async fn board(
    page: BoardPage,
    dress: Dress,
    assets: &PageAssets,
    request: Request,
) -> Response {
    let data = match serde_json::to_string(&page) {
        // In a script element only `<` can end or open anything.
        Ok(json) => json.replace('<', "\\u003c"),
        Err(error) => {
            tracing::error!(%error, "page.data.failed");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let assets = assets.clone();
    let render = leptos_axum::render_app_async_with_context(
        || {},
        move || document(page.clone(), dress.clone(), data.clone(), &assets),
    );
    let mut response = render(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a page without the board's module may load: its own files, and the scripts
/// with this nonce.
pub(super) fn policy(nonce: &Nonce) -> HeaderValue {
    loads(nonce, "", "")
}

/// What the board may load. `wasm-unsafe-eval` lets its script compile the module, and
/// nothing else.
fn board_policy(nonce: &Nonce, reload_port: Option<u16>) -> HeaderValue {
    let reload = reload_port.map_or(String::new(), |port| format!(" ws://127.0.0.1:{port}"));
    loads(nonce, " 'wasm-unsafe-eval'", &reload)
}

/// `strict-dynamic` lets a page's script import others.
fn loads(nonce: &Nonce, wasm: &str, reload: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'{wasm}; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'{reload}; \
         manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    // A nonce is base64: always a header value. Without one nothing may load.
    HeaderValue::from_str(&policy).unwrap_or_else(|_| no_page())
}

/// The document around the board.
fn document(
    page: BoardPage,
    dress: Dress,
    data: String,
    assets: &PageAssets,
) -> impl IntoView + use<> {
    let nonce = use_nonce().unwrap_or_default();
    if let Some(response) = use_context::<ResponseOptions>() {
        let policy = board_policy(&nonce, assets.reload_port);
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    let nonce = nonce.to_string();
    let language = page.settings.language;
    let words = super::language::words(language);
    let title = match &page.settings.screen {
        Some(screen) => format!("{} · {} – live orders", screen.title, page.settings.location),
        None => format!("{} – live orders", page.settings.location),
    };
    // A screen that is told its theme does not ask the device.
    let theme = (dress.theme == Theme::Auto)
        .then(|| view! { <script nonce=nonce.clone() inner_html=THEME></script> });
    let board = app::board::render(page, words);
    let board = board.replacen(YOU, &way_to_account(dress.you.as_deref()), 1);
    let scale = dress.scale.map(|href| view! { <link rel="stylesheet" href=href /> });
    let PageAssets { css, script, wasm, link, extras: _, reload_port } = assets.clone();
    // While the files change under their names, none may be kept.
    let start = start(&script, &wasm, reload_port.is_none());
    let reload = reload_port.map(|port| {
        view! { <script nonce=nonce.clone() inner_html=reload(port)></script> }
    });
    view! {
        <!DOCTYPE html>
        <html lang=language.as_str() dir=language.dir() data-theme=dress.theme.as_str()
            data-person=dress.person>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <title>{title}</title>
                <meta name="color-scheme" content="dark light" />
                {theme}
                <link rel="preload" href=FONT r#as="font" type="font/woff2" crossorigin="" />
                <link rel="stylesheet" href=css />
                {scale}
                <link rel="modulepreload" href=script nonce=nonce.clone() />
                {link.map(|link| view! { <link rel="modulepreload" href=link nonce=nonce.clone() /> })}
                <link rel="preload" href=wasm r#as="fetch" type="application/wasm" crossorigin="" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
            </head>
            <body>
                <noscript>
                    <p class="still">
                        {words.say(Word::NoScript)}
                    </p>
                </noscript>
                <div id=ROOT_ID data-page="board" inner_html=board></div>
                <div class="crashed" role="alert">
                    <p>
                        {words.say(Word::Crashed)}
                    </p>
                    <a class="button" href="">
                        {words.say(Word::ReloadNow)}
                    </a>
                </div>
                <section class="locked-out" role="alert"></section>
                <script type="application/json" id=DATA_ID inner_html=data></script>
                <script type="module" nonce=nonce inner_html=start></script>
                {reload}
            </body>
        </html>
    }
}

/// What somebody has done while they were cut off waits for them, and for nobody who
/// comes to the device after them; what the device knew of their boards goes.
const APART: &str = "try{const l=localStorage,p=document.documentElement.dataset.person,\
    b=l.person||'';if(b!=p){for(const k of Object.keys(l))if(/^known/.test(k))l.removeItem(k);\
    else if(/^outbox/.test(k)){l.setItem(`aside/${b}/${k}`,l[k]);l.removeItem(k)}\
    const a=`aside/${p}/`;for(const k of Object.keys(l))if(k.startsWith(a)){\
    l.setItem(k.slice(a.length),l[k]);l.removeItem(k)}l.person=p}}catch{}";

/// The link to the account of whoever is logged in.
fn way_to_account(you: Option<&str>) -> String {
    let mut html = Html::default();
    if let Some(name) = you {
        html.raw("<a class=\"button you\" href=\"/account\"><bdi>").text(name);
        html.raw("</bdi></a>");
    }
    html.done()
}

/// Loads the module and starts it. When that fails, then or later, the page
/// says so and loads itself anew, ever more slowly.
fn start(script: &str, wasm: &str, keep: bool) -> String {
    let (script, wasm) = (js_string(script), js_string(wasm));
    let keep = if keep {
        // Once an hour it keeps the page anew, as the server has it then.
        format!(
            ".then(()=>navigator.serviceWorker?.register('{}').catch(()=>0))\
             .then(()=>setInterval(()=>navigator.serviceWorker?.controller?.postMessage('renew'),\
             3600000))",
            worker::ADDRESS
        )
    } else {
        String::new()
    };
    format!(
        "const crashed=()=>{{const d=document.documentElement.dataset;if(d.crashed)return;\
         d.crashed='';let n=0;try{{n=+sessionStorage.crashes||0;sessionStorage.crashes=n+1}}catch{{}}\
         setTimeout(()=>location.reload(),Math.min(60000,3000*2**n))}};\
         addEventListener('{CRASHED_EVENT}',crashed);\
         setTimeout(()=>{{try{{delete sessionStorage.crashes}}catch{{}}}},120000);\
         let s;addEventListener('{COMMAND_EVENT}',({{detail}})=>(s??=import('/sound.js'))\
         .then(m=>m.default(detail)).catch(e=>{{s=undefined;console.warn(e);\
         document.documentElement.dataset.sound='blocked';\
         dispatchEvent(new Event('{STANDING_EVENT}'))}}));\
         let w;const again=async()=>{{try{{const a=await fetch('/pair/again'),\
         n=document.querySelector('.locked-out'),t=a.headers.get('content-location');\
         if(a.status==204){{if(t&&t!=location.pathname)location=t;\
         else if(n.firstChild)location.reload();w=0;return}}\
         if(a.ok){{n.innerHTML=await a.text();document.documentElement.dataset.lockedOut=''}}}}catch{{}}setTimeout(again,3000)}};\
         const out=()=>{{if(!w)w=1,again()}},tabs=new BroadcastChannel('refused');\
         tabs.onmessage=out;addEventListener('{REFUSED_EVENT}',()=>{{tabs.postMessage(0);out()}});\
         {APART};\
         import({script}).then(m=>m.default({{module_or_path:{wasm}}}).then(()=>m.hydrate()))\
         {keep}.catch(e=>{{console.error(e);crashed()}})"
    )
}

/// Development only: takes new style sheets in place, and reloads for the rest.
fn reload(port: u16) -> String {
    format!(
        "(()=>{{const w=new WebSocket('ws://127.0.0.1:{port}/live_reload');\
         w.onmessage=e=>{{const m=JSON.parse(e.data);if(m.all)location.reload();\
         if(m.css)for(const l of document.querySelectorAll('link[rel=stylesheet]'))\
         l.href=l.href.split('?')[0]+'?'+Date.now()}};\
         w.onclose=()=>console.warn('live reload is gone')}})()"
    )
}

/// `text` as a JavaScript string in a script element.
fn js_string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::{
        domain::{
            Actor, ActorKind, Channel, Currency, Customer, Flags, FoodOrder, Fulfilment, Intake,
            LastChange, Location, MinorUnits, Money, OrderId, OrderNumber, OrderStatus, Source,
            Times, UnixMillis, Version, What, screen::Language,
        },
        wire::{BoardSettings, Epoch, EventId, Seq, Stats, StreamFilter},
    };

    fn order(name: &str) -> FoodOrder {
        let euro = Currency::parse("EUR").expect("valid");
        let none = MinorUnits(0);
        FoodOrder {
            id: OrderId(uuid::Uuid::from_u128(7)),
            number: OrderNumber(142),
            location: Location::parse("main").expect("valid"),
            version: Version::FIRST,
            status: OrderStatus::Placed,
            source: Source {
                channel: Channel::parse("web").expect("valid"),
                external_id: None,
                accept_by: None,
                placed_at: None,
            },
            fulfilment: Fulfilment::default(),
            customer: Customer { name: name.to_owned(), phone: None },
            revision: 0,
            items: Vec::new(),
            money: Money {
                currency: euro,
                subtotal: none,
                tax: none,
                tip: none,
                fees: none,
                discount: none,
                total: none,
            },
            flags: Flags::default(),
            unaware: Vec::new(),
            erased: crate::domain::Erased::default(),
            times: Times { placed_at: UnixMillis(940_000), ..Times::default() },
            last_change: LastChange {
                from: None,
                to: OrderStatus::Placed,
                what: What::Status,
                at: UnixMillis(940_000),
                actor: Actor { kind: ActorKind::Customer, id: "web".to_owned() },
                reason: None,
            },
        }
    }

    fn page(orders: Vec<FoodOrder>) -> BoardPage {
        BoardPage {
            open: orders.len() as u64,
            orders,
            cursor: EventId { epoch: Epoch(1), seq: Seq(9) },
            server_time: UnixMillis(1_000_000),
            stations: Vec::new(),
            stats: Stats::default(),
            intake: Intake::default(),
            words: Vec::new(),
            filter: StreamFilter::default(),
            settings: BoardSettings {
                version: "0.1.0".to_owned(),
                location: "Main & <Street>".to_owned(),
                currency: Currency::parse("EUR").expect("valid"),
                heartbeat_ms: 5_000,
                utc_offset_s: 0,
                clock_change: None,
                clock_rate: 1,
                language: Language::English,
                demo: false,
                view: crate::domain::screen::View::Columns,
                screen: None,
                actor: None,
            },
        }
    }

    async fn render(page: BoardPage, reload_port: Option<u16>) -> (String, String) {
        let assets = PageAssets {
            css: "/pkg/board.css".to_owned(),
            script: "/pkg/board.js".to_owned(),
            wasm: "/pkg/board.wasm".to_owned(),
            link: None,
            extras: None,
            reload_port,
        };
        let _ = any_spawner::Executor::init_tokio();
        let response = board(page, Dress::default(), &assets, Request::new(Body::empty())).await;
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        let policy = policy.to_owned();
        let body = response.into_body().collect().await.expect("a whole body").to_bytes();
        (policy, String::from_utf8(body.to_vec()).expect("UTF-8"))
    }

    #[tokio::test]
    async fn a_page_is_complete_without_a_script_and_does_not_claim_to_be_live() {
        let (_, html) = render(page(vec![order("Maria K")]), None).await;
        for part in ["142", "Maria K", "1:00", "Accept", "Connecting…", "Main &amp; &lt;Street&gt;"]
        {
            assert!(html.contains(part), "{part} is missing");
        }
        assert!(!html.contains(">Live<"));
    }

    #[tokio::test]
    async fn a_board_whose_orders_cannot_be_read_is_a_page_that_comes_back() {
        let assets = PageAssets {
            css: "/pkg/board.css".to_owned(),
            script: String::new(),
            wasm: String::new(),
            link: None,
            extras: None,
            reload_port: None,
        };
        let words = super::super::language::words(Language::English);
        let response = away(&assets, words);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let body = response.into_body().collect().await.expect("a whole body").to_bytes();
        let html = String::from_utf8(body.to_vec()).expect("UTF-8");
        assert!(html.contains("http-equiv=\"refresh\"") && html.contains("/pkg/board.css"));
        assert!(!html.contains("<script") && !html.contains(" style="));
    }

    #[tokio::test]
    async fn nothing_that_a_customer_writes_becomes_markup() {
        let (_, html) = render(page(vec![order("</script><img src=x>")]), None).await;
        assert!(!html.contains("<img"));
        let data = html.split_once("id=\"page-data\">").expect("the data").1;
        let data = data.split_once("</script>").expect("its end").0;
        let back: BoardPage = serde_json::from_str(data).expect("the page");
        assert_eq!(back.orders[0].customer.name, "</script><img src=x>");
    }

    #[tokio::test]
    async fn every_script_has_the_nonce_of_its_response() {
        let (first, html) = render(page(Vec::new()), Some(3101)).await;
        let (second, _) = render(page(Vec::new()), None).await;
        let nonce = |policy: &str| {
            let rest = policy.split_once("'nonce-").expect("a nonce").1.to_owned();
            rest.split_once('\'').expect("its end").0.to_owned()
        };
        assert_ne!(nonce(&first), nonce(&second));
        assert!(first.contains("connect-src 'self' ws://127.0.0.1:3101;"));
        assert!(second.contains("connect-src 'self';"));
        let scripts = html.matches("<script").count();
        let with_nonce = html.matches(&format!(" nonce=\"{}\"", nonce(&first))).count();
        // The data is no script, and the preload carries the nonce too. (The
        // framework has scripts of its own at the end.)
        assert_eq!(scripts, with_nonce);
        assert!(scripts >= 4);
        assert!(!html.contains(" style=") && !html.contains("<style"));
    }
}
