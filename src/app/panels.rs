//! What is beside the board when somebody asks for it: how much of everything
//! is still to be made, the search, the intake switch; and the strips above the
//! board that say what concerns the whole kitchen.
//!
//! | module | shows |
//! |---|---|
//! | [`all_day`] | item totals by station; which tickets have an item |
//! | [`search`] | orders by number or name, open and closed |
//! | [`closed`] | one closed order in a list |
//! | [`intake`] | whether orders are taken, and the switch |
//! | [`sources`] | where orders come from, how often this screen sounds, a test order |
//! | [`strips`] | a pause, and orders that are on no screen |
//! | [`profile`] | nothing: notices that the screen's profile was changed |
//! | [`seen`] | nothing: tells the server what this screen shows |

pub mod all_day;
pub mod closed;
pub mod intake;
pub mod profile;
pub mod search;
pub mod seen;
pub mod sources;
pub mod strips;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent};

use self::{intake::Switching, search::Found, sources::Asked};
use super::{
    Ui,
    html::{Html, Spots, effect},
    sound::Device,
    words::Word,
};
use crate::{
    domain::{OrderId, Station, Version},
    live::{later, listen},
    wire::BoardPage,
};

/// What the panel shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    /// It is away.
    #[default]
    None,
    /// What is still to be made.
    AllDay,
    /// An order by number or name.
    Search,
    /// Whether orders are taken.
    Intake,
}

/// What the panels and the device know.
#[derive(Debug)]
pub struct State {
    /// Which panel is there.
    pub open: Panel,
    /// The stations that the page shows; empty for all.
    pub stations: Vec<Station>,
    /// The stations that this screen stands in for when it shows an order.
    pub shows: Vec<Station>,
    /// The version of the screen's profile that the page is of.
    pub profile: Option<Version>,
    /// The item whose tickets are marked.
    pub marked: Option<String>,
    /// What is searched for.
    pub wanted: String,
    /// What was found among the closed orders.
    pub found: Found,
    /// The intake switch while somebody moves it.
    pub switching: Switching,
    /// Where orders come from, and the test order.
    pub asked: Asked,
    /// Where the keyboard was last inside the panel.
    pub focused: Option<String>,
    /// The screen that the board is opened as; empty at `/`. What is done there may be
    /// signed with another name.
    pub screen: String,
    /// How the screen stands besides its orders.
    pub device: Device,
}

/// Where all that is. Cheap to copy. One value with one trigger and not a signal
/// each, because every type of signal is code that a browser has to fetch.
#[derive(Clone, Copy)]
pub struct Panels {
    state: StoredValue<State>,
    told: Trigger,
}

impl Panels {
    /// No panel, on this page.
    #[must_use]
    pub fn new(page: &BoardPage) -> Self {
        let state = State {
            open: Panel::None,
            stations: page.filter.stations.clone(),
            shows: seen::stands_in_for(page),
            profile: page.settings.screen.as_ref().map(|screen| screen.version),
            marked: None,
            wanted: String::new(),
            found: Found::Nothing,
            switching: Switching::default(),
            asked: Asked::default(),
            focused: None,
            screen: page.settings.screen.as_ref().map_or_else(String::new, |it| it.name.clone()),
            device: Device::new(&page.settings),
        };
        Self { state: StoredValue::new(state), told: Trigger::new() }
    }

    /// Calls `look` with everything. It must not look again meanwhile.
    pub fn with(self, look: &mut dyn FnMut(&mut State)) {
        self.state.update_value(|state| look(state));
    }

    /// The same, and tells everybody who follows.
    pub fn change(self, look: &mut dyn FnMut(&mut State)) {
        self.with(look);
        self.told.notify();
    }

    /// The screen that the board is opened as; empty at `/`.
    #[must_use]
    pub fn screen(self) -> String {
        self.state.with_value(|state| state.screen.clone())
    }

    /// Follows every change.
    pub fn track(self) {
        self.told.track();
    }

    /// Which panel is there.
    #[must_use]
    pub fn open(self) -> Panel {
        let mut open = Panel::None;
        self.with(&mut |state| open = state.open);
        open
    }
}

/// The element's id.
const ID: &str = "panel";

/// What of the panels follows signals.
pub fn spots(ui: Ui, spots: &mut Spots) {
    spots.class(ID, move || {
        ui.panels.track();
        let away = ui.panels.open() == Panel::None;
        if away { "panel is-away" } else { "panel" }.to_owned()
    });
    // Written anew only when another panel comes: somebody types into it.
    spots.content("panel-head", move || head(ui));
    spots.content("panel-body", move || {
        ui.panels.track();
        match ui.panels.open() {
            Panel::None => String::new(),
            Panel::AllDay => all_day::body(ui),
            Panel::Search => search::body(ui),
            Panel::Intake => intake::body(ui),
        }
    });
    intake::spots(ui, spots);
    strips::spots(ui, spots);
    sources::spots(ui, spots);
}

/// The strips above the board.
pub fn above(ui: Ui, html: &mut Html, spots: &mut Spots) {
    html.raw("<section class=\"strips\" aria-label=\"").text(ui.say(Word::Notices));
    html.raw("\"><div id=\"gate\">").content(spots, "gate");
    html.raw("</div><div id=\"paused\">").content(spots, "paused");
    // It is there before there is anything to say, so that what comes is read out.
    html.raw("</div><div id=\"unseen\" role=\"alert\">").content(spots, "unseen");
    html.raw("</div><div id=\"quiet\">").content(spots, "quiet");
    html.raw("</div></section>");
}

/// The panel beside the board.
pub fn beside(html: &mut Html, spots: &mut Spots) {
    html.raw("<aside id=\"panel\" aria-labelledby=\"panel-title\" class=\"").class(spots, ID);
    html.raw(
        "\"><header class=\"panel-head\" id=\"panel-head\"></header>\
              <div class=\"panel-body\" id=\"panel-body\"></div></aside>",
    );
}

fn head(ui: Ui) -> String {
    ui.panels.track();
    let panel = ui.panels.open();
    let title = match panel {
        Panel::None => return String::new(),
        Panel::AllDay => Word::AllDay,
        Panel::Search => Word::Search,
        Panel::Intake => Word::Intake,
    };
    let mut html = Html::default();
    html.raw("<h2 id=\"panel-title\">").text(ui.say(title)).raw("</h2>");
    html.raw(
        "<button type=\"button\" class=\"button square\" data-act=\"panel-close\" aria-label=\"",
    );
    html.text(ui.say(Word::ClosePanel)).raw("\">").icon("close").raw("</button>");
    match panel {
        Panel::Search => search::field(ui, &mut html),
        Panel::Intake => intake::field(ui, &mut html),
        Panel::AllDay | Panel::None => {}
    }
    html.done()
}

/// Follows the panels' own keys and what is typed into them.
pub fn follow(ui: Ui) {
    listen("input", move |event| {
        let field = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
        if let Some(field) = field.filter(|field| field.id() == search::FIELD) {
            search::typed(ui, &field.value());
        }
    });
    listen("keydown", move |event| {
        let Ok(event) = event.dyn_into::<KeyboardEvent>() else { return };
        let inside = document()
            .active_element()
            .is_some_and(|it| it.closest("#panel").is_ok_and(|panel| panel.is_some()));
        if inside && event.key() == "Escape" {
            toggle(ui, Panel::None);
        } else if inside && event.key() == "Enter" {
            search::enter(ui, &event);
        }
    });
    listen("focusin", move |event| {
        let target = event.target().and_then(|it| it.dyn_into::<HtmlElement>().ok());
        let inside = target.filter(|it| it.closest("#panel-body").is_ok_and(|it| it.is_some()));
        let act = inside.and_then(|it| it.get_attribute("data-act"));
        ui.panels.with(&mut |state| state.focused.clone_from(&act));
    });
    effect(move || {
        // Whatever writes the list anew.
        ui.live.local.track();
        ui.panels.track();
        let mut act = None;
        ui.panels.with(&mut |state| act.clone_from(&state.focused));
        if let Some(act) = act {
            later(0, move || keep_focus(&act));
        }
    });
    all_day::follow(ui);
    seen::follow(ui);
    profile::follow(ui);
    intake::follow(ui);
    sources::follow(ui);
}

/// Takes the keyboard back to where it was in a list that was written anew.
fn keep_focus(act: &str) {
    if document().active_element().is_some_and(|element| element.tag_name() != "BODY") {
        return;
    }
    let same = |element: &Element| element.get_attribute("data-act").as_deref() == Some(act);
    let element = all_day::drawn("#panel-body [data-act]").into_iter().find(same);
    if let Some(Ok(element)) = element.map(JsCast::dyn_into::<HtmlElement>) {
        let _ = element.focus();
    }
}

/// What of the board's acts is about a panel; whether `act` is.
pub fn act(ui: Ui, act: &str) -> bool {
    match act {
        "all-day" => toggle(ui, Panel::AllDay),
        "search" => toggle(ui, Panel::Search),
        "intake" => toggle(ui, Panel::Intake),
        "panel-close" => toggle(ui, Panel::None),
        _ => {
            return all_day::act(ui, act)
                || search::act(ui, act)
                || intake::act(ui, act)
                || sources::act(ui, act);
        }
    }
    true
}

/// Brings `panel`, or takes it away when it is there.
fn toggle(ui: Ui, panel: Panel) {
    let before = ui.panels.open();
    let now = if before == panel { Panel::None } else { panel };
    ui.panels.change(&mut |state| {
        state.open = now;
        state.marked = None;
        state.focused = None;
        state.wanted.clear();
        state.found = Found::Nothing;
        state.switching = Switching::default();
        state.asked.begin_anew();
    });
    later(0, move || {
        let first = match now {
            Panel::None => match before {
                Panel::AllDay => "button[data-act='all-day']",
                Panel::Intake => "button[data-act='intake']",
                Panel::Search | Panel::None => "button[data-act='search']",
            },
            Panel::Search => "#panel input",
            _ => "#panel-body button",
        };
        let first = document().query_selector(first).ok().flatten();
        if let Some(Ok(first)) = first.map(JsCast::dyn_into::<HtmlElement>) {
            let _ = first.focus();
        }
    });
}

/// Brings an order into view and takes the panel away where it lies over the board.
fn show(ui: Ui, id: OrderId) {
    let narrow =
        window().inner_width().ok().and_then(|it| it.as_f64()).is_some_and(|it| it < 1000.0);
    if narrow {
        toggle(ui, Panel::None);
    }
    later(0, move || super::press::show(ui, id));
}
