//! The fields of a form, each with what is wrong with it beside it.

use crate::{
    app::html::Html,
    domain::text::count,
    server::{error::FieldError, forms::Filled},
};

/// What is wrong with a field, or with a part of it.
pub(in crate::server) fn wrong<'a>(
    filled: Filled<'a>,
    name: &'a str,
) -> impl Iterator<Item = &'a FieldError> {
    // What is typed beside the boxes belongs to them.
    filled.errors.iter().filter(move |error| {
        error.pointer.strip_prefix('/').is_some_and(|pointer| {
            pointer == name || pointer.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
        })
    })
}

/// Says what is wrong with a field. Whether anything is.
pub(in crate::server) fn complain(html: &mut Html, filled: Filled<'_>, name: &'static str) {
    let mut errors = wrong(filled, name).peekable();
    if errors.peek().is_none() {
        return;
    }
    html.raw("<p class=\"wrong\" id=\"").raw(name).raw("-wrong\">").icon("warning").raw("<span>");
    for (place, error) in errors.enumerate() {
        html.raw(if place > 0 { "; " } else { "" }).text(&error.detail);
    }
    html.raw("</span></p>");
}

/// The attributes that tie a field to its hint and to what is wrong with it.
pub(in crate::server) fn ties(html: &mut Html, filled: Filled<'_>, name: &'static str, hint: bool) {
    let bad = wrong(filled, name).next().is_some();
    if !bad && !hint {
        return;
    }
    html.raw(" aria-describedby=\"");
    if bad {
        html.raw(name).raw("-wrong ");
    }
    if hint {
        html.raw(name).raw("-hint");
    }
    html.raw(if bad { "\" aria-invalid=\"true\"" } else { "\"" });
}

/// What helps to fill in a field.
pub(in crate::server) fn hinted(html: &mut Html, name: &'static str, hint: &'static str) {
    if !hint.is_empty() {
        html.raw("<p class=\"hint\" id=\"").raw(name).raw("-hint\">").raw(hint).raw("</p>");
    }
}

/// A line of text.
pub(in crate::server) fn line(
    html: &mut Html,
    filled: Filled<'_>,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    attributes: &'static str,
) {
    html.raw("<div class=\"entry\"><label for=\"").raw(name).raw("\">").raw(label);
    html.raw("</label><input type=\"text\"");
    entered(html, filled, name, hint, attributes);
}

/// A password, which is never filled in again.
pub(in crate::server) fn password(
    html: &mut Html,
    filled: Filled<'_>,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    attributes: &'static str,
) {
    html.raw("<div class=\"entry\"><label for=\"").raw(name).raw("\">").raw(label);
    html.raw("</label><input type=\"password\" maxlength=\"200\" id=\"").raw(name);
    html.raw("\" name=\"").raw(name).raw("\"").raw(attributes);
    ties(html, filled, name, !hint.is_empty());
    html.raw(">");
    complain(html, filled, name);
    hinted(html, name, hint);
    html.raw("</div>");
}

/// A moment, as the clock on the wall shows it.
pub(in crate::server) fn moment(
    html: &mut Html,
    filled: Filled<'_>,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
) {
    html.raw("<div class=\"entry\"><label for=\"").raw(name).raw("\">").raw(label);
    html.raw("</label><input type=\"datetime-local\"");
    entered(html, filled, name, hint, "");
}

/// One of some in a list, each with its value and its name.
pub(in crate::server) fn choose<'a>(
    html: &mut Html,
    filled: Filled<'_>,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    choices: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    html.raw("<div class=\"entry\"><label for=\"").raw(name).raw("\">").raw(label);
    html.raw("</label><select id=\"").raw(name).raw("\" name=\"").raw(name).raw("\"");
    ties(html, filled, name, !hint.is_empty());
    html.raw(">");
    for (value, told) in choices {
        html.raw("<option value=\"").text(value);
        html.raw(if filled.form.text(name) == value { "\" selected>" } else { "\">" });
        html.text(told).raw("</option>");
    }
    html.raw("</select>");
    complain(html, filled, name);
    hinted(html, name, hint);
    html.raw("</div>");
}

/// A number of some unit.
pub(in crate::server) fn measure(
    html: &mut Html,
    filled: Filled<'_>,
    name: &'static str,
    label: &'static str,
    unit: &'static str,
    attributes: &'static str,
) {
    html.raw("<div class=\"entry measure\"><label for=\"").raw(name).raw("\">").raw(label);
    html.raw(" <span class=\"unit\">").raw(unit).raw("</span></label>");
    html.raw("<input type=\"number\" inputmode=\"decimal\"");
    entered(html, filled, name, "", attributes);
}

/// The rest of a field that somebody types into, and of its entry.
fn entered(
    html: &mut Html,
    filled: Filled<'_>,
    name: &'static str,
    hint: &'static str,
    attributes: &'static str,
) {
    html.raw(" id=\"").raw(name).raw("\" name=\"").raw(name);
    html.raw("\" value=\"").text(filled.form.text(name)).raw("\"").raw(attributes);
    ties(html, filled, name, !hint.is_empty());
    html.raw(">");
    complain(html, filled, name);
    hinted(html, name, hint);
    html.raw("</div>");
}

/// One of a few, all in sight.
pub(in crate::server) fn segments(
    html: &mut Html,
    filled: Filled<'_>,
    name: &'static str,
    legend: &'static str,
    hint: &'static str,
    choices: &[(&'static str, &'static str, &'static str)],
) {
    begin_set(html, filled, name, legend, hint);
    for (place, (value, label, what)) in choices.iter().enumerate() {
        html.raw("<label class=\"choice\"><input type=\"radio\" name=\"").raw(name);
        html.raw("\" value=\"").raw(value).raw("\"");
        // Of what is none of them, such as nothing, the first is taken.
        let known = choices.iter().any(|(value, ..)| filled.form.has(name, value));
        let on = filled.form.has(name, value) || (!known && place == 0);
        html.raw(if on { " checked" } else { "" }).raw("><span><b>").raw(label).raw("</b>");
        if !what.is_empty() {
            html.raw("<span class=\"what\">").raw(what).raw("</span>");
        }
        html.raw("</span></label>");
    }
    html.raw("</div></fieldset>");
}

/// Begins fields that belong together; whoever calls it ends the list and the set.
pub(in crate::server) fn begin_set(
    html: &mut Html,
    filled: Filled<'_>,
    name: &'static str,
    legend: &'static str,
    hint: &'static str,
) {
    html.raw("<fieldset class=\"entry\" id=\"").raw(name).raw("\" tabindex=\"-1\"");
    ties(html, filled, name, !hint.is_empty());
    html.raw("><legend>").raw(legend).raw("</legend>");
    complain(html, filled, name);
    hinted(html, name, hint);
    html.raw("<div class=\"options\">");
}

/// One of some that can be ticked.
pub(in crate::server) fn tick(
    html: &mut Html,
    name: &'static str,
    value: &str,
    label: &str,
    on: bool,
) {
    html.raw("<label class=\"choice\"><input type=\"checkbox\" name=\"").raw(name);
    html.raw("\" value=\"").text(value).raw(if on { "\" checked" } else { "\"" });
    html.raw("><span><b><bdi>").text(label).raw("</bdi></b></span></label>");
}

/// Something that is on or off.
pub(in crate::server) fn switch(
    html: &mut Html,
    filled: Filled<'_>,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
) {
    html.raw("<label class=\"toggle\"><input type=\"checkbox\" id=\"").raw(name);
    html.raw("\" name=\"").raw(name).raw("\" value=\"on\"");
    html.raw(if filled.form.is_on(name) { " checked" } else { "" }).raw("><span><b>").raw(label);
    html.raw("</b> <span class=\"hint\">").raw(hint).raw("</span></span></label>");
}

/// The fields that were refused, as links to them. `known` has the id and the name
/// of each.
pub(in crate::server) fn summary(
    html: &mut Html,
    not_done: &'static str,
    errors: &[FieldError],
    known: impl Fn(&str) -> (&'static str, &'static str),
) {
    if errors.is_empty() {
        return;
    }
    html.raw("<div class=\"notice is-bad\" role=\"alert\">").icon("warning");
    html.raw("<div><b>").raw(not_done).raw(": ");
    html.text(&count(errors.len() as u64, "field"));
    html.raw(if errors.len() == 1 { " needs" } else { " need" });
    html.raw(" another look.</b><ul>");
    for error in errors {
        let field = error.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        let (id, label) = known(field);
        html.raw("<li><a href=\"#").raw(id).raw("\">").raw(label).raw("</a> ");
        html.text(&error.detail).raw("</li>");
    }
    html.raw("</ul></div></div>");
}
