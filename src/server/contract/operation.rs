//! What is said of a route besides its row: an operation of the API.

use axum::http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use crate::server::error::Code;

/// Has a generator describe a type.
pub(super) type Describe = fn(&mut SchemaGenerator) -> Schema;

fn describe<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// What operations are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Orders,
    Changes,
    Stream,
    Kitchen,
    Screens,
    Webhooks,
    Signed,
    Customers,
    Health,
    Contract,
}

impl Group {
    pub(super) const ALL: [Self; 10] = [
        Self::Orders,
        Self::Changes,
        Self::Stream,
        Self::Kitchen,
        Self::Screens,
        Self::Webhooks,
        Self::Signed,
        Self::Customers,
        Self::Health,
        Self::Contract,
    ];

    /// Its name, and what it is.
    pub(super) fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Orders => ("Orders", "Placing orders and reading them."),
            Self::Changes => (
                "Changing orders",
                "Every change names the version that whoever decides has seen: if somebody else \
                 was faster, the answer is `412`, and nothing is changed.",
            ),
            Self::Stream => (
                "Following along",
                "Every change, as it happens: over Server-Sent Events, or by poll from the same \
                 positions.",
            ),
            Self::Kitchen => ("Kitchen", "Intake, routing, and whether orders still come."),
            Self::Screens => ("Screens", "What each device in the kitchen shows, and how."),
            Self::Webhooks => (
                "Webhooks out",
                "Events that are posted to other servers, signed as Standard Webhooks 1.0 has it.",
            ),
            Self::Signed => {
                ("Webhooks in", "Channels that sign their orders instead of bringing a key.")
            }
            Self::Customers => (
                "Customer's page",
                "What a customer's page is told of its own order. Who has the address needs \
                 nothing else.",
            ),
            Self::Health => ("Health", "For load balancers and supervisors."),
            Self::Contract => ("Contract", "This description itself."),
        }
    }
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Header,
}

/// A parameter beside those of the path.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) required: bool,
    pub(super) text: &'static str,
    pub(super) schema: Value,
}

/// What an answer carries.
pub(super) enum Content {
    /// Nothing.
    None,
    /// JSON of this shape.
    Json(Describe),
    /// Text of this media type.
    Text(&'static str),
    /// A stream of events: the name of each, what it says, and the shape of its data.
    Events(Vec<(&'static str, &'static str, Describe)>),
}

/// An answer that is no refusal.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) text: &'static str,
    pub(super) content: Content,
    /// Headers that matter: name, what it says, whether it is always there.
    pub(super) headers: Vec<(&'static str, &'static str, bool)>,
}

/// What is said of a route.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) group: Group,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Describe>,
    pub(super) body_optional: bool,
    /// An example of the body.
    pub(super) example: Option<Value>,
    pub(super) answers: Vec<Answer>,
    pub(super) refusals: Vec<Code>,
    /// Whether it takes a signature instead of a key.
    pub(super) signed: bool,
    /// Whether it reads or writes the store.
    pub(super) stored: bool,
}

impl Operation {
    pub(super) fn new(
        method: Method,
        path: &'static str,
        id: &'static str,
        group: Group,
        title: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            id,
            group,
            title,
            text: "",
            parameters: Vec::new(),
            body: None,
            body_optional: false,
            example: None,
            answers: Vec::new(),
            refusals: Vec::new(),
            signed: false,
            stored: true,
        }
    }

    pub(super) fn text(mut self, text: &'static str) -> Self {
        self.text = text;
        self
    }

    /// Takes a JSON body of this shape, such as `example`.
    pub(super) fn takes<T: JsonSchema>(mut self, example: Value) -> Self {
        self.body = Some(describe::<T>);
        self.example = Some(example);
        self
    }

    /// The same, but it may be left out.
    pub(super) fn may_take<T: JsonSchema>(mut self, example: Value) -> Self {
        self.body_optional = true;
        self.takes::<T>(example)
    }

    pub(super) fn query(
        mut self,
        name: &'static str,
        required: bool,
        schema: Value,
        text: &'static str,
    ) -> Self {
        self.parameters.push(Parameter { name, place: Place::Query, required, text, schema });
        self
    }

    pub(super) fn header(
        mut self,
        name: &'static str,
        required: bool,
        schema: Value,
        text: &'static str,
    ) -> Self {
        self.parameters.push(Parameter { name, place: Place::Header, required, text, schema });
        self
    }

    fn answer(mut self, status: StatusCode, text: &'static str, content: Content) -> Self {
        self.answers.push(Answer { status, text, content, headers: Vec::new() });
        self
    }

    /// Answers with JSON of this shape.
    pub(super) fn answers<T: JsonSchema>(self, status: StatusCode, text: &'static str) -> Self {
        self.answer(status, text, Content::Json(describe::<T>))
    }

    /// Answers with text of this media type.
    pub(super) fn answers_text(
        self,
        status: StatusCode,
        media_type: &'static str,
        text: &'static str,
    ) -> Self {
        self.answer(status, text, Content::Text(media_type))
    }

    /// Answers with `204` or another status without a body.
    pub(super) fn answers_nothing(self, status: StatusCode, text: &'static str) -> Self {
        self.answer(status, text, Content::None)
    }

    /// Answers with a stream.
    pub(super) fn streams(
        self,
        text: &'static str,
        events: Vec<(&'static str, &'static str, Describe)>,
    ) -> Self {
        self.answer(StatusCode::OK, text, Content::Events(events))
    }

    /// Says a header of the last answer.
    pub(super) fn with_header(
        mut self,
        name: &'static str,
        text: &'static str,
        always: bool,
    ) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, text, always));
        }
        self
    }

    /// Refuses with these codes besides those that follow from its row, its body and
    /// its parameters.
    pub(super) fn refuses(mut self, codes: &[Code]) -> Self {
        self.refusals.extend_from_slice(codes);
        self
    }

    /// Whether it has parameters in the query.
    pub(super) fn reads_query(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.place == Place::Query)
    }

    /// Takes a signature instead of a key.
    pub(super) fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    /// Works without the store.
    pub(super) fn without_store(mut self) -> Self {
        self.stored = false;
        self
    }
}

/// An event of a stream.
pub(super) fn event<T: JsonSchema>(
    name: &'static str,
    text: &'static str,
) -> (&'static str, &'static str, Describe) {
    (name, text, describe::<T>)
}
