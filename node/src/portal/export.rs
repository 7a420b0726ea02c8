//! The site as an admin exported it on a page, on its way into a file.

use papermesh_protocol::text::Name;
use zeroize::Zeroizing;

use crate::control::message::SiteExported;

/// An export, while it can be saved. It is sealed; only its passphrase opens it.
pub(super) struct Export {
    /// The site's.
    pub(super) name: Name,
    pub(super) text: Zeroizing<String>,
}

impl Export {
    pub(super) fn of(exported: SiteExported) -> Self {
        Self {
            name: exported.site_name,
            text: Zeroizing::new(exported.export),
        }
    }

    /// What its file is called: the site's name as far as every system and every header takes it.
    pub(super) fn file(&self) -> String {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let name: String = self.name.as_str().chars().filter(|c| plain(*c)).collect();
        let name = if name.is_empty() { "site" } else { &name };
        format!("{name}.papermesh-site")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_has_a_plain_name_whatever_its_site_is_called() {
        for (site, file) in [
            ("Acme", "Acme.papermesh-site"),
            ("../Acme & \"Sons\"", "AcmeSons.papermesh-site"),
            ("مكتب", "site.papermesh-site"),
        ] {
            let export = Export {
                name: site.parse().unwrap(),
                text: Zeroizing::default(),
            };
            assert_eq!(export.file(), file);
        }
    }
}
