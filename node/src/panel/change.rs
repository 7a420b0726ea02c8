//! How a user wants jobs to be printed otherwise than they were submitted.

use std::fmt::Display;
use std::str::FromStr;

use papermesh_convert::device::Device;
use papermesh_protocol::job::{
    ColorMode, Finishing, FinishingKind, PageRanges, PrintOptions, Scaling, Sides,
};
use papermesh_store::Choice;

use crate::pages::{Form, Words, describe};

/// How to print otherwise than submitted; what is not said stays as it is.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Change {
    pub(super) copies: Option<u16>,
    pub(super) sides: Option<Sides>,
    pub(super) color: Option<ColorMode>,
    pub(super) page_ranges: Option<PageRanges>,
    pub(super) scaling: Option<Scaling>,
    pub(super) as_image: Option<bool>,
    /// For these kinds of finishing, one of them or none at all.
    pub(super) finishings: Vec<(FinishingKind, Option<Finishing>)>,
}

impl Change {
    /// The options of a job, changed; none where nothing changes.
    pub(super) fn of(&self, options: &PrintOptions) -> Option<PrintOptions> {
        if *self == Self::default() {
            return None;
        }
        let Self {
            copies,
            sides,
            color,
            page_ranges,
            scaling,
            as_image,
            finishings,
        } = self.clone();
        let finished = finishings.into_iter();
        Some(PrintOptions {
            copies: copies.unwrap_or(options.copies),
            sides: sides.or(options.sides),
            color: color.or(options.color),
            media: options.media.clone(),
            page_ranges: page_ranges.unwrap_or_else(|| options.page_ranges.clone()),
            scaling: scaling.or(options.scaling),
            as_image: as_image.unwrap_or(options.as_image),
            finishings: finished.fold(options.finishings.clone(), |all, (kind, one)| {
                all.with(kind, one)
            }),
            extensions: options.extensions.clone(),
        })
    }

    /// Reads it from a form. What makes no sense is named.
    pub(super) fn read(form: &Form) -> Result<Self, BadOption> {
        let change = Self {
            copies: option(form, "copies", BadOption::Copies)?,
            sides: option(form, "sides", BadOption::Other)?,
            color: option(form, "color", BadOption::Other)?,
            page_ranges: form.get("pages").map(ranges).transpose()?,
            scaling: option(form, "scaling", BadOption::Other)?,
            as_image: option(form, "image", BadOption::Other)?,
            finishings: FINISHINGS
                .into_iter()
                .filter_map(|(kind, name, _)| Some((kind, form.get(name)?)))
                .map(|(kind, text)| match text.trim() {
                    NONE => Ok((kind, None)),
                    text => text.parse().map(|one| (kind, Some(one))),
                })
                .collect::<Result<_, _>>()
                .map_err(|_| BadOption::Other)?,
        };
        let options = change.of(&PrintOptions::default()).unwrap_or_default();
        // Nothing else of what a form says can be out of its limits.
        options.check().map_err(|_| BadOption::Copies)?;
        Ok(change)
    }
}

/// The kinds of finishing, with their names in a form and the keys of their words.
const FINISHINGS: [(FinishingKind, &str, &str); 3] = [
    (FinishingKind::Staple, "staple", "options-staple"),
    (FinishingKind::Punch, "punch", "options-punch"),
    (FinishingKind::Fold, "fold", "options-fold"),
];

/// What a form says of a kind of finishing that is not wanted.
const NONE: &str = "none";

/// One of the things that a user may choose.
pub(super) struct Offered {
    /// Its name in the form.
    pub(super) name: &'static str,
    pub(super) legend: String,
    pub(super) values: Vec<OfferedValue>,
}

/// One way to have it.
pub(super) struct OfferedValue {
    /// What the form says of it; nothing for *as it was submitted*.
    pub(super) value: &'static str,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// What a user may choose at this device, with what the user chose last.
pub(super) fn offered(t: &Words, device: &Device, last: Choice) -> Vec<Offered> {
    let choice = |name, key, values: Vec<(&'static str, String)>, last: &str| {
        let as_is = ("", t.say("as-is").into_owned());
        let values = std::iter::once(as_is).chain(values);
        Offered {
            name,
            legend: t.say(key).into_owned(),
            values: values
                .map(|(value, label)| OfferedValue {
                    value,
                    label,
                    chosen: value == last,
                })
                .collect(),
        }
    };
    let mut choices = Vec::new();
    if device.prints_both_sides() {
        let all = [
            Sides::OneSided,
            Sides::TwoSidedLongEdge,
            Sides::TwoSidedShortEdge,
        ];
        let values = all.map(|sides| (sides.keyword(), describe::sides(t, sides)));
        let last = last.sides.map_or("", Sides::keyword);
        choices.push(choice("sides", "options-sides", values.into(), last));
    }
    if device.color != Some(false) {
        let all = [ColorMode::Color, ColorMode::Monochrome];
        let named = all.map(|color| Some((color.keyword(), describe::color(t, color)?)));
        let values = named.into_iter().flatten().collect();
        let last = last.color.map_or("", ColorMode::keyword);
        choices.push(choice("color", "options-color", values, last));
    }
    let all = [Scaling::Fit, Scaling::Fill, Scaling::None];
    let named = all.map(|scaling| Some((scaling.keyword(), describe::scaling(t, scaling)?)));
    let values = named.into_iter().flatten().collect();
    choices.push(choice("scaling", "options-scaling", values, ""));
    for (kind, name, key) in FINISHINGS {
        let of_kind = device.finishings.iter().filter(|one| one.kind() == kind);
        let mut values: Vec<_> = of_kind
            .map(|one| (one.keyword(), describe::finishing(t, *one)))
            .collect();
        if !values.is_empty() {
            values.insert(0, (NONE, t.say("finishing-none").into_owned()));
            choices.push(choice(name, key, values, ""));
        }
    }
    let image = vec![("true", t.say("as-image").into_owned())];
    choices.push(choice("image", "options-image", image, ""));
    choices
}

/// What makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadOption {
    Copies,
    Pages,
    Other,
}

/// Reads `1-3, 7`; spaces and every usual dash will do.
fn ranges(text: &str) -> Result<PageRanges, BadOption> {
    let plain = text
        .replace(['–', '—', '−'], "-")
        .replace(['，', ';', '،'], ",");
    let parts = plain.split(',').map(str::trim);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    match parts.is_empty() {
        true => Ok(PageRanges::all()),
        false => parts.join(",").parse().map_err(|_| BadOption::Pages),
    }
}

fn option<T>(form: &Form, name: &str, bad: BadOption) -> Result<Option<T>, BadOption>
where
    T: FromStr<Err: Display>,
{
    form.get(name)
        .map(|text| text.trim().parse().map_err(|_| bad))
        .transpose()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn change(text: &str) -> Result<Change, BadOption> {
        Change::read(&Form::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn options_are_read_and_nonsense_is_named() {
        let all = "copies=2&sides=two-sided-long-edge&color=&pages=1%E2%80%933%2C+7&scaling=none&image=true";
        let read = change(all).unwrap();
        assert_eq!(
            (read.scaling, read.as_image),
            (Some(Scaling::None), Some(true))
        );
        assert_eq!(read.copies, Some(2));
        assert_eq!(read.color, None);
        assert_eq!(read.page_ranges.unwrap().to_string(), "1-3,7");
        assert_eq!(change(""), Ok(Change::default()));
        assert_eq!(change("copies=0"), Err(BadOption::Copies));
        assert_eq!(change("copies=many"), Err(BadOption::Copies));
        assert_eq!(change("pages=3-1"), Err(BadOption::Pages));
        assert_eq!(change("sides=three"), Err(BadOption::Other));
        assert_eq!(change("scaling=twice"), Err(BadOption::Other));
        assert_eq!(change("image=perhaps"), Err(BadOption::Other));
        assert_eq!(change("staple=glue"), Err(BadOption::Other));
    }

    #[test]
    fn a_kind_of_finishing_is_changed_by_itself() {
        let was = PrintOptions {
            finishings: "staple-top-left,punch-dual-left".parse().unwrap(),
            ..PrintOptions::default()
        };
        let finished = |text: &str| {
            let options = change(text).unwrap().of(&was).unwrap_or(was.clone());
            options.finishings.to_string()
        };
        assert_eq!(finished("staple="), "staple-top-left,punch-dual-left");
        assert_eq!(finished("staple=none"), "punch-dual-left");
        let others = finished("staple=staple-dual-left&punch=none&fold=fold-half");
        assert_eq!(others, "staple-dual-left,fold-half");
    }
}
