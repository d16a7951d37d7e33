//! Markup as text, for what has no signal of its own.
//!
//! Every node of a `view!` is code that each browser has to fetch: what is
//! only read, such as the lines of a ticket, is written here instead, by one
//! function for the server and the browser. Markup can only come from the
//! program itself (`&'static str`); whatever else is put in is escaped.

use leptos::prelude::*;

/// Markup under construction.
#[derive(Debug, Default)]
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
        self.raw("<svg class=\"icon\" aria-hidden=\"true\" focusable=\"false\"><use href=\"#i-")
            .raw(name)
            .raw("\"/></svg>")
    }

    /// The markup.
    #[must_use]
    pub fn done(&mut self) -> String {
        std::mem::take(&mut self.0)
    }
}

/// Text or markup that follows signals. One type for all of them, because the
/// browser fetches the machinery anew for every type.
pub type Live = Box<dyn FnMut() -> String + Send>;

/// `read`, to be called again whenever a signal that it reads changes.
pub fn live(read: impl FnMut() -> String + Send + 'static) -> Live {
    Box::new(read)
}

/// An element that holds nothing but the markup or text of `content`.
pub fn span(class: &'static str, content: Live) -> impl IntoView {
    view! { <span class=class inner_html=content></span> }
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
