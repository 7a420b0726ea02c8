//! What a person outside is given to print: addresses of a place with a print token, and the same as each
//! operating system takes it.
//!
//! A token in an address is a secret like a password: whoever has the address prints with it.

use std::fmt::Write as _;

use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::token::PrintToken;
use papermesh_protocol::text::{Name, UserId};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The port, in words of its own: networks that let little out let this out, and 631 is what programs
/// take without one.
const PORT: u16 = 443;
/// The path of the hold printer at a place.
const PATH: &str = "ipp/print";

/// A place, and a token that prints there.
pub struct Share<'a> {
    /// The place's name.
    pub place: &'a HostName,
    /// The site's name.
    pub site: &'a Name,
    /// Whose jobs come of it.
    pub user: &'a UserId,
    /// The token.
    pub token: &'a PrintToken,
}

/// Text that contains a token.
pub type Secret = Zeroizing<String>;

impl Share<'_> {
    /// The address for programs that ask for a name and a password: the user id and the token.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("ipps://{}:{PORT}/{PATH}", self.place)
    }

    /// The address for programs that ask for nothing.
    #[must_use]
    pub fn capability(&self) -> Secret {
        format!("ipps://{}:{PORT}/{}", self.place, *self.resource()).into()
    }

    /// The page for browsers.
    #[must_use]
    pub fn page(&self) -> Secret {
        format!("https://{}/t/{}/", self.place, *self.token.expose()).into()
    }

    fn resource(&self) -> Secret {
        format!("t/{}/{PATH}", *self.token.expose()).into()
    }

    /// What the printer is called where people choose one.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} Papermesh", self.site)
    }

    /// A line for a shell where CUPS prints (Linux, macOS): it asks for the user id and the token later.
    #[must_use]
    pub fn lpadmin(&self) -> String {
        format!(
            "lpadmin -p {} -D {} -E -v {} -m everywhere -o auth-info-required=username,password",
            queue_of(self.site),
            shell(&self.title()),
            self.uri()
        )
    }

    /// A line for PowerShell on Windows 10 or 11, which knows no passwords of printers.
    #[must_use]
    pub fn powershell(&self) -> Secret {
        let title = powershell(&self.title());
        let uri = self.capability();
        format!("Add-Printer -Name {title} -IppURL '{}'", *uri).into()
    }

    /// A configuration profile for iPhone, iPad and Mac: one AirPrint printer (payload `com.apple.airprint`).
    #[must_use]
    pub fn mobileconfig(&self) -> Secret {
        let hash = Sha256::new_with_prefix(b"papermesh profile")
            .chain_update(self.place.to_string())
            .chain_update(self.token.digest().as_bytes())
            .finalize();
        let uuids = hash.as_chunks::<16>().0.iter().map(|bytes| uuid(*bytes));
        let [profile, payload] = [0, 1].map(|at| uuids.clone().nth(at).unwrap_or_default());
        let (place, title) = (xml(&self.place.to_string()), xml(&self.title()));
        let resource = self.resource();
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>PayloadType</key><string>Configuration</string>
	<key>PayloadVersion</key><integer>1</integer>
	<key>PayloadIdentifier</key><string>papermesh.{profile}</string>
	<key>PayloadUUID</key><string>{profile}</string>
	<key>PayloadDisplayName</key><string>{title}</string>
	<key>PayloadContent</key>
	<array>
		<dict>
			<key>PayloadType</key><string>com.apple.airprint</string>
			<key>PayloadVersion</key><integer>1</integer>
			<key>PayloadIdentifier</key><string>papermesh.{payload}</string>
			<key>PayloadUUID</key><string>{payload}</string>
			<key>PayloadDisplayName</key><string>{title}</string>
			<key>AirPrint</key>
			<array>
				<dict>
					<key>IPAddress</key><string>{place}</string>
					<key>Port</key><integer>{PORT}</integer>
					<key>ResourcePath</key><string>{}</string>
					<key>ForceTLS</key><true/>
				</dict>
			</array>
		</dict>
	</array>
</dict>
</plist>
"#,
            xml(&resource)
        )
        .into()
    }
}

/// A name for a queue of CUPS, which has letters, digits and a few marks.
fn queue_of(site: &Name) -> String {
    let plain = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '-',
    };
    let name: String = site.as_str().chars().map(plain).collect();
    let name = name.trim_matches('-');
    match name.is_empty() {
        true => "papermesh-outside".to_owned(),
        false => format!("papermesh-{name}"),
    }
}

/// A word of a POSIX shell.
fn shell(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A string of PowerShell. A quote inside single quotes is written twice, and it takes five for one.
fn powershell(text: &str) -> String {
    let mut quoted = "'".to_owned();
    for c in text.chars() {
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted + "'"
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A UUID made of a hash (RFC 9562 section 5.8, version 8).
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::new();
    for (place, byte) in bytes.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TOKEN: &str = "pm-0123456789abcdefghjkmnpq";

    fn with(site: &str, look: impl FnOnce(&Share<'_>)) {
        let place: HostName = "desk.acme.gw.example".parse().unwrap();
        let (site, user): (Name, UserId) = (site.parse().unwrap(), "charlie".parse().unwrap());
        let token = TOKEN.parse().unwrap();
        look(&Share {
            place: &place,
            site: &site,
            user: &user,
            token: &token,
        });
    }

    #[test]
    fn an_address_has_the_token_only_where_no_password_is_asked_for() {
        with("Acme", |share| {
            assert_eq!(share.uri(), "ipps://desk.acme.gw.example:443/ipp/print");
            let capability = format!("ipps://desk.acme.gw.example:443/t/{TOKEN}/ipp/print");
            assert_eq!(*share.capability(), capability);
            assert_eq!(
                *share.page(),
                format!("https://desk.acme.gw.example/t/{TOKEN}/")
            );
            assert!(!share.lpadmin().contains(TOKEN));
            assert!(share.powershell().contains(&capability));
            let profile = share.mobileconfig();
            assert!(profile.contains(&format!("<string>t/{TOKEN}/ipp/print</string>")));
            assert!(profile.contains("<integer>443</integer>"));
        });
    }

    #[test]
    fn no_name_of_a_site_is_read_as_anything_else() {
        with("Jo's <&> \"Büro\"; rm -rf /", |share| {
            assert_eq!(
                share.lpadmin(),
                r#"lpadmin -p papermesh-jo-s------b-ro---rm--rf -D 'Jo'\''s <&> "Büro"; rm -rf / Papermesh' -E -v "#
                    .to_owned()
                    + "ipps://desk.acme.gw.example:443/ipp/print -m everywhere -o auth-info-required=username,password"
            );
            assert!(
                share.powershell().starts_with(
                    "Add-Printer -Name 'Jo''s <&> \"Büro\"; rm -rf / Papermesh' -IppURL"
                )
            );
            assert!(
                share
                    .mobileconfig()
                    .contains("Jo's &lt;&amp;&gt; \"Büro\"; rm -rf / Papermesh")
            );
        });
        with("Jo\u{2019}s", |share| {
            assert!(
                share
                    .powershell()
                    .starts_with("Add-Printer -Name 'Jo\u{2019}\u{2019}s Papermesh'")
            );
        });
        with("前台", |share| {
            assert!(
                share
                    .lpadmin()
                    .starts_with("lpadmin -p papermesh-outside -D")
            );
        });
    }
}
