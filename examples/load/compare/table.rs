//! What was measured, as a table.

use std::fmt;

use super::server::Name;
use crate::figures::{Runs, short};

/// What figures of the machine's other programs end with; they have no ratio.
pub(super) const OTHERS: &str = "cores busy with other programs";
/// What figures end with that say what a delivery costs the network.
pub(super) const WIRE: &str = "bytes on the wire a delivery";

/// Every figure of every peer in every run.
#[derive(Default)]
pub(super) struct Results {
    entries: Vec<Entry>,
}

struct Entry {
    figure: String,
    name: Name,
    run: u32,
    value: f64,
}

impl Results {
    pub(super) fn add(&mut self, figure: &str, name: Name, run: u32, value: f64) {
        self.entries.push(Entry { figure: figure.to_owned(), name, run, value });
    }

    fn of(&self, figure: &str, name: Name) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.figure == figure && entry.name == name)
    }

    fn all_of(&self, figure: &str, name: Name) -> Runs {
        self.of(figure, name).map(|entry| entry.value).collect()
    }

    /// The figure by that of `other` in the same run: what moves the whole
    /// machine from run to run moves both.
    fn ratios(&self, figure: &str, name: Name, other: Name) -> Runs {
        self.of(figure, name)
            .filter_map(|entry| {
                let other = self.of(figure, other).find(|other| other.run == entry.run)?;
                Some(entry.value / other.value).filter(|ratio| ratio.is_finite())
            })
            .collect()
    }

    fn cell(&self, figure: &str, name: Name) -> String {
        let runs = self.all_of(figure, name);
        let (Some(median), Some((least, greatest))) = (runs.median(), runs.range()) else {
            return "–".to_owned();
        };
        let ratio = match self.ratios(figure, name, Name::Raw).median() {
            Some(ratio) if name != Name::Raw && !figure.ends_with(OTHERS) => {
                format!(" **×{}**", short(ratio))
            }
            _ => String::new(),
        };
        format!("{}{ratio} ({}–{})", short(median), short(least), short(greatest))
    }
}

impl fmt::Display for Results {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<Name> = Vec::new();
        let mut figures: Vec<&str> = Vec::new();
        for entry in &self.entries {
            if !names.contains(&entry.name) {
                names.push(entry.name);
            }
            if !figures.contains(&entry.figure.as_str()) {
                figures.push(&entry.figure);
            }
        }
        names.sort_unstable_by_key(|name| *name as u8);
        write!(out, "| |")?;
        for name in &names {
            write!(out, " {} |", name.as_str())?;
        }
        write!(out, "\n|---|")?;
        for _ in &names {
            write!(out, "---|")?;
        }
        for figure in &figures {
            write!(out, "\n| {figure} |")?;
            for name in &names {
                write!(out, " {} |", self.cell(figure, *name))?;
            }
        }
        for figure in figures.iter().filter(|figure| figure.ends_with(WIRE)) {
            let ratios = self.ratios(figure, Name::EngineGzip, Name::Engine);
            if let (Some(median), Some((least, greatest))) = (ratios.median(), ratios.range()) {
                write!(
                    out,
                    "\n\n{figure}: engine-gzip **×{}** of engine ({}–{}).",
                    short(median),
                    short(least),
                    short(greatest)
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_within_a_run() {
        let mut results = Results::default();
        for (run, limit, own) in [(0, 100.0, 90.0), (1, 10.0, 5.0), (2, 1000.0, 950.0)] {
            results.add("x", Name::Raw, run, limit);
            results.add("x", Name::Engine, run, own);
        }
        results.add("y", Name::Engine, 0, 1.0);
        assert_eq!(
            results.to_string(),
            "| | raw | engine |\n\
             |---|---|---|\n\
             | x | 100 (10.0–1,000) | 90.0 **×0.900** (5.00–950) |\n\
             | y | – | 1.00 (1.00–1.00) |"
        );
    }

    #[test]
    fn what_gzip_saves_stands_beneath() {
        let mut results = Results::default();
        let figure = format!("z, {WIRE}");
        results.add(&figure, Name::Engine, 0, 500.0);
        results.add(&figure, Name::EngineGzip, 0, 100.0);
        let last = format!("\n\n{figure}: engine-gzip **×0.200** of engine (0.200–0.200).");
        assert!(results.to_string().ends_with(&last), "{results}");
    }
}
