//! A site: machines that joined it, users who enrolled.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::answer::{Founded, Invite, Linked, Member, Ticket};
use crate::document::Document;
use crate::machine::{Machine, Setting};
use crate::turn::Turn;
use crate::user::User;

/// The folder in which one test lives, and its turn. Machines must not outlive it; declare it
/// first.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    _turn: Turn,
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    /// An empty folder, when it is this test's turn.
    ///
    /// # Panics
    /// If there is no room for temporary files.
    #[must_use]
    pub fn new() -> Self {
        let turn = Turn::take();
        let mut builder = tempfile::Builder::new();
        // Kept, it shows what a failed test left behind.
        let keep = std::env::var_os("PAPERMESH_KEEP").is_some();
        let folder = builder.prefix("papermesh-").disable_cleanup(keep).tempdir();
        Self {
            folder: folder.unwrap_or_else(|error| panic!("no temporary folder: {error}")),
            _turn: turn,
        }
    }

    /// Where everything of this test lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the test's folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// A document whose file is called `name` and that says `text`.
    #[must_use]
    pub fn document(&self, name: &str, text: &str) -> Document {
        Document::pdf(self.folder(), name, text)
    }

    /// The first machine: a client that is the site's admin. Its node runs.
    #[must_use]
    pub fn founder(&self, name: &str) -> Machine {
        self.founder_at(name, Setting::default())
    }

    /// The same, elsewhere.
    #[must_use]
    pub fn founder_at(&self, name: &str, setting: Setting) -> Machine {
        let machine = Machine::new(self.folder(), name, setting);
        let founded: Founded = machine
            .papermesh("init --site Acme --role client --no-passphrase")
            .args(["--name", name])
            .json();
        self.write_down(&founded);
        machine.running()
    }

    /// Keeps the passphrase of the site's root, as whoever founded the site does.
    ///
    /// # Panics
    /// If it cannot be kept.
    pub fn write_down(&self, founded: &Founded) {
        let kept = std::fs::write(self.root_passphrase(), &founded.root_passphrase);
        kept.unwrap_or_else(|error| panic!("the root's passphrase is not kept: {error}"));
    }

    /// The file with the passphrase of the site's root.
    #[must_use]
    pub fn root_passphrase(&self) -> PathBuf {
        self.path("root.passphrase")
    }

    /// The admin exports the site, and this member takes it over with the root: it is an admin, too.
    pub fn appoint(&self, admin: &Machine, member: &Machine) {
        const PASSPHRASE: &str = "correct horse battery staple\n";
        let export = self.path(&format!("for-{}.site", member.name()));
        let exporting = admin
            .papermesh("site export --passphrase-stdin")
            .arg(&export);
        let _ = exporting.stdin(PASSPHRASE).run().succeeded();
        let importing = member
            .papermesh("site import --passphrase-stdin")
            .arg("--root-passphrase-file")
            .args([self.root_passphrase(), export]);
        let _ = importing.stdin(PASSPHRASE).run().succeeded();
    }

    /// A further machine, invited by the admin. Its node does not run yet.
    #[must_use]
    pub fn invited(&self, admin: &Machine, name: &str, role: &str, setting: Setting) -> Machine {
        let machine = Machine::new(self.folder(), name, setting);
        admin.invite(&machine, role);
        machine
    }

    /// A further machine, invited by the admin. Its node runs.
    #[must_use]
    pub fn member(&self, admin: &Machine, name: &str, role: &str) -> Machine {
        self.invited(admin, name, role, Setting::default())
            .running()
    }

    /// A printer with this output device. Its node runs.
    #[must_use]
    pub fn printer(&self, admin: &Machine, name: &str, output: &str) -> Machine {
        let setting = Setting::default().running(&["--output", output]);
        self.invited(admin, name, "printer", setting).running()
    }

    /// A printer that prints into the tray of its home. Its node runs.
    #[must_use]
    pub fn tray_printer(&self, admin: &Machine, name: &str) -> Machine {
        self.member(admin, name, "printer")
    }
}

impl Machine {
    /// This admin invites a machine, which joins.
    pub fn invite(&self, machine: &Self, role: &str) {
        let Invite { invite } = self
            .papermesh("invite")
            .args(["--role", role, "--name", machine.name()])
            .json();
        let joined: Member = machine.papermesh("join").arg(invite).json();
        assert_eq!(joined.name, machine.name());
    }

    /// This admin adds a user, who enrolls on `laptop`.
    pub fn enroll(&self, user: &User, laptop: &Self) {
        let Ticket { ticket } = self
            .papermesh("user add")
            .args([user.id.as_str(), "--badge", &user.badge])
            .json();
        let _ = laptop
            .papermesh("user enroll --pin-stdin")
            .arg(ticket)
            .stdin(&format!("{}\n", user.pin))
            .run()
            .succeeded();
    }

    /// From this computer, on which the user enrolled, a further one is linked.
    pub fn link(&self, user: &User, further: &Self) {
        let Ticket { ticket } = self
            .papermesh("user link")
            .args(["--user", &user.id])
            .json();
        let linked: Linked = further.papermesh("user link").arg(ticket).json();
        assert_eq!(linked.user, user.id);
    }
}
