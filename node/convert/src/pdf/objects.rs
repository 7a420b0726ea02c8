//! Objects of a PDF (ISO 32000-1 section 7.5), written in one go: what is not known yet is said
//! afterwards.

use std::io::{self, Write};

/// A PDF that is being written.
pub(in super::super) struct Objects<W> {
    out: W,
    written: u64,
    /// Where objects begin; 0 for those to come. The first is object 1.
    begun: Vec<u64>,
}

impl<W: Write> Write for Objects<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Objects<W> {
    /// Begins a document whose first objects, so many, come later.
    pub(in super::super) fn begin(out: W, later: usize) -> io::Result<Self> {
        let mut objects = Self {
            out,
            written: 0,
            begun: vec![0; later],
        };
        objects.write_all(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")?;
        Ok(objects)
    }

    /// The number of the object that comes next.
    pub(in super::super) fn next(&self) -> usize {
        self.begun.len() + 1
    }

    /// Writes the next object; gives its number.
    pub(in super::super) fn add(&mut self, object: &str) -> io::Result<usize> {
        let number = self.open()?;
        write!(self, "{object}")?;
        self.close()?;
        Ok(number)
    }

    /// Writes one of those that come later.
    pub(in super::super) fn fill(&mut self, number: usize, object: &str) -> io::Result<()> {
        if let Some(begun) = self.begun.get_mut(number.wrapping_sub(1)) {
            *begun = self.written;
        }
        writeln!(self, "{number} 0 obj{object} endobj")
    }

    /// Begins a stream with this dictionary, whose length is not known yet; [`Self::end_stream`]
    /// ends it. Between the two, its bytes are written.
    pub(in super::super) fn begin_stream(&mut self, dictionary: &str) -> io::Result<Stream> {
        let number = self.open()?;
        let length = number + 1;
        writeln!(self, "<<{dictionary}/Length {length} 0 R>>stream")?;
        Ok(Stream {
            number,
            from: self.written,
        })
    }

    /// Ends a stream, and says how long it became.
    pub(in super::super) fn end_stream(&mut self, stream: &Stream) -> io::Result<()> {
        let length = self.written - stream.from;
        write!(self, "\nendstream")?;
        self.close()?;
        self.add(&format!(" {length}")).map(drop)
    }

    /// Writes the table of all objects; the document is whole then.
    pub(in super::super) fn finish(&mut self, catalog: usize) -> io::Result<()> {
        let (at, size) = (self.written, self.begun.len() + 1);
        writeln!(self, "xref\n0 {size}\n0000000000 65535 f ")?;
        for begun in std::mem::take(&mut self.begun) {
            writeln!(self, "{begun:010} 00000 n ")?;
        }
        write!(
            self,
            "trailer<</Size {size}/Root {catalog} 0 R>>\nstartxref\n{at}\n%%EOF\n"
        )?;
        self.flush()
    }

    fn open(&mut self) -> io::Result<usize> {
        self.begun.push(self.written);
        let number = self.begun.len();
        write!(self, "{number} 0 obj")?;
        Ok(number)
    }

    fn close(&mut self) -> io::Result<()> {
        writeln!(self, " endobj")
    }
}

/// A stream that is being written.
pub(in super::super) struct Stream {
    /// Its object.
    pub(in super::super) number: usize,
    from: u64,
}
