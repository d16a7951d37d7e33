//! stub
pub struct PageAssets {
    pub css: String,
    pub script: String,
    pub wasm: String,
    pub reload_port: Option<u16>,
}
pub async fn board(
    page: crate::wire::BoardPage,
    _assets: &PageAssets,
    _request: axum::extract::Request,
) -> axum::response::Response {
    axum::response::IntoResponse::into_response(axum::Json(page))
}
