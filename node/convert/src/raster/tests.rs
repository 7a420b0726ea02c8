#![allow(clippy::unwrap_used)]
use std::io::Cursor;

use papermesh_protocol::job::{PageRanges, Scaling};
use proptest::prelude::*;

use super::page::{Page, Pixels, RasterError};
use super::press::{Press, PressError, Source, Target};
use super::runs::{pack_line, read_line};
use crate::device::SheetBack;
use crate::media::PageSize;
use crate::placing::Paper;

type Pages = Vec<(Page, Vec<Vec<u8>>)>;

fn press(source: Source, target: Target) -> Press {
    Press {
        source,
        target,
        resolution: 100,
        kinds: vec![Pixels::Black1, Pixels::Gray8, Pixels::Rgb8],
        resolutions: Vec::new(),
        paper: None,
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

/// Small pages of few colors, so that runs come about.
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
        pages: "1,3-4".parse().unwrap(),
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
        PressError::Miscounted {
            written: 6,
            total: 9
        }
    ));
    // More than there should be is another document, too.
    let more = Press {
        total: 5,
        ..base.clone()
    };
    assert!(matches!(
        run(&more, &numbered(5)),
        Err(PressError::Miscounted { .. })
    ));
    let none = Press {
        pages: "9".parse().unwrap(),
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

/// Paper of so many pixels at 100 dpi.
fn paper(width: u32, height: u32, scaling: Scaling) -> Option<Paper> {
    Some(Paper {
        size: PageSize::from_pixels(width, height, 100)?,
        scaling,
    })
}

/// A page, as one letter for each pixel: its own, or a dot for white.
fn drawn(pixels: Pixels, lines: &[&str], press: &Press) -> Vec<String> {
    let page = Page {
        width: lines[0].len() as u32,
        height: lines.len() as u32,
        pixels,
        resolution: 100,
    };
    let line = |line: &&str| match pixels {
        Pixels::Gray8 => line
            .bytes()
            .map(|pixel| if pixel == b'.' { 255 } else { pixel })
            .collect(),
        Pixels::Rgb8 => line
            .bytes()
            .flat_map(|pixel| [if pixel == b'.' { 255 } else { pixel }; 3])
            .collect(),
        Pixels::Black1 => {
            let mut bits = vec![0u8; line.len().div_ceil(8)];
            for (x, _) in line.bytes().enumerate().filter(|(_, pixel)| *pixel != b'.') {
                bits[x / 8] |= 0x80 >> (x % 8);
            }
            bits
        }
    };
    let bytes = pnm(&vec![(page, lines.iter().map(line).collect())]);
    let pages = read(Source::Pwg, &run(press, &bytes).unwrap()).unwrap();
    let (page, lines) = &pages[0];
    let letter = |line: &Vec<u8>, x: usize| match pixels {
        Pixels::Black1 => {
            if line[x / 8] & (0x80 >> (x % 8)) != 0 {
                '#'
            } else {
                '.'
            }
        }
        Pixels::Gray8 if line[x] == 255 => '.',
        Pixels::Rgb8 if line[3 * x] == 255 => '.',
        Pixels::Gray8 => char::from(line[x]),
        Pixels::Rgb8 => char::from(line[3 * x]),
    };
    let width = page.width as usize;
    lines
        .iter()
        .map(|line| (0..width).map(|x| letter(line, x)).collect())
        .collect()
}

/// All kinds of pixels are put in the same place: nothing moves by a bit.
#[test]
fn pages_lie_in_the_middle_of_their_paper() {
    // A hundred times as large, because what differs by two millimeters is the same.
    let big = |lines: &[&str]| -> Vec<String> {
        lines
            .iter()
            .flat_map(|line| {
                let wide: String = line.chars().flat_map(|pixel| [pixel; 100]).collect();
                std::iter::repeat_n(wide, 100)
            })
            .collect()
    };
    let page = big(&["ab", "cd"]);
    let cases = [
        // Small ones stay as they are, or grow.
        (
            (400, 600),
            Scaling::Auto,
            vec!["....", "....", ".ab.", ".cd.", "....", "...."],
        ),
        (
            (400, 600),
            Scaling::Fit,
            vec!["....", "aabb", "aabb", "ccdd", "ccdd", "...."],
        ),
        (
            (400, 600),
            Scaling::None,
            vec!["....", "....", ".ab.", ".cd.", "....", "...."],
        ),
    ];
    for (size, scaling, expected) in cases {
        for pixels in ALL {
            let press = Press {
                paper: paper(size.0, size.1, scaling),
                ..press(Source::Pnm, Target::Pwg)
            };
            let lines: Vec<&str> = page.iter().map(String::as_str).collect();
            let mut expected = big(&expected);
            if *pixels == Pixels::Black1 {
                let black = |pixel: char| if pixel == '.' { '.' } else { '#' };
                expected
                    .iter_mut()
                    .for_each(|line| *line = line.chars().map(black).collect());
            }
            assert!(
                drawn(*pixels, &lines, &press) == expected,
                "{pixels:?} {scaling:?}"
            );
        }
    }
    // A page on its side is turned against the clock.
    let wide = big(&["abc", "def"]);
    let lines: Vec<&str> = wide.iter().map(String::as_str).collect();
    let upright = Press {
        paper: paper(200, 300, Scaling::Auto),
        ..press(Source::Pnm, Target::Pwg)
    };
    let turned = big(&["cf", "be", "ad"]);
    assert!(drawn(Pixels::Gray8, &lines, &upright) == turned);
    assert!(drawn(Pixels::Rgb8, &lines, &upright) == turned);
    // One that is too large is cut evenly, and that is asked for.
    let cut = Press {
        paper: paper(100, 100, Scaling::None),
        ..press(Source::Pnm, Target::Pwg)
    };
    let large = big(&["abc", "def", "ghi"]);
    let lines: Vec<&str> = large.iter().map(String::as_str).collect();
    assert!(drawn(Pixels::Gray8, &lines, &cut) == big(&["e"]));
}

#[test]
fn pages_with_nothing_on_them_are_told() {
    let page = |shade: u8| {
        let page = Page {
            width: 9,
            height: 1,
            pixels: Pixels::Gray8,
            resolution: 100,
        };
        (page, vec![vec![shade; 9]])
    };
    let bytes = pnm(&vec![page(9), page(255), page(254), page(255)]);
    for target in [
        Target::Pwg,
        Target::Urf,
        Target::Pdf,
        Target::PostScript,
        Target::PclXl,
    ] {
        let made = press(Source::Pnm, target)
            .run(|| Ok(Cursor::new(&bytes)), &mut Vec::new())
            .unwrap();
        assert_eq!((made.pages, made.blank), (4, vec![1, 3]), "{target:?}");
    }
}

/// A document that says that it has more pages than are there was cut between two of them.
#[test]
fn raster_cut_between_pages_is_noticed() {
    for (target, source) in [(Target::Pwg, Source::Pwg), (Target::Urf, Source::Urf)] {
        let counted = Press {
            total: 3,
            ..press(Source::Pnm, target)
        };
        let whole = run(&counted, &numbered(3)).unwrap();
        let one_less = run(&press(Source::Pnm, target), &numbered(2)).unwrap();
        let cut = &whole[..one_less.len()];
        let error = run(&press(source, Target::Pdf), cut).unwrap_err();
        assert!(
            matches!(
                error,
                PressError::Cut {
                    promised: 3,
                    found: 2
                }
            ),
            "{target:?} {error}"
        );
        assert!(run(&press(source, Target::Pdf), &whole).is_ok());
    }
}

/// What a reader of PCL would see: whether pages are printed on both sides, and the dots of each,
/// beginning where the logical page does.
fn read_pcl(bytes: &[u8]) -> (u32, Vec<Vec<Vec<u8>>>) {
    let (mut at, mut duplex) = (0, 0);
    let (mut pages, mut lines) = (Vec::new(), Vec::new());
    while at < bytes.len() {
        match bytes[at] {
            0x0c => {
                pages.push(std::mem::take(&mut lines));
                at += 1;
            }
            0x1b if bytes[at + 1] == b'E' => at += 2,
            0x1b => {
                // Esc & l 1 S, or several with one beginning: Esc * r 1 s 2 T.
                let group = (bytes[at + 1], bytes[at + 2]);
                at += 3;
                loop {
                    let digits = bytes[at..]
                        .iter()
                        .take_while(|byte| byte.is_ascii_digit())
                        .count();
                    let number = std::str::from_utf8(&bytes[at..at + digits]).unwrap();
                    let number: usize = number.parse().unwrap_or(0);
                    let end = bytes[at + digits];
                    at += digits + 1;
                    match (group, end.to_ascii_uppercase()) {
                        ((b'&', b'l'), b'S') => duplex = number as u32,
                        ((b'*', b'b'), b'Y') => lines.extend(vec![Vec::new(); number]),
                        ((b'*', b'b'), b'W') => {
                            lines.push(unpack_bits(&bytes[at..at + number]));
                            at += number;
                        }
                        _ => {}
                    }
                    if end.is_ascii_uppercase() {
                        break;
                    }
                }
            }
            other => panic!("{other} at {at}"),
        }
    }
    assert!(lines.is_empty());
    (duplex, pages)
}

fn unpack_bits(packed: &[u8]) -> Vec<u8> {
    let (mut at, mut bytes) = (0, Vec::new());
    while at < packed.len() {
        match packed[at] {
            128 => at += 1,
            count @ 0..128 => {
                let count = usize::from(count) + 1;
                bytes.extend(&packed[at + 1..at + 1 + count]);
                at += 1 + count;
            }
            count => {
                bytes.extend(std::iter::repeat_n(
                    packed[at + 1],
                    257 - usize::from(count),
                ));
                at += 2;
            }
        }
    }
    bytes
}

/// What a reader of PCL XL would see: bytes of each page's picture.
fn read_pcl_xl(bytes: &[u8]) -> Vec<Vec<u8>> {
    let begin = b"\n) HP-PCL XL;2;0\n";
    let at = bytes
        .windows(begin.len())
        .position(|window| window == begin);
    let mut at = at.unwrap() + begin.len();
    let (mut pages, mut operators) = (Vec::new(), Vec::new());
    let mut height = 0u16;
    while bytes[at] != 0x1b {
        let tag = bytes[at];
        at += 1;
        let length = match tag {
            0xc0 => 1,
            0xc1 => 2,
            0xd1 | 0xd3 => 4,
            0xd5 => 8,
            0xfa => {
                let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
                let page: &mut Vec<u8> = pages.last_mut().unwrap();
                page.extend(unpack_bits(&bytes[at + 4..at + 4 + length]));
                at += 4 + length;
                continue;
            }
            operator => {
                operators.push(operator);
                if operator == 0x43 {
                    pages.push(Vec::new());
                }
                continue;
            }
        };
        assert_eq!(bytes[at + length], 0xf8);
        if bytes[at + length + 1] == 0x6b {
            height = u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        }
        at += length + 2;
    }
    assert!(height > 0);
    let count = |operator: u8| operators.iter().filter(|found| **found == operator).count();
    assert_eq!((count(0x41), count(0x42), count(0x44)), (1, 1, pages.len()));
    assert_eq!((count(0xb0), count(0xb2)), (pages.len(), pages.len()));
    assert!(bytes.ends_with(b"\x1b%-12345X"));
    pages
}

proptest! {
    #[test]
    fn pages_come_out_of_pcl_as_they_went_in(pages in pages(&[Pixels::Black1])) {
        let both = Press { duplex: Some(true), ..press(Source::Pnm, Target::Pcl) };
        let (duplex, read) = read_pcl(&run(&both, &pnm(&pages)).unwrap());
        prop_assert_eq!((duplex, read.len()), (2, pages.len()));
        for ((page, lines), read) in pages.iter().zip(read) {
            // At 100 dpi, a quarter of an inch is left out.
            let bit = |line: &[u8], x: usize| line.get(x / 8).is_some_and(|byte| byte & (0x80 >> (x % 8)) != 0);
            for (y, line) in lines.iter().enumerate() {
                let shown = read.get(y).cloned().unwrap_or_default();
                for x in 25..page.width as usize {
                    prop_assert_eq!(bit(line, x), bit(&shown, x - 25));
                }
            }
        }
    }

    #[test]
    fn pages_come_out_of_pcl_xl_as_they_went_in(pages in pages(APPLE)) {
        let read = read_pcl_xl(&run(&press(Source::Pnm, Target::PclXl), &pnm(&pages)).unwrap());
        prop_assert_eq!(read.len(), pages.len());
        for ((_, lines), read) in pages.iter().zip(read) {
            for (line, shown) in lines.iter().zip(read.chunks(lines[0].len().next_multiple_of(4))) {
                prop_assert_eq!(&line[..], &shown[..line.len()]);
            }
        }
    }
}

/// Shades become dots, as many as they are dark.
#[test]
fn shades_become_dots() {
    for (shade, least, most) in [
        (0, 4096, 4096),
        (255, 0, 0),
        (128, 1900, 2200),
        (64, 2900, 3200),
    ] {
        let page = Page {
            width: 64,
            height: 64,
            pixels: Pixels::Gray8,
            resolution: 300,
        };
        let black = Press {
            kinds: vec![Pixels::Black1],
            ..press(Source::Pnm, Target::Pwg)
        };
        let bytes = pnm(&vec![(page, vec![vec![shade; 64]; 64])]);
        let pages = read(Source::Pwg, &run(&black, &bytes).unwrap()).unwrap();
        let dots: u32 = pages[0]
            .1
            .iter()
            .flatten()
            .map(|byte| byte.count_ones())
            .sum();
        assert!((least..=most).contains(&dots), "{shade}: {dots}");
    }
}
