//! Makes schemas that come from the code's own comments fit to be read outside of it.

use serde_json::{Map, Value};

/// Tidies `schema` and all that is in it: texts without links into the code, and lists of
/// words that say what each of them means.
pub(super) fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(tidy),
        Value::Object(fields) => {
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = plain(text);
            }
            words(fields);
            fields.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// Links to other parts of the code as their text; one line for each paragraph.
fn plain(text: &str) -> String {
    let paragraphs = text.split("\n\n").filter(|part| !part.trim_start().starts_with("```"));
    let paragraphs = paragraphs.map(|part| {
        let mut plain = String::with_capacity(part.len());
        let mut rest = part;
        while let Some(begin) = rest.find("[`") {
            let (before, link) = rest.split_at(begin);
            plain.push_str(before);
            let Some(end) = link.find("`]") else { break };
            plain.push_str(&link[1..=end]);
            rest = &link[end + 2..];
            if let Some(target) = rest.strip_prefix('(') {
                rest = target.split_once(')').map_or(target, |(_, rest)| rest);
            }
        }
        plain.push_str(rest);
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// A choice of words that are told one by one, as one list.
fn words(fields: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = fields.get("oneOf") else { return };
    let mut names = Vec::new();
    let mut texts = Map::new();
    for choice in choices {
        let Some(choice) = choice.as_object() else { return };
        match (choice.get("const"), choice.get("enum")) {
            (Some(Value::String(name)), _) => {
                let text = choice.get("description").and_then(Value::as_str).unwrap_or_default();
                texts.insert(name.clone(), Value::from(plain(text)));
                names.push(Value::from(name.as_str()));
            }
            (None, Some(Value::Array(all))) => names.extend(all.iter().cloned()),
            _ => return,
        }
    }
    fields.remove("oneOf");
    fields.insert("type".to_owned(), "string".into());
    fields.insert("enum".to_owned(), Value::Array(names));
    fields.insert("x-enum".to_owned(), Value::Object(texts));
}

/// A field that is left out when it says nothing is never null.
pub(super) fn leave_out(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(leave_out),
        Value::Object(fields) => {
            fields.values_mut().for_each(leave_out);
            let required = fields.get("required").and_then(Value::as_array).cloned();
            let required = required.unwrap_or_default();
            let Some(Value::Object(properties)) = fields.get_mut("properties") else { return };
            for (name, property) in properties {
                if !required.iter().any(|it| it == name) {
                    never_null(property);
                }
            }
        }
        _ => {}
    }
}

fn never_null(property: &mut Value) {
    let Some(fields) = property.as_object_mut() else { return };
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|it| it != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            fields.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
        choices.retain(|it| it["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            fields.remove("anyOf");
            fields.extend(only);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_has_no_links_into_the_code() {
        let text = "As in [`Fulfilment::due_at`](super::X),\nor [`Times`].\n\n```text\na\n```";
        assert_eq!(plain(text), "As in `Fulfilment::due_at`, or `Times`.");
    }

    #[test]
    fn words_are_one_list_with_their_meanings() {
        let mut schema = json!({"oneOf": [
            {"type": "string", "const": "a", "description": "An [`A`]."},
            {"type": "string", "enum": ["b"]}
        ]});
        tidy(&mut schema);
        let expected = json!({"type": "string", "enum": ["a", "b"], "x-enum": {"a": "An `A`."}});
        assert_eq!(schema, expected);
    }

    #[test]
    fn what_may_be_left_out_is_never_null() {
        let mut schema = json!({"required": ["b"], "properties": {
            "a": {"type": ["string", "null"]},
            "b": {"type": ["string", "null"]},
            "c": {"anyOf": [{"$ref": "#/x"}, {"type": "null"}], "description": "C"}
        }});
        leave_out(&mut schema);
        let expected = json!({"required": ["b"], "properties": {
            "a": {"type": "string"},
            "b": {"type": ["string", "null"]},
            "c": {"$ref": "#/x", "description": "C"}
        }});
        assert_eq!(schema, expected);
    }
}
