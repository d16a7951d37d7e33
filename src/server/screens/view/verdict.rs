//! What can be read on a screen, as figures and as a picture.

use crate::{
    app::html::Html,
    domain::{
        Profile,
        legibility::{LEAST_ARC, Legibility, PREFERRED_ARC, Verdict},
    },
};

/// What can be read, as figures and as a picture.
pub(in crate::server::screens) fn verdict(read: Option<&(Profile, Legibility)>) -> String {
    let mut html = Html::default();
    let Some((profile, read)) = read else {
        html.raw(
            "<section class=\"verdict\"><h2>Legibility</h2><p class=\"says\">Say how large the \
             screen is and from where it is read.</p></section>",
        );
        return html.done();
    };
    let (class, icon) = match read.verdict {
        Verdict::Comfortable => ("verdict is-good", "check"),
        Verdict::Readable => ("verdict is-fair", "check"),
        Verdict::TooSmall => ("verdict is-bad", "warning"),
    };
    html.raw("<section class=\"").raw(class).raw("\"><h2>Legibility</h2>");
    picture(&mut html, profile, read);
    html.raw("<p class=\"says\">").icon(icon).raw("<span>").text(&read.says());
    html.raw("</span></p>");
    if let Some(advice) = read.advice() {
        html.raw("<p class=\"advice\">").raw(advice).raw("</p>");
    }
    gauge(&mut html, read);
    html.raw("<dl class=\"readings\">");
    for (name, value) in [
        ("Item text", format!("{} px", read.item_px)),
        ("Capital letters", format!("{:.1} mm", read.letter_mm)),
        ("Needed", format!("{}–{} px", read.least_px, read.preferred_px)),
        ("Tickets beside each other", read.beside.to_string()),
    ] {
        html.raw("<div><dt>").raw(name).raw("</dt><dd>").text(&value).raw("</dd></div>");
    }
    html.raw("</dl></section>");
    html.done()
}

fn rect(html: &mut Html, class: &'static str, at: (f64, f64), size: (f64, f64)) {
    html.raw("<rect class=\"").raw(class);
    for (name, value) in
        [("\" x=\"", at.0), ("\" y=\"", at.1), ("\" width=\"", size.0), ("\" height=\"", size.1)]
    {
        html.raw(name).text(&format!("{value:.1}"));
    }
    html.raw("\"/>");
}

/// The screen, drawn to scale with its tickets and the size of their letters.
fn picture(html: &mut Html, profile: &Profile, read: &Legibility) {
    let width = 320.0;
    let scale = width / f64::from(profile.width_px);
    let height = (f64::from(profile.height_px) * scale).clamp(80.0, 420.0);
    html.raw("<svg class=\"picture\" aria-hidden=\"true\" focusable=\"false\" viewBox=\"0 0 320 ");
    html.text(&format!("{height:.1}")).raw("\">");
    rect(html, "p-screen", (0.5, 0.5), (width - 1.0, height - 1.0));
    let head = (read.root.value() * 3.75 * scale).min(height / 4.0);
    rect(html, "p-head", (1.0, 1.0), (width - 2.0, head));
    let beside = f64::from(read.beside.max(1));
    let gap = (12.0 * scale).max(2.0);
    let ticket = (width - gap * (beside + 1.0)) / beside;
    let item = f64::from(read.item_px) * scale;
    let top = head + gap + 1.0;
    for place in 0..read.beside.max(1) {
        let left = gap + f64::from(place) * (ticket + gap);
        // Some tickets are longer than others.
        let lines = [4.0, 6.0, 3.0, 5.0][place as usize % 4];
        let tall = (item * (2.2 + lines * 1.5)).min(height - top - gap);
        rect(html, "p-ticket", (left, top), (ticket, tall));
        rect(html, "p-bar", (left, top), (ticket, (item * 1.9).min(tall)));
        let mut y = top + item * 2.6;
        let mut line = 0;
        while y + item * 0.73 < top + tall - 1.0 {
            let letters = [13.0, 8.0, 15.0, 10.0][line % 4];
            let long = (letters * item * 0.55).min(ticket - item * 0.6);
            rect(html, "p-text", (left + item * 0.4, y), (long, item * 0.73));
            y += item * 1.5;
            line += 1;
        }
    }
    html.raw("</svg>");
}

/// The angle that a letter fills, on a scale with what is needed.
fn gauge(html: &mut Html, read: &Legibility) {
    const FROM: f64 = 8.0;
    const LONG: f64 = 304.0;
    const MOST: f64 = 28.0;
    let at = |arc: f64| FROM + arc.clamp(0.0, MOST) / MOST * LONG;
    html.raw("<svg class=\"gauge\" role=\"img\" aria-label=\"A letter fills ");
    html.text(&format!("{:.1}", read.arc));
    html.raw(" minutes of arc; 16 can be read, 20 are comfortable\" viewBox=\"0 0 320 46\">");
    rect(html, "g-bad", (at(0.0), 18.0), (at(LEAST_ARC) - at(0.0), 6.0));
    rect(html, "g-fair", (at(LEAST_ARC), 18.0), (at(PREFERRED_ARC) - at(LEAST_ARC), 6.0));
    rect(html, "g-good", (at(PREFERRED_ARC), 18.0), (at(MOST) - at(PREFERRED_ARC), 6.0));
    for (arc, label) in [(LEAST_ARC, "16′"), (PREFERRED_ARC, "20′")] {
        html.raw("<text x=\"").text(&format!("{:.1}", at(arc))).raw("\" y=\"42\">").raw(label);
        html.raw("</text>");
    }
    let marker = at(read.arc);
    html.raw("<path class=\"g-mark\" d=\"M").text(&format!("{marker:.1}"));
    html.raw(" 27V14\"/><text class=\"g-now\" x=\"");
    html.text(&format!("{:.1}", marker.clamp(20.0, 300.0))).raw("\" y=\"10\">");
    html.text(&format!("{:.1}′", read.arc)).raw("</text></svg>");
}
