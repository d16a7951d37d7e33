//! Files of the configuration: each gives one, the same each time, or one line that
//! names the file and the key.

use std::{
    fs,
    path::{Path, PathBuf},
};

use live_orders::server::config::{Config, DEFAULTS};
use tempfile::TempDir;
use toml::{Table, Value};

use super::{Fault, Target};
use crate::mutate::Mutator;

struct Configurations {
    folder: TempDir,
    fault: Option<Fault>,
}

pub(super) fn make(fault: Option<Fault>) -> Box<dyn Target> {
    Box::new(Configurations { folder: tempfile::tempdir().expect("a folder"), fault })
}

impl Target for Configurations {
    fn mutator(&self) -> Mutator {
        let words = &[
            "[server]\n",
            "[stream]\n",
            "[routing]\n",
            "[kitchen]\n",
            "[tls]\n",
            "[cors]\n",
            "[webhooks]\n",
            "[[stream]]\n",
            "listen = ",
            "\"127.0.0.1:0\"",
            "= true\n",
            "= 1\n",
            "= \"\"\n",
            "= []\n",
            "= {}\n",
            "= 1979-05-27\n",
            "= inf\n",
            "= 0x10\n",
            "= -1\n",
            "\n",
            "heartbeat_ms",
            "max",
            "ring_mib",
            "pickup",
            "\"6/10\"",
            "grill = [\"*\"]\n",
            "\"\"\"",
            "'",
            "#",
            "\\u0000",
            "time_zone = \"Mars\"\n",
            "retry = \"5s\"\n",
            "keep_days = 3651\n",
            ".",
            "late_min",
        ];
        Mutator { words, json: false }
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let path: PathBuf = self.folder.path().join("tried.toml");
        fs::write(&path, input).map_err(|error| error.to_string())?;
        let load = || {
            let loaded = Config::load(Some(path.clone()), [], &[]);
            loaded.map(|it| format!("{it:?}")).map_err(|error| format!("{error:#}"))
        };
        let (loaded, again) = (load(), load());
        if loaded != again {
            return Err("it is read otherwise a second time".to_owned());
        }
        let file: Option<Table> = std::str::from_utf8(input).ok().and_then(|it| it.parse().ok());
        let mut line = match (loaded, &file) {
            (Ok(_), Some(_)) => return Ok("good".to_owned()),
            (Ok(_), None) => return Err("it is taken, and is no TOML".to_owned()),
            (Err(line), _) => line,
        };
        if self.fault == Some(Fault::NoFile) {
            line = line.replace("tried.toml", "it");
        }
        if self.fault == Some(Fault::NoName) {
            line = line.split_once(" (").map_or(line.clone(), |(_, rest)| format!("a key ({rest}"));
        }
        if line.contains(['\n', '\r']) || line.chars().any(char::is_control) {
            return Err(format!("more than a line: {line:?}"));
        }
        if !line.contains("tried.toml") && !line.starts_with("[package.metadata.leptos]") {
            return Err(format!("it does not say which file: {line}"));
        }
        let Some(file) = file else { return Ok("no TOML".to_owned()) };
        let keys = keys(&file);
        let known = keys.iter().find(|key| is_about(&line, &path, &as_shown(key)));
        if known.is_none() && !line.starts_with("[package.metadata.leptos]") {
            return Err(format!("it does not say which key: {line}"));
        }
        let defaults: Table = DEFAULTS.parse().map_err(|_| "the defaults are no TOML")?;
        let ours = self::keys(&defaults);
        let named = known.filter(|key| ours.contains(key)).map_or("of their own", String::as_str);
        Ok(format!("refused {named}"))
    }
}

/// Whether `line` is about `key`: it stands where a line says what it is about, and not
/// somewhere in what it says of it.
fn is_about(line: &str, path: &Path, key: &str) -> bool {
    let outside = line.strip_prefix(&format!("{}: ", path.display()));
    if let Some((named, _)) = outside.and_then(|it| it.split_once(" stands outside of a table")) {
        return named == if key.is_empty() { "\"\"" } else { key };
    }
    let about = line.strip_prefix("there is no key ").unwrap_or(line);
    !key.is_empty() && about.strip_prefix(key).is_some_and(|rest| rest.starts_with(' '))
}

/// A name as it is shown: on one line, whatever it is made of.
fn as_shown(key: &str) -> String {
    let shown = |sign: char| {
        let plain = (!sign.is_control()).then_some(sign);
        plain.map_or_else(|| sign.escape_default().to_string(), String::from)
    };
    key.chars().map(shown).collect()
}

/// Each key of `file`, with the table that it stands in, and each table.
fn keys(file: &Table) -> Vec<String> {
    let mut keys = Vec::new();
    for (table, values) in file {
        if let Value::Table(values) = values {
            keys.extend(values.keys().map(|key| format!("{table}.{key}")));
        }
    }
    keys.extend(file.keys().cloned());
    keys
}
