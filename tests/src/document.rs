//! Documents to print: real, if plain, PDF files, and files that are as large as they say.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A document on the disk.
#[derive(Clone, Debug)]
pub struct Document {
    path: PathBuf,
    title: String,
    digest: [u8; 32],
    size: u64,
}

impl Document {
    /// A one-page PDF that says `text`, in `folder`; its title is its file's name.
    #[must_use]
    pub fn pdf(folder: &Path, name: &str, text: &str) -> Self {
        Self::pdf_of(folder, name, text, 0)
    }

    /// The same, filled up with a comment to at least `size` bytes.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn pdf_of(folder: &Path, name: &str, text: &str, size: u64) -> Self {
        let path = folder.join(name);
        let file =
            File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut file = BufWriter::new(file);
        write_pdf(&mut file, text, size)
            .and_then(|()| file.flush())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::at(&path)
    }

    /// A PDF of so many A4 pages, no two of which look alike, whichever way they are turned.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn pages(folder: &Path, name: &str, count: u32) -> Self {
        let path = folder.join(name);
        let pages: Vec<String> = (1..=count).map(drawing).collect();
        fs::write(&path, pdf_of_drawings(&pages))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::at(&path)
    }

    /// Whatever lies at `path`.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        let (digest, size) = digest(path);
        Self {
            path: path.to_owned(),
            title: path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            digest,
            size,
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same as text.
    #[must_use]
    pub fn path_str(&self) -> &str {
        self.path.to_str().unwrap_or_default()
    }

    /// What its job will be called unless somebody says otherwise: its file's name.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether these bytes are its content.
    #[must_use]
    pub fn is(&self, bytes: &[u8]) -> bool {
        (<[u8; 32]>::from(Sha256::digest(bytes)), bytes.len() as u64) == (self.digest, self.size)
    }

    /// Whether the file at `path` has the same content.
    #[must_use]
    pub fn is_at(&self, path: &Path) -> bool {
        digest(path) == (self.digest, self.size)
    }
}

/// Hash and length of a file, whatever its size.
fn digest(path: &Path) -> ([u8; 32], u64) {
    let hash = || {
        let mut file = File::open(path)?;
        let mut hasher = Hashing(Sha256::new());
        let size = std::io::copy(&mut file, &mut hasher)?;
        Ok::<_, std::io::Error>((hasher.0.finalize().into(), size))
    };
    hash().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What page `number` looks like: its number in words of a font and as bars, a red corner, a green
/// triangle, a gray and a blue field.
fn drawing(number: u32) -> String {
    let mut drawing = format!(
        "1 0 0 rg 40 700 120 90 re f 0 0.6 0 rg 420 60 m 560 60 l 560 {} l f 0.5 g 60 60 {} 40 re f \
         0 0 1 rg 300 {} 200 60 re f 0 g BT /F1 40 Tf 60 560 Td (Page {number} of a test) Tj ET \
         2 w 30 30 535 782 re S ",
        120 + number * 20,
        80 + number * 15,
        300 + number * 10,
    );
    for bar in 0..number {
        drawing.push_str(&format!("{} 640 12 40 re f ", 200 + bar * 30));
    }
    drawing
}

/// A PDF (ISO 32000-1 §7.5) of A4 pages with these contents and the font Helvetica as `F1`.
#[must_use]
pub fn pdf_of_drawings(drawings: &[String]) -> Vec<u8> {
    let kids: Vec<String> = (0..drawings.len())
        .map(|page| format!("{} 0 R", 4 + 2 * page))
        .collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!(
            "<</Type/Pages/Kids[{}]/Count {}/MediaBox[0 0 595.276 841.89]>>",
            kids.join(" "),
            kids.len()
        ),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    for drawing in drawings {
        let contents = objects.len() + 2;
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/Contents {contents} 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
        ));
        objects.push(format!(
            "<</Length {}>>stream\n{drawing}\nendstream",
            drawing.len()
        ));
    }
    pdf_of_objects(
        &objects
            .into_iter()
            .map(String::into_bytes)
            .collect::<Vec<_>>(),
    )
}

/// A PDF of these objects, the first of which is the catalog.
#[must_use]
pub fn pdf_of_objects(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut pdf = b"%PDF-1.4\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(objects) {
        table.push_str(&format!("{:010} 00000 n \n", pdf.len()));
        pdf.extend(format!("{number} 0 obj").bytes());
        pdf.extend(object);
        pdf.extend(b"\nendobj\n");
    }
    let (start, size) = (pdf.len(), objects.len() + 1);
    pdf.extend(table.bytes());
    pdf.extend(format!("trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").bytes());
    pdf
}

/// Writes a PDF of one page (ISO 32000-1 §7.5) with a table of references that is right.
fn write_pdf(out: &mut impl Write, text: &str, size: u64) -> std::io::Result<()> {
    let drawing = format!("BT /F1 24 Tf 72 720 Td ({text}) Tj ET");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R\
         /Resources<</Font<</F1 5 0 R>>>>>>"
            .to_owned(),
        format!("<</Length {}>>stream\n{drawing}\nendstream", drawing.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let header = "%PDF-1.4\n";
    out.write_all(header.as_bytes())?;
    let mut written = header.len() as u64;
    // Lines of numbers, so that no two segments of the document are alike.
    let mut line = 0u64;
    while written < size {
        let filling = format!("%{line:062}\n");
        out.write_all(filling.as_bytes())?;
        written += filling.len() as u64;
        line += 1;
    }
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(written);
        let object = format!("{number} 0 obj{object}\nendobj\n");
        out.write_all(object.as_bytes())?;
        written += object.len() as u64;
    }
    writeln!(out, "xref\n0 {}\n0000000000 65535 f ", objects.len() + 1)?;
    for offset in offsets {
        writeln!(out, "{offset:010} 00000 n ")?;
    }
    let count = objects.len() + 1;
    write!(
        out,
        "trailer<</Size {count}/Root 1 0 R>>\nstartxref\n{written}\n%%EOF\n"
    )
}
