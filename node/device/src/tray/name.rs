//! The names of a tray's files.
//!
//! Lives here: making a safe name of any title, and recognizing the file of a release. Not here:
//! the files.

use super::super::text::printable;
use super::super::ticket::PrintTicket;

/// Longest part of a file name that comes from the title, in bytes: with the rest it stays below
/// the 255 bytes that every file system takes.
const MAX_TITLE: usize = 120;

/// How a file under way begins; the dot hides it from people who look into the tray.
const PART_PREFIX: &str = ".papermesh-";

/// How a file under way ends.
const PART_SUFFIX: &str = ".part";

/// The name of a printed file: `TITLE-RELEASE.EXT`, or `TITLE-RELEASE-xCOPIES.EXT`.
///
/// The ticket must have been checked: the release is hexadecimal.
pub(super) fn file_name(ticket: &PrintTicket) -> String {
    let extension = extension(&ticket.format);
    let title = safe_title(&ticket.title, extension);
    let tag = ticket.tag();
    match ticket.options.copies {
        0 | 1 => format!("{title}-{tag}.{extension}"),
        copies => format!("{title}-{tag}-x{copies}.{extension}"),
    }
}

/// The name of a file while it is being written.
pub(super) fn part_name(release: &str) -> String {
    format!("{PART_PREFIX}{release}{PART_SUFFIX}")
}

/// The release that a file under way belongs to.
pub(super) fn release_of_part(name: &str) -> Option<&str> {
    let release = name.strip_prefix(PART_PREFIX)?.strip_suffix(PART_SUFFIX)?;
    let hex = !release.is_empty() && release.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then_some(release)
}

/// Whether a printed file is that of the release with this tag.
pub(super) fn is_file_of(name: &str, tag: &str) -> bool {
    let Some((stem, _)) = name.rsplit_once('.') else {
        return false;
    };
    if name.starts_with(PART_PREFIX) {
        return false;
    }
    let ends_with_tag = |stem: &str| {
        stem.strip_suffix(tag)
            .is_some_and(|title| title.ends_with('-'))
    };
    let without_copies = stem
        .rsplit_once("-x")
        .filter(|(_, copies)| !copies.is_empty() && copies.bytes().all(|b| b.is_ascii_digit()))
        .map(|(stem, _)| stem);
    ends_with_tag(stem) || without_copies.is_some_and(ends_with_tag)
}

/// A title as a file name on any platform: letters, digits and a few marks; never a path, a hidden
/// file or an option. What follows it makes reserved names such as `CON` harmless.
fn safe_title(title: &str, extension: &str) -> String {
    let mut safe = String::new();
    for character in printable(title, 4 * MAX_TITLE).chars() {
        let keep = character.is_alphanumeric()
            || matches!(character, ' ' | '.' | '-' | '_' | '(' | ')' | ',' | '+');
        let character = if keep { character } else { '_' };
        if safe.len() + character.len_utf8() > MAX_TITLE {
            break;
        }
        safe.push(character);
    }
    let bare = safe.trim_matches(|c: char| matches!(c, '.' | ' ' | '-'));
    let bare = match bare.rsplit_once('.') {
        Some((stem, tail)) if tail.eq_ignore_ascii_case(extension) => {
            stem.trim_end_matches(['.', ' ', '-'])
        }
        _ => bare,
    };
    if bare.is_empty() {
        "document".to_owned()
    } else {
        bare.to_owned()
    }
}

/// The usual file extension of a MIME type.
fn extension(format: &str) -> &'static str {
    let essence = format
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "application/pdf" => "pdf",
        "application/postscript" => "ps",
        "application/pclm" => "pclm",
        "application/vnd.hp-pcl" | "application/pcl" => "pcl",
        "application/oxps" => "oxps",
        "application/vnd.ms-xpsdocument" => "xps",
        "image/pwg-raster" => "pwg",
        "image/urf" => "urf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/tiff" => "tif",
        "text/plain" => "txt",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::{Component, Path};

    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{PrintTicket, file_name, is_file_of, part_name, release_of_part};
    use papermesh_protocol::job::PrintOptions;

    fn ticket(title: &str, copies: u16) -> PrintTicket {
        PrintTicket {
            release: "1f2e3d4c5b6a7988".into(),
            title: title.into(),
            user: "ada".into(),
            format: "application/pdf".into(),
            size: None,
            converted: false,
            options: PrintOptions {
                copies,
                ..PrintOptions::default()
            },
        }
    }

    #[test]
    fn names_are_what_a_person_expects() {
        assert_eq!(
            file_name(&ticket("Quarterly report.pdf", 1)),
            "Quarterly report-1f2e3d4c.pdf"
        );
        assert_eq!(file_name(&ticket("Übung 3", 2)), "Übung 3-1f2e3d4c-x2.pdf");
        assert_eq!(
            file_name(&ticket("../../etc/passwd", 1)),
            "_.._etc_passwd-1f2e3d4c.pdf"
        );
        assert_eq!(file_name(&ticket("\u{0}\n..", 1)), "document-1f2e3d4c.pdf");
    }

    #[test]
    fn a_release_finds_its_own_file_only() {
        assert!(is_file_of("a-b-1f2e3d4c.pdf", "1f2e3d4c"));
        assert!(is_file_of("a-1f2e3d4c-x12.pdf", "1f2e3d4c"));
        assert!(!is_file_of("a-1f2e3d4c-x.pdf", "1f2e3d4c"));
        assert!(!is_file_of("1f2e3d4c-a-00000000.pdf", "1f2e3d4c"));
        assert!(!is_file_of("a1f2e3d4c.pdf", "1f2e3d4c"));
        assert!(!is_file_of(&part_name("1f2e3d4c"), "1f2e3d4c"));
        assert_eq!(release_of_part(&part_name("1f2e3d4c")), Some("1f2e3d4c"));
        assert_eq!(release_of_part(".papermesh-../x.part"), None);
    }

    proptest! {
        #[test]
        fn any_title_is_one_plain_file_name(title in any::<String>(), copies in 1u16..) {
            let name = file_name(&ticket(&title, copies));
            prop_assert!(name.len() < 255);
            prop_assert!(!name.starts_with('.') && !name.starts_with('-'));
            prop_assert!(is_file_of(&name, "1f2e3d4c"));
            let parts: Vec<Component<'_>> = Path::new(&name).components().collect();
            prop_assert_eq!(parts, vec![Component::Normal(name.as_ref())]);
        }
    }
}
