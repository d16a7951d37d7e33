//! Requests to the server: JSON there, JSON or a problem back.

use std::{future::Future, pin::Pin};

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestInit, Response};

use crate::{
    domain::FoodOrder,
    wire::lean::{Json, Lean},
    words::{Word, say, spoken},
};

/// A request that has no answer after this has failed.
const ANSWER_WITHIN_MS: u32 = 10_000;

/// Runs `work`. One type for all, for the browser's sake.
pub fn spawn(work: Pin<Box<dyn Future<Output = ()>>>) {
    leptos::task::spawn_local(work);
}

/// `GET url`, a list of orders.
///
/// # Errors
/// Why there is no answer, in words for the page.
pub async fn closed(url: &str) -> Result<Vec<FoodOrder>, String> {
    let (ok, status, text) = exchange("GET", url, None).await.map_err(|_| unanswered())?;
    if !ok {
        return Err(refusal(status, &text));
    }
    let orders = Json::parse(&text).and_then(|mut answer| answer.take("orders"));
    orders.and_then(Lean::read).ok_or_else(unreadable)
}

/// A change that is not known to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the page says of it.
    pub words: String,
    /// Whether the server has answered, and so has not carried it out. Else it
    /// may have: an answer can be lost on the way, and a proxy that gives one
    /// of its own does not know.
    pub answered: bool,
    /// The answer's status; 0 when there is none.
    pub status: u16,
}

impl Failure {
    /// Whether the order stands otherwise than whoever asked had seen it.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.answered && matches!(self.status, 409 | 412)
    }

    /// Whether the same might be done a moment later.
    #[must_use]
    pub fn is_for_now(&self) -> bool {
        !self.answered || matches!(self.status, 408 | 429 | 503)
    }
}

/// What the server answers to `GET url`; none without an answer that is JSON.
pub async fn get(url: &str) -> Option<Json> {
    match exchange("GET", url, None).await {
        Ok((true, _, text)) => Json::parse(&text),
        _ => None,
    }
}

/// Sends `body`, a change to an order; the order after it.
///
/// # Errors
/// It was refused, or there is no answer.
pub async fn change(method: &'static str, url: &str, body: String) -> Result<FoodOrder, Failure> {
    let (why, answered, status) = match exchange(method, url, Some(body)).await {
        Ok((true, _, text)) => match FoodOrder::parse(&text) {
            Some(order) => return Ok(order),
            None => (unreadable(), false, 200),
        },
        Ok((false, status, text)) => (refusal(status, &text), reason(&text).is_some(), status),
        Err(_) => (unanswered(), false, 0),
    };
    let word = if answered { Word::NotSaved } else { Word::NotConfirmed };
    Err(Failure { words: spoken().with(word, &why), answered, status })
}

fn unanswered() -> String {
    say(Word::NoAnswer).to_owned()
}

fn unreadable() -> String {
    say(Word::Unreadable).to_owned()
}

/// What a refusal of this server's says: its detail, or else its title. It is
/// told from what a proxy says by its code.
fn reason(problem: &str) -> Option<String> {
    let mut problem = Json::parse(problem)?;
    let Json::Text(_) = problem.take("code")? else { return None };
    match problem.take("detail").or_else(|| problem.take("title"))? {
        Json::Text(text) => Some(text),
        _ => None,
    }
}

fn refusal(status: u16, problem: &str) -> String {
    reason(problem).unwrap_or_else(|| spoken().with(Word::ServerAnswered, &status.to_string()))
}

async fn exchange(
    method: &str,
    url: &str,
    body: Option<String>,
) -> Result<(bool, u16, String), JsValue> {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_WITHIN_MS)));
    if let Some(body) = &body {
        init.set_body(&JsValue::from_str(body));
    }
    let request = Request::new_with_str_and_init(url, &init)?;
    if body.is_some() {
        request.headers().set("content-type", "application/json")?;
    }
    let response = JsFuture::from(leptos::prelude::window().fetch_with_request(&request)).await?;
    let response: Response = response.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.ok(), response.status(), text.as_string().unwrap_or_default()))
}
