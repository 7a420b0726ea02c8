#![allow(clippy::unwrap_used)]
use super::*;
use crate::device::RasterAbilities;
use crate::facts::{Condition, SameSize};

fn device(formats: &[&str]) -> Device {
    let strings = |values: &[&str]| {
        values
            .iter()
            .map(|&value| value.to_owned())
            .collect::<Vec<_>>()
    };
    Device {
        max_copies: 99,
        sides: strings(&["one-sided", "two-sided-long-edge"]),
        page_ranges: true,
        color: Some(true),
        media: strings(&["iso_a4_210x297mm", "na_letter_8.5x11in"]),
        media_default: Some("na_letter_8.5x11in".into()),
        raster: RasterAbilities {
            resolutions: vec![300],
            types: strings(&["srgb_8", "sgray_8", "black_1"]),
            sheet_back: None,
            urf: strings(&["W8", "SRGB24", "RS300-600", "DM3"]),
        },
        ..Device::taking(Formats::Listed(strings(formats)))
    }
}

fn request(format: &str) -> PrintRequest {
    PrintRequest {
        format: format.into(),
        known: Known::default(),
        options: PrintOptions::default(),
    }
}

fn facts(pages: u32) -> Facts {
    Facts {
        pages: Some(pages),
        page_size: Some(A4),
        color: Some(true),
        condition: Condition::Whole,
        sizes: vec![SameSize { pages, size: A4 }],
        print_layers: false,
        flaw: None,
    }
}

fn planned(device: &Device, request: &PrintRequest, facts: &Facts) -> Result<Plan, Unprintable> {
    plan(
        device,
        request,
        Some(facts),
        Some(&PathBuf::from("/usr/bin/gs")),
    )
}

fn steps(plan: &Plan) -> &[Stage] {
    match &plan.work {
        Work::None => &[],
        Work::Stream(steps) | Work::Hold { steps, .. } => steps,
    }
}

#[test]
fn what_the_device_takes_is_passed_on_with_what_it_can_do() {
    let wanted = PrintRequest {
        options: PrintOptions {
            copies: 2,
            sides: Some(Sides::TwoSidedLongEdge),
            page_ranges: "1-2".parse().unwrap(),
            ..PrintOptions::default()
        },
        ..request(PDF)
    };
    for formats in [&[PDF, PWG][..], &["Application/PDF"]] {
        let plan = planned(&device(formats), &wanted, &Facts::default()).unwrap();
        assert!(plan.is_passed_on());
        assert_eq!((plan.request, plan.notes), (wanted.clone(), vec![]));
    }
    let tray = Device {
        max_copies: 99,
        ..Device::taking(Formats::Any)
    };
    let whole = PrintRequest {
        options: PrintOptions {
            page_ranges: PageRanges::all(),
            ..wanted.options.clone()
        },
        ..wanted.clone()
    };
    let anything = |request| planned(&tray, request, &facts(3)).unwrap();
    assert!(anything(&whole).is_passed_on());
    // Nobody at a tray chooses pages.
    assert!(matches!(steps(&anything(&wanted)), [Stage::Arrange(_)]));
}

#[test]
fn copies_and_pages_of_pixels_are_made_here_whatever_the_device_lists() {
    let wanted = |format| PrintRequest {
        options: PrintOptions {
            copies: 3,
            page_ranges: "2-4".parse().unwrap(),
            sides: Some(Sides::TwoSidedLongEdge),
            ..PrintOptions::default()
        },
        ..request(format)
    };
    for source in [PDF, JPEG, PNG, PWG, URF] {
        for target in PIXELS {
            let plan = planned(&device(&[target]), &wanted(source), &facts(9)).unwrap();
            assert!(!plan.is_passed_on(), "{source} {target}");
            assert_eq!(plan.request.format, target, "{source}");
            assert_eq!(plan.request.options.copies, 1, "{source} {target}");
            assert!(
                plan.request.options.page_ranges.is_all(),
                "{source} {target}"
            );
        }
    }
    // One copy of all pages is passed on, and so is what the device does itself.
    for format in [PWG, URF] {
        let plan = planned(&silent(format), &request(format), &facts(9)).unwrap();
        assert!(plan.is_passed_on());
    }
    assert!(
        planned(&device(&[PDF]), &wanted(PDF), &facts(9))
            .unwrap()
            .is_passed_on()
    );
}

/// A device that says nothing of how it wants pages of pixels.
fn silent(format: &str) -> Device {
    Device {
        raster: RasterAbilities::default(),
        ..device(&[format])
    }
}

#[test]
fn pixels_are_passed_on_only_to_a_device_that_takes_them_as_they_come() {
    let strings = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
    let two_sided = |format| PrintRequest {
        options: PrintOptions {
            sides: Some(Sides::TwoSidedLongEdge),
            ..PrintOptions::default()
        },
        ..request(format)
    };
    let passed_on = |raster: RasterAbilities, request: &PrintRequest| {
        let device = Device {
            raster,
            ..device(&[&request.format])
        };
        planned(&device, request, &facts(3)).unwrap().is_passed_on()
    };
    let pwg = |types: &[&str], resolutions: &[u32], back: &str| RasterAbilities {
        types: strings(types),
        resolutions: resolutions.to_vec(),
        sheet_back: Some(back.to_owned()),
        ..RasterAbilities::default()
    };
    let urf = |keys: &[&str]| RasterAbilities {
        urf: strings(keys),
        ..RasterAbilities::default()
    };
    let both = ["sgray_8", "srgb_8"];
    assert!(passed_on(
        pwg(&both, &[300, 600], "normal"),
        &two_sided(PWG)
    ));
    assert!(passed_on(pwg(&both, &[300, 600], "rotated"), &request(PWG)));
    assert!(!passed_on(
        pwg(&both, &[300, 600], "rotated"),
        &two_sided(PWG)
    ));
    assert!(!passed_on(
        pwg(&["sgray_8"], &[300, 600], "normal"),
        &request(PWG)
    ));
    assert!(!passed_on(pwg(&both, &[600], "normal"), &request(PWG)));
    let keys = ["W8", "SRGB24", "RS300-600", "DM1"];
    assert!(passed_on(urf(&keys), &two_sided(URF)));
    for (place, key) in [(1, "DEVRGB24"), (2, "RS600"), (3, "DM3")] {
        let mut keys = keys;
        keys[place] = key;
        assert!(!passed_on(urf(&keys), &two_sided(URF)), "{key}");
    }
}

#[test]
fn copies_of_pcl_begin_sheets_too() {
    let lines = |pages, sides| {
        let wanted = PrintRequest {
            options: PrintOptions {
                copies: 2,
                sides,
                ..PrintOptions::default()
            },
            ..request(PDF)
        };
        let plan = planned(&device(&[PCL_XL]), &wanted, &facts(pages)).unwrap();
        let [Stage::Ghostscript { .. }, Stage::Press(press)] = steps(&plan) else {
            panic!()
        };
        (press.copy_of, press.total)
    };
    let total = |pages, sides| lines(pages, sides).1;
    assert_eq!(lines(3, Some(Sides::TwoSidedLongEdge)), (Some(3), 7));
    assert_eq!(total(4, Some(Sides::TwoSidedLongEdge)), 8);
    assert_eq!(total(3, None), 6);
    let wanted = PrintRequest {
        options: PrintOptions {
            copies: 2,
            sides: Some(Sides::TwoSidedLongEdge),
            ..PrintOptions::default()
        },
        ..request(PDF)
    };
    let uncounted = planned(&device(&[PCL]), &wanted, &Facts::default());
    assert_eq!(uncounted.unwrap_err(), Unprintable::Uncounted);
}

#[test]
fn the_page_of_a_picture_is_made_here_wherever_that_can_be() {
    let given = |formats: &[&str], gs: Option<&PathBuf>| {
        let facts = facts(1);
        let plan = plan(&device(formats), &request(JPEG), Some(&facts), gs).unwrap();
        plan.request.format
    };
    let gs = PathBuf::from("/usr/bin/gs");
    assert_eq!(given(&[JPEG, PDF], None), PDF);
    assert_eq!(given(&[JPEG, PWG], Some(&gs)), PWG);
    assert_eq!(given(&[JPEG, PWG], None), JPEG);
    assert_eq!(given(&[JPEG], Some(&gs)), JPEG);
    let anything = planned(&Device::taking(Formats::Any), &request(JPEG), &facts(1)).unwrap();
    assert!(anything.is_passed_on());
}

#[test]
fn every_format_finds_a_way_to_every_device() {
    for source in [PDF, JPEG, PNG, PWG, URF, TEXT] {
        for target in [PDF, PWG, URF, PCL, PCL_XL, POSTSCRIPT] {
            let plan = planned(&silent(target), &request(source), &facts(3)).unwrap();
            assert_eq!(plan.request.format, target, "{source}");
            assert_eq!(plan.is_passed_on(), source == target);
        }
    }
    for (source, target) in [(PDF, TEXT), (POSTSCRIPT, PDF)] {
        let refused = planned(&device(&[target]), &request(source), &facts(1)).unwrap_err();
        let remedy = refused.remedy().unwrap();
        assert!(remedy.contains(target), "{remedy}");
    }
}

#[test]
fn a_missing_renderer_is_named_where_it_is_needed() {
    let without = |target| plan(&device(&[target]), &request(PDF), None, None);
    let refused = without(PWG).unwrap_err();
    let remedy = refused.remedy().unwrap();
    assert!(remedy.contains("apt-get install ghostscript"), "{remedy}");
    assert!(without(PDF).unwrap().is_passed_on());
    assert!(plan(&device(&[URF]), &request(PWG), None, None).is_ok());
}

#[test]
fn what_the_device_cannot_do_is_done_on_the_way() {
    let simple = Device {
        max_copies: 1,
        page_ranges: false,
        sides: vec!["one-sided".into(), "two-sided-long-edge".into()],
        ..device(&[PWG])
    };
    let wanted = PrintRequest {
        options: PrintOptions {
            copies: 3,
            sides: Some(Sides::TwoSidedLongEdge),
            page_ranges: "2-4".parse().unwrap(),
            ..PrintOptions::default()
        },
        ..request(PDF)
    };
    let plan = planned(&simple, &wanted, &facts(10)).unwrap();
    let rest = &plan.request.options;
    assert_eq!((rest.copies, rest.page_ranges.is_all()), (1, true));
    assert_eq!(rest.sides, Some(Sides::TwoSidedLongEdge));
    let [Stage::Ghostscript { repeated, .. }, Stage::Press(press)] = steps(&plan) else {
        panic!()
    };
    assert_eq!(repeated.1, 3);
    assert!(repeated.0.contains(&"-dFirstPage=2".to_owned()));
    // Three pages each, and an empty back after the first two copies.
    assert_eq!(
        (press.copy_of, press.total, press.duplex),
        (Some(3), 11, Some(false))
    );

    let pdf = Device {
        formats: Formats::Listed(vec![PDF.into()]),
        ..simple.clone()
    };
    let plan = planned(&pdf, &wanted, &facts(10)).unwrap();
    let [Stage::Arrange(arrangement)] = steps(&plan) else {
        panic!()
    };
    assert_eq!((arrangement.copies, arrangement.two_sided), (3, true));
    let uncounted = planned(&simple, &wanted, &Facts::default());
    assert_eq!(uncounted.unwrap_err(), Unprintable::Uncounted);
    let beyond = planned(&simple, &wanted, &facts(1)).unwrap_err();
    assert!(matches!(beyond, Unprintable::NoSuchPages { pages: 1, .. }));
}

#[test]
fn a_device_for_one_side_prints_on_one_and_the_user_is_told() {
    let simplex = Device {
        sides: vec!["one-sided".into()],
        ..device(&[PDF])
    };
    let wanted = PrintRequest {
        options: PrintOptions {
            sides: Some(Sides::TwoSidedShortEdge),
            ..PrintOptions::default()
        },
        ..request(PDF)
    };
    let plan = planned(&simplex, &wanted, &facts(1)).unwrap();
    assert!(plan.is_passed_on());
    assert_eq!(
        (plan.request.options.sides, plan.notes),
        (Some(Sides::OneSided), vec![Note::OneSided])
    );
}

#[test]
fn paper_color_and_resolution_are_the_devices_best_for_the_document() {
    let press = |device: &Device, request: &PrintRequest, facts: &Facts| {
        let plan = planned(device, request, facts).unwrap();
        let [
            Stage::Ghostscript {
                arguments,
                repeated,
                ..
            },
            Stage::Press(press),
        ] = steps(&plan)
        else {
            panic!()
        };
        let line = format!("{} {}", arguments.join(" "), repeated.0.join(" "));
        (line, press.clone(), plan.request)
    };
    let paper = |press: &Press| press.paper.unwrap().size;
    let (line, made, _) = press(&device(&[PWG]), &request(PDF), &facts(1));
    assert!(line.contains("-sDEVICE=ppmraw"), "{line}");
    assert!(line.contains("HWResolution[300 300]"), "{line}");
    assert_eq!((paper(&made), made.resolution), (A4, 300));
    let (line, made, _) = press(&device(&[URF]), &request(PDF), &Facts::default());
    assert!(line.contains("HWResolution[600 600]"), "{line}");
    assert_eq!(paper(&made), PageSize::named("na_letter_8.5x11in").unwrap());
    assert_eq!(made.back, SheetBack::Rotated);
    let mono = PrintRequest {
        options: PrintOptions {
            color: Some(ColorMode::Monochrome),
            media: Some("iso_a5_148x210mm".into()),
            ..PrintOptions::default()
        },
        ..request(PDF)
    };
    let (line, made, rest) = press(&device(&[PWG]), &mono, &facts(1));
    assert!(line.contains("-sDEVICE=pgmraw"), "{line}");
    // Half as large: by about 0.7 in each direction.
    assert!(line.contains("HWResolution[211.4"), "{line}");
    assert_eq!(paper(&made), PageSize::new(14_800, 21_000));
    assert_eq!(
        (made.kinds.contains(&Pixels::Rgb8), rest.options.color),
        (false, None)
    );
    let mut bilevel = device(&[PWG]);
    bilevel.raster.types = vec!["black_1".into()];
    assert!(
        press(&bilevel, &request(PDF), &facts(1))
            .0
            .contains("pbmraw")
    );
}

#[test]
fn pages_are_drawn_as_large_as_they_are_to_be() {
    let label = PageSize::new(5000, 3000);
    let mixed = Facts {
        sizes: vec![
            SameSize { pages: 2, size: A4 },
            SameSize {
                pages: 1,
                size: label,
            },
            SameSize {
                pages: 1,
                size: PageSize::new(42_000, 59_400),
            },
        ],
        ..facts(4)
    };
    let device = device(&[PWG]);
    let lines = |scaling, pages: PageRanges| {
        let request = PrintRequest {
            options: PrintOptions {
                scaling,
                page_ranges: pages,
                ..PrintOptions::default()
            },
            ..request(PDF)
        };
        let device = Device {
            page_ranges: false,
            ..device.clone()
        };
        let plan = planned(&device, &request, &mixed).unwrap();
        let [Stage::Ghostscript { repeated, .. }, Stage::Press(press)] = steps(&plan) else {
            panic!()
        };
        assert_eq!(press.paper.unwrap().scaling, Scaling::None);
        repeated.0.join(" ")
    };
    let all = PageRanges::all;
    let unsaid = lines(None, all());
    assert_eq!(unsaid, lines(Some(Scaling::Auto), all()));
    for part in [
        "[300 300]>>setpagedevice -dFirstPage=1 -dLastPage=3",
        "[150 150]>>setpagedevice -dFirstPage=4 -dLastPage=4",
    ] {
        assert!(unsaid.contains(part), "{unsaid}");
    }
    let fit = lines(Some(Scaling::Fit), all());
    assert!(
        fit.contains("[1782 1782]>>setpagedevice -dFirstPage=3 -dLastPage=3"),
        "{fit}"
    );
    let some = "2-3".parse().unwrap();
    let none = lines(Some(Scaling::None), some);
    assert_eq!(
        none.matches("-dFirstPage=2 -dLastPage=3").count(),
        1,
        "{none}"
    );
}

#[test]
fn a_printer_that_draws_wrongly_is_given_pictures() {
    let as_image = PrintRequest {
        options: PrintOptions {
            as_image: true,
            ..PrintOptions::default()
        },
        ..request(PDF)
    };
    let target = |device: &Device, request: &PrintRequest| {
        let plan = planned(device, request, &facts(1)).unwrap();
        let drawn = matches!(steps(&plan), [Stage::Ghostscript { .. }, Stage::Press(_)]);
        (plan.request.format, drawn)
    };
    let both = device(&[PDF, PWG]);
    assert_eq!(target(&both, &request(PDF)), (PDF.to_owned(), false));
    assert_eq!(target(&both, &as_image), (PWG.to_owned(), true));
    let pdf = device(&[PDF]);
    assert_eq!(target(&pdf, &as_image), (PDF.to_owned(), true));
    let wrong = Device {
        as_image: true,
        ..both
    };
    assert_eq!(target(&wrong, &request(PDF)), (PWG.to_owned(), true));
    let unasked = Device::taking(Formats::Any);
    assert_eq!(target(&unasked, &as_image), (PDF.to_owned(), true));
}

#[test]
fn scaling_is_done_by_the_device_if_it_says_that_it_can() {
    let fill = PrintRequest {
        options: PrintOptions {
            scaling: Some(Scaling::Fill),
            ..PrintOptions::default()
        },
        ..request(PDF)
    };
    let able = Device {
        scalings: vec!["auto".into(), "fill".into(), "none".into()],
        ..device(&[PDF, PWG])
    };
    let plan = planned(&able, &fill, &facts(1)).unwrap();
    assert!(plan.is_passed_on());
    assert_eq!(plan.request.options.scaling, Some(Scaling::Fill));
    let plan = planned(&device(&[PDF, PWG]), &fill, &facts(1)).unwrap();
    assert_eq!(
        (plan.request.format.as_str(), plan.request.options.scaling),
        (PWG, None)
    );
    // Once it is done, it is not done again.
    let raster = Device {
        formats: Formats::Listed(vec![PWG.into()]),
        ..able
    };
    let plan = planned(&raster, &fill, &facts(1)).unwrap();
    assert_eq!(plan.request.options.scaling, Some(Scaling::None));
}

#[test]
fn each_copy_is_finished_by_the_device_or_not_at_all() {
    let finished = |finishings: &str, copies| PrintRequest {
        options: PrintOptions {
            copies,
            finishings: finishings.parse().unwrap(),
            ..PrintOptions::default()
        },
        ..request(PDF)
    };
    let finisher = |formats: &[&str], max_copies| Device {
        finishings: vec!["staple".parse().unwrap(), "punch".parse().unwrap()],
        max_copies,
        ..device(formats)
    };
    let asked = |device: &Device, request: &PrintRequest| {
        planned(device, request, &facts(3)).map(|plan| {
            let options = plan.request.options;
            (options.copies, options.finishings.to_string(), plan.notes)
        })
    };
    // Pages of pixels are repeated on the way, unless each copy gets a staple.
    let pixels = finisher(&[PWG], 9);
    let holes = asked(&pixels, &finished("punch", 2));
    assert_eq!(holes, Ok((1, "punch".to_owned(), vec![])));
    let staples = asked(&pixels, &finished("staple", 2));
    assert_eq!(staples, Ok((2, "staple".to_owned(), vec![])));
    for formats in [&[PWG][..], &[PDF]] {
        let one_by_one = finisher(formats, 1);
        let refused = asked(&one_by_one, &finished("staple", 2));
        assert_eq!(refused, Err(Unprintable::Sets));
        assert!(asked(&one_by_one, &finished("staple", 1)).is_ok());
    }
    let less = asked(&finisher(&[PDF], 1), &finished("punch,fold", 2));
    assert_eq!(less, Ok((1, "punch".to_owned(), vec![Note::Unfinished])));
}
