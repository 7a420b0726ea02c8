//! Pictures as phones, desktops and programs store them: on paper as they look on a screen, or
//! refused at the computer. And what documents are called, begin with and have in them.

use std::net::SocketAddr;
use std::time::Duration;

use papermesh_convert::device::{Device, Formats, RasterAbilities};
use papermesh_convert::plan::{Known, PrintRequest};
use papermesh_convert::{ConvertError, Converter, Program};
use papermesh_protocol::job::{ColorMode, PrintOptions, Sides};
use papermesh_tests::ipp::{self, MIME, PRINT_JOB, Request};
use papermesh_tests::photo::{self, Kind};
use papermesh_tests::picture::Picture;
use papermesh_tests::program::system;
use papermesh_tests::{Document, Machine, Setting, Site, User};

const PDF: &str = "application/pdf";
const PWG: &str = "image/pwg-raster";
const URF: &str = "image/urf";
const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";

fn converter() -> Converter {
    let program = Program::at(papermesh_tests::program::converter().to_owned());
    Converter::new(program, Some(system("gs")), Duration::from_secs(60))
}

/// A device that says that it does everything by itself, whatever the format.
fn boastful(format: &str) -> Device {
    Device {
        max_copies: 99,
        page_ranges: true,
        sides: vec!["one-sided".to_owned(), "two-sided-long-edge".to_owned()],
        color: Some(true),
        media_default: Some("iso_a4_210x297mm".to_owned()),
        raster: RasterAbilities {
            resolutions: vec![100],
            types: vec!["srgb_8".to_owned(), "sgray_8".to_owned()],
            urf: ["W8", "SRGB24", "RS100"].map(str::to_owned).to_vec(),
            ..RasterAbilities::default()
        },
        ..Device::taking(Formats::Listed(vec![format.to_owned()]))
    }
}

fn request(format: &str) -> PrintRequest {
    PrintRequest {
        format: format.to_owned(),
        known: Known::default(),
        options: PrintOptions::default(),
    }
}

/// What comes out at a device, as pixels at 100 dpi.
async fn paper(
    device: &Device,
    request: &PrintRequest,
    document: &[u8],
) -> Result<Vec<Picture>, ConvertError> {
    let folder = tempfile::tempdir().unwrap();
    let source = std::io::Cursor::new(document.to_vec());
    let mut made = converter().convert(device, request, None, source).await?;
    let mut bytes = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut made.document, &mut bytes)
        .await
        .map_err(ConvertError::Source)?;
    let path = folder.path().join("made");
    std::fs::write(&path, bytes).unwrap();
    Ok(match made.plan.request.format.as_str() {
        PDF => Picture::of_pdf(&path, 100),
        _ => Picture::pages(&path),
    })
}

/// The scene as it should lie on paper, drawn by Poppler without any picture.
fn expected() -> Picture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("expected.pdf");
    std::fs::write(&path, photo::printed()).unwrap();
    Picture::of_pdf(&path, 100).remove(0)
}

/// Raster is upright paper: a page that lies on its side was turned for it.
fn upright(picture: Picture) -> Picture {
    match picture.size() {
        (width, height) if width > height => picture,
        _ => picture.quarter_turn(),
    }
}

async fn assert_comes_out(what: &str, format: &str, document: &[u8], is_gray: bool) {
    let expected = expected();
    let wanted = if is_gray { expected.gray() } else { expected };
    for target in [PDF, PWG] {
        let printed = paper(&boastful(target), &request(format), document).await;
        let printed = printed.unwrap_or_else(|error| panic!("{what}, {target}: {error}"));
        let [page] = <[Picture; 1]>::try_from(printed).unwrap();
        let page = upright(page);
        let right = page.is_like(&wanted) || (target == PWG && page.half_turn().is_like(&wanted));
        assert!(right, "{what} as {target}");
    }
}

#[tokio::test]
async fn a_png_of_every_kind_comes_out_as_it_looks_on_white_paper() {
    let scene = photo::scene();
    let kinds = [
        Kind::Rgb,
        Kind::Rgba,
        Kind::Rgba16,
        Kind::GrayAlpha,
        Kind::Gray16,
        Kind::Palette,
    ];
    for kind in kinds {
        let png = photo::png(&scene, kind, kind == Kind::Rgba, None);
        assert_comes_out(&format!("{kind:?}"), PNG, &png, kind.is_gray()).await;
    }
    let interlaced = photo::png(&scene, Kind::Rgb, true, None);
    assert_comes_out("interlaced", PNG, &interlaced, false).await;
    // A test of the test.
    let blank = expected().blank();
    assert!(!expected().is_like(&blank));
}

#[tokio::test]
async fn photos_stand_upright_however_the_camera_was_held() {
    for orientation in 1..=8 {
        let stored = photo::stored(orientation);
        let exif = [b"Exif\0\0", &photo::exif(orientation)[..]].concat();
        let photo = photo::with_segment(&photo::jpeg(&stored, &[]), 0xe1, &exif);
        assert_comes_out(&format!("orientation {orientation}"), JPEG, &photo, false).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stored.pdf");
    std::fs::write(&path, photo::stored(6)).unwrap();
    let turned = photo::png(&Picture::of_pdf(&path, 72)[0], Kind::Rgb, false, Some(6));
    assert_comes_out("a PNG that is turned", PNG, &turned, false).await;
}

#[tokio::test]
async fn jpegs_as_phones_and_programs_write_them_come_out() {
    let stored = photo::stored(1);
    let progressive = photo::jpeg(&stored, &["-jpegopt", "progressive=y"]);
    assert_comes_out("progressive", JPEG, &progressive, false).await;
    let gray = photo::jpeg(&stored, &["-gray"]);
    assert_comes_out("gray", JPEG, &gray, true).await;
    let mut large = photo::jpeg(&stored, &[]);
    for _ in 0..20 {
        let xmp = [
            &b"http://ns.adobe.com/xmp/extension/\0"[..],
            &[b'x'; 65_000],
        ]
        .concat();
        large = photo::with_segment(&large, 0xe1, &xmp);
    }
    assert!(large.len() > 1_300_000);
    assert_comes_out("with much besides", JPEG, &large, false).await;
}

/// What inks make of it is not what a screen shows, but it is the same wherever it is drawn, and no
/// negative.
#[tokio::test]
async fn photos_of_four_inks_are_no_negatives() {
    let inks = photo::jpeg(&photo::stored(1), &["-jpegcmyk"]);
    for target in [PDF, PWG] {
        let printed = paper(&boastful(target), &request(JPEG), &inks)
            .await
            .unwrap();
        let page = upright(printed.into_iter().next().unwrap());
        let (width, height) = page.size();
        let places = [(0.5, 0.12), (0.5, 0.88)];
        let shades = places
            .map(|(x, y)| page.pixel((width as f64 * x) as usize, (height as f64 * y) as usize)[1]);
        let (dark, light) = (shades[0].min(shades[1]), shades[0].max(shades[1]));
        assert!(dark < 80 && light > 220, "{target}: {shades:?}");
        // Between the pictures and the edge there is paper.
        assert_eq!(page.pixel(3, 3), [255; 3]);
    }
}

// Refused at the computer ------------------------------------------------------------------------

#[test]
fn what_no_printer_reads_is_refused_at_the_computer() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    let jpeg = photo::jpeg(&photo::stored(1), &[]);
    let mut png = photo::png(&photo::scene(), Kind::Rgba, false, None);
    png.truncate(png.len() / 2);
    let late = [
        &b"%PDF-1.7\n"[..],
        &vec![b'x'; 300_000],
        b"\x1b%-12345X@PJL\n",
    ]
    .concat();
    let cases: [(&str, Vec<u8>, &str); 14] = [
        (
            "arithmetic.jpg",
            photo::with_frame(&jpeg, 0xc9, 8),
            "arithmetic",
        ),
        ("deep.jpg", photo::with_frame(&jpeg, 0xc1, 12), "8 bits"),
        (
            "lossless.jpg",
            photo::with_frame(&jpeg, 0xc3, 8),
            "ordinary JPEG",
        ),
        (
            "cut.jpg",
            jpeg[..jpeg.len() - 900].to_vec(),
            "the picture is incomplete",
        ),
        ("cut.png", png, "the picture is incomplete"),
        (
            "phone.heic",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(),
            "HEIC",
        ),
        (
            "web.webp",
            b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0".to_vec(),
            "WebP",
        ),
        ("scan.tif", b"II*\0\x08\0\0\0".to_vec(), "TIFF"),
        ("letter.docx", b"PK\x03\x04\x14\0\0\0".to_vec(), "office"),
        (
            "hidden.pdf",
            b"\n%!PS-Adobe\n% %PDF-1.7\n".to_vec(),
            "PostScript",
        ),
        (
            "old.pdf",
            b"%!PS-Adobe-3.0 PDF-1.4\n%PDF-1.4\n".to_vec(),
            "begins like PostScript",
        ),
        (
            "wrapped.pdf",
            b"\x1b%-12345X@PJL ENTER LANGUAGE=PDF\r\n%PDF-1.7\n".to_vec(),
            "PJL",
        ),
        ("late.pdf", late, "contains printer commands"),
        (
            "late.txt",
            [&vec![b'a'; 5000][..], b"\x1bE"].concat(),
            "control printers",
        ),
    ];
    for (name, bytes, word) in cases {
        let path = site.path(name);
        std::fs::write(&path, bytes).unwrap();
        let ended = laptop.submission(&Document::at(&path), &charlie).run();
        let complaint = ended.complaint();
        assert!(complaint.contains(word), "{name}: {complaint}");
    }
    assert!(laptop.jobs().is_empty());
    // Who says that it is text gets no further.
    let path = site.path("said.txt");
    std::fs::write(&path, "%!PS-Adobe-3.0\nshowpage\n").unwrap();
    let submission = laptop.submission(&Document::at(&path), &charlie);
    let ended = submission.args(["--format", "text/plain"]).run();
    assert!(ended.complaint().contains("PostScript"));
    assert!(laptop.jobs().is_empty());
}

/// Whatever programs call a PDF or a JPEG, it is one; and what stands before a PDF is no reason to
/// refuse it, unless a printer could take it for commands.
#[test]
fn documents_are_taken_by_all_of_their_names() {
    let site = Site::new();
    let charlie = User::charlie();
    let address = SocketAddr::from(([127, 0, 0, 1], papermesh_tests::reserve_port()));
    let setting = Setting::default()
        .with("PAPERMESH_IPP_USERS", "login=charlie")
        .running(&["--ipp", &address.to_string()]);
    let laptop: Machine = site.founder_at("laptop-1", setting);
    laptop.enroll(&charlie, &laptop);
    let report = Document::pdf(site.folder(), "report.pdf", "report");
    let pdf = std::fs::read(report.path()).unwrap();
    let jpeg = photo::jpeg(&photo::stored(1), &[]);
    let status = |format: Option<&str>, document: &[u8]| {
        let request = Request::new(PRINT_JOB, "login");
        let request = match format {
            Some(format) => request.with(MIME, "document-format", format.as_bytes()),
            None => request,
        };
        let answer = ipp::ask(address, &request.document(document)).unwrap();
        (
            answer.status(),
            answer.text("status-message").unwrap_or_default(),
        )
    };
    for format in [
        "APPLICATION/PDF",
        "application/pdf;version=1.7",
        "application/octet-stream",
        "application/x-pdf",
        "application/vnd.cups-pdf",
        "text/pdf",
        "application/vnd.cups-raw",
    ] {
        assert_eq!(status(Some(format), &pdf).0, Some(0), "{format}");
    }
    for format in [
        "image/jpeg",
        "image/jpg",
        "image/pjpeg",
        "application/octet-stream",
    ] {
        assert_eq!(status(Some(format), &jpeg).0, Some(0), "{format}");
    }
    let mail = "X-Header: y\r\n".repeat(69);
    for before in [&b""[..], b"\xef\xbb\xbf", b"\0\0\r\n", mail.as_bytes()] {
        assert_eq!(
            status(None, &[before, &pdf].concat()).0,
            Some(0),
            "{before:?}"
        );
    }
    assert_eq!(laptop.jobs().len(), 15);
    for (format, before, word) in [
        (None, &b"%!PS-Adobe-3.0 PDF-1.4\n"[..], "PostScript"),
        (
            Some(PDF),
            b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PDF\r\n",
            "PJL",
        ),
        (Some(PDF), b"\n%!PS\n", "PostScript"),
        (
            Some("application/postscript"),
            b"",
            "application/postscript",
        ),
    ] {
        let (status, words) = status(format, &[before, &pdf].concat());
        assert!(matches!(status, Some(0x040a | 0x0411)), "{status:?}");
        assert!(words.contains(word), "{words}");
    }
    assert_eq!(laptop.jobs().len(), 15);
}

// Copies and pages ------------------------------------------------------------------------------------

/// Many printers list copies and page ranges and heed neither where pixels come.
#[tokio::test]
async fn copies_and_pages_of_pixels_are_in_what_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let report = Document::pages(folder.path(), "report.pdf", 5);
    let pages = Picture::of_pdf(report.path(), 100);
    let wanted = |format: &str| PrintRequest {
        options: PrintOptions {
            copies: 2,
            sides: Some(Sides::TwoSidedLongEdge),
            color: Some(ColorMode::Color),
            page_ranges: "2-3,5".parse().unwrap(),
            ..PrintOptions::default()
        },
        ..request(format)
    };
    let pdf = std::fs::read(report.path()).unwrap();
    let mut raster = std::collections::BTreeMap::new();
    for format in [PWG, URF] {
        let source = std::io::Cursor::new(pdf.clone());
        let device = boastful(format);
        let mut made = converter()
            .convert(&device, &request(PDF), None, source)
            .await
            .unwrap();
        let mut bytes = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut made.document, &mut bytes)
            .await
            .unwrap();
        raster.insert(format, bytes);
    }
    for (from, document) in [(PDF, &pdf), (PWG, &raster[PWG]), (URF, &raster[URF])] {
        for to in [PWG, URF] {
            let made = converter()
                .convert(
                    &boastful(to),
                    &wanted(from),
                    None,
                    std::io::Cursor::new(document.clone()),
                )
                .await
                .unwrap();
            let asked = &made.plan.request.options;
            assert_eq!(
                (asked.copies, asked.page_ranges.is_all()),
                (1, true),
                "{from} to {to}"
            );
            let printed = paper(&boastful(to), &wanted(from), document).await.unwrap();
            assert_eq!(printed.len(), 7, "{from} to {to}");
            for (place, number) in [2, 3, 5, 0, 2, 3, 5].into_iter().enumerate() {
                let is_right = match number {
                    0 => printed[place].is_like(&printed[place].blank()),
                    number => printed[place].is_like(&pages[number - 1]),
                };
                assert!(is_right, "{from} to {to}: page {place}");
            }
        }
    }
}
