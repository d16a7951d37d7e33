//! Requests to the server: JSON there, JSON or a problem back.

use std::{future::Future, pin::Pin};

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestInit, Response};

use crate::{
    app::html::FRAGMENT,
    domain::{FoodOrder, OrderId},
    wire::lean::{Json, Lean},
    words::{Word, say, spoken},
};

/// A request that has no answer after this has failed.
const ANSWER_WITHIN_MS: u32 = 10_000;

/// What a refusal of a version that no longer stands has as its status.
const STALE: u16 = 412;

/// The code of a server that does not know whether something was done.
const UNKNOWN: &str = "outcome_unknown";

/// Runs `work`. One type for all, for the browser's sake.
pub fn spawn(work: Pin<Box<dyn Future<Output = ()>>>) {
    leptos::task::spawn_local(work);
}

/// The orders of a list that the server answered, and whether there are others.
///
/// # Errors
/// It is none.
pub fn orders(text: &str) -> Result<(Vec<FoodOrder>, bool), String> {
    let list = |mut answer: Json| {
        let orders = Lean::read(answer.take("orders")?)?;
        Some((orders, answer.take("more") == Some(Json::Bool(true))))
    };
    Json::parse(text).and_then(list).ok_or_else(unreadable)
}

/// Where order `id` is.
#[must_use]
pub fn path_of(id: OrderId) -> String {
    ["/api/orders/", &id.to_string()].concat()
}

/// Order `id` as it stands.
pub async fn order(id: OrderId) -> Option<FoodOrder> {
    let (ok, _, text) = exchange("GET", &path_of(id), None, None).await.ok()?;
    FoodOrder::parse(&text).filter(|_| ok)
}

/// What the server has written for the page at `url`, as markup.
pub async fn fragment(url: &str) -> Option<String> {
    let (ok, _, text) = exchange("GET", url, None, None).await.ok()?;
    // Something between here and there may answer with a page of its own.
    (ok && text.starts_with(FRAGMENT)).then_some(text)
}

/// A change that is not known to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why, without what it means for a change.
    pub why: String,
    /// What the page says of it.
    pub words: String,
    /// The status of an answer that it was not carried out; 0 where it may have been: an
    /// answer can be lost on the way, a proxy that gives one of its own does not know, and
    /// a server whose disk failed may not know either.
    pub status: u16,
}

impl Failure {
    /// Whether the server has answered that it has not carried it out.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.status != 0
    }

    /// Whether the order stands otherwise than whoever asked had seen it.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self.status, 409 | 412)
    }

    /// Whether the order has changed since whoever asked had seen it.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.status == STALE
    }

    /// Whether the same might be done a moment later.
    #[must_use]
    pub fn is_for_now(&self) -> bool {
        matches!(self.status, 0 | 408 | 429 | 503)
    }
}

/// What the server answers to `GET url`; none without an answer that is JSON.
pub async fn get(url: &str) -> Option<Json> {
    match exchange("GET", url, None, None).await {
        Ok((true, _, text)) => Json::parse(&text),
        _ => None,
    }
}

/// Sends `body`, a change to an order; the order after it.
///
/// # Errors
/// It was refused, or there is no answer.
pub async fn change(method: &'static str, url: &str, body: String) -> Result<FoodOrder, Failure> {
    let text = send(method, url, Some(body), None).await?;
    FoodOrder::parse(&text).ok_or_else(|| failure(unreadable(), 0))
}

/// Asks `url`, with `body` where something is to change, and tells `then` what the
/// server answers. One future for all who need no more than that.
pub fn ask(
    method: &'static str,
    url: String,
    body: Option<String>,
    then: Box<dyn FnOnce(Result<String, Failure>)>,
) {
    spawn(Box::pin(async move { then(send(method, &url, body, None).await) }));
}

/// Sends `body`, which makes something new, by POST; `key` is the same when it is
/// sent again because there was no answer, so that it makes it once.
pub fn make(
    url: &'static str,
    body: String,
    key: String,
    then: Box<dyn FnOnce(Result<String, Failure>)>,
) {
    spawn(Box::pin(async move { then(send("POST", url, Some(body), Some(&key)).await) }));
}

/// Sends `body`, if there is any, under an idempotency key; what the server answers.
///
/// # Errors
/// It was refused, or there is no answer.
async fn send(
    method: &'static str,
    url: &str,
    body: Option<String>,
    key: Option<&str>,
) -> Result<String, Failure> {
    let (why, status) = match exchange(method, url, body, key).await {
        Ok((true, _, text)) => return Ok(text),
        Ok((false, status, text)) => refusal(status, &text),
        Err(_) => (unanswered(), 0),
    };
    Err(failure(why, status))
}

fn failure(why: String, status: u16) -> Failure {
    let word = if status == 0 { Word::NotConfirmed } else { Word::NotSaved };
    Failure { words: spoken().with(word, &why), why, status }
}

/// Sends `body`, if there is one; the text of the answer.
///
/// # Errors
/// It was refused, or there is no answer; in words for the page.
pub async fn answer(method: &str, url: &str, body: Option<String>) -> Result<String, String> {
    match exchange(method, url, body, None).await {
        Ok((true, _, text)) => Ok(text),
        Ok((false, status, text)) => Err(refusal(status, &text).0),
        Err(_) => Err(unanswered()),
    }
}

fn unanswered() -> String {
    say(Word::NoAnswer).to_owned()
}

fn unreadable() -> String {
    say(Word::Unreadable).to_owned()
}

/// What a refusal with `status` says, its detail, or else its title; and that status, if
/// it is certain that nothing was done. The server's are told from a proxy's by their code.
fn refusal(status: u16, problem: &str) -> (String, u16) {
    let mut sure = 0;
    let says = Json::parse(problem).and_then(|mut problem| {
        let Json::Text(code) = problem.take("code")? else { return None };
        if code != UNKNOWN {
            sure = status;
        }
        match problem.take("detail").or_else(|| problem.take("title"))? {
            Json::Text(text) => Some(text),
            _ => None,
        }
    });
    (says.unwrap_or_else(|| spoken().with(Word::ServerAnswered, &status.to_string())), sure)
}

async fn exchange(
    method: &str,
    url: &str,
    body: Option<String>,
    key: Option<&str>,
) -> Result<(bool, u16, String), JsValue> {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_WITHIN_MS)));
    if let Some(body) = &body {
        init.set_body(&JsValue::from_str(body));
    }
    let request = Request::new_with_str_and_init(url, &init)?;
    // A refusal is shown as it comes.
    request.headers().set("accept-language", spoken().language.as_str())?;
    if body.is_some() {
        request.headers().set("content-type", "application/json")?;
    }
    if let Some(key) = key {
        request.headers().set("idempotency-key", key)?;
    }
    let response = JsFuture::from(leptos::prelude::window().fetch_with_request(&request)).await?;
    let response: Response = response.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.ok(), response.status(), text.as_string().unwrap_or_default()))
}
