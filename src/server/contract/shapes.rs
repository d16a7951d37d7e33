//! Shapes that bodies are described with, by the limits of [`limits`](crate::domain::limits):
//! texts, whole numbers and lists of so many.

use std::{borrow::Cow, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::newtypes::FILLED;

/// A text of at most so many characters, which may say nothing.
pub(super) struct Text<const MOST: usize>;

impl<const MOST: usize> JsonSchema for Text<MOST> {
    fn schema_name() -> Cow<'static, str> {
        format!("Text{MOST}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "maxLength": MOST})
    }
}

/// A text of at most so many characters that says something.
pub(super) struct Filled<const MOST: usize>;

impl<const MOST: usize> JsonSchema for Filled<MOST> {
    fn schema_name() -> Cow<'static, str> {
        format!("Filled{MOST}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": MOST, "pattern": FILLED})
    }
}

/// A whole number from `LEAST` to `MOST`.
pub(super) struct Whole<const LEAST: i64, const MOST: i64>;

impl<const LEAST: i64, const MOST: i64> JsonSchema for Whole<LEAST, MOST> {
    fn schema_name() -> Cow<'static, str> {
        format!("Whole{LEAST}To{MOST}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": LEAST, "maximum": MOST})
    }
}

/// A number from `LEAST` to `MOST` tenths, which is rounded to one digit after the point.
pub(super) struct InTenths<const LEAST: u16, const MOST: u16>;

impl<const LEAST: u16, const MOST: u16> JsonSchema for InTenths<LEAST, MOST> {
    fn schema_name() -> Cow<'static, str> {
        format!("InTenths{LEAST}To{MOST}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let (least, most) = (f64::from(LEAST) / 10.0, f64::from(MOST) / 10.0);
        json_schema!({"type": "number", "minimum": least, "maximum": most})
    }
}

/// A list of `LEAST` to `MOST` entries.
pub(super) struct List<T, const LEAST: usize, const MOST: usize>(PhantomData<T>);

impl<T: JsonSchema, const LEAST: usize, const MOST: usize> JsonSchema for List<T, LEAST, MOST> {
    fn schema_name() -> Cow<'static, str> {
        format!("List{LEAST}To{MOST}Of{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        let mut schema = json_schema!({"type": "array", "items": items, "maxItems": MOST});
        if LEAST > 0 {
            schema.insert("minItems".to_owned(), LEAST.into());
        }
        schema
    }
}
