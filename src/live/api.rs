//! Requests to the server: JSON there, JSON or a problem back.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestInit, Response};

use crate::domain::{Actor, FoodOrder, ItemStatus, OrderStatus, Version};

/// A request that has no answer after this has failed.
const ANSWER_WITHIN_MS: u32 = 10_000;

/// The body of `POST /api/orders/{id}/transitions`.
#[derive(Serialize)]
pub struct TransitionBody<'a> {
    /// Where to.
    pub to: OrderStatus,
    /// The version that whoever wishes it sees.
    pub expected_version: Version,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// Who.
    pub actor: Actor,
}

/// The body of `PATCH /api/orders/{id}/items/{item}`.
#[derive(Serialize)]
pub struct ItemBody {
    /// As what to mark it.
    pub status: ItemStatus,
    /// The version that whoever wishes it sees.
    pub expected_version: Version,
}

/// The answer to `GET /api/orders`.
#[derive(Deserialize)]
pub struct OrderList {
    /// The newest first.
    pub orders: Vec<FoodOrder>,
}

/// What is read of an RFC 9457 problem.
#[derive(Deserialize)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
}

/// `GET url`.
///
/// # Errors
/// Why there is no answer, in words for the page.
pub async fn get<T: DeserializeOwned>(url: &str) -> Result<T, String> {
    request("GET", url, None).await
}

/// Sends `body` and reads the answer.
///
/// # Errors
/// Why it was refused or has no answer, in words for the page.
pub async fn send<T: DeserializeOwned>(
    method: &str,
    url: &str,
    body: &impl Serialize,
) -> Result<T, String> {
    let body = serde_json::to_string(body).map_err(|error| error.to_string())?;
    request(method, url, Some(body)).await
}

async fn request<T: DeserializeOwned>(
    method: &str,
    url: &str,
    body: Option<String>,
) -> Result<T, String> {
    let (ok, status, text) =
        exchange(method, url, body).await.map_err(|_| "no answer from the server".to_owned())?;
    if ok {
        return serde_json::from_str(&text).map_err(|_| "the answer cannot be read".to_owned());
    }
    let problem = serde_json::from_str::<Problem>(&text).ok();
    Err(problem
        .and_then(|problem| problem.detail.or(problem.title))
        .unwrap_or_else(|| format!("the server answered {status}")))
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
