//! Postfix and Dovecot on this computer or in a network namespace of it, with folders, ports and a certificate authority
//! of their own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use papermesh_mail::watch::{Mailbox, Protocol};
use papermesh_mail::{Account, Credential, Security, Trust};
use tempfile::TempDir;

const PASSWORD: &str = "s3cret-of-the-hall";
/// Whose the mailboxes are: nobody who has an account here.
const OWNER: u32 = 20_001;
/// How long a server may take to start or to deliver.
const SOON: Duration = Duration::from_secs(60);

/// The ports of all that listens.
struct Ports {
    imap: u16,
    imaps: u16,
    pop3: u16,
    pop3s: u16,
    auth: u16,
    smtps: u16,
    submission: u16,
    smtp: u16,
}

/// Both servers.
pub(crate) struct Servers {
    folder: TempDir,
    ports: Ports,
    at: At,
    dovecot: Option<Child>,
    postfix: Child,
}

/// Where the servers are.
#[derive(Clone, Debug)]
pub(crate) struct At {
    /// The network namespace; none for that of the test.
    pub(crate) namespace: Option<String>,
    /// Where they listen.
    pub(crate) address: &'static str,
    /// How they are called, beside `localhost`.
    pub(crate) name: &'static str,
}

impl At {
    /// On this computer, for itself.
    const HERE: Self = Self {
        namespace: None,
        address: "127.0.0.1",
        name: "localhost",
    };

    /// A program that is started there.
    fn command(&self, program: &Path) -> Command {
        match &self.namespace {
            None => Command::new(program),
            Some(namespace) => {
                let mut command = Command::new(system("ip"));
                command.args(["netns", "exec", namespace]).arg(program);
                command
            }
        }
    }
}

impl Servers {
    pub(crate) fn start() -> Self {
        Self::with("permit", "", At::HERE)
    }

    /// Servers somewhere else.
    pub(crate) fn start_at(at: At) -> Self {
        Self::with("permit", "", at)
    }

    /// Servers that take a mail when the greylist does.
    pub(crate) fn greylisting(greylist: &Greylist) -> Self {
        let restriction = format!("check_policy_service,inet:127.0.0.1:{}", greylist.port);
        Self::with(&format!("{restriction},permit"), "", At::HERE)
    }

    /// Servers that take the authority's tokens beside passwords.
    pub(crate) fn with_tokens(authority: &TokenAuthority) -> Self {
        Self::with(
            "permit",
            &format!("http://127.0.0.1:{}/?t=", authority.port),
            At::HERE,
        )
    }

    fn with(restrictions: &str, tokens: &str, at: At) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        // Servers drop their rights before they come here.
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["mail", "mail/hall", "home"] {
            fs::create_dir(path.join(name)).unwrap();
            chown(path.join(name), Some(OWNER), Some(OWNER))
                .expect("mail servers are started by root");
        }
        certify(path, at.name);
        let [imap, imaps, pop3, pop3s, auth, smtps, submission, smtp] = ports();
        let ports = Ports {
            imap,
            imaps,
            pop3,
            pop3s,
            auth,
            smtps,
            submission,
            smtp,
        };
        configure_dovecot(path, (&ports, &at), tokens);
        authenticate(path);
        configure_postfix(path, (&ports, &at), restrictions);
        let postfix = run(
            at.command(&system("postfix"))
                .arg("-c")
                .arg(path.join("postfix"))
                .arg("start-fg"),
            path,
            "postfix",
        );
        let mut this = Self {
            folder,
            ports,
            at,
            dovecot: None,
            postfix,
        };
        this.write_password();
        this.start_dovecot();
        for port in [this.ports.smtps, this.ports.submission, this.ports.smtp] {
            this.listens(port);
        }
        this
    }

    pub(crate) fn start_dovecot(&mut self) {
        let mut command = self.at.command(&system("dovecot"));
        command
            .arg("-F")
            .arg("-c")
            .arg(self.path().join("dovecot.conf"));
        self.dovecot = Some(run(&mut command, self.path(), "dovecot"));
        for port in [self.ports.imaps, self.ports.pop3s, self.ports.auth] {
            self.listens(port);
        }
    }

    pub(crate) fn stop_dovecot(&mut self) {
        self.end_dovecot("-TERM");
    }

    /// Ends it without a word, and all that it started.
    pub(crate) fn kill_dovecot(&mut self) {
        self.end_dovecot("-KILL");
        // The processes that have the connections outlive it; they end when they notice.
        let path = self.path().display().to_string();
        for process in fs::read_dir("/proc").unwrap() {
            let process = process.unwrap().path();
            let Ok(parent_run) = fs::read_link(process.join("cwd")) else {
                continue;
            };
            if parent_run
                .display()
                .to_string()
                .starts_with(&format!("{path}/run"))
            {
                let pid = process.file_name().unwrap().to_owned();
                let _ = Command::new("kill").arg("-KILL").arg(pid).status();
            }
        }
    }

    fn end_dovecot(&mut self, signal: &str) {
        if let Some(mut dovecot) = self.dovecot.take() {
            end(&mut dovecot, signal);
        }
    }

    fn listens(&self, port: u16) {
        wait(
            &format!("{port} to listen"),
            || {
                let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
                let mut command = self.at.command(&system("bash"));
                let tried = command.arg("-c").arg(connect).stderr(Stdio::null());
                tried.status().is_ok_and(|status| status.success())
            },
            || self.logs(),
        );
    }

    fn logs(&self) -> String {
        ["postfix.log", "dovecot.log", "dovecot-mail.log"]
            .iter()
            .map(|log| fs::read_to_string(self.path().join(log)).unwrap_or_default())
            .collect()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    // What clients are told --------------------------------------------------------------------

    pub(crate) fn trust(&self) -> Trust {
        Trust::load(Some(&self.path().join("ca.pem"))).unwrap()
    }

    pub(crate) fn password_file(&self) -> PathBuf {
        self.path().join("password")
    }

    pub(crate) fn write_password(&self) {
        self.secret("password", PASSWORD);
    }

    pub(crate) fn token_file(&self, token: &str) -> PathBuf {
        self.secret("token", token)
    }

    fn secret(&self, name: &str, secret: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, format!("{secret}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn account(&self, port: u16, security: Security) -> Account {
        Account {
            server: self.at.name.to_owned(),
            port: Some(port),
            security,
            user: "hall".to_owned(),
            credential: Credential::PasswordFile(self.password_file()),
        }
    }

    pub(crate) fn mailbox(&self, protocol: Protocol, security: Security) -> Mailbox {
        let port = match (protocol, security) {
            (Protocol::Imap, Security::Tls) => self.ports.imaps,
            (Protocol::Imap, _) => self.ports.imap,
            (Protocol::Pop3, Security::Tls) => self.ports.pop3s,
            (Protocol::Pop3, _) => self.ports.pop3,
        };
        Mailbox {
            account: self.account(port, security),
            protocol,
            folder: "INBOX".to_owned(),
            keep: None,
        }
    }

    pub(crate) fn submission(&self, security: Security) -> Account {
        let port = match security {
            Security::Tls => self.ports.smtps,
            Security::StartTls => self.ports.submission,
            Security::None => self.ports.smtp,
        };
        self.account(port, security)
    }

    /// Where mails are submitted, in TLS.
    pub(crate) fn sending(&self) -> (String, u16) {
        (self.at.name.to_owned(), self.ports.smtps)
    }

    /// Where they are read, by IMAP in TLS.
    pub(crate) fn reading(&self) -> (String, u16) {
        (self.at.name.to_owned(), self.ports.imaps)
    }

    // Mails ------------------------------------------------------------------------------------

    /// Delivers a mail as somebody else sends it, and waits until it is there.
    pub(crate) fn deliver(&self, mail: &str) {
        let before = self.mails();
        self.hand_over("somebody@elsewhere.example", "hall@acme.example", mail);
        wait("a mail to arrive", || self.mails() > before, || self.logs());
    }

    /// Hands a mail over as a stranger's server does. It is on its way then.
    pub(crate) fn hand_over(&self, from: &str, to: &str, mail: &str) {
        let stream = TcpStream::connect(("127.0.0.1", self.ports.smtp)).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap());
        let mut say = |line: &str| {
            (&stream).write_all(line.as_bytes()).unwrap();
            let mut answer = String::new();
            while answer.is_empty() || answer.as_bytes()[3] == b'-' {
                answer.clear();
                answers.read_line(&mut answer).unwrap();
            }
            assert!(
                answer.starts_with('2') || answer.starts_with('3'),
                "{answer}"
            );
        };
        say("");
        say("EHLO test\r\n");
        say(&format!("MAIL FROM:<{from}>\r\n"));
        say(&format!("RCPT TO:<{to}>\r\n"));
        say("DATA\r\n");
        say(&format!("{mail}.\r\n"));
    }

    /// The mails of somebody, as Dovecot gives them out.
    pub(crate) fn read_all(&self, user: &str) -> Vec<String> {
        let stream = TcpStream::connect(("127.0.0.1", self.ports.imap)).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap());
        let mut mails = Vec::new();
        for (tag, command) in [
            ("a", format!("LOGIN {user} {PASSWORD}")),
            ("b", "SELECT INBOX".to_owned()),
            ("c", "FETCH 1:* BODY.PEEK[]".to_owned()),
        ] {
            (&stream)
                .write_all(format!("{tag} {command}\r\n").as_bytes())
                .unwrap();
            loop {
                let mut line = String::new();
                assert!(answers.read_line(&mut line).unwrap() > 0, "Dovecot hung up");
                if line.starts_with(&format!("{tag} ")) {
                    break;
                }
                let literal = line.trim_end().strip_suffix('}');
                if let Some((_, length)) = literal.and_then(|line| line.rsplit_once('{')) {
                    let mut mail = vec![0; length.parse().unwrap()];
                    answers.read_exact(&mut mail).unwrap();
                    mails.push(String::from_utf8(mail).unwrap());
                }
            }
        }
        mails
    }

    /// Mails in the inbox.
    pub(crate) fn mails(&self) -> usize {
        self.mails_in("")
    }

    /// Mails in a folder of the mailbox, as Maildir has it.
    pub(crate) fn mails_in(&self, folder: &str) -> usize {
        let folder = self.path().join("mail/hall").join(folder);
        ["new", "cur"]
            .iter()
            .filter_map(|part| fs::read_dir(folder.join(part)).ok())
            .map(Iterator::count)
            .sum()
    }

    pub(crate) async fn has_mails(&self, count: usize) {
        let end = Instant::now() + SOON;
        while self.mails() != count {
            assert!(
                Instant::now() < end,
                "{} mails, not {count}\n{}",
                self.mails(),
                self.logs()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn is_empty(&self) {
        self.has_mails(0).await;
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.end_dovecot("-TERM");
        // The master is a child of what was started here.
        let _ = Command::new(system("postfix"))
            .arg("-c")
            .arg(self.path().join("postfix"))
            .arg("abort")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        end(&mut self.postfix, "-TERM");
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
    }
}

// Programs ------------------------------------------------------------------------------------

/// A program of the system.
fn system(name: &str) -> PathBuf {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("this test needs {name}; run scripts/setup"))
}

fn run(command: &mut Command, folder: &Path, name: &str) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join(format!("{name}.log")))
        .unwrap();
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn end(process: &mut Child, signal: &str) {
    if matches!(process.try_wait(), Ok(None)) {
        let _ = Command::new("kill")
            .args([signal, &process.id().to_string()])
            .status();
    }
    let _ = process.wait();
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool, logs: impl Fn() -> String) {
    let end = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < end, "waited for {what}\n{}", logs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ports that nobody has and that are given once: below those that Linux hands out by itself, so that nobody gets one
/// while its server is down.
fn ports<const N: usize>() -> [u16; N] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two runs side by side begin at different places.
    let begin = u16::try_from(std::process::id() % 7000).unwrap();
    [(); N].map(|()| {
        loop {
            let port = 12_000 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 7000;
            if TcpListener::bind(("127.0.0.1", port)).is_ok() {
                return port;
            }
        }
    })
}

// Configuration -------------------------------------------------------------------------------

/// An authority in `ca.pem`, and what it gave to this computer.
fn certify(folder: &Path, name: &str) {
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority = authority.self_signed(&authority_key).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new(vec!["localhost".to_owned(), name.to_owned()])
        .unwrap()
        .signed_by(&key, &authority, &authority_key)
        .unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.join("cert.pem"), server.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

fn configure_dovecot(folder: &Path, (ports, at): (&Ports, &At), tokens: &str) {
    let (listen, at) = (at.address, folder.display());
    let Ports {
        imap,
        imaps,
        pop3,
        pop3s,
        auth,
        ..
    } = ports;
    let (mechanisms, by_token) = match tokens {
        "" => ("", String::new()),
        _ => {
            let settings = folder.join("oauth2.conf");
            let lines = format!(
                "tokeninfo_url = {tokens}\nusername_attribute = email\nusername_format = %Lu\n"
            );
            fs::write(&settings, lines).unwrap();
            let block = format!(
                "passdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {}\n}}\n",
                settings.display()
            );
            (" xoauth2", block)
        }
    };
    let configuration = format!(
        "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/dovecot-mail.log\n\
         protocols = imap pop3\nlisten = {listen}\nssl = yes\nssl_cert = <{at}/cert.pem\nssl_key = <{at}/key.pem\n\
         mail_location = maildir:{at}/mail/%n\nmail_uid = {OWNER}\nmail_gid = {OWNER}\nfirst_valid_uid = 1\n\
         auth_mechanisms = plain login{mechanisms}\nauth_failure_delay = 0\n{by_token}\
         passdb {{\n  driver = static\n  mechanisms = plain login\n  args = password={PASSWORD}\n}}\n\
         userdb {{\n  driver = static\n  args = uid={OWNER} gid={OWNER} home={at}/home/%n\n}}\n\
         service imap-login {{\n  inet_listener imap {{\n    port = {imap}\n  }}\n  \
         inet_listener imaps {{\n    port = {imaps}\n    ssl = yes\n  }}\n}}\n\
         service pop3-login {{\n  inet_listener pop3 {{\n    port = {pop3}\n  }}\n  \
         inet_listener pop3s {{\n    port = {pop3s}\n    ssl = yes\n  }}\n}}\n\
         service auth {{\n  inet_listener {{\n    address = 127.0.0.1\n    port = {auth}\n  }}\n}}\n"
    );
    fs::write(folder.join("dovecot.conf"), configuration).unwrap();
}

/// What Postfix writes on top of mails, by who its client says sent them: what a server finds that looks for DMARC.
fn authenticate(folder: &Path) {
    let found = |who: &str, result: &str| {
        let (server, domain) = ("mx.acme.example", "acme.example");
        format!(
            "{who} PREPEND Authentication-Results: {server}; dmarc={result} header.from={domain}\n"
        )
    };
    let all = [
        found("acme.example", "pass"),
        found("elsewhere.example", "fail"),
        found("<>", "pass"),
    ];
    fs::write(folder.join("senders"), all.concat()).unwrap();
}

fn configure_postfix(folder: &Path, (ports, at): (&Ports, &At), restrictions: &str) {
    let (listen, at) = (at.address, folder.display());
    // It knows no address that stands for all.
    let interfaces = match listen {
        "0.0.0.0" => "all",
        one => one,
    };
    let Ports {
        auth,
        smtps,
        submission,
        smtp,
        ..
    } = ports;
    for name in ["postfix", "queue", "data"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    let given = Command::new("chown")
        .arg("postfix")
        .arg(folder.join("data"))
        .status();
    assert!(given.unwrap().success());
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n\
         command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmeta_directory = /etc/postfix\n\
         maillog_file = /dev/stdout\nmyhostname = localhost\nmydestination =\nalias_maps =\nlocal_recipient_maps =\n\
         inet_interfaces = {interfaces}\ninet_protocols = ipv4\nsmtputf8_enable = no\n\
         virtual_mailbox_domains = acme.example\n\
         virtual_mailbox_maps = inline:{{ dana@acme.example=dana/ }},static:hall/\n\
         recipient_delimiter = +\nmessage_size_limit = 62914560\nvirtual_mailbox_limit = 0\n\
         virtual_mailbox_base = {at}/mail\nvirtual_uid_maps = static:{OWNER}\nvirtual_gid_maps = static:{OWNER}\n\
         smtpd_tls_cert_file = {at}/cert.pem\nsmtpd_tls_key_file = {at}/key.pem\nsmtpd_tls_security_level = may\n\
         smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:127.0.0.1:{auth}\n\
         smtpd_relay_restrictions = permit_sasl_authenticated,reject_unauth_destination\n\
         smtpd_recipient_restrictions = check_sender_access,texthash:{at}/senders,{restrictions}\n"
    );
    let services = [
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "verify unix - - n - 1 verify",
        "proxymap unix - - n - - proxymap",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "discard unix - - n - - discard",
        "smtp unix - - n - - smtp",
        "virtual unix - n n - - virtual",
        "anvil unix - - n - 1 anvil",
        "postlog unix-dgram n - n - 1 postlogd",
    ];
    let listeners = format!(
        "{listen}:{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n\
         {listen}:{submission} inet n - n - - smtpd -o smtpd_tls_auth_only=yes\n\
         {listen}:{smtp} inet n - n - - smtpd\n"
    );
    fs::write(folder.join("postfix/main.cf"), main).unwrap();
    fs::write(
        folder.join("postfix/master.cf"),
        services.join("\n") + "\n" + &listeners,
    )
    .unwrap();
}

// What servers ask ----------------------------------------------------------------------------

/// A policy service of Postfix that defers mails.
pub(crate) struct Greylist {
    port: u16,
    left: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
}

impl Greylist {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let this = Self {
            port: listener.local_addr().unwrap().port(),
            left: Arc::default(),
            asked: Arc::default(),
        };
        let (left, asked) = (this.left.clone(), this.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (left, asked) = (left.clone(), asked.clone());
                std::thread::spawn(move || decide(stream.unwrap(), &left, &asked));
            }
        });
        this
    }

    /// Defers so many mails from now on.
    pub(crate) fn defer(&self, mails: usize) {
        self.left.store(mails, Ordering::SeqCst);
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Answers each question, which ends with an empty line.
fn decide(stream: TcpStream, left: &AtomicUsize, asked: &AtomicUsize) {
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let Ok(line) = line else { return };
        if !line.is_empty() {
            continue;
        }
        asked.fetch_add(1, Ordering::SeqCst);
        let defers = left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        let action = match defers {
            true => "451 4.7.1 Greylisted, come again later",
            false => "dunno",
        };
        if (&stream)
            .write_all(format!("action={action}\n\n").as_bytes())
            .is_err()
        {
            return;
        }
    }
}

/// Tells Dovecot whose a token is.
pub(crate) struct TokenAuthority {
    port: u16,
}

impl TokenAuthority {
    pub(crate) fn start(good: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), good);
            }
        });
        Self { port }
    }
}

fn answer(mut stream: TcpStream, good: &str) {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&part[..read]),
        }
    }
    let request = String::from_utf8_lossy(&request);
    let (status, body) = match request.contains(&format!("?t={good} ")) {
        true => ("200 OK", "{\"email\":\"hall\"}"),
        false => ("401 Unauthorized", "{\"error\":\"invalid_token\"}"),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes());
}
