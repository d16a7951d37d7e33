//! stub
use crate::domain::*;
pub struct DemoSettings {
    pub seed: u64,
    pub speed: u32,
    pub orders_per_day: u32,
    pub utc_offset_s: i32,
    pub location: Location,
    pub currency: Currency,
}
pub fn opens_at(now: UnixMillis, _: &DemoSettings) -> UnixMillis {
    now
}
pub async fn run(
    _s: DemoSettings,
    _a: std::net::SocketAddr,
    _c: super::clock::Clock,
    f: impl FnOnce() + Send,
    _t: tokio_util::sync::CancellationToken,
) -> anyhow::Result<()> {
    f();
    Ok(())
}
