//! The stroke icons, drawn for this board on a 24-unit grid. The page carries
//! their shapes once, as [`SPRITE`]; markup only refers to one, by [`Html::icon`](super::html::Html::icon).

use crate::domain::Service;

/// Every shape, hidden, for the page to hold outside the part that the browser takes over.
pub const SPRITE: &str = concat!(
    r#"<svg class="sprite" aria-hidden="true" focusable="false">"#,
    r#"<symbol id="i-pickup" viewBox="0 0 24 24"><path d="M5 8h14l1 13H4zM8.5 11V7a3.5 3.5 0 0 1 7 0v4"/></symbol>"#,
    r#"<symbol id="i-delivery" viewBox="0 0 24 24"><circle cx="6" cy="18" r="2.5"/><circle cx="18" cy="18" r="2.5"/><path d="M8.5 18h7M2.5 18V6h12v12M14.5 9.5H19l3 4.5v4h-1.5"/></symbol>"#,
    r#"<symbol id="i-dine_in" viewBox="0 0 24 24"><path d="M6 3v5a2.5 2.5 0 0 0 5 0V3M8.5 3v18M17.5 14V3c-2 0-3.5 3-3.5 6.5 0 2.5 1.2 4.5 3.5 4.5zv7"/></symbol>"#,
    r#"<symbol id="i-curbside" viewBox="0 0 24 24"><path d="M3 17v-5l2.5-6h13L21 12v5zM3 12h18M5 17v2.5M19 17v2.5M6.5 14.5h1.5M16 14.5h1.5"/></symbol>"#,
    r#"<symbol id="i-warning" viewBox="0 0 24 24"><path d="M12 3.5 22 20.5H2zM12 10v5M12 17.5v.5"/></symbol>"#,
    r#"<symbol id="i-check" viewBox="0 0 24 24"><path d="m4.5 12.5 5 5 10-11"/></symbol>"#,
    r#"<symbol id="i-close" viewBox="0 0 24 24"><path d="m6 6 12 12M18 6 6 18"/></symbol>"#,
    r#"<symbol id="i-back" viewBox="0 0 24 24"><path d="M9 14 4 9l5-5M4.5 9H15a5 5 0 0 1 0 10.5H9"/></symbol>"#,
    r#"<symbol id="i-rush" viewBox="0 0 24 24"><path d="m5 12 7-7 7 7M5 19l7-7 7 7"/></symbol>"#,
    r#"<symbol id="i-pause" viewBox="0 0 24 24"><path d="M8 5v14M16 5v14"/></symbol>"#,
    r#"<symbol id="i-screen" viewBox="0 0 24 24"><path d="M3 4.5h18v12H3zM12 16.5V20M8 20h8"/></symbol>"#,
    r#"<symbol id="i-dark" viewBox="0 0 24 24"><path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"/></symbol>"#,
    r#"<symbol id="i-light" viewBox="0 0 24 24"><circle cx="12" cy="12" r="4"/><path d="M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2"/></symbol>"#,
    r#"<symbol id="i-auto" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8.5"/><path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="currentColor"/></symbol>"#,
    "</svg>"
);

/// The icon of a service.
#[must_use]
pub fn of_service(service: Service) -> &'static str {
    service.as_str()
}
