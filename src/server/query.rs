//! Query strings: every parameter is known, or the request is refused.

use super::{error::Problem, stream::resume::After};
use crate::{
    domain::{UnixMillis, limits},
    wire::{EventId, StreamFilter, filter::FilterError},
};

/// The parameters of a request, taken out one by one.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The parameters of `raw`, the part of an address after `?`.
    #[must_use]
    pub(super) fn parse(raw: Option<&str>) -> Self {
        Self(form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// Takes out what makes a filter.
    ///
    /// # Errors
    /// The first value that is not understood.
    pub(super) fn filter(&mut self) -> Result<StreamFilter, FilterError> {
        let mut filter = StreamFilter::default();
        let mut rest = Vec::new();
        for (name, value) in self.0.drain(..) {
            if !filter.add(&name, &value)? {
                rest.push((name, value));
            }
        }
        self.0 = rest;
        Ok(filter)
    }

    /// Takes out a parameter that may be given once.
    fn take(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut found = None;
        while let Some(index) = self.0.iter().position(|(key, _)| key == name) {
            if found.replace(self.0.swap_remove(index).1).is_some() {
                return Err(refuse(name, format!("{name} is given more than once")));
            }
        }
        Ok(found)
    }

    /// Takes out a parameter that must be given.
    ///
    /// # Errors
    /// It is missing, or given twice.
    pub(super) fn required(&mut self, name: &str) -> Result<String, Problem> {
        let value = self.take(name)?.filter(|value| !value.is_empty());
        value.ok_or_else(|| refuse(name, format!("{name} is required")))
    }

    /// Takes out a switch: `1` or `0`.
    ///
    /// # Errors
    /// Any other value.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        match self.take(name)?.as_deref() {
            None | Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(other) => Err(refuse(name, format!("{name} is 1 or 0, not {other:?}"))),
        }
    }

    /// Takes out `after`: an event id, or `earliest`.
    ///
    /// # Errors
    /// Any other value.
    pub(super) fn after(&mut self) -> Result<After, Problem> {
        match self.take("after")?.as_deref() {
            None => Ok(After::Now),
            Some("earliest") => Ok(After::Earliest),
            Some(raw) => raw.parse().map(After::Id).map_err(|_| {
                refuse("after", format!("after is earliest or {}, not {raw:?}", EventId::FORM))
            }),
        }
    }

    /// Takes out `limit`, a number from 1 to `most`.
    ///
    /// # Errors
    /// Any other value.
    pub(super) fn limit(&mut self, most: usize) -> Result<Option<usize>, Problem> {
        let Some(raw) = self.take("limit")? else {
            return Ok(None);
        };
        raw.parse().ok().filter(|limit| (1..=most).contains(limit)).map(Some).ok_or_else(|| {
            refuse("limit", format!("limit is a whole number from 1 to {most}, not {raw:?}"))
        })
    }

    /// Takes out a whole number from 0.
    ///
    /// # Errors
    /// Any other value.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(raw) = self.take(name)? else {
            return Ok(None);
        };
        raw.parse()
            .map(Some)
            .map_err(|_| refuse(name, format!("{name} is a whole number, not {raw:?}")))
    }

    /// Takes out `since`: a time, or `day` for when the business day began.
    ///
    /// # Errors
    /// Any other value.
    pub(super) fn since(
        &mut self,
        day: impl FnOnce() -> UnixMillis,
    ) -> Result<Option<UnixMillis>, Problem> {
        match self.take("since")?.as_deref() {
            None => Ok(None),
            Some("day") => Ok(Some(day())),
            Some(raw) => raw.parse().map(|at| Some(UnixMillis(at))).map_err(|_| {
                let detail = format!("since is day or milliseconds since 1970, not {raw:?}");
                refuse("since", detail)
            }),
        }
    }

    /// Takes out `q`, a number or a name, in lower case.
    ///
    /// # Errors
    /// It is empty, or longer than any name.
    pub(super) fn called(&mut self) -> Result<Option<String>, Problem> {
        let Some(raw) = self.take("q")? else {
            return Ok(None);
        };
        // As it was sent: some letters are two when they are small.
        let called = raw.trim();
        let blank = called.chars().all(|it| it.is_control() || it.is_whitespace());
        if blank || called.chars().count() > limits::CUSTOMER_NAME {
            let most = limits::CUSTOMER_NAME;
            return Err(refuse("q", format!("q is a number or a name of 1 to {most} characters")));
        }
        Ok(Some(called.to_lowercase()))
    }

    /// Refuses what is left; `others` are the parameters that are taken besides a filter's.
    ///
    /// # Errors
    /// The first parameter that nobody took out.
    pub(super) fn finish(self, others: &[&str]) -> Result<(), Problem> {
        self.finish_alone(&[&StreamFilter::PARAMETERS[..], others].concat())
    }

    /// Refuses what is left; `known` are the parameters that are taken.
    ///
    /// # Errors
    /// The first parameter that nobody took out.
    pub(super) fn finish_alone(self, known: &[&str]) -> Result<(), Problem> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let known = known.join(", ");
                let detail = format!("there is no parameter {name:?}; it takes {known}");
                Err(refuse(&name, detail))
            }
        }
    }
}

fn refuse(parameter: &str, detail: String) -> Problem {
    Problem::InvalidParameter { parameter: parameter.to_owned(), detail }
}
