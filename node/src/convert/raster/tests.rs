#![allow(clippy::unwrap_used)]
use std::io::Cursor;

use proptest::prelude::*;

use super::page::{Page, Pixels, RasterError};
use super::press::{Press, PressError, Source, Target};
use super::runs::{pack_line, read_line};
use crate::convert::device::SheetBack;
use crate::convert::pages::PageRanges;

type Pages = Vec<(Page, Vec<Vec<u8>>)>;

fn press(source: Source, target: Target) -> Press {
    Press {
        source,
        target,
        resolution: 100,
        kinds: vec![Pixels::Black1, Pixels::Gray8, Pixels::Rgb8],
        resolutions: Vec::new(),
        pages: PageRanges::all(),
        copies: 1,
        duplex: None,
        back: SheetBack::Normal,
        copy_of: None,
        total: 0,
    }
}

fn read(source: Source, bytes: &[u8]) -> Result<Pages, RasterError> {
    let mut reader = super::open(source, 100, bytes)?;
    let mut pages = Vec::new();
    while let Some(page) = reader.page()? {
        let mut lines = vec![Vec::new(); page.height as usize];
        for line in &mut lines {
            reader.line(line)?;
        }
        pages.push((page, lines));
    }
    Ok(pages)
}

fn pnm(pages: &Pages) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (page, lines) in pages {
        let (magic, depth) = match page.pixels {
            Pixels::Black1 => ("P4", ""),
            Pixels::Gray8 => ("P5", "255\n"),
            Pixels::Rgb8 => ("P6", "255\n"),
        };
        let head = format!(
            "{magic}\n# by a test\n{} {}\n{depth}",
            page.width, page.height
        );
        bytes.extend(head.as_bytes());
        bytes.extend(lines.iter().flatten());
    }
    bytes
}

fn run(press: &Press, bytes: &[u8]) -> Result<Vec<u8>, PressError> {
    let mut out = Vec::new();
    press.run(|| Ok(Cursor::new(bytes)), &mut out)?;
    Ok(out)
}

/// Small pages of few colours, so that runs come about.
fn pages(kinds: &'static [Pixels]) -> impl Strategy<Value = Pages> {
    let page = (1u32..40, 1u32..12, prop::sample::select(kinds)).prop_flat_map(
        |(width, height, pixels)| {
            let page = Page {
                width,
                height,
                pixels,
                resolution: 100,
            };
            let byte = prop::sample::select(vec![0u8, 0, 0, 255, 255, 7]);
            let line = prop::collection::vec(byte, page.bytes_per_line());
            // Lines end with whole bytes: what is beyond the page is nothing.
            let line = line.prop_map(move |mut line| {
                if pixels == Pixels::Black1 && width % 8 != 0 {
                    *line.last_mut().unwrap() &= 0xff << (8 - width % 8);
                }
                line
            });
            prop::collection::vec(line, height as usize).prop_map(move |lines| (page, lines))
        },
    );
    prop::collection::vec(page, 1..5)
}

const ALL: &[Pixels] = &[Pixels::Black1, Pixels::Gray8, Pixels::Rgb8];
const APPLE: &[Pixels] = &[Pixels::Gray8, Pixels::Rgb8];

proptest! {
    #[test]
    fn packed_lines_come_out_as_they_went_in(
        line in prop::collection::vec(prop::sample::select(vec![0u8, 0, 0, 1, 9]), 0..700),
        unit in prop::sample::select(vec![1usize, 3]),
        repeats in 1u32..=256,
    ) {
        let line = &line[..line.len() / unit * unit];
        let mut packed = Vec::new();
        pack_line(&mut packed, repeats, unit, line);
        let mut unpacked = vec![0; line.len()];
        let mut input = &packed[..];
        prop_assert_eq!(read_line(&mut input, unit, &mut unpacked, 0).unwrap(), repeats);
        prop_assert_eq!(&unpacked[..], line);
        prop_assert!(input.is_empty());
    }

    #[test]
    fn pwg_raster_comes_out_as_it_went_in(pages in pages(ALL)) {
        let bytes = run(&press(Source::Pnm, Target::Pwg), &pnm(&pages)).unwrap();
        prop_assert_eq!(read(Source::Pwg, &bytes).unwrap(), pages);
    }

    #[test]
    fn raster_goes_from_apple_to_pwg_and_back(pages in pages(APPLE)) {
        let apple = run(&press(Source::Pnm, Target::Urf), &pnm(&pages)).unwrap();
        let pwg = run(&press(Source::Urf, Target::Pwg), &apple).unwrap();
        prop_assert_eq!(&read(Source::Pwg, &pwg).unwrap(), &pages);
        prop_assert_eq!(run(&press(Source::Pwg, Target::Urf), &pwg).unwrap(), apple);
    }

    #[test]
    fn turned_backs_turned_again_are_the_pages(
        pages in pages(ALL),
        back in prop::sample::select(vec![
            SheetBack::Normal, SheetBack::Flipped, SheetBack::Rotated, SheetBack::ManualTumble,
        ]),
        tumble in any::<bool>(),
    ) {
        let turn = |source, bytes: &[u8]| {
            run(&Press { duplex: Some(tumble), back, ..press(source, Target::Pwg) }, bytes).unwrap()
        };
        let twice = turn(Source::Pwg, &turn(Source::Pnm, &pnm(&pages)));
        prop_assert_eq!(read(Source::Pwg, &twice).unwrap(), pages);
    }

    #[test]
    fn nothing_that_comes_makes_a_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        for (source, magic) in [(Source::Pnm, &b"P6 1 9 255\n"[..]), (Source::Pwg, b"RaS2"), (Source::Urf, b"UNIRAST\0")] {
            let _ = read(source, &bytes);
            let length = magic.len().min(bytes.len());
            bytes[..length].copy_from_slice(&magic[..length]);
            let _ = read(source, &bytes);
        }
    }

    #[test]
    fn a_broken_byte_makes_no_panic(pages in pages(ALL), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = run(&press(Source::Pnm, Target::Pwg), &pnm(&pages)).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // A line of a million bytes is allowed, and slow where there are many.
        if let Ok(mut reader) = super::open(Source::Pwg, 100, &bytes[..]) {
            while let Ok(Some(page)) = reader.page() {
                let mut line = Vec::new();
                if (0..page.height.min(2000)).any(|_| reader.line(&mut line).is_err()) || page.height > 2000 {
                    break;
                }
            }
        }
    }
}

/// Pages of one pixel that can be told apart.
fn numbered(count: u8) -> Vec<u8> {
    let page = Page {
        width: 1,
        height: 1,
        pixels: Pixels::Gray8,
        resolution: 100,
    };
    pnm(&(1..=count)
        .map(|number| (page, vec![vec![number]]))
        .collect())
}

fn numbers(press: &Press, bytes: &[u8]) -> Vec<u8> {
    let pages = read(Source::Pwg, &run(press, bytes).unwrap()).unwrap();
    pages.iter().map(|(_, lines)| lines[0][0]).collect()
}

#[test]
fn pages_are_chosen_and_copies_begin_sheets() {
    let base = Press {
        pages: PageRanges::new([(1, 1), (3, 4)]).unwrap(),
        copies: 2,
        ..press(Source::Pnm, Target::Pwg)
    };
    assert_eq!(numbers(&base, &numbered(5)), [1, 3, 4, 1, 3, 4]);
    let duplex = Press {
        duplex: Some(false),
        ..base.clone()
    };
    assert_eq!(numbers(&duplex, &numbered(5)), [1, 3, 4, 0xff, 1, 3, 4]);
    // The renderer made the copies already.
    let rendered = Press {
        pages: PageRanges::all(),
        copies: 1,
        copy_of: Some(3),
        ..duplex
    };
    assert_eq!(numbers(&rendered, &numbered(6)), [1, 2, 3, 0xff, 4, 5, 6]);
    let short = Press {
        total: 9,
        ..base.clone()
    };
    let missing = run(&short, &numbered(5)).unwrap_err();
    assert!(matches!(
        missing,
        PressError::Missing {
            written: 6,
            total: 9
        }
    ));
    let none = Press {
        pages: PageRanges::new([(9, 9)]).unwrap(),
        ..base
    };
    assert!(matches!(run(&none, &numbered(5)), Err(PressError::NoPages)));
}

#[test]
fn pages_become_what_the_device_takes() {
    let gray = Press {
        kinds: vec![Pixels::Gray8],
        resolutions: vec![200],
        ..press(Source::Pnm, Target::Pwg)
    };
    let pages = read(
        Source::Pwg,
        &run(&gray, b"P6 2 1 255\n\xff\0\0\xff\xff\xff").unwrap(),
    )
    .unwrap();
    let [(page, lines)] = &pages[..] else {
        panic!()
    };
    assert_eq!((page.width, page.height, page.resolution), (4, 2, 200));
    assert_eq!(lines, &vec![vec![76, 76, 255, 255]; 2]);
}

#[test]
fn pages_too_large_to_be_meant_are_refused() {
    let mut pwg = run(&press(Source::Pnm, Target::Pwg), &numbered(1)).unwrap();
    for at in [372, 376, 392] {
        pwg[4 + at..4 + at + 4].copy_from_slice(&40_000u32.to_be_bytes());
    }
    let refusal = read(Source::Pwg, &pwg).unwrap_err();
    assert!(matches!(
        refusal,
        RasterError::TooLarge {
            width: 40_000,
            height: 40_000
        }
    ));
    let huge = read(Source::Pnm, b"P5 31623 31623 255\n").unwrap_err();
    assert!(matches!(huge, RasterError::TooLarge { .. }));
    assert!(matches!(
        read(Source::Pnm, b"P5 0 1 255\n"),
        Err(RasterError::Malformed(_))
    ));
}
