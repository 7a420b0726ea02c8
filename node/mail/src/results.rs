//! `Authentication-Results` (RFC 8601 §2.2): what a server found out about where a mail comes from.
//!
//! Everybody can write such a header. It is worth something only where it says to be of a server that is believed, and
//! stands above all that came with the mail.

/// Comments within comments that are read over.
const DEPTH: usize = 8;

/// What one server found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    /// How the server calls itself, in lower case: its authserv-id (RFC 8601 §2.5).
    pub server: String,
    /// What came of each method that it tried.
    pub found: Vec<Found>,
}

/// What came of one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The method, such as `dmarc` (RFC 7489), in lower case.
    pub method: String,
    /// The result, such as `pass`, in lower case.
    pub result: String,
    /// What it was found for, such as `header.from` and a domain; the names are in lower case.
    pub properties: Vec<(String, String)>,
}

impl Found {
    /// What it was found for, if that is said once.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        let mut of_name = self.properties.iter().filter(|(of, _)| of == name);
        match (of_name.next(), of_name.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

/// Whose results a header has, in lower case, even if the rest of it cannot be read.
#[must_use]
pub fn server(value: &str) -> Option<String> {
    let mut scanner = Scanner(value);
    scanner.blank()?;
    Some(scanner.word(&[';'])?.to_ascii_lowercase())
}

/// Reads the value of a header. None if it is not as the standard has it; half of it is worth nothing.
#[must_use]
pub fn read(value: &str) -> Option<Results> {
    let mut scanner = Scanner(value);
    scanner.blank()?;
    let server = scanner.word(&[';'])?.to_ascii_lowercase();
    scanner.blank()?;
    // Its version, of which there is one.
    if scanner.has_more() && !scanner.is_at(';') {
        scanner.word(&[';']).filter(|version| version == "1")?;
        scanner.blank()?;
    }
    let mut found = Vec::new();
    while scanner.take(';') {
        scanner.blank()?;
        if !scanner.has_more() {
            break;
        }
        let method = scanner.word(&['=', ';'])?.to_ascii_lowercase();
        scanner.blank()?;
        if method == "none" && !scanner.is_at('=') {
            continue;
        }
        // A version may follow (`dmarc/1`).
        let method = method.split('/').next().unwrap_or_default().to_owned();
        let result = scanner.value()?.to_ascii_lowercase();
        let mut properties = Vec::new();
        while scanner.has_more() && !scanner.is_at(';') {
            let name = scanner.word(&['=', ';'])?.to_ascii_lowercase();
            scanner.blank()?;
            properties.push((name, scanner.value()?));
        }
        found.push(Found {
            method,
            result,
            properties,
        });
    }
    (!scanner.has_more()).then_some(Results { server, found })
}

/// What is left of a value.
struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    const fn has_more(&self) -> bool {
        !self.0.is_empty()
    }

    fn is_at(&self, what: char) -> bool {
        self.0.starts_with(what)
    }

    fn take(&mut self, what: char) -> bool {
        match self.0.strip_prefix(what) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Blanks and comments (CFWS, RFC 5322 §3.2.2). None if a comment does not end.
    fn blank(&mut self) -> Option<()> {
        loop {
            self.0 = self.0.trim_start();
            if !self.is_at('(') {
                return Some(());
            }
            let mut depth = 0;
            let mut is_quoted = false;
            let end = self.0.char_indices().find_map(|(at, c)| {
                match c {
                    _ if is_quoted => is_quoted = false,
                    '\\' => is_quoted = true,
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                (depth == 0 || depth > DEPTH).then_some((at + c.len_utf8(), depth))
            });
            match end? {
                (end, 0) => self.0 = &self.0[end..],
                _ => return None,
            }
        }
    }

    /// `=` and what follows.
    fn value(&mut self) -> Option<String> {
        if !self.take('=') {
            return None;
        }
        self.blank()?;
        // Some servers write what has `=` in it without quotes, such as `smtp.mailfrom=prvs=…`.
        let value = self.word(&[';'])?;
        self.blank()?;
        Some(value)
    }

    /// What stands here until a blank, a comment or one of these; parts of it may be in quotes. None if it is nothing,
    /// or quotes do not end.
    fn word(&mut self, ends: &[char]) -> Option<String> {
        let mut word = String::new();
        let mut chars = self.0.char_indices();
        let (mut in_quotes, mut end) = (false, self.0.len());
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' if in_quotes => word.push(chars.next()?.1),
                '"' => in_quotes = !in_quotes,
                c if in_quotes => word.push(c),
                c if c.is_whitespace() || c == '(' || ends.contains(&c) => {
                    end = at;
                    break;
                }
                c => word.push(c),
            }
        }
        self.0 = &self.0[end..];
        (!in_quotes && !word.is_empty()).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn one(value: &str) -> Found {
        let mut found = read(value).unwrap().found;
        assert_eq!(found.len(), 1, "{value}");
        found.remove(0)
    }

    #[test]
    fn what_servers_write_is_read() {
        // OpenDMARC, Gmail, Microsoft, rspamd, and what the standard allows.
        for value in [
            "mx.acme.example; dmarc=pass (p=reject dis=none) header.from=acme.example",
            "mx.acme.example 1; dmarc=pass header.from=acme.example",
            "mx.acme.example;\r\n\tdmarc=pass action=none header.from=acme.example;",
            "mx.acme.example; DMARC/1 = PASS reason=\"good; really\" policy.p=none\r\n header.from=\"acme.example\"",
            "(a (nested \\) one)) MX.acme.example ; dmarc=pass(x)header.from = acme.example (y)",
        ] {
            let found = one(value);
            assert_eq!(server(value).unwrap(), "mx.acme.example");
            assert_eq!(
                (&*found.method, &*found.result),
                ("dmarc", "pass"),
                "{value}"
            );
            assert_eq!(
                found.property("header.from"),
                Some("acme.example"),
                "{value}"
            );
        }
        let many = "mx; spf=pass smtp.mailfrom=prvs=12=dana@acme.example; dkim=pass header.d=acme.example \
                    header.b=\"a=b\"; dmarc=fail header.from=acme.example";
        let many = read(many).unwrap().found;
        assert_eq!(many.len(), 3);
        assert_eq!(
            many[0].property("smtp.mailfrom"),
            Some("prvs=12=dana@acme.example")
        );
        assert!(read("mx; none").unwrap().found.is_empty());
        assert!(read("mx").unwrap().found.is_empty());
    }

    #[test]
    fn what_a_stranger_says_is_no_result() {
        let quoted =
            "mx; spf=pass smtp.mailfrom=\"a; dmarc=pass header.from=acme.example \"@evil.example";
        assert_eq!(one(quoted).method, "spf");
        let in_comment =
            "mx; spf=pass (; dmarc=pass header.from=acme.example) smtp.mailfrom=x@y.example";
        assert_eq!(one(in_comment).method, "spf");
        let twice = "mx; dmarc=pass header.from=evil.example header.from=acme.example";
        assert_eq!(one(twice).property("header.from"), None);
    }

    #[test]
    fn half_of_it_is_worth_nothing() {
        for value in [
            "",
            ";",
            "mx 2; dmarc=pass",
            "mx; dmarc",
            "mx; dmarc=",
            "mx; dmarc=pass header.from",
            "mx; dmarc=pass header.from=\"acme.example",
            "mx; dmarc=pass (header.from=acme.example",
            "mx; (((((((((((((deep)))))))))))))",
            "mx dmarc=pass header.from=acme.example",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
