//! HTTP as somebody writes it by hand who is no browser, and lies if it helps.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// A request, to be bent at will.
#[derive(Clone, Debug)]
#[must_use = "it is not sent yet"]
pub struct Request {
    address: String,
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header, line by line.
    pub head: String,
    /// What it says.
    pub body: String,
}

impl Request {
    /// Fetches a path of a URL like `http://127.0.0.1:8310/`.
    pub fn get(url: &str, path: &str) -> Self {
        Self::of("GET", url, path)
    }

    /// Sends a form as the panel's own page would.
    pub fn post(url: &str, path: &str, form: &str) -> Self {
        let mut request = Self::of("POST", url, path);
        form.clone_into(&mut request.body);
        let origin = url.trim_end_matches('/');
        request
            .header("Origin", origin)
            .header("Content-Type", "application/x-www-form-urlencoded")
    }

    fn of(method: &str, url: &str, path: &str) -> Self {
        let address = url
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        let host = address.clone();
        let request = Self {
            address,
            line: format!("{method} {path} HTTP/1.1"),
            headers: Vec::new(),
            body: String::new(),
        };
        request.header("Host", &host).header("Connection", "close")
    }

    /// Sets a header, in place of what was there.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a header out.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    /// Sends it, and leaves the connection open for whatever comes.
    ///
    /// # Panics
    /// If there is no connection.
    #[must_use]
    pub fn begin(&self) -> TcpStream {
        self.try_begin()
            .unwrap_or_else(|error| panic!("{}: {error}", self.line))
    }

    /// The same for those who expect to be refused.
    ///
    /// # Errors
    /// Those of the connection.
    pub fn try_begin(&self) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(LIMIT))?;
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = self.body.len();
        write!(
            stream,
            "{}\r\n{headers}Content-Length: {length}\r\n\r\n{}",
            self.line, self.body
        )?;
        Ok(stream)
    }

    /// Sends it and reads the answer.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn send(&self) -> Answer {
        let mut bytes = Vec::new();
        let read = self.begin().read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{}: no answer ({read:?}): {text}", self.line));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Answer {
            status: status.unwrap_or_default(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

impl Answer {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A page of a panel or a portal, as its owner's browser has it: where it is, its token, and the cookie.
#[derive(Clone, Debug)]
pub struct OpenPage {
    url: String,
    /// What its addresses begin with: `/screens/ID` at a panel, `/sessions/ID` at a portal.
    base: String,
    /// What every request shows.
    pub token: String,
    /// The browser's.
    pub cookie: String,
}

impl OpenPage {
    /// Opens one at a panel.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn open(url: &str) -> Self {
        Self::of(url, &Request::get(url, "/").send())
    }

    /// Opens one at a portal, with a link.
    ///
    /// # Panics
    /// If the link opens none.
    #[must_use]
    pub fn enter(link: &str) -> Self {
        let (url, token) = link.split_once('#').unwrap_or((link, ""));
        let entering = Request::post(url, "/enter", &format!("link={token}"));
        Self::of(url, &entering.send())
    }

    /// The page that an answer brought.
    ///
    /// # Panics
    /// If it brought none.
    #[must_use]
    #[track_caller]
    pub fn of(url: &str, answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut page = Self {
            url: url.to_owned(),
            base: between(&answer.body, "sse-connect=\"", "/events"),
            token: String::new(),
            cookie: String::new(),
        };
        page.learn(answer);
        page
    }

    /// Takes the secrets of an answer, if it brings new ones.
    pub fn learn(&mut self, answer: &Answer) {
        if answer.body.contains("data-page=") {
            self.token = between(&answer.body, "data-page=\"", "\"");
        }
        if let Some(cookie) = answer.header("set-cookie") {
            self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        }
    }

    /// What the page would ask.
    pub fn post(&self, what: &str, form: &str) -> Request {
        self.post_to(&format!("{}/{what}", self.base), form)
    }

    /// The same anywhere, with the secrets of this page.
    pub fn post_to(&self, path: &str, form: &str) -> Request {
        self.dressed(Request::post(&self.url, path, form))
    }

    /// What the page would fetch.
    pub fn get(&self, what: &str) -> Request {
        let path = format!("{}/{what}", self.base);
        self.dressed(Request::get(&self.url, &path))
    }

    /// Its id, as its addresses have it.
    #[must_use]
    pub fn id(&self) -> &str {
        self.base.rsplit('/').next().unwrap_or_default()
    }

    fn dressed(&self, request: Request) -> Request {
        request
            .header("Cookie", &self.cookie)
            .header("X-Papermesh-Page", &self.token)
    }

    /// Logs in, well or not; gives what the page shows then.
    pub fn log_in(&mut self, user: &str, pin: &str) -> Answer {
        let started = self.post("start", "").send();
        self.learn(&started);
        let answer = self.post("login", &format!("user={user}&pin={pin}")).send();
        self.learn(&answer);
        answer
    }
}

#[track_caller]
fn between(text: &str, before: &str, after: &str) -> String {
    let found = text
        .split_once(before)
        .and_then(|(_, rest)| rest.split_once(after));
    let (found, _) = found.unwrap_or_else(|| panic!("no {before} in {text}"));
    found.to_owned()
}
