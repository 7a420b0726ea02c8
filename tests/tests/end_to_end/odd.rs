//! PDF files as they are in the field, to every kind of printer: what comes out is compared, as
//! pixels, with what another renderer sees, and pages are counted.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use papermesh_convert::device::{Device, Formats, RasterAbilities};
use papermesh_convert::plan::{Known, PrintRequest};
use papermesh_convert::{ConvertError, Converter, Program};
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::job::{PageRanges, PrintOptions, Scaling};
use papermesh_tests::Seed;
use papermesh_tests::odd::{self, Cipher, OddPage, OddPdf, PASSWORD, Written};
use papermesh_tests::picture::Picture;
use papermesh_tests::program::system;
use tokio::io::AsyncReadExt;

const PDF: &str = "application/pdf";
const PWG: &str = "image/pwg-raster";
const URF: &str = "image/urf";
const PCL: &str = "application/vnd.hp-pcl";
const PCL_XL: &str = "application/vnd.hp-pclxl";
const POSTSCRIPT: &str = "application/postscript";

/// Dots per inch of printers that say theirs, in these tests.
const COARSE: u32 = 100;
/// Files made by chance, as a rule, and where there is time.
const SOME: usize = 6;
const MANY: usize = 150;
/// A4, in points and in dots of those printers.
const PAPER: (f64, f64) = (595.276, 841.89);
const DOTS: (usize, usize) = (827, 1169);

fn converter() -> Converter {
    Converter::new(
        Program::at(papermesh_tests::program::converter().to_owned()),
        Some(system("gs")),
        Duration::from_secs(120),
    )
}

fn device(format: &str) -> Device {
    Device {
        max_copies: 99,
        color: Some(true),
        media: vec!["iso_a4_210x297mm".to_owned()],
        media_default: Some("iso_a4_210x297mm".to_owned()),
        raster: RasterAbilities {
            resolutions: vec![COARSE],
            types: vec!["srgb_8".to_owned(), "sgray_8".to_owned()],
            urf: vec!["W8".to_owned(), "SRGB24".to_owned(), format!("RS{COARSE}")],
            ..RasterAbilities::default()
        },
        ..Device::taking(Formats::Listed(vec![format.to_owned()]))
    }
}

fn request(scaling: Option<Scaling>) -> PrintRequest {
    PrintRequest {
        format: PDF.to_owned(),
        known: Known::default(),
        options: PrintOptions {
            media: Some("iso_a4_210x297mm".to_owned()),
            scaling,
            ..PrintOptions::default()
        },
    }
}

fn password() -> DocumentPassword {
    DocumentPassword::new(PASSWORD).unwrap()
}

/// Everything that comes out for a device, or why it does not.
async fn made(
    device: &Device,
    request: &PrintRequest,
    password: Option<&DocumentPassword>,
    bytes: Vec<u8>,
) -> Result<Vec<u8>, String> {
    let document = std::io::Cursor::new(bytes);
    let converted = converter()
        .convert(device, request, password, document)
        .await;
    let mut converted = converted.map_err(|error: ConvertError| error.to_string())?;
    let mut made = Vec::new();
    let read = converted.document.read_to_end(&mut made).await;
    read.map_err(|error| error.to_string())?;
    assert!(!converted.doubts.any());
    Ok(made)
}

/// How a page should lie on A4, as another renderer draws it.
fn expected(plain: &Path, page: &OddPage, number: usize, scaling: Scaling) -> Picture {
    let (width, height) = page.size();
    let has_room = |width: f64, height: f64| width <= PAPER.0 + 5.0 && height <= PAPER.1 + 5.0;
    let keeps = match scaling {
        Scaling::None => true,
        Scaling::Auto | Scaling::AutoFit => has_room(width, height) || has_room(height, width),
        Scaling::Fit | Scaling::Fill => false,
    };
    let turned = width > height && !(keeps && has_room(width, height));
    let (across, down) = if turned {
        (height, width)
    } else {
        (width, height)
    };
    let (times_across, times_down) = (PAPER.0 / across, PAPER.1 / down);
    let times = match scaling {
        _ if keeps => 1.0,
        Scaling::Fill => times_across.max(times_down),
        _ => times_across.min(times_down),
    };
    let drawn = Picture::of_page(plain, number, f64::from(COARSE) * times * page.unit);
    let drawn = if turned { drawn.turned_left() } else { drawn };
    drawn.on_paper(DOTS)
}

/// Reads what came out, in the dots of the coarse printers.
fn pages(format: &str, folder: &Path, bytes: &[u8]) -> Vec<Picture> {
    let path = folder.join("made");
    fs::write(&path, bytes).unwrap();
    match format {
        PWG | URF => Picture::pages(&path),
        PCL => Picture::pcl(&path, 4960),
        PCL_XL => Picture::pcl_xl(&path),
        POSTSCRIPT => {
            let pdf = folder.join("made.pdf");
            let read = Command::new(system("gs"))
                .args(["-q", "-dSAFER", "-sDEVICE=pdfwrite", "-o"])
                .args([&pdf, &path])
                .status();
            assert!(read.is_ok_and(|status| status.success()));
            Picture::of_pdf(&pdf, COARSE)
        }
        _ => Picture::of_pdf(&path, COARSE),
    }
}

/// Prints a file at a printer of this kind, and compares all of its pages.
async fn check(file: &OddPdf, format: &str, scaling: Option<Scaling>) {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.pdf");
    let as_plain = OddPdf {
        written: Written::Plain,
        ..file.clone()
    };
    fs::write(&plain, as_plain.bytes()).unwrap();
    let password = file.is_locked().then(password);
    let request = PrintRequest {
        options: PrintOptions {
            // A printer that takes PDF is given pictures, or it would be its own renderer that is looked at.
            as_image: format == PDF,
            ..request(scaling).options
        },
        ..request(scaling)
    };
    let made = made(&device(format), &request, password.as_ref(), file.bytes()).await;
    let made = made.unwrap_or_else(|error| panic!("{} as {format}: {error}", file.name));
    let printed = pages(format, folder.path(), &made);
    assert_eq!(
        printed.len(),
        file.pages.len(),
        "pages of {} as {format}",
        file.name
    );
    for (index, (printed, page)) in printed.iter().zip(&file.pages).enumerate() {
        let should = expected(&plain, page, index + 1, scaling.unwrap_or(Scaling::Auto));
        let printed = match format {
            PCL | PCL_XL => printed.shrunk(DOTS),
            _ => printed.on_paper(DOTS),
        };
        let name = &file.name;
        let like = match format {
            // A strip at the left is beyond what such printers reach, and shades are dots.
            PCL => printed
                .without_left(36)
                .is_roughly(&should.without_left(36)),
            _ => printed.is_like(&should),
        };
        if !like && let Some(folder) = std::env::var_os("PAPERMESH_KEEP") {
            let folder = Path::new(&folder);
            printed.write(&folder.join(format!("{name}-{index}-printed.ppm")));
            should.write(&folder.join(format!("{name}-{index}-should.ppm")));
        }
        assert!(
            like,
            "page {} of {name} as {format}, {scaling:?}: {page:?}",
            index + 1
        );
    }
}

fn is_long() -> bool {
    std::env::var_os("PAPERMESH_LONG").is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_pages_come_out_as_every_viewer_shows_them() {
    for file in odd::known() {
        check(&file, PWG, None).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_pages_come_out_of_every_kind_of_printer() {
    let known = odd::known();
    let mut seed = Seed::take();
    let chosen = |count: usize, seed: &mut Seed| -> Vec<OddPdf> {
        (0..count).map(|_| seed.one_of(&known).clone()).collect()
    };
    for format in [PDF, URF, PCL, PCL_XL, POSTSCRIPT] {
        let files = match is_long() {
            true => known.clone(),
            false => chosen(2, &mut seed),
        };
        for file in files {
            check(&file, format, None).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_made_by_chance_come_out_as_they_should() {
    let mut seed = Seed::take();
    let scalings = [
        None,
        Some(Scaling::Auto),
        Some(Scaling::AutoFit),
        Some(Scaling::Fit),
        Some(Scaling::Fill),
        Some(Scaling::None),
    ];
    for number in 0..if is_long() { MANY } else { SOME } {
        let file = OddPdf::random(&mut seed, number);
        let scaling = *seed.one_of(&scalings);
        let format = *seed.one_of(&[PWG, URF]);
        check(&file, format, scaling).await;
    }
}

#[tokio::test]
async fn small_pages_stay_small_and_large_ones_become_small() {
    for name in ["label", "around-the-middle", "landscape", "many-sizes"] {
        let file = odd::known()
            .into_iter()
            .find(|file| file.name == name)
            .unwrap();
        for scaling in [
            Scaling::Auto,
            Scaling::AutoFit,
            Scaling::Fit,
            Scaling::Fill,
            Scaling::None,
        ] {
            check(&file, PWG, Some(scaling)).await;
        }
    }
}

#[tokio::test]
async fn layers_are_printed_as_they_are_meant_for_paper() {
    let folder = tempfile::tempdir().unwrap();
    let should = folder.path().join("should.pdf");
    fs::write(&should, odd::printed_layer()).unwrap();
    let should = Picture::of_page(&should, 1, f64::from(COARSE));
    for automatic in [true, false] {
        let made = made(&device(PWG), &request(None), None, odd::layers(automatic)).await;
        let printed = pages(PWG, folder.path(), &made.unwrap());
        assert!(printed[0].is_like(&should), "{automatic}");
    }
}

/// What is not whole is told and not printed, whatever the printer takes.
#[tokio::test]
async fn a_document_that_is_not_whole_is_not_printed_as_if_it_were() {
    for format in [PDF, PWG, URF, PCL, PCL_XL, POSTSCRIPT] {
        let device = device(format);
        let refused = async |bytes, request: &PrintRequest| {
            made(&device, request, None, bytes).await.unwrap_err()
        };
        let words = refused(odd::cut(), &request(None)).await;
        assert!(words.contains("7 of its 9 pages"), "{format}: {words}");
        let words = refused(odd::page_missing(), &request(None)).await;
        assert!(words.contains("2 of its 3 pages"), "{format}: {words}");
        let words = refused(b"%PDF-1.7\nand nothing else".to_vec(), &request(None)).await;
        assert!(
            words.contains("no page of it can be read"),
            "{format}: {words}"
        );
        let locked = OddPdf {
            written: Written::Locked(Cipher::Aes256),
            ..OddPdf::new("locked", vec![OddPage::default()])
        };
        let words = refused(locked.bytes(), &request(None)).await;
        assert!(
            words.contains("locked with a password"),
            "{format}: {words}"
        );
        let wrong = DocumentPassword::new("guess").unwrap();
        let words = made(&device, &request(None), Some(&wrong), locked.bytes()).await;
        assert!(
            words.is_err_and(|words| words.contains("does not open it")),
            "{format}"
        );
    }
    // What is there can be chosen.
    let some = PrintRequest {
        options: PrintOptions {
            page_ranges: "2-3".parse().unwrap(),
            ..request(None).options
        },
        ..request(None)
    };
    let folder = tempfile::tempdir().unwrap();
    let printed = made(&device(PWG), &some, None, odd::cut()).await.unwrap();
    assert_eq!(pages(PWG, folder.path(), &printed).len(), 2);
}

/// What its holder has counted is passed on as it comes, and is not looked at again; pages that it has
/// not are told all the same. Of a document that is drawn on the way the printer counts itself.
#[tokio::test]
async fn a_document_that_was_counted_before_is_passed_on_at_once() {
    let believed = |pages| PrintRequest {
        known: Known {
            counted: Some(9),
            ..Known::default()
        },
        options: PrintOptions {
            page_ranges: pages,
            ..request(None).options
        },
        ..request(None)
    };
    let all = believed(PageRanges::all());
    let passed = made(&device(PDF), &all, None, odd::cut()).await;
    assert!(passed.is_ok_and(|passed| passed == odd::cut()));
    let beyond = believed("10-12".parse().unwrap());
    let ranges = Device {
        page_ranges: true,
        ..device(PDF)
    };
    let words = made(&ranges, &beyond, None, odd::cut()).await.unwrap_err();
    assert!(words.contains('9') && words.contains("10-12"), "{words}");
    let words = made(&device(PWG), &all, None, odd::cut()).await;
    assert!(words.is_err_and(|words| words.contains("7 of its 9 pages")));
}

/// A printer that takes PDF is given a locked one unlocked: it has nobody who types there.
#[tokio::test]
async fn locked_documents_are_opened_on_their_way() {
    let folder = tempfile::tempdir().unwrap();
    for cipher in [Cipher::Rc4, Cipher::Aes128, Cipher::Aes256] {
        let file = OddPdf {
            written: Written::Locked(cipher),
            ..OddPdf::new("locked", vec![OddPage::default(); 2])
        };
        let made = made(
            &device(PDF),
            &request(None),
            Some(&password()),
            file.bytes(),
        )
        .await;
        let path = folder.path().join("opened.pdf");
        fs::write(&path, made.unwrap()).unwrap();
        let plain = folder.path().join("plain.pdf");
        fs::write(
            &plain,
            OddPdf {
                written: Written::Plain,
                ..file
            }
            .bytes(),
        )
        .unwrap();
        let (opened, plain) = (
            Picture::of_pdf(&path, COARSE),
            Picture::of_pdf(&plain, COARSE),
        );
        assert_eq!(opened.len(), 2);
        assert!(
            opened
                .iter()
                .zip(&plain)
                .all(|(opened, plain)| opened.is_like(plain)),
            "{cipher:?}"
        );
    }
}
