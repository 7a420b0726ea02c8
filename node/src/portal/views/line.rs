//! What lists are made of. A job, a device, a user and a record look alike: a picture, a name, what
//! is to be said of it, and what can be done with it.

use std::collections::BTreeMap;

use askama::Template;

use crate::pages::describe::Moment;
use crate::pages::{self, Words};

/// A list.
pub(super) struct Lines {
    /// What it is called, where a section has several.
    pub(super) title: Option<String>,
    pub(super) lines: Vec<Line>,
    /// What is said where there is nothing.
    pub(super) nothing: Option<String>,
    /// In the node's own words.
    pub(super) note: Option<String>,
    /// A button that shows more.
    pub(super) more: Option<String>,
    /// Whether the order of the list means something.
    pub(super) ordered: bool,
}

/// One thing.
#[derive(Default)]
pub(super) struct Line {
    pub(super) id: String,
    /// How it looks: `good`, `warn`, `bad`, `busy` or nothing.
    pub(super) kind: &'static str,
    pub(super) icon: &'static str,
    pub(super) title: String,
    /// What is known of it.
    pub(super) facts: Option<String>,
    pub(super) said: Vec<Saying>,
    pub(super) chips: Vec<Chip>,
    pub(super) buttons: Vec<Button>,
    /// More for whoever wants it: names and values.
    pub(super) details: Vec<Detail>,
}

/// A few words, which may end with a moment.
pub(super) struct Saying {
    pub(super) text: String,
    pub(super) at: Option<Moment>,
}

/// A word that is seen at once.
pub(super) struct Chip {
    pub(super) kind: &'static str,
    pub(super) icon: Option<&'static str>,
    pub(super) text: String,
}

/// A name and a value.
pub(super) struct Detail {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) at: Option<Moment>,
}

/// Something that can be done.
pub(super) struct Button {
    pub(super) id: String,
    /// What is asked of the page.
    pub(super) what: &'static str,
    /// With what, as JSON.
    pub(super) values: String,
    pub(super) icon: &'static str,
    pub(super) text: String,
    /// What is heard in place of the text.
    pub(super) heard: String,
    pub(super) kind: &'static str,
    /// Only a picture is seen.
    pub(super) small: bool,
    /// For what is switched on and off.
    pub(super) pressed: Option<bool>,
    pub(super) disabled: bool,
}

#[derive(Template)]
#[template(path = "lines.html")]
struct Live<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    lists: Vec<Lines>,
    /// Devices that want to join, for the section that is elsewhere on the page.
    waiting: Option<usize>,
}

/// Lists, one below the other.
pub(super) fn render(
    t: &Words,
    base: &str,
    lists: Vec<Lines>,
    waiting: Option<usize>,
) -> Result<String, askama::Error> {
    Live {
        t,
        base,
        version: pages::version(),
        lists,
        waiting,
    }
    .render()
}

impl Lines {
    pub(super) fn of(lines: Vec<Line>, nothing: &str) -> Self {
        Self {
            nothing: lines.is_empty().then(|| nothing.to_owned()),
            title: None,
            lines,
            note: None,
            more: None,
            ordered: false,
        }
    }

    pub(super) fn empty(nothing: &str) -> Self {
        Self::of(Vec::new(), nothing)
    }
}

impl Saying {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            at: None,
        }
    }

    pub(super) fn at(text: impl Into<String>, at: Moment) -> Self {
        Self {
            text: text.into(),
            at: Some(at),
        }
    }
}

impl Chip {
    pub(super) fn new(
        kind: &'static str,
        icon: Option<&'static str>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            icon,
            text: text.into(),
        }
    }
}

impl Button {
    fn new(what: &'static str, id: impl Into<String>, values: &[(&str, &str)]) -> Self {
        let values: BTreeMap<_, _> = values.iter().copied().collect();
        Self {
            id: id.into(),
            what,
            // Strings always have a JSON form.
            values: serde_json::to_string(&values).unwrap_or_default(),
            icon: "check",
            text: String::new(),
            heard: String::new(),
            kind: "",
            small: false,
            pressed: None,
            disabled: false,
        }
    }

    /// One that has something done.
    pub(super) fn command(id: impl Into<String>, values: &[(&str, &str)]) -> Self {
        Self::new("do", id, values)
    }

    /// One after which something is to be typed.
    pub(super) fn ask(id: impl Into<String>, values: &[(&str, &str)]) -> Self {
        Self::new("ask", id, values)
    }

    pub(super) fn looking(mut self, icon: &'static str, text: &str) -> Self {
        self.icon = icon;
        text.clone_into(&mut self.text);
        self
    }

    /// With what it is about, for who hears it among others.
    pub(super) fn about(mut self, what: &str) -> Self {
        self.heard = format!("{}: {what}", self.text);
        self
    }

    pub(super) fn small(mut self) -> Self {
        self.small = true;
        self
    }

    pub(super) fn first(mut self) -> Self {
        self.kind = "primary";
        self
    }

    pub(super) fn dangerous(mut self) -> Self {
        self.kind = "danger";
        self
    }

    pub(super) fn pressed(mut self, on: bool) -> Self {
        self.pressed = Some(on);
        self
    }

    pub(super) fn unless(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }
}
