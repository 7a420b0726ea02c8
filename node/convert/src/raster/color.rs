//! Pixels made from other pixels, line by line. Pure.

use super::page::Pixels;

/// Turns a line of pixels, which has this width and is the so many-th of its page, into another
/// kind.
pub(super) fn convert(
    from: Pixels,
    to: Pixels,
    (width, y): (u32, u32),
    line: &[u8],
    out: &mut Vec<u8>,
) {
    out.clear();
    let width = width as usize;
    match (from, to) {
        _ if from == to => out.extend_from_slice(line),
        (Pixels::Black1, Pixels::Gray8) => out.extend((0..width).map(|x| bit(line, x))),
        (Pixels::Black1, Pixels::Rgb8) => out.extend((0..width).flat_map(|x| [bit(line, x); 3])),
        (Pixels::Gray8, Pixels::Rgb8) => out.extend(line.iter().flat_map(|gray| [*gray; 3])),
        (Pixels::Rgb8, Pixels::Gray8) => out.extend(line.chunks_exact(3).map(luminance)),
        (Pixels::Gray8, _) => dots(line.iter().copied(), y, out),
        (Pixels::Rgb8, _) => dots(line.chunks_exact(3).map(luminance), y, out),
        (Pixels::Black1, Pixels::Black1) => {}
    }
}

/// Scales a line of pixels to another width, by the nearest one.
pub(super) fn scale(pixels: Pixels, from: u32, to: u32, line: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let source = |x: u32| (u64::from(x) * u64::from(from) / u64::from(to)) as usize;
    match pixels {
        Pixels::Black1 => {
            out.resize(pixels.bytes(to) as usize, 0);
            for x in (0..to).filter(|x| bit(line, source(*x)) == 0) {
                out[x as usize / 8] |= 0x80 >> (x % 8);
            }
        }
        Pixels::Gray8 | Pixels::Rgb8 => {
            let unit = pixels.unit();
            for x in 0..to {
                out.extend_from_slice(&line[source(x) * unit..][..unit]);
            }
        }
    }
}

/// Mirrors a line left to right.
pub(super) fn mirror(pixels: Pixels, width: u32, line: &mut Vec<u8>) {
    match pixels {
        Pixels::Gray8 => line.reverse(),
        Pixels::Rgb8 => {
            line.reverse();
            line.chunks_exact_mut(3).for_each(<[u8]>::reverse);
        }
        Pixels::Black1 => {
            let mut mirrored = vec![0; line.len()];
            for x in (0..width as usize).filter(|x| bit(line, *x) == 0) {
                let there = width as usize - 1 - x;
                mirrored[there / 8] |= 0x80 >> (there % 8);
            }
            *line = mirrored;
        }
    }
}

/// A bit as a shade of gray.
fn bit(line: &[u8], x: usize) -> u8 {
    match line[x / 8] & (0x80 >> (x % 8)) {
        0 => 0xff,
        _ => 0,
    }
}

/// The luma of ITU-R BT.601.
fn luminance(rgb: &[u8]) -> u8 {
    let [red, green, blue] = [rgb[0], rgb[1], rgb[2]].map(u32::from);
    ((red * 299 + green * 587 + blue * 114 + 500) / 1000) as u8
}

/// Dots that grow with the shade: in which order the 8 × 8 pixels of two dots become black, from
/// white to black. Laser printers can print such dots, and single pixels they cannot.
const DOTS: [[u8; 8]; 8] = [
    [24, 10, 12, 26, 35, 47, 49, 37],
    [8, 0, 2, 14, 45, 59, 61, 51],
    [22, 6, 4, 16, 43, 57, 63, 53],
    [30, 20, 18, 28, 33, 41, 55, 39],
    [34, 46, 48, 36, 25, 11, 13, 27],
    [44, 58, 60, 50, 9, 1, 3, 15],
    [42, 56, 62, 52, 23, 7, 5, 17],
    [32, 40, 54, 38, 31, 21, 19, 29],
];

fn dots(grays: impl Iterator<Item = u8>, y: u32, out: &mut Vec<u8>) {
    let row = DOTS[y as usize % 8];
    for (x, gray) in grays.enumerate() {
        if x % 8 == 0 {
            out.push(0);
        }
        // Black at 0 whatever the place, and white at 255.
        let black = u32::from(255 - gray) * 64 > u32::from(row[x % 8]) * 255;
        if let Some(last) = out.last_mut().filter(|_| black) {
            *last |= 0x80 >> (x % 8);
        }
    }
}
