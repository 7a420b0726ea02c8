//! Documents of the formats that a driverless printer takes: small, and right to the last byte.

/// A JPEG (ITU-T T.81) of 8 by 8 gray pixels.
#[must_use]
pub fn jpeg() -> Vec<u8> {
    let mut jpeg = vec![0xff, 0xd8];
    let mut segment = |marker: u8, data: &[u8]| {
        let length = u16::try_from(data.len() + 2).unwrap_or(u16::MAX);
        jpeg.extend([0xff, marker]);
        jpeg.extend(length.to_be_bytes());
        jpeg.extend(data);
    };
    segment(0xe0, b"JFIF\0\x01\x01\x01\0\x48\0\x48\0\0");
    segment(0xdb, &[&[0][..], &[1; 64]].concat());
    segment(0xc0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    // Two tables of one code each: no difference, and the end of the block.
    for class in [0x00, 0x10] {
        let mut table = [0; 18];
        (table[0], table[1]) = (class, 1);
        segment(0xc4, &table);
    }
    segment(0xda, &[1, 1, 0, 0, 63, 0]);
    // A zero bit for either code, and ones to fill the byte.
    jpeg.extend([0x3f, 0xff, 0xd9]);
    jpeg
}

/// What is in a PWG raster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Grays.
    Gray,
    /// Red, green and blue.
    Rgb,
}

/// A PWG raster (PWG 5102.4) of one page of 16 by 16 white pixels.
#[must_use]
pub fn pwg_raster(dpi: u32, color: Color) -> Vec<u8> {
    const SIDE: u32 = 16;
    let (space, channels) = match color {
        Color::Gray => (18, 1),
        Color::Rgb => (19, 3),
    };
    let mut header = vec![0; 1796];
    header[..9].copy_from_slice(b"PwgRaster");
    for (at, value) in [
        (276, dpi),
        (280, dpi),
        (340, 1), // copies
        (352, 595),
        (356, 842),
        (372, SIDE),
        (376, SIDE),
        (384, 8),
        (388, 8 * channels),
        (392, SIDE * channels),
        (400, space),
        (420, channels),
    ] {
        header[at..at + 4].copy_from_slice(&u32::to_be_bytes(value));
    }
    // One line, repeated; in it one pixel, repeated.
    let repeated = u8::try_from(SIDE - 1).unwrap_or(0);
    let pixel = vec![0xff; channels as usize];
    [b"RaS2", &header[..], &[repeated, repeated], &pixel].concat()
}
