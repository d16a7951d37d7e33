//! What customers are told, in each language: one file for each, compiled in.
//! They are not among the board's words, which every screen carries with it.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use serde::Deserialize;

use crate::{
    domain::{OrderStatus, Service, screen::Language},
    server::language,
};

/// One language's texts. A field that a file does not have, or has too many, is
/// a test that fails.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    #[serde(skip)]
    pub(super) language: Language,
    /// `{}` is its number.
    pub(super) order: String,
    /// `{}` is a name.
    pub(super) for_name: String,
    /// The steps.
    pub(super) progress: String,
    pub(super) received: String,
    pub(super) preparing: String,
    pub(super) ready: String,
    pub(super) collected: String,
    pub(super) on_its_way: String,
    pub(super) served: String,
    /// For who hears the steps: past, present and to come.
    pub(super) step_done: String,
    pub(super) step_now: String,
    pub(super) step_next: String,
    /// The sentences.
    pub(super) is_placed: String,
    pub(super) is_accepted: String,
    /// `{}` is a time.
    pub(super) is_for_later: String,
    pub(super) is_preparing: String,
    pub(super) is_ready_pickup: String,
    pub(super) is_ready_delivery: String,
    pub(super) is_ready_dine_in: String,
    pub(super) is_ready_curbside: String,
    pub(super) is_out: String,
    pub(super) is_collected: String,
    pub(super) is_delivered: String,
    pub(super) is_served: String,
    pub(super) is_rejected: String,
    pub(super) is_expired: String,
    pub(super) is_cancelled: String,
    pub(super) is_failed: String,
    /// `{}` is a range of times.
    pub(super) ready_about: String,
    pub(super) planned_for: String,
    pub(super) now_about: String,
    /// Why it was called off.
    pub(super) because_customer: String,
    pub(super) because_sold_out: String,
    pub(super) because_busy: String,
    pub(super) because_closing: String,
    pub(super) because_duplicate: String,
    pub(super) please_ask: String,
    /// `{}` are allergens.
    pub(super) allergy_known: String,
    pub(super) allergy_noted: String,
    pub(super) your_order: String,
    pub(super) taken_off: String,
    pub(super) without: String,
    pub(super) with: String,
    pub(super) extra: String,
    pub(super) instead: String,
    /// `{}` is a time.
    pub(super) live: String,
    pub(super) as_of: String,
    pub(super) not_live: String,
    pub(super) offline: String,
    pub(super) refreshes: String,
    pub(super) contact: String,
    pub(super) over_title: String,
    pub(super) over_text: String,
    pub(super) nothing_title: String,
    pub(super) nothing_text: String,
    pub(super) away_title: String,
    pub(super) away_text: String,
    /// What a customer can do. `{}` is the order's number.
    pub(super) cancel: String,
    pub(super) cancel_title: String,
    pub(super) cancel_text: String,
    pub(super) cancel_yes: String,
    pub(super) cancel_no: String,
    pub(super) late_title: String,
    pub(super) late_text: String,
    pub(super) back: String,
    /// `{}` is a telephone number.
    pub(super) call: String,
    pub(super) here: String,
    pub(super) here_label: String,
    /// `{}` is a time.
    pub(super) is_here: String,
}

const FILES: [(Language, &str); 3] = [
    (Language::English, include_str!("texts/en.toml")),
    (Language::German, include_str!("texts/de.toml")),
    (Language::Arabic, include_str!("texts/ar.toml")),
];

static TEXTS: LazyLock<[Texts; 3]> = LazyLock::new(|| {
    // A file that cannot be read would be empty: the tests do not let that happen.
    FILES.map(|(language, file)| Texts { language, ..toml::from_str(file).unwrap_or_default() })
});

impl Texts {
    /// Those of `language`.
    pub(super) fn of(language: Language) -> &'static Self {
        let [english, german, arabic] = &*TEXTS;
        match language {
            Language::English => english,
            Language::German => german,
            Language::Arabic => arabic,
        }
    }

    /// Those that a customer reads best who sends `headers`; in `otherwise` where
    /// they ask for none of ours.
    pub(super) fn asked_for(headers: &HeaderMap, otherwise: Language) -> &'static Self {
        Self::of(language::preferred(headers).unwrap_or(otherwise))
    }

    /// The sentence that says where an order of `service` stands.
    pub(super) fn sentence(&self, status: OrderStatus, service: Service) -> &str {
        match (status, service) {
            (OrderStatus::Placed, _) => &self.is_placed,
            (OrderStatus::Accepted, _) => &self.is_accepted,
            (OrderStatus::Preparing, _) => &self.is_preparing,
            (OrderStatus::Ready, Service::Pickup) => &self.is_ready_pickup,
            (OrderStatus::Ready, Service::Delivery) => &self.is_ready_delivery,
            (OrderStatus::Ready, Service::DineIn) => &self.is_ready_dine_in,
            (OrderStatus::Ready, Service::Curbside) => &self.is_ready_curbside,
            (OrderStatus::OutForDelivery, _) => &self.is_out,
            (OrderStatus::Completed, Service::Delivery) => &self.is_delivered,
            (OrderStatus::Completed, Service::DineIn) => &self.is_served,
            (OrderStatus::Completed, _) => &self.is_collected,
            (OrderStatus::Rejected, _) => &self.is_rejected,
            (OrderStatus::Expired, _) => &self.is_expired,
            (OrderStatus::Cancelled, _) => &self.is_cancelled,
            (OrderStatus::Failed, _) => &self.is_failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_whole() {
        let english: toml::Table = FILES[0].1.parse().expect("TOML");
        for (language, file) in FILES {
            let texts: Result<Texts, _> = toml::from_str(file);
            assert!(texts.is_ok(), "{language:?}: {texts:?}");
            let table: toml::Table = file.parse().expect("TOML");
            for (name, text) in &table {
                let (text, other) = (text.as_str().expect("a text"), &english[name]);
                assert!(!text.is_empty(), "{name}");
                let places = |text: &str| text.matches("{}").count();
                assert_eq!(places(text), places(other.as_str().expect("a text")), "{name}");
            }
        }
    }
}
