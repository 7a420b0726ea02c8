//! The bytes of a request in IPP (RFC 8010 section 3), put together one by one: what is tested neither writes nor judges
//! them.

/// `integer`.
pub const INTEGER: u8 = 0x21;
/// `boolean`.
pub const BOOLEAN: u8 = 0x22;
/// `enum`.
pub const ENUM: u8 = 0x23;
/// `octetString`.
pub const OCTETS: u8 = 0x30;
/// `rangeOfInteger`.
pub const RANGE: u8 = 0x33;
/// Where a collection begins,
pub const BEGIN: u8 = 0x34;
/// and ends.
pub const END: u8 = 0x37;
/// `textWithLanguage`, and so is a name.
pub const WITH_LANGUAGE: u8 = 0x36;
/// `nameWithoutLanguage`.
pub const NAME: u8 = 0x42;
/// `keyword`.
pub const KEYWORD: u8 = 0x44;
/// `uri`.
pub const URI: u8 = 0x45;
/// `charset`.
const CHARSET: u8 = 0x47;
/// `naturalLanguage`.
const LANGUAGE: u8 = 0x48;
/// `mimeMediaType`.
pub const MIME: u8 = 0x49;
/// The name of a collection's member.
pub const MEMBER: u8 = 0x4a;

/// A request that is not at its end yet.
#[derive(Clone, Debug)]
pub struct Request(Vec<u8>);

impl Request {
    /// An operation, asked of the printer with this URI.
    #[must_use]
    pub fn new(operation: u16, printer: &str) -> Self {
        let [high, low] = operation.to_be_bytes();
        Self(vec![2, 0, high, low, 0, 0, 0, 1, 1])
            .with(CHARSET, "attributes-charset", b"utf-8")
            .with(LANGUAGE, "attributes-natural-language", b"en")
            .with(URI, "printer-uri", printer.as_bytes())
    }

    /// The same with an attribute, or with a further value of the last one where it has no name.
    ///
    /// # Panics
    /// If one of them is longer than 64 KiB.
    #[must_use]
    pub fn with(mut self, tag: u8, name: &str, value: &[u8]) -> Self {
        self.0.push(tag);
        for part in [name.as_bytes(), value] {
            let length = u16::try_from(part.len()).unwrap();
            self.0.extend(length.to_be_bytes());
            self.0.extend(part);
        }
        self
    }

    /// The same with a group of attributes that begins here.
    #[must_use]
    pub fn group(mut self, tag: u8) -> Self {
        self.0.push(tag);
        self
    }

    /// All of it, and what follows it.
    #[must_use]
    pub fn end(mut self, document: &[u8]) -> Vec<u8> {
        self.0.push(3);
        self.0.extend(document);
        self.0
    }
}
