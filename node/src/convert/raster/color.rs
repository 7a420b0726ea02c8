//! Pixels made from other pixels, line by line. Pure.

use super::page::Pixels;

/// Turns a line of pixels into another kind.
pub(super) fn convert(from: Pixels, to: Pixels, width: u32, line: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let width = width as usize;
    match (from, to) {
        _ if from == to => out.extend_from_slice(line),
        (Pixels::Black1, Pixels::Gray8) => out.extend((0..width).map(|x| bit(line, x))),
        (Pixels::Black1, Pixels::Rgb8) => out.extend((0..width).flat_map(|x| [bit(line, x); 3])),
        (Pixels::Gray8, Pixels::Rgb8) => out.extend(line.iter().flat_map(|gray| [*gray; 3])),
        (Pixels::Rgb8, Pixels::Gray8) => out.extend(line.chunks_exact(3).map(luminance)),
        (Pixels::Gray8, _) => threshold(line.iter().copied(), out),
        (Pixels::Rgb8, _) => threshold(line.chunks_exact(3).map(luminance), out),
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

/// A bit as a shade of grey.
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

fn threshold(grays: impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    for (x, gray) in grays.enumerate() {
        if x % 8 == 0 {
            out.push(0);
        }
        if let Some(last) = out.last_mut().filter(|_| gray < 0x80) {
            *last |= 0x80 >> (x % 8);
        }
    }
}
