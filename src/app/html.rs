//! Markup as text, for what has no signal of its own.
//!
//! Every node of a `view!` is code that each browser has to fetch, and every
//! closure in one is a task of its own there. So what is on the board is written
//! here instead, by one function for the server and the browser. Markup can only
//! come from the program itself (`&'static str`); whatever else is put in is
//! escaped.

use leptos::prelude::*;
use web_sys::Element;

use crate::live::later;

/// How long a press is waited for that is under way: it is a tap, or something else.
const PRESS_MS: u32 = 400;

/// What markup begins with that the server writes for a page that is there.
pub const FRAGMENT: &str = "<dl class=\"facts\">";

/// Markup under construction.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Adds markup of the program's own.
    pub fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text, escaped for content and for quoted attributes.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                character => self.0.push(character),
            }
        }
        self
    }

    /// Adds a number.
    pub fn number(&mut self, number: u32) -> &mut Self {
        self.0.push_str(&number.to_string());
        self
    }

    /// Adds the icon `name`; for the eye alone, a word always stands beside it.
    pub fn icon(&mut self, name: &'static str) -> &mut Self {
        self.raw("<span class=\"icon icon-").raw(name).raw("\" aria-hidden=\"true\"></span>")
    }

    /// The markup so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The markup.
    #[must_use]
    pub fn done(&mut self) -> String {
        std::mem::take(&mut self.0)
    }
}

/// Text or markup that follows signals. One type for all of them, because the
/// browser fetches the machinery anew for every type.
type Live = Box<dyn FnMut() -> String + Send>;

/// The places of the page outside its tickets that follow signals. The server
/// writes what each one says first; the browser finds each by its id, and
/// writes again only when that has changed.
#[derive(Default)]
pub struct Spots(Vec<Spot>);

struct Spot {
    id: String,
    /// Whether it is the element's class that follows, or its content.
    class: bool,
    says: Live,
}

impl Spots {
    /// The content of `id` says, as markup, what `says` gives.
    pub fn content(&mut self, id: &str, says: impl FnMut() -> String + Send + 'static) {
        self.0.push(Spot { id: id.to_owned(), class: false, says: Box::new(says) });
    }

    /// The class of `id` is what `says` gives.
    pub fn class(&mut self, id: &str, says: impl FnMut() -> String + Send + 'static) {
        self.0.push(Spot { id: id.to_owned(), class: true, says: Box::new(says) });
    }

    /// Lets every place on the page follow from now on.
    pub fn follow(self) {
        self.follow_from(|_, _| None);
    }

    /// The same for what the page may no longer say.
    pub fn catch_up(self) {
        self.follow_from(|element, class| {
            Some(if class { element.class_name() } else { element.inner_html() })
        });
    }

    fn follow_from(self, before: fn(&Element, bool) -> Option<String>) {
        for Spot { id, class, mut says } in self.0 {
            let element = document().get_element_by_id(&id);
            let mut said = element.as_ref().and_then(|element| before(element, class));
            let (waits, mut begun) = (RwSignal::new(0), None);
            effect(move || {
                let waited = waits.get();
                let now = says();
                if let (Some(element), Some(before)) = (&element, &said)
                    && *before != now
                {
                    // A press on what goes before the finger does would be no press.
                    let pressed = !class && element.matches(":active").unwrap_or_default();
                    if pressed && begun.is_none_or(|it| it == waited) {
                        if begun.replace(waited).is_none() {
                            later(PRESS_MS, move || waits.set(waited + 1));
                        }
                        return;
                    }
                    begun = None;
                    // Text alone takes no parser, which wakes up slowly.
                    let plain = !class && !before.is_empty() && !has_markup(before);
                    let text = if plain { element.first_child() } else { None };
                    match text.filter(|_| !has_markup(&now)) {
                        _ if class => element.set_class_name(&now),
                        Some(text) => text.set_node_value(Some(&now)),
                        None => element.set_inner_html(&now),
                    }
                }
                said = Some(now);
            });
        }
    }

    /// What the content, or the class, of `id` says now.
    fn now(&mut self, id: &str, class: bool) -> String {
        let spot = self.0.iter_mut().find(|spot| spot.id == id && spot.class == class);
        spot.map_or_else(String::new, |spot| (spot.says)())
    }
}

fn has_markup(text: &str) -> bool {
    text.contains(['<', '&'])
}

impl Html {
    /// Writes what the content of `id` says first.
    pub fn content(&mut self, spots: &mut Spots, id: &str) -> &mut Self {
        self.0.push_str(&spots.now(id, false));
        self
    }

    /// Writes what the class of `id` says first.
    pub fn class(&mut self, spots: &mut Spots, id: &str) -> &mut Self {
        self.0.push_str(&spots.now(id, true));
        self
    }

    /// Writes markup that the server has written; see [`FRAGMENT`].
    pub fn fragment(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Writes `item`, an item of a list, as one that takes `span` columns and
    /// `tall` rows.
    pub fn sized(&mut self, item: &Self, span: usize, tall: usize) -> &mut Self {
        self.raw("<li data-span=\"").text(&span.to_string());
        self.raw("\" data-tall=\"").text(&tall.to_string()).raw("\"");
        self.0.push_str(item.0.strip_prefix("<li").unwrap_or(&item.0));
        self
    }

    /// Writes other markup.
    pub fn html(&mut self, html: &Self) -> &mut Self {
        self.0.push_str(&html.0);
        self
    }
}

/// Runs `run` in the browser, now and whenever a signal that it reads has
/// changed. One type for all, for the browser's sake.
pub fn effect(run: impl FnMut() + 'static) {
    let mut run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(move |_: Option<()>| run());
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn text_never_becomes_markup() {
        let mut html = Html::default();
        html.raw("<b title=\"").text("\" onclick='x'").raw("\">").text("<i>&amp;</i>").raw("</b>");
        assert_eq!(
            html.done(),
            "<b title=\"&quot; onclick=&#39;x&#39;\">&lt;i&gt;&amp;amp;&lt;/i&gt;</b>"
        );
    }
}
