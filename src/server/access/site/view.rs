//! The pages of [`site`](super) as documents, with no script at all.

use axum::{http::StatusCode, response::Response};
use qrcode::{Color, EcLevel, QrCode};

use super::super::{
    flash::Flash,
    principal::{Principal, Who},
    roles::{Right, Role},
};
use crate::{
    app::html::Html,
    domain::Location,
    server::{
        documents::{Script, Shown, door, fields, fragment, page},
        error::FieldError,
        forms::{Filled, Form},
    },
};

/// What a page says of what has just happened.
pub(super) enum Notice {
    /// It is done.
    Done(String),
    /// It is not, because of this.
    Refused(String),
    /// The name and the password do not go together.
    Wrong,
    /// There were too many wrong passwords: so many seconds.
    Wait(i64),
    /// It cannot be done now.
    NotNow,
}

fn told(html: &mut Html, notice: Option<&Notice>) {
    let Some(notice) = notice else { return };
    let good = matches!(notice, Notice::Done(_));
    if good {
        html.raw("<p class=\"notice is-good\" role=\"status\">").icon("check");
    } else {
        html.raw("<p class=\"notice is-bad\" role=\"alert\">").icon("warning");
    }
    html.raw("<span>");
    match notice {
        Notice::Done(text) => html.text(text),
        Notice::Refused(text) => html.raw("Not done: ").text(text).raw("."),
        Notice::Wrong => html.raw("This name and this password do not go together."),
        Notice::Wait(seconds) => {
            html.raw("Too many wrong passwords. Try again in ").text(&seconds.to_string());
            html.raw(" s.")
        }
        Notice::NotNow => html.raw("This cannot be done now. Try again in a moment."),
    };
    html.raw("</span></p>");
}

/// What somebody is called, with its label.
fn name_field(html: &mut Html, value: &str) {
    html.raw("<p class=\"entry\"><label for=\"name\">Name</label>");
    html.raw("<input type=\"text\" id=\"name\" name=\"name\" required maxlength=\"40\"");
    html.raw(" autocomplete=\"username\" value=\"").text(value).raw("\"></p>");
}

fn password(html: &mut Html, name: &'static str, label: &'static str, new: bool) {
    html.raw("<p class=\"entry\"><label for=\"").raw(name).raw("\">").raw(label);
    html.raw("</label><input type=\"password\" id=\"").raw(name).raw("\" name=\"").raw(name);
    html.raw("\" required maxlength=\"200\" autocomplete=\"");
    html.raw(if new { "new-password\" minlength=\"12\"" } else { "current-password\"" });
    html.raw("></p>");
}

fn name_of(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer: looks",
        Role::Cook => "Cook: works at a station",
        Role::Expo => "Expo: decides about orders",
        Role::Manager => "Manager: runs the place",
    }
}

/// The log-in.
pub(super) fn login(
    shown: &Shown<'_>,
    status: StatusCode,
    next: &str,
    name: &str,
    notice: Option<&Notice>,
    has_manager: bool,
) -> Response {
    let mut html = Html::default();
    html.raw("<h1>Log in</h1>");
    told(&mut html, notice);
    if !has_manager {
        html.raw(
            "<p class=\"notice\"><span>There is no manager yet. Open the link that the server \
             printed at its start, or run <code>live-orders user create</code> on its \
             machine.</span></p>",
        );
    }
    html.raw("<form class=\"edit door\" method=\"post\" action=\"/login\">");
    html.raw("<input type=\"hidden\" name=\"next\" value=\"").text(next).raw("\">");
    name_field(&mut html, name);
    password(&mut html, "password", "Password", false);
    html.raw(
        "<p class=\"actions\"><button class=\"button primary\">Log in</button></p></form>\
         <p class=\"other\">Is this a screen in the kitchen? <a href=\"/pair\">Pair it</a> instead: \
         it needs no password.</p>",
    );
    door(shown, status, "Log in", &html.done())
}

/// The form for the first manager.
pub(super) fn setup(
    shown: &Shown<'_>,
    status: StatusCode,
    link: &str,
    name: &str,
    notice: Option<&Notice>,
) -> Response {
    let mut html = Html::default();
    html.raw(
        "<h1>The first manager</h1><p>Nobody can log in here yet. You can, from now on: as \
              the manager who lets all others in.</p>",
    );
    told(&mut html, notice);
    html.raw("<form class=\"edit door\" method=\"post\" action=\"/setup\">");
    html.raw("<input type=\"hidden\" name=\"link\" value=\"").text(link).raw("\">");
    name_field(&mut html, name);
    password(&mut html, "password", "Password, 12 characters or more", true);
    html.raw("<p class=\"actions\"><button class=\"button primary\">Begin</button></p></form>");
    door(shown, status, "Set-up", &html.done())
}

/// The page for a link that is good no longer.
pub(super) fn setup_over(shown: &Shown<'_>) -> Response {
    let main = "<h1>This link is not good any more</h1><p>It works once, within 15 minutes of the \
                server's start, and only as long as there is no manager. Where there is one, ask \
                them to let you in. Where there is none, start the server again for another \
                link, or run <code>live-orders user create</code> on its machine.</p><p \
                class=\"actions\"><a class=\"button\" href=\"/login\">Log in</a></p>";
    door(shown, StatusCode::GONE, "Set-up", main)
}

/// The page for somebody who is in, but may not.
pub(super) fn not_allowed(shown: &Shown<'_>) -> Response {
    let main = "<h1>You may not see this</h1><p>It takes another role than yours. Ask a \
                manager.</p><p class=\"actions\"><a class=\"button\" href=\"/\">Board</a><a \
                class=\"button\" href=\"/account\">Who am I?</a></p>";
    page(shown, StatusCode::FORBIDDEN, "Not allowed", "", main, Script::None)
}

/// The page that a screen shows until it is let in.
pub(super) fn pair(shown: &Shown<'_>, code: &str, link: &str) -> Response {
    let mut html = Html::default();
    html.raw("<h1>Pair this screen</h1>");
    code_and_picture(&mut html, code, link);
    html.raw(
        "<p>This page goes on by itself.</p><p class=\"other\"><a href=\"/login\">Log in</a> instead, \
         with a name and a password.</p>",
    );
    door(shown, StatusCode::OK, "Pair this screen", &html.done())
}

/// The same for a board whose screen is let in no longer.
pub(super) fn pair_again(code: &str, link: &str) -> Response {
    let mut html = Html::default();
    html.raw(
        "<h2>This screen is let in no longer</h2><p>What stands here is what it knew last.</p>",
    );
    code_and_picture(&mut html, code, link);
    html.raw("<p><a class=\"button\" href=\"/login\">Log in</a></p>");
    fragment(&html.done())
}

fn code_and_picture(html: &mut Html, code: &str, link: &str) {
    html.raw(
        "<p>A manager scans this, or opens <b>Manage</b> and types the code:</p><p \
         class=\"code\">",
    );
    html.text(code).raw("</p>");
    if let Ok(picture) = QrCode::with_error_correction_level(link, EcLevel::M) {
        let width = picture.width();
        let around = width + 8;
        html.raw(
            "<svg class=\"qr\" role=\"img\" aria-label=\"The code as a picture\" viewBox=\"0 0 ",
        );
        html.text(&format!("{around} {around}")).raw("\" shape-rendering=\"crispEdges\">");
        html.raw("<path fill=\"#fff\" d=\"M0 0h999v999H0z\"/><path fill=\"#000\" d=\"");
        for (place, color) in picture.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                html.text(&format!("M{} {}h1v1h-1z", place % width + 4, place / width + 4));
            }
        }
        html.raw("\"/></svg>");
    }
}

/// The page for a device that there is no code left for.
pub(super) fn too_many_wait(shown: &Shown<'_>) -> Response {
    let main = "<h1>Too many screens wait</h1><p>Pair those first, or try again in ten \
                minutes.</p><p class=\"actions\"><a class=\"button\" href=\"/pair\">Try \
                again</a></p>";
    door(shown, StatusCode::TOO_MANY_REQUESTS, "Pair this screen", main)
}

/// The page for what there is nothing of where everybody is let in.
pub(super) fn open_to_everybody(shown: &Shown<'_>) -> Response {
    let main = "<h1>Nobody logs in here</h1><p>This is a demo: everybody who can reach it is let \
                in, so there are no users, keys, paired screens or webhooks to manage. <code>\
                live-orders serve</code> lets in only those who belong.</p><p class=\"actions\"><a \
                class=\"button\" href=\"/\">Board</a></p>";
    page(shown, StatusCode::FORBIDDEN, "Nobody logs in here", "", main, Script::None)
}

/// Who somebody is, and their password.
pub(super) fn account(
    shown: &Shown<'_>,
    status: StatusCode,
    principal: &Principal,
    flash: Option<&Flash>,
    errors: &[FieldError],
) -> Response {
    let mut html = Html::default();
    html.raw("<div class=\"lead\"><div><h1>You are <bdi>").text(principal.name());
    html.raw("</bdi></h1><p class=\"sub\">");
    match &principal.who {
        Who::User { role, .. } | Who::Screen { role, .. } => html.raw(name_of(*role)),
        _ => html.raw("Nobody asks here who anybody is"),
    };
    html.raw(". ");
    where_bound(&mut html, &principal.wall.locations);
    html.raw("</p></div><div class=\"actions\">");
    if principal.rights.has(Right::Admit) {
        html.raw("<a class=\"button\" href=\"/access\">Manage</a>");
    }
    let is_user = matches!(principal.who, Who::User { .. });
    if is_user {
        html.raw(
            "<form method=\"post\" action=\"/logout\"><button class=\"button\">Log \
             out</button></form>",
        );
    }
    html.raw("</div></div>");
    if let Some(flash) = flash {
        told(&mut html, Some(&Notice::Done(flash.text.clone())));
    }
    if is_user {
        let form = Form::default();
        let filled = Filled { form: &form, errors };
        html.raw(
            "<form class=\"edit sheet group\" method=\"post\" action=\"/account\"><h2>Another \
             password</h2>",
        );
        fields::password(
            &mut html,
            filled,
            "password",
            "Present password",
            "",
            " required autocomplete=\"current-password\"",
        );
        fields::password(
            &mut html,
            filled,
            "new_password",
            "New password",
            "12 characters or more. Wherever else you are logged in, you are logged out.",
            " required minlength=\"12\" autocomplete=\"new-password\"",
        );
        html.raw(
            "<p class=\"actions\"><button class=\"button primary\">Change the \
             password</button></p></form>",
        );
    }
    page(shown, status, "Account", "", &html.done(), Script::None)
}

fn where_bound(html: &mut Html, locations: &[Location]) {
    if locations.is_empty() {
        html.raw("All locations.");
    } else {
        let names: Vec<&str> = locations.iter().map(Location::as_str).collect();
        html.raw("Only ").text(&names.join(", ")).raw(".");
    }
}
