//! The back office: where managers let others in and send events out, and see who
//! did what. Plain documents with plain forms, which work without a script;
//! whatever is done is a `POST` that leads to a page, and that page says it once.
//!
//! | module | is about |
//! |---|---|
//! | [`users`] | who logs in |
//! | [`keys`] | what programs have |
//! | [`devices`] | screens that wait, and those that are paired |
//! | [`webhooks`] | where events go |
//! | [`secrets`] | channels that sign their orders |
//! | [`audit`] | who did what |
//! | [`parts`] | what the pages have in common |

pub(super) mod audit;
pub(super) mod devices;
pub(super) mod keys;
mod parts;
pub(super) mod secrets;
pub(super) mod users;
pub(super) mod webhooks;

use axum::response::Response;

use super::forms::see;

/// `GET /access`: where everything begins.
pub(super) async fn begin() -> Response {
    see("/access/users")
}
