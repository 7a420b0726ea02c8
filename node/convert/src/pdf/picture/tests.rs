#![allow(clippy::unwrap_used)]
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, RgbImage};
use lopdf::{Dictionary, Document, Object};
use proptest::prelude::*;

use super::*;
use crate::media::A4;
use crate::placing::Paper;

/// How a picture is stored.
#[derive(Debug, Clone, Copy)]
struct Stored {
    /// PNG's color type.
    kind: u8,
    bits: u8,
    interlaced: bool,
}

/// Columns and rows of the seven passes of an interlaced PNG: where they begin, and how far they step.
const PASSES: [(usize, usize, usize, usize); 7] = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
];

impl Stored {
    fn samples(self) -> usize {
        match self.kind {
            0 | 3 => 1,
            4 => 2,
            2 => 3,
            _ => 4,
        }
    }

    /// A PNG of these samples, written from its specification.
    fn png(self, width: usize, samples: &[u16], more: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
        let of = self.samples();
        let height = samples.len() / of / width;
        let passes: &[_] = if self.interlaced {
            &PASSES
        } else {
            &[(0, 0, 1, 1)]
        };
        let mut raw = Vec::new();
        for &(left, top, across, down) in passes {
            for y in (top..height).step_by(down) {
                let columns: Vec<usize> = (left..width).step_by(across).collect();
                if columns.is_empty() {
                    continue;
                }
                raw.push(0); // no filter
                let (mut waiting, mut filled) = (0_u16, 0);
                for x in columns {
                    for sample in &samples[(y * width + x) * of..][..of] {
                        match self.bits {
                            16 => raw.extend(sample.to_be_bytes()),
                            bits => {
                                waiting = waiting << bits | *sample;
                                filled += bits;
                                if filled == 8 {
                                    raw.push(waiting as u8);
                                    (waiting, filled) = (0, 0);
                                }
                            }
                        }
                    }
                }
                if filled > 0 {
                    raw.push((waiting << (8 - filled)) as u8);
                }
            }
        }
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&raw).unwrap();
        let mut header = Vec::new();
        header.extend((width as u32).to_be_bytes());
        header.extend((height as u32).to_be_bytes());
        header.extend([self.bits, self.kind, 0, 0, u8::from(self.interlaced)]);
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        chunk(&mut png, b"IHDR", &header);
        for (name, data) in more {
            chunk(&mut png, name, data);
        }
        chunk(&mut png, b"IDAT", &packed.finish().unwrap());
        chunk(&mut png, b"IEND", &[]);
        png
    }
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    png.extend((data.len() as u32).to_be_bytes());
    png.extend(name);
    png.extend(data);
    let mut sum = flate2::Crc::new();
    sum.update(name);
    sum.update(data);
    png.extend(sum.sum().to_be_bytes());
}

/// A sample as eight bits.
fn eight(bits: u8, sample: u16) -> u32 {
    let sample = u32::from(sample);
    match bits {
        16 => sample >> 8,
        bits => sample * 255 / ((1 << bits) - 1),
    }
}

fn mixed(sample: u32, opacity: u32) -> u8 {
    ((sample * opacity + 255 * (255 - opacity) + 127) / 255) as u8
}

/// The picture in the page that a picture became, its pixels unpacked where they are not a JPEG.
struct Page {
    page: Dictionary,
    image: Dictionary,
    pixels: Vec<u8>,
    drawing: String,
}

fn page(picture: &[u8]) -> Result<Page, Flaw> {
    let mut pdf = Vec::new();
    match wrap(&mut &picture[..], Paper::of(A4), &mut pdf) {
        Ok(_) => {}
        Err(PictureError::Flaw(flaw)) => return Err(flaw),
        Err(PictureError::Io(error)) => panic!("{error}"),
    }
    let document = Document::load_mem(&pdf).unwrap();
    let pages: Vec<_> = document.page_iter().collect();
    let [id] = pages[..] else { panic!() };
    let page = document.get_dictionary(id).unwrap().clone();
    let drawing = String::from_utf8(document.get_page_content(id)).unwrap();
    let mut images = document
        .objects
        .values()
        .filter_map(|object| object.as_stream().ok());
    let image = images.find(|stream| stream.dict.has(b"Width")).unwrap();
    Ok(Page {
        page,
        image: image.dict.clone(),
        pixels: image
            .decompressed_content()
            .unwrap_or_else(|_| image.content.clone()),
        drawing,
    })
}

fn number(dictionary: &Dictionary, key: &[u8]) -> i64 {
    dictionary.get(key).and_then(Object::as_i64).unwrap()
}

/// A JPEG that is red above and blue below, or of one color.
fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |_, y| match y < height / 2 {
        true => image::Rgb([200, 10, 10]),
        false => image::Rgb([10, 10, 200]),
    });
    let mut jpeg = Vec::new();
    JpegEncoder::new(&mut jpeg)
        .encode(&picture, width, height, ExtendedColorType::Rgb8)
        .unwrap();
    jpeg
}

/// What a camera says about how it was held (TIFF 6.0, tag 274), in either order of bytes.
fn exif(orientation: u8, little: bool) -> Vec<u8> {
    let two = |number: u16| match little {
        true => number.to_le_bytes(),
        false => number.to_be_bytes(),
    };
    let four = |number: u32| match little {
        true => number.to_le_bytes(),
        false => number.to_be_bytes(),
    };
    let mut exif = if little {
        b"II".to_vec()
    } else {
        b"MM".to_vec()
    };
    exif.extend(two(42));
    exif.extend(four(8));
    exif.extend(two(1));
    exif.extend(two(0x112));
    exif.extend(two(3));
    exif.extend(four(1));
    exif.extend(two(u16::from(orientation)));
    exif.extend(two(0));
    exif.extend(four(0));
    exif
}

/// A JPEG with a further segment after its beginning.
fn with_segment(jpeg: &[u8], kind: u8, segment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, kind], &length, segment, &jpeg[2..]].concat()
}

fn at(jpeg: &[u8], marker: u8) -> usize {
    let found = jpeg.windows(2).position(|window| window == [0xff, marker]);
    found.unwrap()
}

fn stored() -> impl Strategy<Value = (Stored, usize, Vec<u16>)> {
    let kinds = vec![
        (0, 1),
        (0, 2),
        (0, 4),
        (0, 8),
        (0, 16),
        (2, 8),
        (2, 16),
        (4, 8),
        (4, 16),
        (6, 8),
        (6, 16),
    ];
    (
        prop::sample::select(kinds),
        any::<bool>(),
        1usize..20,
        1usize..20,
    )
        .prop_flat_map(|((kind, bits), interlaced, width, height)| {
            let stored = Stored {
                kind,
                bits,
                interlaced,
            };
            let most = ((1_u32 << bits) - 1) as u16;
            let sample = prop_oneof![Just(0), Just(most), 0..=most];
            prop::collection::vec(sample, width * height * stored.samples())
                .prop_map(move |samples| (stored, width, samples))
        })
}

proptest! {
    /// Of every depth, with and without opacity, interlaced or not: each pixel is on the page as it
    /// looks on white paper.
    #[test]
    fn a_png_of_any_kind_is_on_the_page_pixel_by_pixel((stored, width, samples) in stored()) {
        let page = page(&stored.png(width, &samples, &[])).unwrap();
        let has_opacity = stored.kind & 4 != 0;
        let expected: Vec<u8> = samples.chunks_exact(stored.samples()).flat_map(|pixel| {
            let pixel: Vec<u32> = pixel.iter().map(|sample| eight(stored.bits, *sample)).collect();
            let (color, opacity) = match has_opacity {
                true => pixel.split_at(pixel.len() - 1),
                false => (&pixel[..], &[255][..]),
            };
            color.iter().map(|sample| mixed(*sample, opacity[0])).collect::<Vec<_>>()
        }).collect();
        prop_assert_eq!(number(&page.image, b"Width"), width as i64);
        prop_assert_eq!(page.pixels, expected);
    }

    #[test]
    fn palettes_and_their_opacity_are_looked_up(
        bits in prop::sample::select(vec![1_u8, 2, 4, 8]),
        interlaced in any::<bool>(),
        seed in prop::collection::vec(any::<u8>(), 30),
    ) {
        let colors = 1_usize << bits.min(3);
        let palette: Vec<u8> = (0..colors * 3).map(|at| seed[at % 30]).collect();
        let opacity: Vec<u8> = (0..colors / 2).map(|at| seed[(at * 7) % 30]).collect();
        let samples: Vec<u16> = (0..77).map(|at| u16::from(seed[at % 30]) % colors as u16).collect();
        let stored = Stored { kind: 3, bits, interlaced };
        let png = stored.png(11, &samples, &[(b"PLTE", palette.clone()), (b"tRNS", opacity.clone())]);
        let expected: Vec<u8> = samples.iter().flat_map(|index| {
            let index = usize::from(*index);
            let opacity = opacity.get(index).map_or(255, |opacity| u32::from(*opacity));
            [0, 1, 2].map(|at| mixed(u32::from(palette[index * 3 + at]), opacity))
        }).collect();
        prop_assert_eq!(page(&png).unwrap().pixels, expected);
    }

    /// Whatever is broken, there is a page or a reason, and no panic.
    #[test]
    fn a_broken_picture_makes_no_panic(
        (stored, width, samples) in stored(),
        is_jpeg in any::<bool>(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut picture = match is_jpeg {
            true => with_segment(&jpeg(24, 16), 0xe1, &[EXIF_HEADER, &exif(6, true)].concat()),
            false => stored.png(width, &samples, &[(b"eXIf", exif(8, false))]),
        };
        let place = place.index(picture.len());
        picture[place] = byte;
        let _ = wrap(&mut &picture[..], Paper::of(A4), &mut Vec::new());
        let _ = wrap(&mut &picture[..place], Paper::of(A4), &mut Vec::new());
    }
}

const EXIF_HEADER: &[u8] = b"Exif\0\0";

#[test]
fn a_transparent_color_is_white() {
    let stored = Stored {
        kind: 2,
        bits: 8,
        interlaced: false,
    };
    let samples = [10, 20, 30, 40, 50, 60];
    let see_through = vec![0, 10, 0, 20, 0, 30];
    let page = page(&stored.png(2, &samples, &[(b"tRNS", see_through)])).unwrap();
    assert_eq!(page.pixels, [255, 255, 255, 40, 50, 60]);
}

#[test]
fn pictures_stand_upright_on_paper_that_is_turned_as_they_are() {
    // Where the stored picture's first pixel is on paper: left or right, above or below.
    let corners = [
        (1, false, false),
        (2, true, false),
        (3, true, true),
        (4, false, true),
        (5, false, false),
        (6, true, false),
        (7, true, true),
        (8, false, true),
    ];
    let gray = Stored {
        kind: 0,
        bits: 8,
        interlaced: false,
    };
    let samples = [0; 40 * 20];
    for (orientation, right, below) in corners {
        for little in [false, true] {
            let exif = exif(orientation, little);
            let photo = with_segment(&jpeg(40, 20), 0xe1, &[EXIF_HEADER, &exif].concat());
            let png = gray.png(40, &samples, &[(b"eXIf", exif)]);
            for picture in [photo, png] {
                let page = page(&picture).unwrap();
                let sizes = page
                    .page
                    .get(b"MediaBox")
                    .and_then(Object::as_array)
                    .unwrap();
                let side = |at: usize| f64::from(sizes[at].as_float().unwrap());
                assert_eq!(side(2) > side(3), orientation < 5, "{orientation}");
                let words: Vec<f64> = page
                    .drawing
                    .split(' ')
                    .filter_map(|word| word.parse().ok())
                    .collect();
                let [a, b, c, d, e, f] = words[..] else {
                    panic!("{}", page.drawing)
                };
                // The first pixel is at the left end of the upper side, as stored.
                let (x, y) = (c + e, d + f);
                assert_eq!(
                    (x > side(2) / 2.0, y < side(3) / 2.0),
                    (right, below),
                    "{orientation}"
                );
                // It is on the paper, and as large as that allows.
                let (across, down) = ((a + c).abs(), (b + d).abs());
                assert!((across / down - if orientation < 5 { 2.0 } else { 0.5 }).abs() < 0.01);
                assert!((across.max(down) - (side(2).max(side(3)) - 36.0)).abs() < 0.01);
            }
        }
    }
}

/// Phones put depth maps, films and places into photos. None of that is of the picture, and none of
/// it is printed.
#[test]
fn metadata_are_left_out_however_large_they_are() {
    let plain = jpeg(64, 48);
    let mut large = plain.clone();
    for _ in 0..20 {
        let more = [
            &b"http://ns.adobe.com/xmp/extension/\0"[..],
            &[b'x'; 65_000],
        ]
        .concat();
        large = with_segment(&large, 0xe1, &more);
    }
    // A second picture, or a film, after the end.
    large.extend(vec![7; 500_000]);
    let page = page(&large).unwrap();
    assert_eq!(page.pixels.len(), plain.len());
    let png = Stored {
        kind: 0,
        bits: 8,
        interlaced: false,
    };
    let text = [&b"XML:com.adobe.xmp\0\0\0\0\0"[..], &vec![b'x'; 1_300_000]].concat();
    let page =
        self::page(&png.png(2, &[1, 2], &[(b"iTXt", text.clone()), (b"teSt", text)])).unwrap();
    assert_eq!(page.pixels, [1, 2]);
}

#[test]
fn jpegs_that_nothing_reads_are_told_apart() {
    let plain = jpeg(64, 48);
    let frame = at(&plain, 0xc0);
    let changed = |place: usize, byte: u8| {
        let mut changed = plain.clone();
        changed[place] = byte;
        changed
    };
    for (kind, flaw) in [
        (0xc9, Flaw::Arithmetic),
        (0xca, Flaw::Arithmetic),
        (0xc3, Flaw::Unusual),
        (0xc5, Flaw::Unusual),
    ] {
        assert_eq!(page(&changed(frame + 1, kind)).err(), Some(flaw));
    }
    assert_eq!(page(&changed(frame + 4, 12)).err(), Some(Flaw::Deep));
    assert_eq!(page(&changed(frame + 9, 2)).err(), Some(Flaw::Unusual));
    let end = plain.len();
    for length in [end - 1, end / 2, frame + 3, 3] {
        assert_eq!(page(&plain[..length]).err(), Some(Flaw::Cut), "{length}");
    }
    assert_eq!(page(b"GIF89a").err(), Some(Flaw::NoPicture));
    assert_eq!(page(b"").err(), Some(Flaw::NoPicture));
}

#[test]
fn cmyk_of_adobe_is_inverted() {
    let mut cmyk = jpeg(16, 16);
    let frame = at(&cmyk, 0xc0);
    // A fourth component, which nobody here decodes.
    cmyk[frame + 9] = 4;
    cmyk[frame + 3] += 3;
    cmyk.splice(frame + 10..frame + 10, [4, 0x11, 0]);
    assert!(!page(&cmyk).unwrap().image.has(b"Decode"));
    let adobe = with_segment(&cmyk, 0xee, b"Adobe\0\x64\0\0\0\0\x02");
    let page = page(&adobe).unwrap();
    assert!(page.image.has(b"Decode"));
    assert_eq!(
        page.image
            .get(b"ColorSpace")
            .and_then(Object::as_name)
            .unwrap(),
        b"DeviceCMYK"
    );
    // It tells decoders how the colors are stored.
    assert!(page.pixels.windows(5).any(|window| window == b"Adobe"));
}

#[test]
fn pictures_that_are_cut_are_not_printed_in_part() {
    let stored = Stored {
        kind: 6,
        bits: 8,
        interlaced: false,
    };
    let samples: Vec<u16> = (0..100 * 100 * 4)
        .map(|at: u32| (at * 7919 % 251) as u16)
        .collect();
    for interlaced in [false, true] {
        let png = Stored {
            interlaced,
            ..stored
        }
        .png(100, &samples, &[]);
        for length in [png.len() - 12, png.len() / 2, 40, 20, 9] {
            assert_eq!(page(&png[..length]).err(), Some(Flaw::Cut), "{length}");
        }
    }
}

#[test]
fn pictures_that_want_all_the_memory_get_none() {
    let header = |width: u32, height: u32, interlaced: u8| {
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut header = Vec::new();
        header.extend(width.to_be_bytes());
        header.extend(height.to_be_bytes());
        header.extend([8, 6, 0, 0, interlaced]);
        chunk(&mut png, b"IHDR", &header);
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&vec![0; 1 << 20]).unwrap();
        chunk(&mut png, b"IDAT", &packed.finish().unwrap());
        png
    };
    for (width, height, interlaced) in [
        (1, 0x7fff_ffff, 0),
        (0x7fff_ffff, 1, 0),
        (0x7fff_ffff, 0x7fff_ffff, 1),
        (30_000, 30_000, 0),
        (10_000, 10_000, 1),
    ] {
        let refused = page(&header(width, height, interlaced)).err();
        assert_eq!(refused, Some(Flaw::TooLarge), "{width} {height}");
    }
    let mut huge = jpeg(16, 16);
    let frame = at(&huge, 0xc0);
    huge[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    assert_eq!(page(&huge).err(), Some(Flaw::TooLarge));
}

#[test]
fn color_is_what_is_seen() {
    let is_colored = |picture: &[u8]| {
        let wrapped = wrap(&mut &picture[..], Paper::of(A4), &mut Vec::new());
        wrapped.unwrap().color
    };
    let rgb = Stored {
        kind: 2,
        bits: 8,
        interlaced: false,
    };
    assert!(is_colored(&jpeg(16, 16)));
    assert!(is_colored(&rgb.png(1, &[1, 2, 3], &[])));
    assert!(!is_colored(&rgb.png(1, &[7, 7, 7], &[])));
    // A red that cannot be seen.
    let rgba = Stored { kind: 6, ..rgb };
    assert!(!is_colored(&rgba.png(1, &[255, 0, 0, 0], &[])));
}

#[test]
fn a_picture_that_fills_the_paper_goes_to_its_edges() {
    let drawn = Drawn {
        width: 100,
        height: 100,
        density: Density::SCREEN,
        orientation: Orientation::NoTransforms,
        color: false,
    };
    let drawing = |scaling| {
        placed(
            &drawn,
            Paper {
                scaling,
                ..Paper::of(A4)
            },
        )
        .1
    };
    // A square on A4: as high as the paper, and cut at both sides.
    assert!(drawing(Scaling::Fill).starts_with("q 841.890 0.000 0.000 841.890 -123.307 0.000 cm"));
    assert!(drawing(Scaling::Fit).starts_with("q 559.276"));
    assert_eq!(drawing(Scaling::Fit), drawing(Scaling::Auto));
}

#[test]
fn a_picture_that_is_not_scaled_is_as_large_as_it_says() {
    let paper = Paper {
        scaling: Scaling::None,
        ..Paper::of(A4)
    };
    let size = |picture: &[u8]| {
        let mut pdf = Vec::new();
        wrap(&mut &picture[..], paper, &mut pdf).unwrap();
        let text = String::from_utf8_lossy(&pdf).into_owned();
        let (before, _) = text.split_once(" cm /I Do Q").unwrap();
        let matrix = before.rsplit_once("q ").unwrap().1;
        let numbers: Vec<f64> = matrix
            .split(' ')
            .map(|word| word.parse().unwrap())
            .collect();
        (numbers[0], numbers[3])
    };
    let said = |unit: u8, across: u16, down: u16| {
        let mut segment = b"JFIF\0\x01\x02".to_vec();
        segment.push(unit);
        segment.extend(across.to_be_bytes());
        segment.extend(down.to_be_bytes());
        segment.extend([0, 0]);
        // Our encoder writes one of its own.
        let plain = jpeg(200, 100);
        assert_eq!(&plain[2..4], [0xff, 0xe0]);
        let own = 2 + usize::from(u16::from_be_bytes([plain[4], plain[5]]));
        let rest = [&plain[..2], &plain[2 + own..]].concat();
        with_segment(&rest, 0xe0, &segment)
    };
    assert_eq!(size(&said(1, 100, 100)), (144.0, 72.0));
    assert_eq!(size(&said(1, 200, 100)), (72.0, 72.0));
    assert_eq!(size(&said(2, 100, 50)), (56.693, 56.693));
    // Like on a screen, where nothing is said, or nothing that can be.
    for nothing in [said(0, 1, 1), said(1, 0, 0), said(1, 65_535, 1)] {
        assert_eq!(size(&nothing), (150.0, 75.0));
    }
    let grey = Stored {
        kind: 0,
        bits: 8,
        interlaced: false,
    };
    let dims = |per_metre: u32| {
        let mut dims = per_metre.to_be_bytes().repeat(2);
        dims.push(1);
        grey.png(2, &[0; 4], &[(b"pHYs", dims)])
    };
    assert_eq!(size(&dims(3937)).0, 1.44);
}
