//! PDF files as they are in the field: pages that begin anywhere, cropped, turned, measured in units
//! of their own, with layers for paper and for screens, locked, cut, and written in every way that
//! writers know. Each says what should be seen of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use lopdf::encryption::crypt_filters::{Aes128CryptFilter, Aes256CryptFilter, CryptFilter};
use lopdf::{
    Dictionary, Document, EncryptionState, EncryptionVersion, Object, Permissions, Stream,
    StringFormat,
};

use crate::Seed;
use crate::document::pdf_of_objects;

/// A rectangle in points: left, bottom, right, top.
pub type Rectangle = [f64; 4];

/// The A4 page that everybody makes.
pub const A4: Rectangle = [0.0, 0.0, 595.0, 842.0];
const LETTER: Rectangle = [0.0, 0.0, 612.0, 792.0];

/// A page.
#[derive(Clone, Debug)]
pub struct OddPage {
    /// `MediaBox`; none for a page that says none.
    pub media: Option<Rectangle>,
    /// `CropBox`.
    pub crop: Option<Rectangle>,
    /// `Rotate`.
    pub rotate: i64,
    /// `UserUnit`.
    pub unit: f64,
    /// Whether what it says of itself stands in the tree above it.
    pub inherits: bool,
    /// Whether corners are told the other way round.
    pub swapped: bool,
    /// Whether there is nothing on it.
    pub empty: bool,
}

impl Default for OddPage {
    fn default() -> Self {
        Self {
            media: Some(A4),
            crop: None,
            rotate: 0,
            unit: 1.0,
            inherits: false,
            swapped: false,
            empty: false,
        }
    }
}

impl OddPage {
    /// What is seen of it, in its own units.
    fn seen(&self) -> Rectangle {
        let media = self.media.unwrap_or(LETTER);
        let crop = self.crop.unwrap_or(media);
        [
            crop[0].max(media[0]),
            crop[1].max(media[1]),
            crop[2].min(media[2]),
            crop[3].min(media[3]),
        ]
    }

    /// Its width and height as they are seen, in points.
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        let [left, bottom, right, top] = self.seen();
        let (width, height) = ((right - left) * self.unit, (top - bottom) * self.unit);
        match self.rotate.rem_euclid(180) {
            0 => (width, height),
            _ => (height, width),
        }
    }

    /// What it says of itself.
    fn attributes(&self) -> String {
        let rectangle = |name: &str, [left, bottom, right, top]: Rectangle| match self.swapped {
            false => format!("/{name}[{left} {bottom} {right} {top}]"),
            true => format!("/{name}[{right} {top} {left} {bottom}]"),
        };
        let media = self.media.map(|media| rectangle("MediaBox", media));
        let crop = self.crop.map(|crop| rectangle("CropBox", crop));
        let rotate = (self.rotate != 0).then(|| format!("/Rotate {}", self.rotate));
        [media, crop, rotate].into_iter().flatten().collect()
    }

    /// Marks that show which way up it is and where it ends, with its number as bars. What is beyond
    /// what is seen has marks, too, which must not be.
    fn drawing(&self, number: usize) -> String {
        if self.empty {
            return String::new();
        }
        let [left, bottom, right, top] = self.seen();
        let (width, height) = (right - left, top - bottom);
        let beyond = self.media.filter(|_| self.crop.is_some()).map_or_else(
            String::new,
            |[from, low, to, high]| {
                format!(
                    "0 g {from} {low} {} {} re f 1 g {left} {bottom} {width} {height} re f ",
                    to - from,
                    high - low
                )
            },
        );
        let line = width.min(height) / 100.0;
        let mut drawing = format!(
            "{beyond}1 0 0 rg {left} {} {} {} re f 0 0 1 rg {} {bottom} {} {} re f \
             0 0.6 0 rg {} {} m {} {} l {} {} l f \
             0 G {line} w {} {} {} {} re S 0 g ",
            top - height / 4.0,
            width / 4.0,
            height / 4.0,
            right - width / 8.0,
            width / 8.0,
            height / 8.0,
            left + width * 0.6,
            bottom + height * 0.6,
            left + width * 0.9,
            bottom + height * 0.6,
            left + width * 0.75,
            bottom + height * 0.9,
            left + 2.0 * line,
            bottom + 2.0 * line,
            width - 4.0 * line,
            height - 4.0 * line,
        );
        for bar in 0..number {
            let x = left + width * (0.1 + 0.08 * bar as f64);
            let (y, w, h) = (bottom + height * 0.3, width * 0.04, height * 0.1);
            drawing.push_str(&format!("{x} {y} {w} {h} re f "));
        }
        drawing
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// With a table of references.
    Plain,
    /// With rubbish before the header and after the end.
    WithRubbish,
    /// With a table that points nowhere.
    WithoutTable,
    /// With objects in streams, as most writers do today.
    InStreams,
    /// Encrypted by RC4, AES of 128 and AES of 256 bits; opens without a password.
    Owned(Cipher),
    /// The same; opens with [`PASSWORD`].
    Locked(Cipher),
}

/// How a file is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// RC4, 128 bits.
    Rc4,
    /// AES, 128 bits.
    Aes128,
    /// AES, 256 bits.
    Aes256,
}

/// What opens locked files.
pub const PASSWORD: &str = "Öffne dich 7";

/// A file.
#[derive(Clone, Debug)]
pub struct OddPdf {
    /// What is odd about it.
    pub name: String,
    /// Its pages.
    pub pages: Vec<OddPage>,
    /// How it is written.
    pub written: Written,
}

impl OddPdf {
    /// A file of these pages.
    #[must_use]
    pub fn new(name: &str, pages: Vec<OddPage>) -> Self {
        Self {
            name: name.to_owned(),
            pages,
            written: Written::Plain,
        }
    }

    /// Whether it opens with a password only.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.written, Written::Locked(_))
    }

    /// Its bytes.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let plain = pdf_of_objects(&self.objects());
        match self.written {
            Written::Plain => plain,
            Written::WithRubbish => [
                &b"From: somebody\r\nContent-Type: application/pdf\r\n\r\n"[..],
                &plain,
                b"\r\n--boundary--\r\n",
            ]
            .concat(),
            Written::WithoutTable => {
                let text = b"startxref\n";
                let at = plain.windows(text.len()).position(|window| window == text);
                let at = at.unwrap_or_else(|| panic!("{} has no table", self.name));
                [&plain[..at], b"startxref\n7\n%%EOF\n"].concat()
            }
            Written::InStreams => {
                let mut made = Vec::new();
                load(&plain)
                    .save_modern(&mut made)
                    .unwrap_or_else(|error| panic!("{}: {error}", self.name));
                made
            }
            Written::Owned(cipher) => encrypted(&plain, cipher, ""),
            Written::Locked(cipher) => encrypted(&plain, cipher, PASSWORD),
        }
    }

    fn objects(&self) -> Vec<Vec<u8>> {
        // The catalog, the root; then for each page a branch, the page, and what is drawn in two
        // parts, as many programs do.
        let branch = |index: usize| 3 + 4 * index;
        let kids: Vec<String> = (0..self.pages.len())
            .map(|index| format!("{} 0 R", branch(index)))
            .collect();
        let mut objects = vec![
            b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
            format!(
                "<</Type/Pages/Count {}/Kids[{}]>>",
                self.pages.len(),
                kids.join(" ")
            )
            .into_bytes(),
        ];
        for (index, page) in self.pages.iter().enumerate() {
            let number = branch(index);
            let said = page.attributes();
            let (above, here) = match page.inherits {
                true => (said, String::new()),
                false => (String::new(), said),
            };
            let unit = match page.unit {
                1.0 => String::new(),
                unit => format!("/UserUnit {unit}"),
            };
            objects.push(
                format!(
                    "<</Type/Pages/Parent 2 0 R/Count 1/Kids[{} 0 R]{above}>>",
                    number + 1
                )
                .into_bytes(),
            );
            objects.push(
                format!(
                    "<</Type/Page/Parent {number} 0 R{here}{unit}/Resources<<>>/Contents[{} 0 R {} 0 R]>>",
                    number + 2,
                    number + 3
                )
                .into_bytes(),
            );
            let drawing = page.drawing(index + 1);
            let (first, rest) = drawing.split_at(drawing.find(" re f").map_or(0, |at| at + 5));
            for part in [first, rest] {
                objects.push(
                    format!("<</Length {}>>stream\n{part}\nendstream", part.len()).into_bytes(),
                );
            }
        }
        objects
    }

    /// A file made by chance.
    #[must_use]
    pub fn random(seed: &mut Seed, number: usize) -> Self {
        let pages = (0..=seed.below(3)).map(|_| random_page(seed)).collect();
        let ciphers = [Cipher::Rc4, Cipher::Aes128, Cipher::Aes256];
        let written = match seed.below(7) {
            0 => Written::WithRubbish,
            1 => Written::WithoutTable,
            2 => Written::InStreams,
            3 => Written::Owned(*seed.one_of(&ciphers)),
            4 => Written::Locked(*seed.one_of(&ciphers)),
            _ => Written::Plain,
        };
        Self {
            name: format!("random-{number}"),
            pages,
            written,
        }
    }
}

fn random_page(seed: &mut Seed) -> OddPage {
    let corners = [
        (0.0, 0.0),
        (-1685.0, -1192.0),
        (0.0, 440.0),
        (1000.0, 2000.0),
        (-0.5, 0.25),
    ];
    let sizes = [
        (595.0, 842.0),
        (612.0, 792.0),
        (842.0, 595.0),
        (600.0, 360.0),
        (142.0, 85.0),
        (420.0, 595.0),
        (1190.0, 1684.0),
    ];
    let (left, bottom) = *seed.one_of(&corners);
    let (width, height) = *seed.one_of(&sizes);
    let media = [left, bottom, left + width, bottom + height];
    let inside = [
        left + width / 8.0,
        bottom + height / 5.0,
        left + width * 0.75,
        bottom + height * 0.9,
    ];
    let beyond = [
        left - 50.0,
        bottom - 20.0,
        left + width,
        bottom + height + 90.0,
    ];
    OddPage {
        media: Some(media),
        crop: *seed.one_of(&[None, None, Some(inside), Some(beyond)]),
        rotate: *seed.one_of(&[0, 0, 90, 180, 270, -90, 450]),
        unit: *seed.one_of(&[1.0, 1.0, 1.0, 2.0, 0.5]),
        inherits: seed.below(3) == 0,
        swapped: seed.below(4) == 0,
        empty: seed.below(8) == 0,
    }
}

/// Files that are known to go wrong somewhere.
#[must_use]
pub fn known() -> Vec<OddPdf> {
    let page = OddPage::default;
    let with = |media: Rectangle| OddPage {
        media: Some(media),
        ..page()
    };
    let cropped = |media: Rectangle, crop: Rectangle| OddPage {
        crop: Some(crop),
        ..with(media)
    };
    let turned = |rotate: i64| OddPage { rotate, ..page() };
    let mut files = vec![
        OddPdf::new("plain", vec![page(), page()]),
        OddPdf::new(
            "around-the-middle",
            vec![with([-1685.0, -1192.0, 1685.0, 1192.0])],
        ),
        OddPdf::new("above-zero", vec![with([0.0, 440.0, 600.0, 800.0])]),
        OddPdf::new("far-away", vec![with([1000.0, 2000.0, 1595.0, 2842.0])]),
        OddPdf::new(
            "not-whole-numbers",
            vec![with([-0.5, 0.25, 594.776, 841.89])],
        ),
        OddPdf::new("cropped", vec![cropped(A4, [100.0, 200.0, 400.0, 600.0])]),
        OddPdf::new(
            "cropped-far-away",
            vec![cropped(
                [-50.0, -50.0, 545.0, 792.0],
                [0.0, 100.0, 300.0, 500.0],
            )],
        ),
        OddPdf::new(
            "cropped-beyond",
            vec![cropped(A4, [-100.0, -100.0, 800.0, 1000.0])],
        ),
        OddPdf::new(
            "turned",
            vec![
                turned(90),
                turned(180),
                turned(270),
                turned(-90),
                turned(450),
            ],
        ),
        OddPdf::new(
            "turned-far-away",
            vec![OddPage {
                rotate: 270,
                ..with([-100.0, 50.0, 495.0, 892.0])
            }],
        ),
        OddPdf::new(
            "units",
            vec![OddPage {
                unit: 2.0,
                ..with([0.0, 0.0, 297.5, 421.0])
            }],
        ),
        OddPdf::new(
            "large-units-far-away",
            vec![OddPage {
                unit: 10.0,
                ..with([-10.0, -10.0, 49.5, 74.2])
            }],
        ),
        OddPdf::new("label", vec![with([0.0, 0.0, 142.0, 85.0])]),
        OddPdf::new("landscape", vec![with([0.0, 0.0, 842.0, 595.0])]),
        OddPdf::new(
            "swapped-corners",
            vec![OddPage {
                swapped: true,
                ..page()
            }],
        ),
        OddPdf::new(
            "inherited",
            vec![OddPage {
                inherits: true,
                rotate: 90,
                ..with([-100.0, -100.0, 495.0, 742.0])
            }],
        ),
        OddPdf::new(
            "many-sizes",
            vec![
                page(),
                with([0.0, 0.0, 1190.0, 1684.0]),
                with([50.0, 50.0, 200.0, 150.0]),
                OddPage {
                    empty: true,
                    ..page()
                },
                page(),
            ],
        ),
    ];
    let ciphers = [Cipher::Rc4, Cipher::Aes128, Cipher::Aes256];
    let ways = [
        Written::WithRubbish,
        Written::WithoutTable,
        Written::InStreams,
    ]
    .into_iter();
    let ways = ways.chain(ciphers.map(Written::Owned));
    for written in ways.chain(ciphers.map(Written::Locked)) {
        let mut file = OddPdf::new(&format!("{written:?}"), vec![page(), turned(90)]);
        file.written = written;
        files.push(file);
    }
    files
}

/// A page with a red field on every screen and a blue one on every paper; `automatic` says so as the
/// standard has it, otherwise the layers only say what they are for.
#[must_use]
pub fn layers(automatic: bool) -> Vec<u8> {
    let layer = |name: &str, view: &str, print: &str| {
        format!(
            "<</Type/OCG/Name({name})/Usage<</View<</ViewState/{view}>>/Print<</PrintState/{print}>>>>>>"
        )
    };
    let events = match automatic {
        true => {
            "/AS[<</Event/View/Category[/View]/OCGs[5 0 R 6 0 R]>>\
             <</Event/Print/Category[/Print]/OCGs[5 0 R 6 0 R]>>]"
        }
        false => "",
    };
    let drawing =
        "/OC/S BDC 1 0 0 rg 50 600 200 200 re f EMC /OC/P BDC 0 0 1 rg 350 100 200 200 re f EMC";
    let objects = [
        format!(
            "<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[5 0 R 6 0 R]\
             /D<</ON[5 0 R]/OFF[6 0 R]/Order[5 0 R 6 0 R]{events}>>>>>>"
        ),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R\
         /Resources<</Properties<</S 5 0 R/P 6 0 R>>>>>>"
            .to_owned(),
        format!("<</Length {}>>stream\n{drawing}\nendstream", drawing.len()),
        layer("screen", "ON", "OFF"),
        layer("print", "OFF", "ON"),
    ];
    pdf_of_objects(&objects.map(String::into_bytes))
}

/// The same page as it should be printed.
#[must_use]
pub fn printed_layer() -> Vec<u8> {
    let drawing = "0 0 1 rg 350 100 200 200 re f";
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<>>>>".to_owned(),
        format!("<</Length {}>>stream\n{drawing}\nendstream", drawing.len()),
    ];
    pdf_of_objects(&objects.map(String::into_bytes))
}

/// A file of nine pages whose last two pages were never written, as a broken download leaves it.
#[must_use]
pub fn cut() -> Vec<u8> {
    let whole = OddPdf::new("cut", vec![OddPage::default(); 9]).bytes();
    // Page eight begins here.
    let begin = b"\n31 0 obj";
    let at = whole
        .windows(begin.len())
        .position(|window| window == begin);
    whole[..at.unwrap_or(whole.len())].to_vec()
}

/// A file of one page, the packed drawing of which is broken in the middle.
///
/// # Panics
/// If it cannot be packed.
#[must_use]
pub fn torn() -> Vec<u8> {
    let drawing: String = (0..100)
        .map(|line| {
            format!(
                "BT /F1 12 Tf 72 {} Td (line {line}) Tj ET {line} {} 20 20 re f\n",
                800 - line * 7,
                line * 5
            )
        })
        .collect();
    let mut stream = Stream::new(Dictionary::new(), drawing.into_bytes());
    stream
        .compress()
        .unwrap_or_else(|error| panic!("a drawing cannot be packed: {error}"));
    let middle = stream.content.len() / 2;
    stream.content[middle] ^= 0x55;
    let mut contents = format!(
        "<</Length {}/Filter/FlateDecode>>stream\n",
        stream.content.len()
    )
    .into_bytes();
    contents.extend(&stream.content);
    contents.extend(b"\nendstream");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>>>>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ];
    let mut objects: Vec<Vec<u8>> = objects
        .iter()
        .map(|object| object.as_bytes().to_vec())
        .collect();
    objects.push(contents);
    pdf_of_objects(&objects)
}

/// A file that says it has three pages, one of which is nowhere in it.
#[must_use]
pub fn page_missing() -> Vec<u8> {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R 99 0 R 4 0 R]/Count 3>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>",
    ];
    pdf_of_objects(&objects.map(|object| object.as_bytes().to_vec()))
}

fn load(pdf: &[u8]) -> Document {
    Document::load_mem(pdf).unwrap_or_else(|error| panic!("a file cannot be read again: {error}"))
}

fn encrypted(plain: &[u8], cipher: Cipher, user_password: &str) -> Vec<u8> {
    let mut document = load(plain);
    let id = Object::String(vec![7; 16], StringFormat::Hexadecimal);
    document.trailer.set("ID", vec![id.clone(), id]);
    let permissions = Permissions::PRINTABLE;
    let owner_password = "owner";
    let filter: Arc<dyn CryptFilter> = match cipher {
        Cipher::Aes256 => Arc::new(Aes256CryptFilter),
        Cipher::Aes128 | Cipher::Rc4 => Arc::new(Aes128CryptFilter),
    };
    let name = b"StdCF".to_vec();
    let crypt_filters = BTreeMap::from([(name.clone(), filter)]);
    let version = match cipher {
        Cipher::Rc4 => EncryptionVersion::V2 {
            document: &document,
            owner_password,
            user_password,
            key_length: 128,
            permissions,
        },
        Cipher::Aes128 => EncryptionVersion::V4 {
            document: &document,
            encrypt_metadata: true,
            crypt_filters,
            stream_filter: name.clone(),
            string_filter: name,
            owner_password,
            user_password,
            permissions,
        },
        Cipher::Aes256 => EncryptionVersion::V5 {
            encrypt_metadata: true,
            crypt_filters,
            file_encryption_key: &[9; 32],
            stream_filter: name.clone(),
            string_filter: name,
            owner_password,
            user_password,
            permissions,
        },
    };
    fn fail<T>(error: lopdf::Error) -> T {
        panic!("a file cannot be encrypted: {error}")
    }
    let state = EncryptionState::try_from(version).unwrap_or_else(fail);
    document.encrypt(&state).unwrap_or_else(fail);
    let mut made = Vec::new();
    document
        .save_to(&mut made)
        .unwrap_or_else(|error| panic!("a file cannot be written: {error}"));
    made
}
