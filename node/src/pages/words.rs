//! The words of all pages, in every language they speak (Project Fluent). English is written first; a test
//! makes sure that the others say all of it, and that no page asks for what is not there.

use std::borrow::Cow;
use std::sync::OnceLock;

use axum::http::{HeaderMap, header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// A language that pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Language {
    #[default]
    English,
    German,
    French,
    Spanish,
    Chinese,
    Arabic,
}

impl Language {
    pub(crate) const ALL: [Self; 6] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Chinese,
        Self::Arabic,
    ];

    /// BCP 47.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Chinese => "zh",
            Self::Arabic => "ar",
        }
    }

    /// As its speakers call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::French => "Français",
            Self::Spanish => "Español",
            Self::Chinese => "中文",
            Self::Arabic => "العربية",
        }
    }

    /// In which direction it is written.
    pub(crate) const fn direction(self) -> &'static str {
        match self {
            Self::Arabic => "rtl",
            _ => "ltr",
        }
    }

    /// The words of all pages, and those of the portal and of the page for people outside.
    const fn sources(self) -> [&'static str; 2] {
        macro_rules! sources {
            ($tag:literal) => {
                [
                    include_str!(concat!("words/", $tag, ".ftl")),
                    include_str!(concat!("words/portal/", $tag, ".ftl")),
                ]
            };
        }
        match self {
            Self::English => sources!("en"),
            Self::German => sources!("de"),
            Self::French => sources!("fr"),
            Self::Spanish => sources!("es"),
            Self::Chinese => sources!("zh"),
            Self::Arabic => sources!("ar"),
        }
    }

    /// The language with this tag, whatever its region.
    pub(crate) fn named(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The one that a browser likes best of those there are (RFC 9110 section 12.5.4).
    fn accepted(header: &str) -> Option<Self> {
        let mut liked: Vec<(u16, Self)> = header
            .split(',')
            .take(32)
            .filter_map(|range| {
                let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
                let weight: f32 = weight.trim().parse().ok()?;
                let language = Self::named(tag)?;
                // Thousandths are all that the header can say.
                (weight > 0.0).then_some(((weight.min(1.0) * 1000.0) as u16, language))
            })
            .collect();
        liked.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        liked.first().map(|(_, language)| *language)
    }

    /// The one in which a browser is to be answered; English where it says nothing that is spoken.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        accepted
            .and_then(|header| Self::accepted(header.to_str().ok()?))
            .unwrap_or_default()
    }

    /// Its words.
    pub(crate) fn words(self) -> &'static Words {
        static ALL: OnceLock<Vec<Words>> = OnceLock::new();
        let all = ALL.get_or_init(|| Self::ALL.into_iter().map(Words::of).collect());
        let place = Self::ALL.iter().position(|language| *language == self);
        &all[place.unwrap_or(0)]
    }
}

/// All words of one language.
pub(crate) struct Words {
    bundle: FluentBundle<FluentResource>,
    language: Language,
}

impl Words {
    fn of(language: Language) -> Self {
        let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Marks around names matter where the directions of writing differ.
        bundle.set_use_isolating(language.direction() == "rtl");
        // What cannot be read is left out; a test makes sure that there is nothing such.
        for source in language.sources() {
            let resource = match FluentResource::try_new(source.to_owned()) {
                Ok(resource) => resource,
                Err((resource, _)) => resource,
            };
            bundle.add_resource_overriding(resource);
        }
        Self { bundle, language }
    }

    /// A message.
    pub(crate) fn say(&self, key: &str) -> Cow<'_, str> {
        self.formatted(key, None)
            .unwrap_or_else(|| Cow::Owned(missing(key)))
    }

    /// A message with something in it.
    pub(crate) fn say_with<'v, const N: usize>(
        &self,
        key: &str,
        values: [(&'static str, FluentValue<'v>); N],
    ) -> String {
        let args: FluentArgs<'v> = values.into_iter().collect();
        self.formatted(key, Some(&args))
            .map_or_else(|| missing(key), Cow::into_owned)
    }

    /// A message with a number in it.
    pub(crate) fn count(&self, key: &str, count: usize) -> String {
        self.say_with(key, [("count", FluentValue::from(count))])
    }

    /// A message, if there is such a one.
    pub(crate) fn say_if_known(&self, key: &str) -> Option<Cow<'_, str>> {
        self.bundle
            .has_message(key)
            .then(|| self.formatted(key, None))
            .flatten()
    }

    fn formatted(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<Cow<'_, str>> {
        let Some(pattern) = self.bundle.get_message(key).and_then(|found| found.value()) else {
            return (self.language != Language::English)
                .then(|| Language::English.words().formatted(key, args))
                .flatten()
                .map(|text| Cow::Owned(text.into_owned()));
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, args, &mut errors);
        Some(Cow::Owned(text.into_owned()))
    }
}

/// What is shown for a message that is not there; a test that comes here fails.
fn missing(key: &str) -> String {
    if cfg!(test) {
        panic!("no words for {key}");
    }
    key.to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;

    fn keys(language: Language) -> BTreeSet<String> {
        for source in language.sources() {
            FluentResource::try_new(source.to_owned())
                .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", language.tag()));
        }
        let key = |line: &str| {
            let (key, _) = line.split_once(" =")?;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            (!key.is_empty() && key.chars().all(plain)).then(|| key.to_owned())
        };
        let all = language.sources().into_iter().flat_map(str::lines);
        let keys: Vec<_> = all.filter_map(key).collect();
        let once: BTreeSet<_> = keys.iter().cloned().collect();
        assert_eq!(once.len(), keys.len(), "{} says one twice", language.tag());
        once
    }

    #[test]
    fn every_language_says_all_of_it() {
        let english = keys(Language::English);
        assert!(english.len() > 100);
        for language in Language::ALL {
            let theirs = keys(language);
            let missing: Vec<_> = english.difference(&theirs).collect();
            let idle: Vec<_> = theirs.difference(&english).collect();
            assert!(missing.is_empty(), "{} lacks {missing:?}", language.tag());
            assert!(idle.is_empty(), "{} has {idle:?} besides", language.tag());
        }
    }

    #[test]
    fn no_page_asks_for_what_is_not_there() {
        let english = keys(Language::English);
        let sources = [
            include_str!("../panel/templates/app.html"),
            include_str!("../panel/templates/clock.html"),
            include_str!("../panel/templates/code.html"),
            include_str!("../panel/templates/jobs.html"),
            include_str!("../panel/templates/keys.html"),
            include_str!("../panel/templates/knock.html"),
            include_str!("../panel/templates/lent.html"),
            include_str!("../panel/templates/moving.html"),
            include_str!("../panel/templates/outside.html"),
            include_str!("../panel/templates/page.html"),
            include_str!("../panel/templates/prints.html"),
            include_str!("../panel/templates/session.html"),
            include_str!("../panel/templates/typing.html"),
            include_str!("../panel/templates/waiting.html"),
            include_str!("../panel/templates/welcome.html"),
            include_str!("../panel/views.rs"),
            include_str!("../panel/views/phone.rs"),
            include_str!("../portal/templates/account.html"),
            include_str!("../portal/templates/desk.html"),
            include_str!("../portal/templates/dialog.html"),
            include_str!("../portal/templates/door.html"),
            include_str!("../portal/templates/export.html"),
            include_str!("../portal/templates/lines.html"),
            include_str!("../portal/templates/turned_away.html"),
            include_str!("../portal/templates/policy.html"),
            include_str!("../portal/templates/ticket.html"),
            include_str!("../portal/views/admin.rs"),
            include_str!("../portal/views/dialog.rs"),
            include_str!("../portal/views/internet.rs"),
            include_str!("../portal/views/mail.rs"),
            include_str!("../portal/views/mod.rs"),
            include_str!("../portal/views/remark.rs"),
            include_str!("../portal/views/user.rs"),
            include_str!("../outside/templates/place.html"),
            include_str!("../outside/view.rs"),
            include_str!("../inbox/answer.rs"),
            include_str!("../inbox/mod.rs"),
            include_str!("describe.rs"),
        ];
        for source in sources {
            for (at, _) in source.match_indices("say(\"") {
                let key = source[at + 5..].split('"').next().unwrap();
                assert!(english.contains(key), "{key}");
            }
            for call in [
                "say_with(\"",
                "count(\"",
                "say_with(\n                \"",
                "count(\n                \"",
            ] {
                for (at, _) in source.match_indices(call) {
                    let key = source[at + call.len()..].split('"').next().unwrap();
                    assert!(english.contains(key), "{key}");
                }
            }
        }
    }

    #[test]
    fn a_browser_is_answered_in_what_it_likes_best() {
        assert_eq!(
            Language::accepted("nl, fr-CH;q=0.9, de;q=0.7, *;q=0.5"),
            Some(Language::French)
        );
        assert_eq!(
            Language::accepted("de;q=0.2,en;q=0.8"),
            Some(Language::English)
        );
        assert_eq!(Language::accepted("zh-Hans-CN"), Some(Language::Chinese));
        assert_eq!(Language::accepted("tlh, de;q=0"), None);
        assert_eq!(Language::accepted(""), None);
    }

    #[test]
    fn numbers_have_their_plurals() {
        assert_eq!(Language::English.words().count("jobs-count", 1), "1 job");
        assert_eq!(Language::English.words().count("jobs-count", 3), "3 jobs");
        assert_eq!(Language::German.words().count("jobs-count", 1), "1 Auftrag");
    }
}
