//! How a job is to be printed, as IPP says it (RFC 8011 section 5.2; PWG 5100.1, 5100.7 and 5100.13).
//!
//! One entry of [`ALL`] is one attribute: how it is read, how it is shown of a job, and what the
//! printer says that it supports. Whatever may be asked of a job otherwise is in `template`.

use ipp::value::IppValue;
use papermesh_convert::media::{A4, PageSize};
use papermesh_protocol::job::{
    ColorMode, Finishing, Finishings, NO_FINISHING, PageRange, PageRanges, PrintOptions, Scaling,
    Sides,
};
use papermesh_protocol::limits;

use super::media;
use super::queue::Capabilities;
use super::values::{
    all, collection, enumeration, flag, integer, keyword, keywords, range, text_of,
};

/// Attributes of one printer or job.
pub(super) type Named = Vec<(&'static str, IppValue)>;

/// One attribute.
pub(super) struct JobOption {
    /// Its name.
    pub(super) name: &'static str,
    /// Takes a value that somebody asks for, as far as it is offered.
    pub(super) take: fn(&mut PrintOptions, &IppValue, &Capabilities) -> Taken,
    /// Its value, where the options say one.
    show: fn(&PrintOptions) -> Option<IppValue>,
    /// What the printer says of it.
    advertise: fn(&Capabilities) -> Named,
}

/// What became of an attribute that was asked for.
pub(super) enum Taken {
    /// It is done as asked.
    Yes,
    /// The attribute is known, its value cannot be had.
    Value,
    /// These members of its value cannot be had.
    Part(IppValue),
    /// The attribute is not known.
    Unknown,
}

impl From<bool> for Taken {
    fn from(possible: bool) -> Self {
        if possible { Self::Yes } else { Self::Value }
    }
}

/// Sets what a value means; none where it cannot be had.
pub(super) fn set<T>(place: &mut T, value: Option<T>) -> Taken {
    match value {
        Some(value) => {
            *place = value;
            Taken::Yes
        }
        None => Taken::Value,
    }
}

/// All of them, by name.
pub(super) const ALL: [JobOption; 9] = [
    JobOption {
        name: "copies",
        take: |options, value, _| set(&mut options.copies, copies(value)),
        show: |options| Some(integer(options.copies)),
        advertise: |_| {
            vec![
                ("copies-default", integer(1)),
                ("copies-supported", range(1, i32::from(limits::COPIES))),
            ]
        },
    },
    JobOption {
        name: "finishings",
        take: |options, value, capabilities| {
            let asked = members(value).iter();
            let asked = asked.filter(|value| **value != IppValue::Enum(NO_FINISHING));
            let asked = asked.map(|value| match value {
                IppValue::Enum(number) => Finishing::numbered(*number),
                _ => None,
            });
            set(
                &mut options.finishings,
                finishings(asked.collect(), capabilities),
            )
        },
        show: |options| {
            let asked = &options.finishings;
            let numbers = || all(asked.iter(), |one| enumeration(one.number()));
            (!asked.is_none()).then(numbers)
        },
        advertise: |capabilities| {
            let numbers = capabilities.can.finishes().map(Finishing::number);
            let supported = std::iter::once(NO_FINISHING).chain(numbers);
            vec![
                ("finishings-default", enumeration(NO_FINISHING)),
                ("finishings-ready", all(supported.clone(), enumeration)),
                ("finishings-supported", all(supported, enumeration)),
            ]
        },
    },
    // The same by name (PWG 5100.1 section 5.2).
    JobOption {
        name: "finishings-col",
        take: |options, value, capabilities| {
            let asked: Option<Vec<&str>> = members(value).iter().map(template).collect();
            let asked = asked.and_then(|names| {
                let names = names.into_iter().filter(|name| *name != NO_TEMPLATE);
                names.map(|name| name.parse().ok()).collect()
            });
            set(&mut options.finishings, finishings(asked, capabilities))
        },
        show: |options| {
            let templates = || all(options.finishings.iter(), |one| named(one.keyword()));
            (!options.finishings.is_none()).then(templates)
        },
        advertise: |capabilities| {
            let keywords = capabilities.can.finishes().map(Finishing::keyword);
            let names = std::iter::once(NO_TEMPLATE).chain(keywords);
            vec![
                ("finishings-col-default", named(NO_TEMPLATE)),
                ("finishings-col-ready", all(names.clone(), named)),
                ("finishings-col-database", all(names.clone(), named)),
                ("finishings-col-supported", keyword("finishing-template")),
                ("finishing-template-supported", all(names, keyword)),
            ]
        },
    },
    JobOption {
        name: "media",
        take: |options, value, capabilities| match text_of(value).map(str::trim) {
            None => Taken::Value,
            // Nothing in particular (RFC 2911 appendix C).
            Some("" | "default") => Taken::Yes,
            Some(name) => {
                let known = media::offered_as(name, &capabilities.can.media);
                set(&mut options.media, known.map(Some))
            }
        },
        show: |options| options.media.as_deref().map(keyword),
        advertise: |capabilities| {
            let (default, _) = usual_paper(capabilities);
            let ready = media::loaded(default, &capabilities.can.media);
            vec![
                ("media-default", keyword(default)),
                (
                    "media-supported",
                    keywords(capabilities.can.media.iter().map(String::as_str)),
                ),
                ("media-ready", keywords(ready)),
            ]
        },
    },
    JobOption {
        name: "media-col",
        take: |options, value, capabilities| match media::of_column(value, &capabilities.can.media)
        {
            None => Taken::Value,
            Some(media::Column { media, lost }) => {
                options.media = media.or(options.media.take());
                match lost.is_empty() {
                    true => Taken::Yes,
                    false => Taken::Part(IppValue::Collection(lost)),
                }
            }
        },
        show: |options| {
            let media = options.media.as_deref()?;
            Some(media::column(media, PageSize::named(media)?))
        },
        advertise: columns,
    },
    JobOption {
        name: "page-ranges",
        take: |options, value, _| set(&mut options.page_ranges, ranges(value)),
        show: |options| {
            let page = |page: u32| i32::try_from(page).unwrap_or(i32::MAX);
            let ranges = options.page_ranges.as_slice();
            let shown = || all(ranges, |pages| range(page(pages.first), page(pages.last)));
            (!ranges.is_empty()).then(shown)
        },
        advertise: |_| vec![("page-ranges-supported", flag(true))],
    },
    JobOption {
        name: "print-color-mode",
        take: |options, value, capabilities| {
            let asked = text_of(value).and_then(|text| text.parse().ok());
            let asked = asked.filter(|mode| colors(capabilities).contains(mode));
            set(&mut options.color, asked.map(Some))
        },
        show: |options| options.color.map(|color| keyword(color.keyword())),
        advertise: |capabilities| {
            let modes = all(colors(capabilities), |mode| keyword(mode.keyword()));
            vec![
                (
                    "print-color-mode-default",
                    keyword(ColorMode::Auto.keyword()),
                ),
                ("print-color-mode-supported", modes),
            ]
        },
    },
    JobOption {
        name: "print-scaling",
        take: |options, value, _| {
            let asked = text_of(value).and_then(|keyword| keyword.parse().ok());
            set(&mut options.scaling, asked.map(Some))
        },
        show: |options| options.scaling.map(|scaling| keyword(scaling.keyword())),
        advertise: |_| {
            let scalings = all(SCALINGS, |scaling| keyword(scaling.keyword()));
            vec![
                ("print-scaling-default", keyword(SCALINGS[0].keyword())),
                ("print-scaling-supported", scalings),
            ]
        },
    },
    JobOption {
        name: "sides",
        take: |options, value, capabilities| {
            let asked = text_of(value).and_then(|text| text.parse().ok());
            let asked = asked.filter(|asked| sides(capabilities).contains(asked));
            set(&mut options.sides, asked.map(Some))
        },
        show: |options| options.sides.map(|sides| keyword(sides.keyword())),
        advertise: |capabilities| {
            let sides = all(sides(capabilities), |sides| keyword(sides.keyword()));
            vec![
                ("sides-default", keyword(Sides::OneSided.keyword())),
                ("sides-supported", sides),
            ]
        },
    },
];

/// `print-scaling-supported` (PWG 5100.16 section 6.1), the default first.
const SCALINGS: [Scaling; 5] = [
    Scaling::Auto,
    Scaling::AutoFit,
    Scaling::Fit,
    Scaling::Fill,
    Scaling::None,
];

/// `finishing-template` *none* (PWG 5100.1).
const NO_TEMPLATE: &str = "none";

/// Takes one attribute; none if it is no option.
pub(super) fn take(
    options: &mut PrintOptions,
    (name, value): (&str, &IppValue),
    capabilities: &Capabilities,
) -> Option<Taken> {
    let option = ALL.iter().find(|option| option.name == name)?;
    Some((option.take)(options, value, capabilities))
}

/// How a job or a document is printed.
pub(super) fn shown(options: &PrintOptions) -> Named {
    let shown = ALL
        .iter()
        .map(|option| (option.name, (option.show)(options)));
    shown
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// What the printer says of all of them.
pub(super) fn offered(capabilities: &Capabilities) -> Named {
    ALL.iter()
        .flat_map(|option| (option.advertise)(capabilities))
        .collect()
}

/// The names of all of them.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|option| option.name)
}

/// The paper of a job that asks for none.
pub(super) fn usual_paper(capabilities: &Capabilities) -> (&str, PageSize) {
    let mut sizes = media::sizes(&capabilities.can.media);
    sizes.next().unwrap_or((media::SIZES[0], A4))
}

fn columns(capabilities: &Capabilities) -> Named {
    let (default, size) = usual_paper(capabilities);
    let ready = media::loaded(default, &capabilities.can.media).into_iter();
    let columns = ready.filter_map(|name| Some(media::column(name, PageSize::named(name)?)));
    vec![
        ("media-col-default", media::column(default, size)),
        (
            "media-col-ready",
            all(columns.collect::<Vec<_>>(), |column| column),
        ),
        ("media-col-supported", keywords(media::MEMBERS)),
        (
            "media-size-supported",
            all(media::sizes(&capabilities.can.media), |(_, size)| {
                media::dimensions(size)
            }),
        ),
        ("media-bottom-margin-supported", integer(media::MARGIN)),
        ("media-left-margin-supported", integer(media::MARGIN)),
        ("media-right-margin-supported", integer(media::MARGIN)),
        ("media-top-margin-supported", integer(media::MARGIN)),
        ("media-source-supported", keyword(media::SOURCE)),
        ("media-type-supported", keyword(media::TYPE)),
    ]
}

fn sides(capabilities: &Capabilities) -> &'static [Sides] {
    match capabilities.can.prints_both_sides() {
        true => &[
            Sides::OneSided,
            Sides::TwoSidedLongEdge,
            Sides::TwoSidedShortEdge,
        ],
        false => &[Sides::OneSided],
    }
}

fn colors(capabilities: &Capabilities) -> &'static [ColorMode] {
    match capabilities.can.prints_color() {
        true => &[ColorMode::Auto, ColorMode::Color, ColorMode::Monochrome],
        false => &[ColorMode::Auto, ColorMode::Monochrome],
    }
}

/// The values of an attribute: one that has a single one has it bare.
fn members(value: &IppValue) -> &[IppValue] {
    match value {
        IppValue::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

/// What is asked to be done to the sheets, if it can all be had.
fn finishings(asked: Option<Vec<Finishing>>, capabilities: &Capabilities) -> Option<Finishings> {
    let mut asked = asked?;
    asked.sort_unstable();
    asked.dedup();
    let had = |one: &Finishing| capabilities.can.finishes().any(|had| had == *one);
    let is_had = asked.iter().all(had);
    is_had.then(|| asked.try_into().ok()).flatten()
}

/// A member of `finishings-col`: its template, and whether it has nothing else.
fn template(value: &IppValue) -> Option<&str> {
    match value {
        IppValue::Collection(members) if members.len() == 1 => {
            text_of(members.get("finishing-template")?)
        }
        _ => None,
    }
}

/// A member of `finishings-col`.
fn named(template: &str) -> IppValue {
    collection([("finishing-template", keyword(template))])
}

fn copies(value: &IppValue) -> Option<u16> {
    match value {
        IppValue::Integer(number) => u16::try_from(*number)
            .ok()
            .filter(|copies| (1..=limits::COPIES).contains(copies)),
        _ => None,
    }
}

/// `page-ranges`: pages from 1, in order (RFC 8011 section 5.2.7).
fn ranges(value: &IppValue) -> Option<PageRanges> {
    let range = |value: &IppValue| match value {
        IppValue::RangeOfInteger { min, max } => Some(PageRange {
            first: u32::try_from(*min).ok()?,
            last: u32::try_from(*max).ok()?.min(limits::PAGES),
        }),
        _ => None,
    };
    let ranges: Option<Vec<PageRange>> = members(value).iter().map(range).collect();
    ranges?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn finisher() -> Capabilities {
        let mut capabilities = Capabilities::sane(1 << 20);
        let keywords = [
            "staple-top-left",
            "punch-dual-left",
            "a-glue-of-later-years",
        ];
        capabilities.can.finishings = keywords.map(str::to_owned).to_vec();
        capabilities
    }

    fn asked(name: &str, value: &IppValue) -> Option<String> {
        let mut options = PrintOptions {
            finishings: "staple".parse().unwrap(),
            ..PrintOptions::default()
        };
        match take(&mut options, (name, value), &finisher())? {
            Taken::Yes => Some(options.finishings.to_string()),
            _ => None,
        }
    }

    #[test]
    fn finishings_are_read_by_number_and_by_name() {
        let both = "staple-top-left,punch-dual-left";
        let numbers = |numbers: &[i32]| all(numbers, |number| enumeration(*number));
        let names = |names: &[&'static str]| all(names, |name| named(name));
        for (name, value, finishings) in [
            ("finishings", enumeration(20), Some("staple-top-left")),
            ("finishings", numbers(&[74, 20]), Some(both)),
            ("finishings", enumeration(NO_FINISHING), Some("")),
            (
                "finishings",
                numbers(&[20, NO_FINISHING]),
                Some("staple-top-left"),
            ),
            ("finishings", enumeration(93), None),
            ("finishings", keyword("staple-top-left"), None),
            (
                "finishings-col",
                named("staple-top-left"),
                Some("staple-top-left"),
            ),
            (
                "finishings-col",
                names(&["punch-dual-left", "staple-top-left"]),
                Some(both),
            ),
            ("finishings-col", named(NO_TEMPLATE), Some("")),
            ("finishings-col", named("fold-half"), None),
            ("finishings-col", keyword("staple-top-left"), None),
            (
                "finishings-col",
                collection([
                    ("finishing-template", keyword("staple-top-left")),
                    ("stitching", keyword("thrice")),
                ]),
                None,
            ),
        ] {
            assert_eq!(asked(name, &value).as_deref(), finishings, "{name}={value}");
        }
    }

    #[test]
    fn what_is_shown_of_a_job_can_be_asked_of_another() {
        let options = PrintOptions {
            copies: 3,
            sides: Some(Sides::TwoSidedLongEdge),
            color: Some(ColorMode::Monochrome),
            media: Some("iso_a4_210x297mm".to_owned()),
            page_ranges: "1-3,7".parse().unwrap(),
            scaling: Some(Scaling::Fill),
            finishings: "punch-dual-left".parse().unwrap(),
            ..PrintOptions::default()
        };
        let mut again = PrintOptions::default();
        for (name, value) in shown(&options) {
            let taken = take(&mut again, (name, &value), &finisher());
            assert!(matches!(taken, Some(Taken::Yes)), "{name}");
        }
        assert_eq!(again, options);
    }
}
